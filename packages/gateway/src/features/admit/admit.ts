import { AppError } from '@sallyport/kit/errors'
import type { Release } from '@sallyport/kit/limits'
import type { Call, Interceptor } from '../../call/call.ts'
import type { FeatureDeps } from '../feature.ts'

/**
 * Lets a call in when its server and its principal have room; until then it waits its turn, fair between
 * principals.
 *
 * @throws {AppError} `queue_full`, or the reason the call was aborted with while it waited; outcome `not_sent`
 */
export function admitCalls({ queueOf }: Pick<FeatureDeps, 'queueOf'>): Interceptor {
  return (next) => async (call) => {
    if (!call.target) return next(call)
    const { caller, controller } = call.exchange
    const entered = queueOf(call.target.server).enter(caller.principal.id, controller.signal)
    const release = typeof entered === 'function' ? entered : await waitFor(entered, call)
    try {
      return await next(call)
    } finally {
      release()
    }
  }
}

async function waitFor(turn: Promise<Release>, { span }: Call): Promise<Release> {
  const part = span.child('queue')
  try {
    return await turn
  } catch (thrown) {
    throw AppError.from(thrown).withOutcome('not_sent')
  } finally {
    part.end()
  }
}
