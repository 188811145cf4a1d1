import type { CallSignal } from '@sallyport/kit/call-signal'
import { AppError } from '@sallyport/kit/errors'
import type { Message } from '@sallyport/kit/mcp'
import type { Call } from './call.ts'
import type { SessionEvents } from './session.ts'
import type { QuestionAnswer } from './upstream.ts'

/** A server that wants roots asks for them as soon as it is initialized. */
const ASK_WITHIN_MS = 1_000
/** A server works on the answer before it heeds it, and nothing tells when it has. */
const SETTLE_MS = 100
/** For a call to come on whose stream the client can be asked. */
const CALL_WITHIN_MS = 30_000

interface Held {
  readonly call: Call
  go(): void
  refuse(error: AppError): void
}

export interface RootsGateOptions {
  /** Asks the client outside any call; undefined for a client without a session. */
  readonly askClient: SessionEvents['onRootsAsked']
  /** Calls that wait for the session to stand. */
  waiting(): Iterable<Call>
}

/**
 * With `roots: client`: keeps the calls of a new session back until its server, if it asks for roots, has
 * those of the client. Before that it would work in folders of its own.
 */
export class RootsGate {
  readonly #options: RootsGateOptions
  #state: 'quiet' | 'asking' | 'refused' | 'open' = 'quiet'
  #held: Held[] = []
  #timer: NodeJS.Timeout | undefined
  #arrived = Promise.withResolvers<void>()

  constructor(options: RootsGateOptions) {
    this.#options = options
  }

  /** The server asked and got no roots: the session is no use for calls. */
  get isRefused(): boolean {
    return this.#state === 'refused'
  }

  /**
   * Undefined when the call may be sent at once.
   *
   * @param quietMs how long the session has stood, milliseconds
   * @throws {AppError} (as a rejection) `question_unanswered`, `not_sent`, when the server gets no roots
   */
  wait(call: Call, quietMs: number): Promise<void> | undefined {
    if (this.#state === 'quiet' && quietMs >= ASK_WITHIN_MS) this.open()
    if (this.#state === 'open') return undefined
    if (this.#state === 'quiet') this.#openIn(ASK_WITHIN_MS - quietMs)
    return new Promise((resolve, reject) => {
      this.#held.push({ call, go: resolve, refuse: reject })
      this.#arrived.resolve()
    })
  }

  /** As `SessionEvents.onRootsAsked`. */
  async ask(question: Message, withdrawn: CallSignal): Promise<QuestionAnswer> {
    if (this.#state !== 'open') {
      this.#state = 'asking'
      clearTimeout(this.#timer)
      this.#timer = undefined
    }
    try {
      const answer = await this.#answer(question, withdrawn)
      if (answer.kind === 'result') this.#openIn(SETTLE_MS)
      else this.#refuse()
      return answer
    } catch (thrown) {
      this.#refuse()
      throw thrown
    }
  }

  /** Holds nothing back any more: the server was told, does not ask, or the session is over. */
  open(): void {
    clearTimeout(this.#timer)
    this.#state = 'open'
    this.#arrived.resolve()
    for (const { go } of this.#held.splice(0)) go()
  }

  #openIn(ms: number): void {
    if (this.#state !== 'open') this.#timer ??= setTimeout(() => this.open(), ms)
  }

  #refuse(): void {
    if (this.#state === 'open') return
    this.#state = 'refused'
    const sentence = 'the client did not tell its roots, which this server is limited to'
    const error = new AppError('question_unanswered', sentence, { outcome: 'not_sent' })
    for (const { refuse } of this.#held.splice(0)) refuse(error)
  }

  /** Of the client itself where it listens, else on the stream of a call that is held back. */
  async #answer(question: Message, withdrawn: CallSignal): Promise<QuestionAnswer> {
    const { askClient } = this.#options
    let failure: unknown
    try {
      if (askClient !== undefined) return await askClient(question, withdrawn)
    } catch (thrown) {
      failure = thrown
    }
    if (this.#state !== 'open' && this.#calls().length === 0) await this.#arrival(withdrawn)
    for (const { request } of this.#calls()) {
      if (withdrawn.aborted) break
      if (request.onQuestion === undefined || request.canAnswer?.(question) === false) continue
      try {
        return await request.onQuestion(question, withdrawn)
      } catch (thrown) {
        failure = thrown
      }
    }
    throw failure ?? new AppError('question_unanswered', 'no client can be asked for its roots now')
  }

  #calls(): Call[] {
    const held = this.#held.map(({ call }) => call)
    return [...held, ...this.#options.waiting()].filter(({ settled }) => !settled)
  }

  /** Waits for a call, but not for ever. */
  async #arrival(withdrawn: CallSignal): Promise<void> {
    this.#arrived = Promise.withResolvers()
    const { promise, resolve } = this.#arrived
    const timer = setTimeout(resolve, CALL_WITHIN_MS)
    withdrawn.addEventListener('abort', resolve, { once: true })
    await promise
    clearTimeout(timer)
    withdrawn.removeEventListener('abort', resolve)
  }
}
