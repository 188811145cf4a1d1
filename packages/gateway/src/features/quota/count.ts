import { AppError } from '@sallyport/kit/errors'
import type { Interceptor } from '../../call/call.ts'
import type { FeatureDeps } from '../feature.ts'

/**
 * Takes what a call costs of rates and daily quotas. Behind every other refusal, so that a refused call costs
 * nothing; one that then reached no server gets its daily quotas back.
 *
 * @throws {AppError} `rate_limited` or `quota_exceeded`, outcome `not_sent`
 */
export function countCalls({ quotas }: Pick<FeatureDeps, 'quotas'>): Interceptor {
  return (next) => (call) => {
    const { target, exchange } = call
    if (!target) return next(call)
    const { id, tenant } = exchange.caller.principal
    const refusal = quotas.take(target, id, tenant)
    if (refusal) return Promise.reject(refusal)
    return next(call).catch((thrown: unknown) => {
      if (thrown instanceof AppError && thrown.outcome === 'not_sent')
        quotas.giveBack(target, id, tenant)
      throw thrown
    })
  }
}
