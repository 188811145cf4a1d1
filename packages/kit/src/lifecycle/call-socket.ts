import { request, type IncomingMessage } from 'node:http'
import { ConfigProblems, type ConfigProblem } from '../config/problem.ts'
import { AppError, ERRORS, type ErrorCode } from '../errors.ts'

const ANSWER_BYTES_MAX = 32 * 1_024 * 1_024

export interface SocketRequest {
  /** Of the socket, from `socketPathOf`. */
  readonly path: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path and query, such as `/api/v1/keys`. */
  readonly url: string
  /** Sent as JSON when given. */
  readonly body?: unknown
  /** Of what is changed, sent as `If-Match`. */
  readonly version?: number
  /** The deadline is the caller's. */
  readonly signal: AbortSignal
}

/**
 * Asks the running gateway over its local socket and returns the parsed JSON of its answer, undefined for an
 * empty one. The caller parses it with the schema of the route.
 *
 * @throws {AppError} `not_running` when nothing listens there; what the gateway answered; `server_protocol`
 *   for an answer that is none of ours; the signal's own reason
 */
export async function callSocket(asked: SocketRequest): Promise<unknown> {
  asked.signal.throwIfAborted()
  return readReply(await send(asked), asked.signal)
}

/**
 * Reads what a gateway answered over its local socket.
 *
 * @throws {AppError} as `callSocket`
 */
export async function readReply(response: IncomingMessage, signal: AbortSignal): Promise<unknown> {
  const text = await readAnswer(response, signal)
  const body = parseJson(text, response)
  const status = response.statusCode ?? 0
  if (status >= 200 && status < 300) return body
  throw toAppError(body, status)
}

function send(asked: SocketRequest): Promise<IncomingMessage> {
  const payload = asked.body === undefined ? undefined : Buffer.from(JSON.stringify(asked.body))
  const sent = request({
    socketPath: asked.path,
    method: asked.method,
    path: asked.url,
    // One connection per request: a command asks once or twice and ends.
    agent: false,
    headers: {
      host: 'localhost',
      accept: 'application/json',
      ...(asked.version !== undefined && { 'if-match': `"${asked.version}"` }),
      ...(payload && { 'content-type': 'application/json', 'content-length': payload.length }),
    },
    signal: asked.signal,
  })
  return new Promise((resolve, reject) => {
    sent.on('response', resolve)
    sent.on('error', (error) => reject(toSendError(error, asked)))
    sent.end(payload)
  })
}

async function readAnswer(response: IncomingMessage, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      // no encoding is set: buffers
      bytes += chunk.length
      if (bytes > ANSWER_BYTES_MAX) {
        throw new AppError('server_protocol', 'the gateway answered with more than 32 MiB')
      }
      chunks.push(chunk)
    }
  } catch (error) {
    signal.throwIfAborted()
    throw AppError.from(error, 'server_lost')
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseJson(text: string, response: IncomingMessage): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new AppError(
      'server_protocol',
      `the local socket answered HTTP ${response.statusCode} without JSON`,
      { cause: error },
    )
  }
}

/** Why a request over the local socket could not be sent. */
export function toSendError(
  error: NodeJS.ErrnoException,
  asked: Pick<SocketRequest, 'path' | 'signal'>,
): unknown {
  if (asked.signal.aborted) return asked.signal.reason
  switch (error.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
    case 'ENOTSOCK':
      return new AppError('not_running', `no gateway listens on ${asked.path}`, { cause: error })
    case 'EACCES':
    case 'EPERM':
      return new AppError('forbidden', `the socket ${asked.path} belongs to another user`, {
        cause: error,
      })
    default:
      return new AppError('server_lost', `the gateway on ${asked.path} closed the connection`, {
        cause: error,
      })
  }
}

/** The error a gateway answered, as if it had been thrown here. */
function toAppError(body: unknown, status: number): AppError {
  const error = field(body, 'error')
  const code = field(error, 'code')
  const message = field(error, 'message')
  const requestId = field(error, 'requestId')
  const retryAfterMs = field(error, 'retryAfterMs')
  if (!isErrorCode(code) || typeof message !== 'string') {
    return new AppError('server_protocol', `the local socket answered HTTP ${status}`)
  }
  const problems = toProblems(field(error, 'problems'))
  return new AppError(code, message, {
    ...(problems.length > 0 && { cause: new ConfigProblems(problems) }),
    ...(typeof retryAfterMs === 'number' && { retryAfterMs }),
    ...(typeof requestId === 'string' && { details: { requestId } }),
  })
}

function toProblems(value: unknown): readonly ConfigProblem[] {
  if (!Array.isArray(value)) return []
  return value.map((problem): ConfigProblem => {
    const text = (name: string): string => String(field(problem, name) ?? '')
    const count = (name: string): number => Number(field(problem, name) ?? 0)
    return {
      severity: text('severity') === 'warning' ? 'warning' : 'error',
      ...{ path: text('path'), message: text('message'), remedy: text('remedy') },
      ...{ file: text('file'), line: count('line'), column: count('column') },
    }
  })
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code)
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return (value as Record<string, unknown>)[name] // narrowed to an object above
}
