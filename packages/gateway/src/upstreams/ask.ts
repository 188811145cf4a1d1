import { AppError } from '@sallyport/kit/errors'
import type { Message } from '@sallyport/kit/mcp'
import { type ClientInfo, ownRequest } from './own-messages.ts'
import type { Exchange, Session } from './session.ts'
import type { UpstreamRequest } from './upstream.ts'

export interface Question {
  readonly method: string
  /** As `UpstreamRequest.name`. */
  readonly name?: string | undefined
  readonly params?: object
  readonly clientInfo: ClientInfo
  /** How long the answer is waited for, milliseconds; then `deadline_exceeded`. */
  readonly withinMs: number
  /** Whether the server is told when nobody waits any more; not for a probe or a handshake. */
  readonly cancels: boolean
}

/**
 * Asks a session something on our own behalf and waits for the answer, an error included.
 *
 * @throws {AppError} what the session fails with, `deadline_exceeded`, or the signal's own reason
 */
export function ask(session: Session, question: Question, signal: AbortSignal): Promise<Message> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(AppError.from(signal.reason))
      return
    }
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
    const exchange: Exchange = {
      request: requestOf(question, signal),
      id: 0,
      handedOver: false,
      succeed: (message) => {
        end()
        resolve(message)
      },
      fail: (error) => {
        end()
        reject(error)
      },
      hear: () => undefined,
    }
    const leave = (error: AppError): void => {
      end()
      session.cancel(exchange, question.cancels)
      reject(error)
    }
    const onAbort = (): void => leave(AppError.from(signal.reason))
    const timer = setTimeout(() => {
      const sentence = `the server did not answer ${question.method} within ${question.withinMs} ms`
      leave(new AppError('deadline_exceeded', sentence))
    }, question.withinMs)
    signal.addEventListener('abort', onAbort, { once: true })
    session.send(exchange)
  })
}

function requestOf(question: Question, signal: AbortSignal): UpstreamRequest {
  return {
    method: question.method,
    name: question.name,
    paramHeaders: {},
    encode: ownRequest(question.method, question.params, question.clientInfo),
    onNotification: undefined,
    signal,
  }
}
