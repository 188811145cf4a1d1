import type { HealthBrief, HealthDetail } from '@sallyport/contract/admin'
import {
  type HealthKind,
  type HealthVerdict,
  isHealthy,
  type ProcessHealth,
} from '@sallyport/kit/http'
import type { ServerMark, ServerState } from '../upstreams/upstream.ts'

/** What health is judged by. */
export interface HealthFacts extends ProcessHealth {
  readonly servers: readonly {
    readonly name: string
    readonly state: ServerState
    readonly reason: string | null
  }[]
  readonly groups: readonly GroupHealth[]
  /** Set while an operator keeps new calls away from the whole gateway. */
  readonly draining: ServerMark | undefined
}

/** What of a group matters to health. */
export interface GroupHealth {
  readonly name: string
  /** Members that calls go to, or would go to when they are needed. */
  readonly healthy: number
  readonly minHealthy: number
  /** What happens with fewer: its calls are refused, or go to what there is. */
  readonly below: 'refuse' | 'serve'
}

/**
 * Judges health. Servers that are down are named but fail nothing: the gateway still serves the others, and
 * restarting it would not bring them back. A group that refuses its calls is the exception: its operator
 * asked for that.
 *
 * @param detailed whether the caller may see more than the verdict
 */
export function judgeHealth(
  kind: HealthKind,
  facts: HealthFacts,
  detailed: boolean,
): HealthVerdict<HealthBrief | HealthDetail> {
  const ok = isHealthy(kind, facts) && (isAboutProcess(kind) || takesCalls(facts))
  const status = ok ? 200 : 503
  const brief: HealthBrief = { status: ok ? 'ok' : 'unavailable' }
  if (!detailed) return { status, body: brief }
  return {
    status,
    body: {
      ...brief,
      version: facts.version,
      uptimeSeconds: Math.round(facts.uptimeSeconds),
      store: { writable: facts.storeWritable },
      servers: facts.servers.map(({ name, state, reason }) => ({ name, state, reason })),
      groups: facts.groups.map(({ name, healthy, minHealthy, below }) => ({
        ...{ name, healthy, minHealthy, below },
        ok: healthy >= minHealthy,
      })),
      draining: facts.draining === undefined ? null : { reason: facts.draining.reason },
    },
  }
}

/** Whether what is asked has nothing to do with calls: what an operator decided is no reason for a restart. */
function isAboutProcess(kind: HealthKind): boolean {
  return kind === 'live' || kind === 'startup'
}

function takesCalls({ draining, groups }: HealthFacts): boolean {
  return draining === undefined && !groups.some(refusesCalls)
}

function refusesCalls({ below, healthy, minHealthy }: GroupHealth): boolean {
  return below === 'refuse' && healthy < minHealthy
}
