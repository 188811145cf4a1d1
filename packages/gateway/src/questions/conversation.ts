import type { CallSignal } from '@sallyport/kit/call-signal'
import { AppError } from '@sallyport/kit/errors'
import type { QuestionAnswer, UpstreamReply } from '../upstreams/upstream.ts'
import type { Capabilities } from './abilities.ts'
import type { Question } from './question.ts'

/** What a client did not declare and a server needs. */
export interface Lacking {
  readonly missing: Capabilities
}

interface Open {
  readonly question: Question
  answer(answer: QuestionAnswer): void
  fail(error: AppError): void
}

const NONE_OPEN = new Map<string, Open>()

/**
 * A call to a legacy server on behalf of a modern client: it goes on while the client comes and goes with
 * answers. Each turn ends with the server's reply or with questions that are open.
 */
export class Conversation {
  readonly #reply: Promise<UpstreamReply>
  #open: Map<string, Open> = NONE_OPEN
  #asked = 0
  #settled = false
  #lacking: Capabilities | undefined
  #turn: ((turn: 'questions' | Lacking) => void) | undefined

  /** @param send begins the call; `this.pose` is where its questions go */
  constructor(send: (conversation: Conversation) => Promise<UpstreamReply>) {
    this.#reply = send(this)
  }

  /** Questions that wait for the client, by key. */
  get open(): ReadonlyMap<string, Question> {
    return new Map([...this.#open].map(([key, { question }]) => [key, question]))
  }

  /**
   * Asks the client; resolves once it has come back with the answer.
   *
   * @throws {AppError} (as a rejection) the reason of `withdrawn`, when the server takes the question back
   */
  pose(question: Question, withdrawn: CallSignal): Promise<QuestionAnswer> {
    this.#asked += 1
    const key = `q${this.#asked}`
    return new Promise((resolve, reject) => {
      const takeBack = (): void => {
        if (this.#open.delete(key)) reject(AppError.from(withdrawn.reason))
      }
      if (this.#open === NONE_OPEN) this.#open = new Map()
      this.#open.set(key, { question, answer: resolve, fail: reject })
      withdrawn.addEventListener('abort', takeBack, { once: true })
      if (withdrawn.aborted) takeBack()
      // What the server asks in one breath is one round for the client.
      setImmediate(() => this.#tell())
    })
  }

  /** Ends the conversation: the server asks what the client has not the ability for. */
  lack(missing: Capabilities): void {
    this.#lacking = missing
    this.#turn?.({ missing })
  }

  /** Only while there is something to ask: it may have been answered before its moment came. */
  #tell(): void {
    if (this.#open.size > 0 && !this.#settled) this.#turn?.('questions')
  }

  /** The call is over, whether or not its client is there: whoever still waits for an answer is told so. */
  #end(): void {
    this.#settled = true
    if (this.#open.size === 0) return
    for (const { fail } of this.#open.values()) {
      fail(new AppError('question_unanswered', 'the call ended before its question was answered'))
    }
    this.#open.clear()
  }

  /** Hands over the results that a client brought, as JSON texts by key; what it left out stays open. */
  answer(results: ReadonlyMap<string, string>): void {
    for (const [key, { answer }] of this.#open) {
      const text = results.get(key)
      if (text === undefined) continue
      this.#open.delete(key)
      answer({ kind: 'result', text })
    }
  }

  /** The reply, or `questions` when some are open, or what the client lacks: the reply wins over questions. */
  next(): Promise<UpstreamReply | 'questions' | Lacking> {
    return new Promise((resolve, reject) => {
      if (this.#lacking) resolve({ missing: this.#lacking })
      this.#turn = resolve
      this.#reply.then(
        (reply) => {
          this.#end()
          resolve(reply)
        },
        (thrown) => {
          this.#end()
          reject(thrown)
        },
      )
      this.#tell()
    })
  }
}
