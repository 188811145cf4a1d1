import { type Exchange, readIdempotencyKey, RPC } from '@sallyport/kit/mcp'
import type { CallResult, Interceptor } from '../../call/call.ts'
import { encodeRefusal } from '../../call/encode-answer.ts'
import type { FeatureDeps } from '../feature.ts'

/**
 * Makes a tool call that carries an idempotency key at most once; a repeat gets the answer of the first.
 *
 * Source: design §5; Design, "At most once".
 *
 * @throws {AppError} `idempotency_conflict`, `outcome_unknown`, `quota_exceeded`, `store_unwritable`, or
 *   whatever the call ends with
 */
export function makeOnce({ keyed }: Pick<FeatureDeps, 'keyed'>): Interceptor {
  return (next) => (call) => {
    const { exchange, target } = call
    if (target?.kind !== 'tool') return next(call)
    const key = readIdempotencyKey(exchange)
    if (key === undefined) return next(call)
    if (typeof key === 'object') return Promise.resolve(refuse(exchange, key.fault))
    return keyed.run({ ...call, target }, key, next)
  }
}

function refuse(exchange: Exchange, fault: string): CallResult {
  const { requestId } = exchange.caller
  const data = { code: 'request_invalid', requestId, retryable: false, outcome: 'not_sent' }
  return encodeRefusal(exchange, RPC.invalidParams, fault, { data })
}
