import { AppError } from '@sallyport/kit/errors'
import type { Release } from '@sallyport/kit/limits'
import type { Call, Interceptor } from '../../call/call.ts'
import type { Target } from '../../routing/target.ts'
import type { FeatureDeps } from '../feature.ts'

type AdmitDeps = Pick<FeatureDeps, 'queueOf' | 'quotas'>

const NOTHING: Release = () => undefined

/**
 * Lets a call in when its server, its principal and its tool have room; until then it waits its turn, fair
 * between principals. A group lets its calls in itself, once it has chosen a member.
 *
 * @throws {AppError} `queue_full`; `rate_limited` or `quota_exceeded` where it would wait to be refused; or the
 *   reason the call was aborted with while it waited; outcome `not_sent`
 */
export function admitCalls(deps: AdmitDeps): Interceptor {
  const { usage } = deps.quotas
  return (next) => async (call) => {
    const { target } = call
    if (!target) return next(call)
    const own = usage.of(call.exchange.caller.principal.id)
    try {
      const release =
        target.group === true
          ? NOTHING
          : (enter(deps, call, target) ?? (await waitFor(deps, call, target)))
      own.inFlight += 1
      try {
        return await next(call)
      } finally {
        own.inFlight -= 1
        release()
      }
    } catch (thrown) {
      own.failed(thrown)
      throw thrown
    }
  }
}

/** A place that is free now. */
function enter({ quotas, queueOf }: AdmitDeps, call: Call, target: Target): Release | undefined {
  const { caller, controller } = call.exchange
  if (controller.signal.aborted) return undefined
  return queueOf(target.server).tryEnter(caller.principal.id, quotas.bounds.of(target).slots)
}

async function waitFor(
  { quotas, queueOf }: AdmitDeps,
  call: Call,
  target: Target,
): Promise<Release> {
  const { caller, controller } = call.exchange
  const { id } = caller.principal
  const refusal = quotas.check(target, id)
  if (refusal) throw refusal
  const part = call.span.child('queue')
  const own = quotas.usage.of(id)
  own.queued += 1
  try {
    const { slots } = quotas.bounds.of(target)
    return await queueOf(target.server).enter(id, controller.signal, slots)
  } catch (thrown) {
    throw AppError.from(thrown).withOutcome('not_sent')
  } finally {
    own.queued -= 1
    part.end()
  }
}
