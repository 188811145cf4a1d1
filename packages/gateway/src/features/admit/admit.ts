import { AppError } from '@sallyport/kit/errors'
import { partyOf, type Release } from '@sallyport/kit/limits'
import type { Call, Interceptor } from '../../call/call.ts'
import type { Target } from '../../routing/target.ts'
import type { FeatureDeps } from '../feature.ts'

type AdmitDeps = Pick<FeatureDeps, 'queueOf' | 'quotas'>

const NOTHING: Release = () => undefined

/**
 * Lets a call in when its server, its principal and its tool have room; until then it waits its turn, fair
 * between tenants, and between the principals of one. A group lets its calls in itself, once it has chosen a member.
 *
 * @throws {AppError} `queue_full`; `rate_limited` or `quota_exceeded` where it would wait to be refused; or the
 *   reason the call was aborted with while it waited; outcome `not_sent`
 */
export function admitCalls(deps: AdmitDeps): Interceptor {
  const { usage } = deps.quotas
  return (next) => async (call) => {
    const { target } = call
    if (!target) return next(call)
    const { id, tenant } = call.exchange.caller.principal
    const own = usage.of(id)
    const all = tenant === null ? undefined : usage.ofTenant(tenant)
    try {
      const release =
        target.group === true
          ? NOTHING
          : (enter(deps, call, target) ?? (await waitFor(deps, call, target)))
      own.inFlight += 1
      if (all) all.inFlight += 1
      try {
        return await next(call)
      } finally {
        own.inFlight -= 1
        if (all) all.inFlight -= 1
        release()
      }
    } catch (thrown) {
      own.failed(thrown)
      all?.failed(thrown)
      throw thrown
    }
  }
}

/** A place that is free now. */
function enter({ quotas, queueOf }: AdmitDeps, call: Call, target: Target): Release | undefined {
  const { caller, controller } = call.exchange
  if (controller.signal.aborted) return undefined
  const { id, tenant } = caller.principal
  return queueOf(target.server).tryEnter(id, quotas.bounds.of(target, tenant).slots)
}

async function waitFor(
  { quotas, queueOf }: AdmitDeps,
  call: Call,
  target: Target,
): Promise<Release> {
  const { caller, controller } = call.exchange
  const { id, tenant } = caller.principal
  const refusal = quotas.check(target, id, tenant)
  if (refusal) throw refusal
  const part = call.span.child('queue')
  const own = quotas.usage.of(id)
  own.queued += 1
  try {
    const { slots } = quotas.bounds.of(target, tenant)
    const party = partyOf(caller.principal)
    return await queueOf(target.server).enter(id, controller.signal, slots, party)
  } catch (thrown) {
    throw AppError.from(thrown).withOutcome('not_sent')
  } finally {
    own.queued -= 1
    part.end()
  }
}
