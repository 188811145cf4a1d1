import type { CallSignal } from '@sallyport/kit/call-signal'
import { AppError } from '@sallyport/kit/errors'
import {
  type Caller,
  type Edit,
  type Exchange,
  findMember,
  insertEdit,
  isAtLeast,
  type LogLevel,
  type Message,
  slice,
  splice,
} from '@sallyport/kit/mcp'
import type { CallSpan, PartSpan } from '@sallyport/kit/tracing'
import type { Target } from '../routing/target.ts'
import type { QuestionAnswer, UpstreamRequest, Wire } from '../upstreams/upstream.ts'
import type { Call, CallEntry } from './call.ts'
import type { CallDeadline } from './call-deadline.ts'
import { encodeRequest, type ParamEdit, RETRY_PARAMS, withoutParams } from './encode-request.ts'

const UNKNOWN_TO_LEGACY: ReadonlySet<string> = new Set([...RETRY_PARAMS, 'task'])
/** Characters of names of members that are written down; of more the first are left out. */
const MEMBERS_LENGTH_MAX = 400
const MODERN_MARKS = [...UNKNOWN_TO_LEGACY].map((name) => Buffer.from(`"${name}"`))

/** Where the questions of a server go; undefined when nobody can be asked. */
export type AskQuestion = (question: Message, withdrawn: CallSignal) => Promise<QuestionAnswer>

/** What is said otherwise, to the server than the client said it and to the client than the server. */
export interface Wording {
  /** Members of `_meta` for a modern server beside the revision, as JSON text: who asks and what it can do. */
  envelope(): string
  /** For a notification; `member` is that of a group which told it. */
  retell(told: Message, member: string | undefined): readonly Edit[]
}

/** One call on its way to one server, as a session sees it. */
export class Attempt implements UpstreamRequest {
  readonly method: string
  readonly name: string
  readonly caller: Caller
  readonly paramHeaders: Readonly<Record<string, string>>
  readonly signal: CallSignal
  readonly logLevel: LogLevel | undefined
  readonly repeatable: boolean
  readonly readOnly: boolean
  readonly member: string | undefined
  /** Set before the call is sent. */
  ask: AskQuestion | undefined
  /** Set with `ask`: whether the client can be asked a question at all. */
  mayAsk: ((question: Message) => boolean) | undefined
  readonly #message: Message
  /** Whether its client is modern. */
  readonly #modern: boolean
  readonly #params: readonly ParamEdit[]
  readonly #deadline: CallDeadline
  readonly #wording: Wording
  /** Whose client hears what the server tells meanwhile; undefined while the call is parked. */
  #listener: Exchange | undefined
  readonly #span: CallSpan
  /** The part of the trace that is under way. */
  #part: PartSpan | undefined
  #sent = false
  /** Which member of a group has it now, and what gives its place there back. */
  #at: string | undefined
  #leave: (() => void) | undefined
  /** Where it is written down which members get it. */
  #entry: CallEntry | undefined

  constructor(
    { exchange, span, deadline, entry }: Call,
    target: Target,
    how: {
      /** What is sent: the exchange's own message, or that without what the server must not see. */
      readonly message: Message
      readonly params: readonly ParamEdit[]
      readonly paramHeaders: Readonly<Record<string, string>>
      readonly logLevel: LogLevel | undefined
      readonly wording: Wording
      /** The one member of a group that it must go to. */
      readonly member?: string | undefined
    },
  ) {
    this.#message = how.message
    this.#modern = exchange.era === 'modern'
    this.#listener = exchange
    this.#params = how.params
    this.#wording = how.wording
    this.#deadline = deadline
    this.method = exchange.message.method
    this.caller = exchange.caller
    this.name = target.name
    this.repeatable = target.repeatable
    this.readOnly = target.readOnly
    this.member = how.member
    this.paramHeaders = how.paramHeaders
    this.logLevel = how.logLevel
    this.#span = span
    this.#entry = entry
    this.signal = exchange.controller.signal
  }

  /** Bytes of the request, which live as long as the attempt. */
  get bytes(): number {
    return this.#message.bytes.length
  }

  encode(wire: Wire): Buffer {
    this.#sent = true
    this.#part?.end()
    this.#part = this.#span.child('upstream')
    const envelope = wire.era === 'modern' ? this.#wording.envelope() : ''
    const edits = { params: this.#params, envelope, trace: this.trace }
    return encodeRequest(this.#fit(wire), edits, wire)
  }

  /** Where the server's part of the trace belongs; undefined before it is encoded and while tracing is off. */
  get trace(): UpstreamRequest['trace'] {
    const traceparent = this.#part?.traceparent
    return traceparent === undefined
      ? undefined
      : { traceparent, tracestate: this.#span.tracestate }
  }

  /** From now on it waits for its session. */
  depart(): void {
    this.#part = this.#span.child('start')
  }

  departTo(member: string, leave: () => void): void {
    this.#at = member
    this.#leave = leave
    if (this.#entry) noteMember(this.#entry, member)
    this.#part?.end()
    this.depart()
  }

  /** It has its answer, or will never have one. */
  arrive(): void {
    this.#part?.end()
  }

  /** From now on this exchange hears what the server tells; undefined = nobody. */
  listen(exchange: Exchange | undefined): void {
    this.#listener = exchange
    // Who waits for a person keeps nobody out of a member; a server's own queue it has left by then.
    if (exchange === undefined) this.#leave?.()
  }

  /** From now on it is written down there which members get it; the one that has it already is. */
  noteIn(entry: CallEntry | undefined): void {
    this.#entry = entry
    if (entry && this.#at !== undefined) noteMember(entry, this.#at)
  }

  onNotification(message: Message): void {
    if (this.#listener?.notify) this.#relay(this.#listener, message)
  }

  onQuestion(question: Message, withdrawn: CallSignal): Promise<QuestionAnswer> {
    if (this.ask) return this.ask(question, withdrawn)
    const text = 'the client cannot be asked now'
    return Promise.reject(new AppError('question_unanswered', text))
  }

  canAnswer(question: Message): boolean {
    return this.mayAsk?.(question) === true
  }

  hold(): () => void {
    return this.#deadline.hold()
  }

  /** Passes on what belongs to the request: progress under the client's own token, logs it asked for, the rest as it is. */
  #relay(exchange: Exchange, told: Message): void {
    const modern = exchange.era === 'modern'
    const edits = [...this.#wording.retell(told, this.#at)]
    switch (told.method) {
      case 'notifications/progress': {
        const own = findMember(exchange.message.bytes, exchange.message.meta, 'progressToken')
        const place = findMember(told.bytes, told.params, 'progressToken')
        if (!own || !place) return
        insertEdit(edits, { ...place, text: slice(exchange.message.bytes, own) })
        break
      }
      case 'notifications/message':
        // A modern client that named no level wants none; a legacy one then takes what comes.
        if (this.logLevel === undefined ? modern : !isAtLeast(told, this.logLevel)) return
        break
      case 'notifications/elicitation/complete':
        // Speaks of an id that modern clients are never given.
        if (modern) return
        break
      default:
    }
    exchange.notify?.(edits.length === 0 ? told.bytes : splice(told.bytes, edits))
  }

  /**
   * A legacy server knows no retries: answers that were no part of a state of ours are none of its business.
   * And a modern client that sends its member `task` does not know what it says there.
   */
  #fit({ era }: Wire): Message {
    const message = this.#message
    if (era === 'modern' || !this.#modern) return message
    if (MODERN_MARKS.every((mark) => !message.bytes.includes(mark))) return message
    return withoutParams(message, UNKNOWN_TO_LEGACY)
  }

  /** Gives a rejection its outcome: once encoded, the bytes may have reached the server. */
  judge(thrown: unknown): AppError {
    const error = AppError.from(thrown)
    return error.outcome === undefined
      ? error.withOutcome(this.#sent ? 'unknown' : 'not_sent')
      : error
  }
}

function noteMember(entry: CallEntry, member: string): void {
  const { member: before } = entry
  if (before === null) entry.member = member
  // It goes on where it was.
  if (before === null || before === member || before.endsWith(`,${member}`)) return
  const all = `${before},${member}`
  const from =
    all.length > MEMBERS_LENGTH_MAX ? all.indexOf(',', all.length - MEMBERS_LENGTH_MAX) : -1
  entry.member = all.slice(from + 1)
}
