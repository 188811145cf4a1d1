import type { Interceptor } from '../../call/call.ts'
import type { FeatureDeps } from '../feature.ts'

/**
 * Takes what a call costs of rates and daily quotas. Behind every other refusal, so that a refused call costs
 * nothing.
 *
 * @throws {AppError} `rate_limited` or `quota_exceeded`, outcome `not_sent`
 */
export function countCalls({ quotas }: Pick<FeatureDeps, 'quotas'>): Interceptor {
  return (next) => (call) => {
    const { target, exchange } = call
    const refusal = target && quotas.take(target, exchange.caller.principal.id)
    return refusal ? Promise.reject(refusal) : next(call)
  }
}
