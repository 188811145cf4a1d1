import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { AppError } from '../errors.ts'
import type { ListenerRefusal } from './listener.ts'
import { createRequestId } from './request-id.ts'
import { toErrorBody } from './send-error.ts'

interface Answer {
  readonly why: ListenerRefusal
  readonly status: number
  readonly error: AppError
}

/**
 * Answers what the HTTP parser refused (400, 431, 408) and closes the connection; undefined when the peer
 * is gone and there is nobody to answer.
 */
export function answerClientError(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  response: ServerResponse | undefined,
): ListenerRefusal | undefined {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return undefined
  }
  const answer = answerTo(error.code)
  // In the middle of a response there is no place for another one.
  if (response !== undefined && response.headersSent && !response.writableFinished) {
    socket.destroy()
    return answer.why
  }
  const requestId = createRequestId()
  const body = toErrorBody(answer.error, requestId)
  const head = [
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'x-content-type-options: nosniff',
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  // The peer has until then to read it; its own end closes the connection sooner.
  setTimeout(() => socket.destroy(), CLOSE_MS).unref()
  return answer.why
}

const CLOSE_MS = 1_000

function answerTo(code: string | undefined): Answer {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return {
        why: 'headers_too_large',
        status: 431,
        error: new AppError('request_too_large', 'the headers are larger than the limit'),
      }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return {
        why: 'request_slow',
        status: 408,
        error: new AppError('request_slow', 'the request took too long to arrive'),
      }
    default:
      return {
        why: 'malformed',
        status: 400,
        error: new AppError('usage', 'the request is not well-formed HTTP/1.1'),
      }
  }
}
