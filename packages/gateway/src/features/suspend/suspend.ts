import { AppError } from '@sallyport/kit/errors'
import type { Interceptor } from '../../call/call.ts'
import type { FeatureDeps } from '../feature.ts'

/**
 * Refuses calls of whom an operator suspended: the session, or a principal that came by a line of its own, as
 * the others do not get through the door. What is being answered goes on.
 *
 * @throws {AppError} `suspended`
 */
export function refuseSuspended({ isSuspended }: Pick<FeatureDeps, 'isSuspended'>): Interceptor {
  return (next) => (call) => {
    const { caller, session } = call.exchange
    const isOut =
      isSuspended('principal', caller.principal.id) ||
      (session !== undefined && isSuspended('session', session.label))
    if (!isOut) return next(call)
    const text = 'an operator suspended this caller: no calls are taken for now'
    return Promise.reject(new AppError('suspended', text, { outcome: 'not_sent' }))
  }
}
