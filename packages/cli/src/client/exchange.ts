import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import { AppError } from '@sallyport/kit/errors'

/** Where a gateway is reached: over the network, or over the socket of one on this machine. */
export type Target =
  | { readonly kind: 'url'; readonly url: URL }
  | { readonly kind: 'socket'; readonly path: string }

/**
 * Reads the value of `--url`.
 *
 * @throws {AppError} `usage` for anything but an http or https URL without a user or password
 */
export function parseTarget(text: string): Target {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new AppError('usage', '--url takes an http or https URL, such as http://127.0.0.1:9100')
  }
  if (url.username !== '' || url.password !== '') {
    throw new AppError('usage', '--url takes no user or password: give the key in SALLYPORT_KEY')
  }
  return { kind: 'url', url }
}

export interface Outgoing {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Path with query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
}

export interface Incoming {
  readonly status: number
  /** Lower-case, without parameters; empty when absent. */
  readonly mediaType: string
  readonly body: Buffer
}

/** An answer larger than this is not read to its end. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024

/**
 * One HTTP exchange, the whole answer in memory.
 *
 * @throws {AppError} `not_running` when nothing listens there, `deadline_exceeded` or `cancelled` by
 *   `signal`, `result_too_large`, `server_lost` for a connection that broke
 */
export function exchange(
  target: Target,
  outgoing: Outgoing,
  signal: AbortSignal,
): Promise<Incoming> {
  const options: RequestOptions = {
    method: outgoing.method,
    path: outgoing.path,
    headers: { ...outgoing.headers, 'content-length': outgoing.body?.length ?? 0 },
    agent: false,
    signal,
  }
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => reject(toFailure(target, cause, signal))
    const request =
      target.kind === 'socket'
        ? requestHttp({ ...options, socketPath: target.path, host: 'localhost' })
        : (target.url.protocol === 'https:' ? requestHttps : requestHttp)(target.url, options)
    request.on('error', fail)
    request.on('response', (response) => {
      readAnswer(response).then(resolve, fail)
    })
    request.end(outgoing.body)
  })
}

async function readAnswer(response: IncomingMessage): Promise<Incoming> {
  const chunks: Buffer[] = []
  let length = 0
  // Without an encoding a response yields buffers.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > ANSWER_BYTES_MAX) {
      response.destroy()
      throw new AppError('result_too_large', `the answer is larger than ${ANSWER_BYTES_MAX} bytes`)
    }
    chunks.push(chunk)
  }
  const mediaType = (response.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  return {
    status: response.statusCode ?? 0,
    mediaType: mediaType ?? '',
    body: Buffer.concat(chunks),
  }
}

const NOBODY = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH'])

function toFailure(target: Target, cause: unknown, signal: AbortSignal): AppError {
  if (cause instanceof AppError) return cause
  const where = target.kind === 'socket' ? target.path : target.url.origin
  if (signal.aborted) {
    const late = signal.reason instanceof Error && signal.reason.name === 'TimeoutError'
    return late
      ? new AppError('deadline_exceeded', `${where} did not answer in time`, { cause })
      : new AppError('cancelled', 'cancelled before the answer came', { cause })
  }
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
  return NOBODY.has(code)
    ? new AppError(
        'not_running',
        `nothing answers at ${where} (${code}): is the gateway running?`,
        {
          cause,
        },
      )
    : new AppError('server_lost', `the connection to ${where} broke (${code})`, { cause })
}
