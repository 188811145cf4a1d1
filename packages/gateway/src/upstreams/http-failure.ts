import type { IncomingHttpHeaders } from 'node:http'
import { AppError, type ErrorCode } from '@sallyport/kit/errors'

const RETRY_AFTER_MS_MAX = 3_600_000
const SILENCE: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

/** Reads `Retry-After`, seconds or a date, into milliseconds from now. Source: RFC 9110 §10.2.3. */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined
  const trimmed = value.trim()
  const ms = /^\d{1,9}$/.test(trimmed) ? Number(trimmed) * 1_000 : Date.parse(trimmed) - nowMs
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), RETRY_AFTER_MS_MAX) : undefined
}

/** One header as text; repeated ones count by their first. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** Refusals that may come after the work: 303 points at what it made, the others judge what was done. */
const MAY_HAVE_ACTED: ReadonlySet<number> = new Set([303, 408, 409, 422, 424])

/**
 * What an HTTP status without a usable JSON-RPC answer means. A refusal by the server's door is `not_sent`:
 * the call did not run; behind a 5xx it may have.
 */
export function statusFailure(
  status: number,
  headers: IncomingHttpHeaders,
  nowMs: number,
): AppError {
  const details = { status }
  const waitMs = retryAfterMs(headerOf(headers, 'retry-after'), nowMs)
  const wait = waitMs === undefined ? {} : { retryAfterMs: waitMs }
  const fail = (code: ErrorCode, sentence: string, outcome: 'not_sent' | 'unknown'): AppError =>
    new AppError(code, sentence, { details, outcome, ...wait })
  if (status === 401 || status === 403) {
    return fail(
      'server_unauthorized',
      `the server refused our credential with ${status}`,
      'not_sent',
    )
  }
  if (status === 407) {
    return fail('server_unavailable', 'the proxy refused our credential with 407', 'not_sent')
  }
  if (status === 429) return fail('server_unavailable', 'the server limits our rate', 'not_sent')
  if (status >= 500) return fail('server_unavailable', `the server answered ${status}`, 'unknown')
  const outcome = MAY_HAVE_ACTED.has(status) ? 'unknown' : 'not_sent'
  if (status >= 300 && status < 400) {
    return fail('server_protocol', 'the server redirects, which is not followed', outcome)
  }
  if (status >= 400) return fail('server_protocol', `the server answered ${status}`, outcome)
  return fail('server_protocol', `the server answered ${status} without a result`, 'unknown')
}

/** What a broken or refused connection means. */
export function connectionFailure(thrown: Error, handedOver: boolean): AppError {
  if (thrown instanceof AppError) return thrown
  const reason = 'code' in thrown ? String(thrown.code) : thrown.message
  if (SILENCE.has(reason)) {
    const sentence = 'the server was silent for longer than `readTimeout`'
    return new AppError('deadline_exceeded', sentence, { cause: thrown, outcome: 'unknown' })
  }
  return handedOver
    ? new AppError('server_lost', `the connection was lost: ${reason}`, {
        cause: thrown,
        outcome: 'unknown',
      })
    : new AppError('server_unavailable', `the server cannot be reached: ${reason}`, {
        cause: thrown,
        outcome: 'not_sent',
      })
}
