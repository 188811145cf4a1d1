import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AppError, publicMessage } from '../errors.ts'

/** Unread bodies up to this size are swallowed and the connection stays open. */
const SMALL_BODY_BYTES = 64 * 1024
/** How long, and for how many bytes, a sender is heard out before its connection is closed. */
const LINGER_MS = 2_000
const LINGER_BYTES = 64 * 1024 * 1024

/** What an answer adds to the plain refusal. */
export interface SendErrorOptions {
  /** Adds `WWW-Authenticate`: `Bearer`, or what is given. */
  readonly challenge?: boolean | string
  /** The JSON body; the JSON-RPC form by default. */
  readonly toBody?: (error: AppError, requestId: string) => string
}

/** The JSON-RPC body of an HTTP-level refusal. */
export function toErrorBody(error: AppError, requestId: string): string {
  const retry = error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }
  const data = { code: error.code, requestId, retryable: error.spec.retryable, ...retry }
  return JSON.stringify({
    jsonrpc: '2.0',
    id: null,
    error: { code: -31_000, message: publicMessage(error), data },
  })
}

/**
 * Answers a request that goes no further, in the one shape of HTTP-level refusals, with the status of the
 * error table. Headers that were set before are kept. Once a response has begun the connection is cut.
 *
 * A sender that is still sending gets its answer: a small body is swallowed and the connection kept; of a
 * larger one a bounded part is swallowed, then the connection is closed.
 */
export function sendError(
  res: ServerResponse,
  error: AppError,
  requestId: string,
  options: SendErrorOptions = {},
): void {
  if (res.headersSent || res.destroyed) {
    res.destroy()
    return
  }
  const { http: status } = error.spec
  const body = (options.toBody ?? toErrorBody)(error, requestId)
  res.statusCode = status
  res.setHeader('content-type', 'application/json')
  res.setHeader('content-length', Buffer.byteLength(body))
  res.setHeader('x-request-id', requestId)
  res.setHeader('x-content-type-options', 'nosniff')
  if (error.retryAfterMs !== undefined && (status === 429 || status === 503)) {
    res.setHeader('retry-after', Math.max(1, Math.ceil(error.retryAfterMs / 1_000)))
  }
  const { challenge = false } = options
  if (challenge !== false) {
    res.setHeader('www-authenticate', challenge === true ? 'Bearer' : challenge)
  }
  if (staysOpen(res.req)) {
    res.end(body)
    return
  }
  res.setHeader('connection', 'close')
  endAfterBody(res, body)
}

/** Whether the rest of the request is short enough to wait for, so that the connection can be used again. */
function staysOpen(req: IncomingMessage): boolean {
  if (req.complete) return true
  if (req.headers.expect !== undefined) return false
  if (req.headers['transfer-encoding'] !== undefined) return false
  return Number(req.headers['content-length'] ?? 0) <= SMALL_BODY_BYTES
}

/**
 * Closing while the peer sends makes its kernel drop the answer it has not read. So the answer goes out
 * whole, the rest of the body is thrown away, and only then is the response ended.
 *
 * Source: RFC 9112 §9.6, "Tear-down".
 */
function endAfterBody(res: ServerResponse, body: string): void {
  const { req } = res
  res.write(body)
  let bytes = 0
  const end = (): void => {
    clearTimeout(timer)
    req.off('data', onData)
    req.off('end', end)
    req.off('close', end)
    res.end()
  }
  const onData = (chunk: Buffer): void => {
    bytes += chunk.length
    if (bytes > LINGER_BYTES) end()
  }
  const timer = setTimeout(end, LINGER_MS)
  timer.unref()
  req.on('data', onData)
  req.on('end', end)
  req.on('close', end)
  req.resume()
}
