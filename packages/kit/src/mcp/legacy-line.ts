import { CallController } from '../call-signal.ts'
import { AppError, publicMessage } from '../errors.ts'
import type { EdgeCore } from './core.ts'
import { RPC } from './envelope.ts'
import type { Answer } from './exchange.ts'
import type { Arrival, Line } from './line.ts'
import type { Message } from './message.ts'
import { refusalAnswer, wholeAnswer } from './reply.ts'
import type { LegacySession } from './session.ts'
import { errorMessage, idOf } from './splice.ts'

/**
 * A legacy client all of whose answers, notifications and questions leave by one line: HTTP+SSE, stdio. The
 * session is the line's own.
 */
export class LegacyLine {
  readonly session: LegacySession
  readonly #core: EdgeCore
  readonly #line: Line
  #starting: CallController | undefined
  readonly #send = (message: Buffer): boolean => this.#line.send(message)

  constructor(core: EdgeCore, session: LegacySession, line: Line) {
    this.#core = core
    this.session = session
    this.#line = line
    session.addLine(line)
    session.onEnd(() => this.#starting?.abort(new AppError('cancelled', 'the session ended')))
  }

  /** Takes one message and sends its answer, if it takes one. Settles when that was sent; never rejects. */
  async receive(arrival: Arrival, message: Message): Promise<void> {
    const { legacy } = this.#core
    const answer =
      message.method === 'initialize' && message.kind === 'request'
        ? await this.#initialize(arrival, message)
        : await legacy.answer(arrival, message, this.session, this.#send)
    if (answer) this.#line.send(wholeAnswer(answer))
  }

  async #initialize(arrival: Arrival, message: Message): Promise<Answer> {
    const { legacy, deps } = this.#core
    if (this.#starting) {
      const text = 'another initialize is still being answered'
      return refusalAnswer(message, { status: 400, code: RPC.invalidRequest, message: text })
    }
    const controller = new CallController()
    this.#starting = controller
    try {
      const adopt = this.session.adopt.bind(this.session)
      return await legacy.initialize(arrival, message, adopt, controller)
    } catch (thrown) {
      const error = AppError.from(thrown)
      const { requestId } = arrival.caller
      if (error.spec.family === 'defect') {
        deps.log.error({ requestId, err: error }, 'initialize failed')
      }
      const data = { code: error.code, requestId, retryable: error.spec.retryable }
      const bytes = errorMessage(idOf(message), RPC.gateway, publicMessage(error), data)
      return { bytes, status: error.spec.http }
    } finally {
      this.#starting = undefined
    }
  }
}
