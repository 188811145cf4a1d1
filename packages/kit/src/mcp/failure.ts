import { type AppError, publicMessage } from '../errors.ts'
import type { AuditOutcome } from '../store/store.ts'
import { RPC } from './envelope.ts'
import type { Answer, Exchange } from './exchange.ts'
import { errorMessage, idOf, resultMessage } from './splice.ts'

/** Where a refusal or failure of ours is described, in results and errors alike. */
export const META_ERROR = 'dev.sallyport/error'

/**
 * A failure of ours on the wire: HTTP 503 where the specification of the gateway says so, 403 with a challenge
 * where a client may come back with a better token, otherwise a tool result with `isError` for `tools/call` and error -31000 for the rest.
 *
 * Source: design, "Errors on the wire"; MCP 2026-07-28, "Authorization", "Runtime Insufficient Scope Errors".
 */
export function encodeFailure(
  exchange: Pick<Exchange, 'message' | 'caller' | 'era'>,
  error: AppError,
): Answer {
  const { code } = error
  const data = {
    code,
    requestId: exchange.caller.requestId,
    retryable: error.spec.retryable && error.outcome !== 'unknown',
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: Math.ceil(error.retryAfterMs) }),
    ...(error.remaining === undefined ? {} : { remaining: error.remaining }),
    ...(error.outcome === undefined ? {} : { outcome: error.outcome }),
  }
  const id = idOf(exchange.message)
  const text = publicMessage(error)
  const { challenge } = error.details
  if (code === 'insufficient_scope' && typeof challenge === 'string') {
    return { bytes: errorMessage(id, RPC.gateway, text, data), status: 403, challenge }
  }
  const refusesEarly = code === 'store_unwritable' || code === 'overloaded'
  if (exchange.message.method !== 'tools/call' || refusesEarly) {
    const bytes = errorMessage(id, RPC.gateway, text, data)
    const retryAfterMs = error.retryAfterMs ?? 1_000
    return refusesEarly ? { bytes, status: 503, retryAfterMs } : { bytes, status: 200 }
  }
  const result = {
    ...(exchange.era === 'modern' ? { resultType: 'complete' } : {}),
    content: [{ type: 'text', text: outcomeSentence(text, error) }],
    isError: true,
    _meta: { [META_ERROR]: data },
  }
  return { bytes: resultMessage(id, JSON.stringify(result)), status: 200 }
}

/** How the audit log and the metrics call the end of a call that failed. */
export function outcomeOfFailure(error: AppError): Exclude<AuditOutcome, 'pending'> {
  if (error.code === 'cancelled') return 'cancelled'
  if (error.outcome === 'unknown') return 'unknown'
  return error.spec.family === 'rejection' || error.code === 'queue_full' ? 'refused' : 'failed'
}

function outcomeSentence(text: string, error: AppError): string {
  const sentence = capitalised(text).replace(/\.$/, '')
  if (error.outcome === 'unknown') return `${sentence}; whether the call took effect is unknown.`
  if (error.outcome === 'not_sent') return `${sentence}; the call was not sent.`
  return `${sentence}.`
}

/** A sentence begins with a capital, but a name stays as it is: `sallyport__read_more`, `caps.memory`. */
function capitalised(text: string): string {
  const [first = ''] = text.split(' ', 1)
  return /[_.`]/.test(first) ? text : text.charAt(0).toUpperCase() + text.slice(1)
}
