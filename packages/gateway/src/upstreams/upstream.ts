import type { CallSignal } from '@sallyport/kit/call-signal'
import type { Caller, ClientSession, Era, LogLevel, Message } from '@sallyport/kit/mcp'
import type { Principal } from '@sallyport/kit/principal'
import type { TraceContext } from '@sallyport/kit/tracing'
import type { ServerConfig } from './server-config.ts'

/** What a session tells the encoder about itself. */
export interface Wire {
  /** Unique among the session's calls in flight; a positive integer, also the upstream progress token. */
  readonly id: number
  readonly era: Era
  /** Negotiated revision. */
  readonly version: string
}

/** Our part of an answer to a server's question: a JSON text for `result` or for `error`. */
export interface QuestionAnswer {
  readonly kind: 'result' | 'error'
  readonly text: string | Buffer
}

/** One request on its way to a server, not yet in bytes: the session knows its own era and ids. */
export interface UpstreamRequest {
  readonly method: string
  /** What `Mcp-Name` says: the server's own tool or prompt name, a URI, or a task id. */
  readonly name: string | undefined
  /** Who sent it; undefined for our own. */
  readonly caller?: Pick<Caller, 'principal' | 'requestId'> | undefined
  /** `Mcp-Param-*` headers, modern HTTP servers only; full header name to encoded value. */
  readonly paramHeaders: Readonly<Record<string, string>>
  /**
   * The trace the server is told it works for, also as headers where it is reached over HTTP. Read after
   * `encode`, each time.
   */
  readonly trace?: TraceContext | undefined
  /** Log level a legacy server must be set to before this goes out; undefined = leave it. */
  readonly logLevel?: LogLevel | undefined
  /** The complete message for this wire. May contain newlines: the stdio leg makes them spaces. */
  encode(wire: Wire): Buffer
  /** A notification that belongs to this request (progress, log, an extension's), in the server's bytes. */
  onNotification: ((message: Message) => void) | undefined
  /**
   * A request of a legacy server that belongs to this one: sampling, elicitation, roots, an extension's.
   * The session puts the server's id to the answer; a rejection becomes a JSON-RPC error. Undefined: the
   * session answers as for a client that cannot. `withdrawn` tells when the server takes the question back.
   */
  readonly onQuestion?:
    | ((question: Message, withdrawn: CallSignal) => Promise<QuestionAnswer>)
    | undefined
  /** Whether its client can be asked this at all; where a question names no call, one that can is chosen. */
  canAnswer?(question: Message): boolean
  /** Stands its deadline still while a person is asked who may be its own; what is returned ends that. */
  hold?(): () => void
  /** Ends the call; its `reason` is an AppError. Aborting tells the server. */
  readonly signal: CallSignal
  /** Whether sending it twice does no more than once; a group may then move it although it was sent. */
  readonly repeatable?: boolean
  /** Whether the operator pinned that it changes nothing; quotas of members count it so. */
  readonly readOnly?: boolean
  /** The one member of a group it must go to: whoever knows its state. */
  readonly member?: string | undefined
  /**
   * A group is about to send it to this member, maybe after others. `leave` gives its place there back
   * early: who waits for a person keeps nobody out.
   */
  departTo?(member: string, leave: () => void): void
}

/** The server's answer, `kind` `response` or `error`, in the server's bytes. */
export interface UpstreamReply {
  readonly message: Message
  readonly era: Era
  /** The member of a group that answered; undefined where the server itself was asked. */
  readonly member?: string | undefined
}

export type ServerState = 'cold' | 'starting' | 'ready' | 'degraded' | 'draining' | 'blocked'

/** What a look at a server found. */
export interface HealthCheck {
  /** `call`: its configured call was made; `ping`: the protocol's own. */
  readonly kind: 'call' | 'ping'
  readonly ok: boolean
  /** Why it is not, one sentence; null otherwise. */
  readonly reason: string | null
  readonly durationMs: number
  /** Milliseconds since 1970. */
  readonly atMs: number
}

/** A line that a child wrote to its standard error. */
export interface StderrLine {
  /** Milliseconds since 1970. */
  readonly atMs: number
  readonly pid: number
  /** Without control characters. */
  readonly text: string
}

/** What an operator decided about a server. */
export interface ServerMark {
  readonly kind: 'blocked' | 'draining'
  /** May be empty. */
  readonly reason: string
}

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
  /** Whether calls are refused for a while because the transport kept failing. */
  readonly breaker: 'closed' | 'open' | 'half-open'
  /** The last look at it; null before the first. */
  readonly check: HealthCheck | null
}

/** What servers list. */
export const KINDS = ['tools', 'resources', 'resourceTemplates', 'prompts'] as const
export type Kind = (typeof KINDS)[number]

/** What a server said of itself when its session was opened. */
export interface ServerFacts {
  readonly era: Era
  /** JSON text of its capabilities, as it wrote them. */
  readonly capabilities: string
  readonly instructions: string | undefined
}

/** Who asks a server for something, and so whose session with it is used. */
export interface Asker {
  readonly principal: Principal
  /** The legacy session asked in; undefined for modern clients. With `roots: client` it has its own upstream session. */
  readonly session?: ClientSession | undefined
}

/** What the rest of the gateway learns from servers. Events announce; they do not steer. */
export interface UpstreamEvents {
  /**
   * One of a server's lists was read whole: the raw `result` values, page by page; none = it has no such
   * list. `announced`: because the server said that it changed.
   */
  onList(server: string, kind: Kind, pages: readonly Buffer[], announced: boolean): void
  /** A session was opened and the server said this of itself. */
  onFacts?(server: string, facts: ServerFacts): void
  /** A resource that was subscribed to changed: `params` of the notification as JSON text. */
  onResourceUpdated?(server: string, key: string, uri: string, params: string): void
  /**
   * A notification that belongs to no request, of a session that `key` shares: a log message, an
   * extension's. In the server's bytes.
   */
  onNotification?(server: string, key: string, message: Message): void
  onState?(status: ServerStatus): void
  /** A session was started or could not be; `restarted`: after its child had ended by itself. */
  onStart?(server: string, how: 'ok' | 'restarted' | 'failed'): void
  /** A server sent what belongs to no request: an unknown, late or repeated answer, or no MCP at all. */
  onStray?(server: string): void
  /** A look at a server is over. */
  onCheck?(server: string, check: HealthCheck): void
}

/** What another configuration does to the servers, by their names. */
export interface ServerChanges {
  /** As they were: their sessions, children and calls go on. */
  readonly kept: readonly string[]
  /** New under an old name: the old one drains. */
  readonly changed: readonly string[]
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

/** What an operator does to single servers. Every one of them throws `not_found` for a name that is none. */
export interface ServerControl {
  /** Opens a session for the asker. @throws {AppError} as `Upstreams.call` */
  start(server: string, asker: Asker, signal: AbortSignal): Promise<void>
  /** Ends its sessions once their calls are through, at the latest after `drainMs`. The next call starts it again. */
  stop(server: string, drainMs: number): Promise<void>
  /** Takes new calls or not; what runs goes on. `undefined` takes the mark of that kind away. */
  mark(server: string, kind: ServerMark['kind'], mark: ServerMark | undefined): void
  /**
   * Looks at it now, starting it for the asker when it has no session.
   *
   * @throws {AppError} as `Upstreams.call` where it cannot be started
   */
  check(server: string, asker: Asker, signal: AbortSignal): Promise<HealthCheck>
  /** The newest lines of its children's standard error, oldest first; none for a remote server. */
  logs(server: string, linesMax: number): readonly StderrLine[]
}

export interface Upstreams extends AsyncDisposable {
  /**
   * Sends one request on the asker's session with the server, starting it if need be.
   *
   * Re-initialises once and sends again where the server certainly did not act (legacy 404, or bytes not
   * handed over). Every rejection is an AppError; once bytes were handed over its `outcome` is `unknown`.
   *
   * @throws {AppError} `server_unavailable`, `server_start_failed`, `server_unauthorized`, `server_lost`,
   *   `server_protocol`, `result_too_large`, `overloaded`, `shutting_down`, or the signal's own reason
   */
  call(server: string, asker: Asker, request: UpstreamRequest): Promise<UpstreamReply>
  /**
   * Sees that the catalogue is read: opens a session unless one is open or starting. Joins a running start.
   *
   * @throws {AppError} as `call`
   */
  warm(server: string, asker: Asker, signal: CallSignal): Promise<void>
  /** Whose session an asker uses with a server: askers with the same key share it. */
  keyOf(server: string, asker: Asker): string
  /**
   * Has the server announce changes of a resource on the asker's session: `resources/subscribe`, or part of
   * the listen of a modern server. Counted: as many `unsubscribe` end it. Kept over a lost session, and
   * keeps the session from being idle.
   *
   * @throws {AppError} as `call`; `server_protocol` with the server's own words when it refuses
   */
  subscribe(server: string, asker: Asker, uri: string, signal: CallSignal): Promise<void>
  unsubscribe(server: string, asker: Asker, uri: string): void
  /** Passes a legacy client's notification on to the server's open session; nothing is started for it. */
  notify(server: string, asker: Asker, method: string, params?: object): void
  status(): readonly ServerStatus[]
}

/** The servers themselves, below groups. */
export interface ServerFleet extends Upstreams {
  readonly control: ServerControl
  /** Starts those that are to be up with the gateway; call it once the marks of operators are set. */
  prestart(): void
  /** As in `status`; cheap, for groups ask it with each call. `cold` for a name that is none. */
  stateOf(server: string): ServerState
  /** As in `status`; cheap, for groups ask it with each call. `closed` for a name that is none. */
  breakerOf(server: string): ServerStatus['breaker']
  /**
   * Goes over to another set of servers at once, in one step: a server that is the same, see `isSameServer`,
   * is kept and takes its other settings over; others are new. What left the set finishes its calls and ends
   * by itself; the promise settles when it has.
   */
  apply(servers: Readonly<Record<string, ServerConfig>>): {
    readonly changes: ServerChanges
    readonly drained: Promise<void>
  }
}
