import type { HttpAnswer, HttpFailure } from './http-exchange.ts'

/** How one request to Slack ended. Nothing of an answer but Slack's own codes leaves this file unread. */
export type Verdict =
  /** Slack did it; `body` is the reply. */
  | { readonly kind: 'ok'; readonly body: Readonly<Record<string, unknown>> }
  /** Slack says no, by a code of its own; `needed` are scopes. */
  | { readonly kind: 'refused'; readonly error: string; readonly needed: string | undefined }
  /** Slack wants fewer requests; undefined = without saying for how long. */
  | { readonly kind: 'limited'; readonly retryAfterMs: number | undefined }
  /** No answer, or one that tells nothing. `sent`: the request may have been carried out. */
  | {
      readonly kind: 'lost'
      readonly why: HttpFailure['why'] | 'unavailable' | 'unreadable'
      readonly sent: boolean
      /** A status, or the system's code. */
      readonly detail: string
    }

/** Codes by which Slack says that something broke on its side, perhaps half way. Source: Slack, any method's "Errors". */
const BROKEN: ReadonlySet<string> = new Set([
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
])
const LIMITED: ReadonlySet<string> = new Set(['ratelimited', 'rate_limited'])
/** Codes that certainly came before anything was done. */
const NOT_DONE: ReadonlySet<string> = new Set(['service_unavailable', 'request_timeout'])
const RETRY_SECONDS_MAX = 24 * 60 * 60
const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** Reads what one exchange brought. Total. */
export function toVerdict(outcome: HttpAnswer | HttpFailure): Verdict {
  if (outcome.kind === 'failure') {
    return { kind: 'lost', why: outcome.why, sent: outcome.sent, detail: outcome.code }
  }
  const { status, headers, body } = outcome
  if (status === 429)
    return { kind: 'limited', retryAfterMs: toRetryAfterMs(headers['retry-after']) }
  const detail = String(status)
  if (status >= 500 || status === 408)
    return { kind: 'lost', why: 'unavailable', sent: true, detail }
  // Any other status than 200 is not Slack's: whoever answered did not carry it out.
  if (status !== 200) return { kind: 'lost', why: 'unreadable', sent: false, detail }
  const reply = parseReply(body)
  if (reply === undefined) return { kind: 'lost', why: 'unreadable', sent: true, detail }
  if (reply.ok === true) return { kind: 'ok', body: reply }
  return toRefusal(reply, toRetryAfterMs(headers['retry-after']))
}

function toRefusal(
  reply: Readonly<Record<string, unknown>>,
  retryAfterMs: number | undefined,
): Verdict {
  const error = toWord(reply.error)
  if (reply.ok !== false || error === undefined) {
    return { kind: 'lost', why: 'unreadable', sent: true, detail: 'no code' }
  }
  if (LIMITED.has(error)) return { kind: 'limited', retryAfterMs }
  if (BROKEN.has(error)) {
    return { kind: 'lost', why: 'unavailable', sent: !NOT_DONE.has(error), detail: error }
  }
  return { kind: 'refused', error, needed: toScopes(reply.needed) }
}

function parseReply(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(UTF8.decode(body))
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    return isObject ? (parsed as Readonly<Record<string, unknown>>) : undefined // just looked at
  } catch {
    return undefined // not JSON, or not UTF-8: said by the verdict
  }
}

/** A code as Slack writes them; whatever else stands there could be anything. */
function toWord(value: unknown): string | undefined {
  return typeof value === 'string' && /^[a-z][a-z0-9_]{0,63}$/.test(value) ? value : undefined
}

function toScopes(value: unknown): string | undefined {
  const isList = typeof value === 'string' && /^[a-z][a-z_.:]*(, ?[a-z_.:]+)*$/.test(value)
  return isList && value.length <= 200 ? value : undefined
}

function toRetryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined || !/^\d{1,9}$/.test(header)) return undefined
  return Math.min(Number(header), RETRY_SECONDS_MAX) * 1_000
}
