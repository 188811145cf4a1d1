import { randomInt } from 'node:crypto'
import { AppError } from '../errors.ts'
import type { ClientQuestion, Reservation } from './exchange.ts'
import type { Send } from './line.ts'
import type { Message } from './message.ts'
import { idOf } from './splice.ts'

const OPEN_MAX = 64
const FIRST_ID_MAX = 2 ** 40

interface Pending {
  answered(message: Message): void
  failed(error: AppError): void
}

/**
 * The questions a legacy client has been asked in one session and has not answered. Their ids are integers
 * of our own, and an answer is taken once, in the session that was asked.
 *
 * Source: MCP 2025-11-25, Streamable HTTP, "Sending Messages to the Server"; JSON-RPC 2.0 §5.
 */
export class Questions {
  readonly #pending = new Map<string, Pending>()
  // Not from 1: an answer to a question asked before a restart must not fit one asked after it.
  #nextId = randomInt(1, FIRST_ID_MAX)

  get size(): number {
    return this.#pending.size
  }

  /**
   * Asks by `send` and waits for the answer, a `response` or an `error`, whose bytes `hold` counts.
   *
   * @throws {AppError} (as a rejection) `question_unanswered` when the question cannot be sent, `overloaded`
   *   with 64 questions open or no bytes left, `cancelled` at the end of the session, or the signal's reason
   */
  ask(question: ClientQuestion, send: Send, hold?: Reservation): Promise<Message> {
    const { signal } = question
    if (signal.aborted) return Promise.reject(AppError.from(signal.reason, 'cancelled'))
    if (this.#pending.size >= OPEN_MAX) {
      return Promise.reject(new AppError('overloaded', `${OPEN_MAX} questions are open already`))
    }
    const id = String(this.#nextId)
    this.#nextId += 1
    if (!send(questionMessage(id, question))) {
      const text = 'the client has no stream open to be asked on'
      return Promise.reject(new AppError('question_unanswered', text))
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#pending.delete(id)
        send(cancelledMessage(id))
        reject(AppError.from(signal.reason, 'cancelled'))
      }
      const settled = () => {
        this.#pending.delete(id)
        signal.removeEventListener('abort', onAbort)
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#pending.set(id, {
        answered: (message) => {
          settled()
          if (hold?.grow(message.bytes.length) === false) {
            reject(new AppError('overloaded', 'no bytes are left for the answer to a question'))
          } else {
            resolve(message)
          }
        },
        failed: (error) => {
          settled()
          reject(error)
        },
      })
    })
  }

  /** Takes a client's response or error; false when it answers no open question. */
  answer(message: Message): boolean {
    const pending = this.#pending.get(idOf(message).toString())
    pending?.answered(message)
    return pending !== undefined
  }

  /** Nobody is left to answer. */
  end(): void {
    for (const pending of [...this.#pending.values()]) {
      pending.failed(new AppError('cancelled', 'the session ended'))
    }
  }
}

function questionMessage(id: string, { method, params }: ClientQuestion): Buffer {
  const tail = params === undefined ? '' : `,"params":${params}`
  return Buffer.from(`{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)}${tail}}`)
}

function cancelledMessage(id: string): Buffer {
  return Buffer.from(
    `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${id},"reason":"the answer is not waited for any more"}}`,
  )
}
