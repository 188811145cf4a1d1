import type { IncomingHttpHeaders } from 'node:http'
import type { CallAbort, CallSignal } from '../call-signal.ts'
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

/** Levels of log messages, least urgent first. Source: RFC 5424 §6.2.1, as MCP names them. */
export const LOG_LEVELS = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** What a client says it can do. Self-declared: good for what to ask it, never for what it may. */
export interface ClientAbilities {
  /** JSON text of its capabilities, an object; `{}` when it declared none. */
  readonly capabilities: string
  /** Lowest level of log messages it wants with this request; undefined = it named none. */
  readonly logLevel: LogLevel | undefined
}

/** A client's standing wish for news: a legacy session, or one `subscriptions/listen`. */
export interface Subscriber {
  readonly principal: Principal
  readonly scope: string
  /**
   * Sends one notification. `params` is the JSON text of an object; a listen adds its subscription id.
   * False when nothing was sent: there is no stream, or its reader is too slow.
   */
  send(method: string, params?: string): boolean
  /** Calls back once when it is over, at once when it is over already. */
  onEnd(told: () => void): void
}

/** A question to the client: a request without id. */
export interface ClientQuestion {
  /** `elicitation/create`, `sampling/createMessage`, `roots/list`, or an extension's own. */
  readonly method: string
  /** JSON text of `params`; undefined = none. */
  readonly params: string | undefined
  /** Ends the wait; its reason is an AppError. */
  readonly signal: CallSignal
}

/** A legacy client's session, as an application sees it. */
export interface ClientSession extends Subscriber {
  /** Stable while the session lives; never shown to anyone but its owner. */
  readonly id: string
  /** What operators call it; nothing of its id. */
  readonly label: string
  readonly abilities: ClientAbilities
  /** Set by `logging/setLevel`; lives in memory only. */
  logLevel: LogLevel | undefined
  /**
   * Asks the client outside any request of its own, over the stream it listens on.
   *
   * @throws {AppError} `question_unanswered` without such a stream, `cancelled` when the session ends, or
   *   the signal's own reason
   */
  ask(question: ClientQuestion): Promise<Message>
}

/** One request of a client on its way through an application. */
export interface Exchange {
  readonly caller: Caller
  /** Undefined for modern clients. */
  readonly session: ClientSession | undefined
  /**
   * Asks a legacy client in the middle of its request, on the request's own stream. Resolves to the
   * client's answer, `response` or `error`. Undefined where the client takes no stream, and for modern
   * clients, which are asked by `input_required`.
   *
   * @throws {AppError} `cancelled` when the session ends, or the signal's own reason
   */
  readonly ask: ((question: ClientQuestion) => Promise<Message>) | undefined
  readonly era: Era
  /** Revision the client speaks. */
  readonly version: string
  /**
   * What of the application it may see: empty for the whole mount, a server's name for that server alone
   * (names unchanged), `endpoint/<name>` for an endpoint.
   */
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
  /** `WWW-Authenticate`, when `status` asks for it. */
  readonly challenge?: string
}

export interface ApplicationFace {
  readonly serverInfo: { readonly name: string; readonly version: string; readonly title?: string }
  /** JSON text of the capabilities in the asked era, an object. */
  readonly capabilities: string
  readonly instructions?: string
  /** How long a client may keep `server/discover` and lists, milliseconds. */
  readonly ttlMs: number
}

/** What a modern client asks to be told. Source: MCP 2026-07-28, "Subscriptions". */
export interface ListenFilter {
  readonly tools: boolean
  readonly prompts: boolean
  readonly resources: boolean
  /** URIs whose changes it wants to hear of. */
  readonly uris: readonly string[]
}

/** Who listens to what of an application. */
export interface Place {
  /** As `Exchange.scope`. */
  readonly scope: string
  readonly principal: Principal
}

/** What an edge serves. The gateway is one; a first-party server is another. */
export interface McpApplication {
  /** Whether there is such a scope for that caller. Cheap: asked on every request. */
  hasScope(scope: string, principal: Principal): boolean
  /**
   * Whether `request` answers this method; the edge itself answers `initialize`, `ping`,
   * `server/discover` and `subscriptions/listen`.
   */
  handles(method: string, era: Era, scope: string, principal: Principal): boolean
  /** How it presents itself. May wait for a server it never met. Never rejects but for the signal. */
  face(
    scope: string,
    era: Era,
    who: { principal: Principal; signal: CallSignal },
  ): Promise<ApplicationFace>
  /** Answers one request. Never rejects: every failure is an answer. */
  request(exchange: Exchange): Promise<Answer>
  /** Takes a legacy client's notification that the edge has no use for. */
  notified(session: ClientSession, message: Message): void
  /**
   * Begins a listen and says what of it is granted, or answers why nothing is. Changes of lists are announced
   * by the edge itself; news of `uris` comes through `subscriber.send`. Never rejects.
   */
  listen(
    subscriber: Subscriber,
    filter: ListenFilter,
    exchange: Exchange,
  ): Promise<ListenFilter | Answer>
}
