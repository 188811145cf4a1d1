import type { HealthBrief, HealthDetail } from '@sallyport/contract/admin'
import type { HealthKind, HealthVerdict } from '@sallyport/kit/http'
import type { ServerMark, ServerState } from '../upstreams/upstream.ts'

/** What health is judged by. */
export interface HealthFacts {
  readonly phase: 'starting' | 'running' | 'draining'
  readonly storeWritable: boolean
  /** Whether the event loop hangs so badly that only a restart helps. */
  readonly loopStuck: boolean
  readonly version: string
  readonly uptimeSeconds: number
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
  const ok = isHealthy(kind, facts)
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

function isHealthy(kind: HealthKind, facts: HealthFacts): boolean {
  switch (kind) {
    case 'live':
      return !facts.loopStuck
    case 'startup':
      return facts.phase !== 'starting'
    case 'health':
    case 'ready':
      return (
        facts.phase === 'running' &&
        facts.storeWritable &&
        facts.draining === undefined &&
        !facts.groups.some(refusesCalls)
      )
  }
}

function refusesCalls({ below, healthy, minHealthy }: GroupHealth): boolean {
  return below === 'refuse' && healthy < minHealthy
}
