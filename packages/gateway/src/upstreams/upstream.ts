import type { CallSignal } from '@sallyport/kit/call-signal'
import type { Era, Message } from '@sallyport/kit/mcp'
import type { Principal } from '@sallyport/kit/principal'

/** What a session tells the encoder about itself. */
export interface Wire {
  /** Unique among the session's calls in flight; a positive integer, also the upstream progress token. */
  readonly id: number
  readonly era: Era
  /** Negotiated revision. */
  readonly version: string
}

/** One request on its way to a server, not yet in bytes: the session knows its own era and ids. */
export interface UpstreamRequest {
  readonly method: string
  /** The server's own tool name (prefix removed), for `Mcp-Name`. */
  readonly name: string | undefined
  /** `Mcp-Param-*` headers, modern HTTP servers only; full header name to encoded value. */
  readonly paramHeaders: Readonly<Record<string, string>>
  /** The complete message for this wire. May contain newlines: the stdio leg makes them spaces. */
  encode(wire: Wire): Buffer
  /** A notification that belongs to this request (progress, log), in the server's bytes. */
  onNotification: ((message: Message) => void) | undefined
  /** Ends the call; its `reason` is an AppError. Aborting tells the server. */
  readonly signal: CallSignal
}

/** The server's answer, `kind` `response` or `error`, in the server's bytes. */
export interface UpstreamReply {
  readonly message: Message
  readonly era: Era
}

export type ServerState = 'cold' | 'starting' | 'ready' | 'degraded' | 'draining'

export interface ServerStatus {
  readonly name: string
  readonly kind: 'stdio' | 'http'
  readonly state: ServerState
  /** Why it is degraded, one sentence of ours; null otherwise. */
  readonly reason: string | null
  /** Process ids of its children; empty for remote servers. */
  readonly pids: readonly number[]
  readonly era: Era | null
  readonly inFlight: number
}

/** What the rest of the gateway learns from servers. Events announce; they do not steer. */
export interface UpstreamEvents {
  /** A server's whole tool list was read: raw `result` values of `tools/list`, page by page. */
  onTools(server: string, pages: readonly Buffer[]): void
  onState?(status: ServerStatus): void
  /** A session was started or could not be; `restarted`: after its child had ended by itself. */
  onStart?(server: string, how: 'ok' | 'restarted' | 'failed'): void
  /** A server sent what belongs to no request: an unknown, late or repeated answer, or no MCP at all. */
  onStray?(server: string): void
}

export interface Upstreams extends AsyncDisposable {
  /**
   * Sends one request on the principal's session with the server, starting it if need be.
   *
   * Re-initialises once and sends again where the server certainly did not act (legacy 404, or bytes not
   * handed over). Every rejection is an AppError; once bytes were handed over its `outcome` is `unknown`.
   *
   * @throws {AppError} `server_unavailable`, `server_start_failed`, `server_unauthorized`, `server_lost`,
   *   `server_protocol`, `result_too_large`, `overloaded`, `shutting_down`, or the signal's own reason
   */
  call(server: string, principal: Principal, request: UpstreamRequest): Promise<UpstreamReply>
  /**
   * Sees that the catalogue is read: opens a session unless one is open or starting. Joins a running start.
   *
   * @throws {AppError} as `call`
   */
  warm(server: string, principal: Principal, signal: CallSignal): Promise<void>
  status(): readonly ServerStatus[]
}
