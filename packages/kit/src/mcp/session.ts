import { AppError } from '../errors.ts'
import type { Principal } from '../principal.ts'
import type { EdgeDeps } from './edge-deps.ts'
import type {
  ClientAbilities,
  ClientQuestion,
  ClientSession,
  LogLevel,
  Reservation,
} from './exchange.ts'
import type { ClientName } from './client-name.ts'
import type { Line, Send } from './line.ts'
import { LiveRequests } from './live-requests.ts'
import type { Message } from './message.ts'
import { Questions } from './questions.ts'
import { SessionStream, type SessionStreamDeps } from './session-stream.ts'
import { labelOf } from './session-facts.ts'
import { notificationText } from './splice.ts'

const LINES_MAX = 4
const CLIENT_ENDED = 'the client has ended its input, so nothing can be asked of it'
/** Streams kept after their answer, for a client to come back to. */
const OVER_MAX = 8

/** What client and edge agreed on in `initialize`. */
export interface Negotiated {
  readonly version: string
  /** JSON text of the client's capabilities, at most 4 KiB. */
  readonly capabilities: string
  /** What the client calls itself; its id does not hold it, so that another process does not know it. */
  readonly client?: ClientName | undefined
}

export interface SessionOrigin {
  readonly id: string
  readonly principal: Principal
  readonly scope: string
  /** Milliseconds since 1970. */
  readonly issuedMs: number
  readonly nowMs: number
}

/**
 * A legacy client's session: what was agreed at its start, and what only memory knows. It costs next to
 * nothing until it is asked something or listens.
 */
export class LegacySession implements ClientSession {
  readonly id: string
  readonly era = 'legacy'
  readonly scope: string
  readonly issuedMs: number
  /** As the last request found it. */
  principal: Principal
  /** Monotonic time of the last request. */
  lastUseMs: number
  logLevel: LogLevel | undefined
  /** Its requests in flight. */
  readonly live = new LiveRequests()
  /** Messages over HTTP+SSE whose answers have not left yet. */
  messages = 0
  /** Ways to the client outside its requests, oldest first. */
  readonly lines: Line[] = []
  #negotiated: Negotiated | undefined
  #questions: Questions | undefined
  /** Streams that a client can come back to, oldest first. */
  #streams: Map<string, SessionStream> | undefined
  #onEnd: (() => void)[] | undefined
  #label: string | undefined
  #ended = false
  #deaf = false

  constructor(origin: SessionOrigin, negotiated: Negotiated | undefined) {
    this.id = origin.id
    this.scope = origin.scope
    this.principal = origin.principal
    this.issuedMs = origin.issuedMs
    this.lastUseMs = origin.nowMs
    this.#negotiated = negotiated
  }

  /** Whether `initialize` is over. */
  get ready(): boolean {
    return this.#negotiated !== undefined
  }

  /** Revision agreed on; empty before `initialize`. */
  get version(): string {
    return this.#negotiated?.version ?? ''
  }

  /** What operators call it; nothing of its id. */
  get label(): string {
    return (this.#label ??= labelOf(this.id))
  }

  get client(): ClientName | undefined {
    return this.#negotiated?.client
  }

  get abilities(): ClientAbilities {
    return { capabilities: this.#negotiated?.capabilities ?? '{}', logLevel: this.logLevel }
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Whether a call or a listening client keeps it from being idle. */
  get busy(): boolean {
    return this.live.size > 0 || this.lines.some(({ open }) => open)
  }

  /** Whether forgetting it would lose what its id does not hold; a stream to come back to does not count. */
  get held(): boolean {
    if (this.busy || this.logLevel !== undefined || this.#onEnd !== undefined) return true
    return this.#questions !== undefined && this.#questions.size > 0
  }

  /** Takes up what a client's `initialize` on this line agreed on. */
  adopt(negotiated: Negotiated): void {
    this.#negotiated = negotiated
  }

  /** Listens by `line` from now on. Of more than four one that is lost is ended, or else the oldest. */
  addLine(line: Line): void {
    const lost = this.lines.findIndex(({ open }) => !open)
    this.lines.push(line)
    if (this.lines.length <= LINES_MAX) return
    // Out of the list at once: one that nobody reads closes later, and must not hide the next oldest.
    const [dropped] = this.lines.splice(Math.max(lost, 0), 1)
    dropped?.end()
  }

  removeLine(line: Line): void {
    const at = this.lines.indexOf(line)
    if (at !== -1) this.lines.splice(at, 1)
  }

  /** A stream for one answer and what comes before it. */
  openStream(deps: SessionStreamDeps): SessionStream {
    return this.#addStream(deps, true)
  }

  /** A stream for what belongs to no request. */
  listen(deps: SessionStreamDeps & Pick<EdgeDeps, 'clock'>): SessionStream {
    const stream = this.#addStream(deps, false, () => {
      // An open stream kept the session from being idle: idleness counts from now.
      this.lastUseMs = deps.clock.monotonicMs()
    })
    this.addLine(stream)
    return stream
  }

  /** The stream that an event id of this session names; undefined when it is gone or never was. */
  findStream(streamId: string): SessionStream | undefined {
    return this.#streams?.get(streamId)
  }

  /** Sends on the newest line that somebody reads, or else on one whose reader may come back. */
  send(method: string, params?: string): boolean {
    if (this.lines.length === 0) return false
    return this.#sendLine(notificationText(method, params))
  }

  ask(question: ClientQuestion): Promise<Message> {
    const line = this.lines.findLast(({ open }) => open)
    return this.askOn(question, (message) => line?.send(message) ?? false)
  }

  /** Asks the client by `send`; `hold` counts the answer's bytes. See `Questions.ask`. */
  askOn(question: ClientQuestion, send: Send, hold?: Reservation): Promise<Message> {
    if (this.#ended) return Promise.reject(new AppError('cancelled', 'the session ended'))
    if (this.#deaf) return Promise.reject(new AppError('question_unanswered', CLIENT_ENDED))
    this.#questions ??= new Questions()
    return this.#questions.ask(question, send, hold)
  }

  /** Takes a response or error of the client; one that answers nothing is ignored. */
  answer(message: Message): void {
    this.#questions?.answer(message)
  }

  /** The client sends nothing any more: its questions are dropped and it is asked no others. Calls go on. */
  endQuestions(): void {
    this.#deaf = true
    this.#questions?.end()
  }

  onEnd(told: () => void): void {
    if (this.#ended) told()
    else (this.#onEnd ??= []).push(told)
  }

  /** Aborts its calls but for detached ones, drops its questions, ends its lines. Safe to call twice. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#questions?.end()
    for (const controller of this.live.values()) {
      if (!controller.detached) controller.abort(new AppError('cancelled', 'the session ended'))
    }
    this.dropStreams()
    for (const told of this.#onEnd ?? []) told()
    this.#onEnd = undefined
  }

  /** Ends its lines and nothing else. */
  endLines(): void {
    for (const line of this.lines.splice(0)) line.end()
  }

  /** Ends its lines and keeps nothing for a client that comes back. */
  dropStreams(): void {
    this.endLines()
    for (const stream of this.#streams?.values() ?? []) stream.forget()
  }

  #addStream(deps: SessionStreamDeps, answers: boolean, onLost?: () => void): SessionStream {
    const streams = (this.#streams ??= new Map())
    const stream = new SessionStream(
      {
        principalId: this.principal.id,
        version: this.version,
        lost: () => onLost?.(),
        forgotten: (gone) => {
          streams.delete(gone.id)
          this.removeLine(gone)
        },
      },
      deps,
      { answers },
    )
    streams.set(stream.id, stream)
    const over = [...streams.values()].filter((one) => one.over)
    if (over.length > OVER_MAX) over[0]?.forget()
    return stream
  }

  #sendLine(message: Buffer): boolean {
    const reading = this.lines.filter(({ open }) => open).toReversed()
    const away = this.lines.filter(({ open }) => !open).toReversed()
    return [...reading, ...away].some((line) => line.send(message))
  }
}
