import type { IncomingHttpHeaders } from 'node:http'
import type { CallAbort } from '../call-signal.ts'
import type { Principal } from '../principal.ts'
import type { Era, Message } from './message.ts'

/** Who sent an HTTP request, as the door found. */
export interface Caller {
  readonly principal: Principal
  /** Peer address after trusted proxies. */
  readonly address: string
  /** Goes through log, audit, error and response header. */
  readonly requestId: string
}

/** Bytes held on behalf of a caller, counted against the byte budget. */
export interface Reservation {
  /** Counts more bytes; false when the budget is spent, then nothing was counted. */
  grow(bytes: number): boolean
  /** Gives everything back. Safe to call twice. */
  release(): void
}

/** One request of a client on its way through an application. */
export interface Exchange {
  readonly caller: Caller
  readonly era: Era
  /** Revision the client speaks. */
  readonly version: string
  /** Empty for the whole mount, else the one server it is limited to. */
  readonly scope: string
  readonly message: Message
  readonly headers: IncomingHttpHeaders
  readonly reservation: Reservation
  /** Monotonic arrival, milliseconds. */
  readonly arrivedMs: number
  /**
   * The one abort of this request. Its reason is an AppError: `cancelled` when the client ended it,
   * `shutting_down`, or whatever the application aborts with.
   */
  readonly controller: CallAbort
  /** Sends a notification that belongs to this request; undefined when the client takes none. */
  readonly notify: ((message: Buffer) => void) | undefined
}

/** A complete JSON-RPC response in the client's era, with the client's id. */
export interface Answer {
  readonly bytes: Buffer
  /** What follows `bytes`, for answers too large to be put together. */
  readonly more?: readonly Buffer[]
  /** HTTP status while nothing has been sent yet. */
  readonly status: number
  /** `Retry-After`, when `status` asks for it. */
  readonly retryAfterMs?: number
}

export interface ApplicationFace {
  readonly serverInfo: { readonly name: string; readonly version: string; readonly title?: string }
  readonly capabilities: Readonly<Record<string, unknown>>
  readonly instructions?: string
  /** How long a client may keep `server/discover` and lists, milliseconds. */
  readonly ttlMs: number
}

/** What an edge serves. The gateway is one; a first-party server is another. */
export interface McpApplication {
  /** Methods `request` answers; the edge itself answers handshake, ping, discover and listen. */
  readonly methods: ReadonlySet<string>
  /** How it presents itself under a scope; undefined when there is no such scope. */
  face(scope: string): ApplicationFace | undefined
  /** Answers one request. Never rejects: every failure is an answer. */
  request(exchange: Exchange): Promise<Answer>
}
