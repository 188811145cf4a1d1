import type { HealthKind, HealthVerdict } from '@sallyport/kit/http'

/** What health is judged by. */
export interface HealthFacts {
  readonly phase: 'starting' | 'running' | 'draining'
  readonly storeWritable: boolean
  /** Whether the event loop hangs so badly that only a restart helps. */
  readonly loopStuck: boolean
  readonly version: string
  readonly uptimeSeconds: number
}

/**
 * Judges health. Slack itself is no part of it: a restart does not bring it back.
 *
 * @param detailed whether the caller may see more than the verdict
 */
export function judgeHealth(
  kind: HealthKind,
  facts: HealthFacts,
  detailed: boolean,
): HealthVerdict {
  const ok = isHealthy(kind, facts)
  const status = ok ? 200 : 503
  const brief = { status: ok ? 'ok' : 'unavailable' }
  if (!detailed) return { status, body: brief }
  const { version, storeWritable, uptimeSeconds } = facts
  const store = { writable: storeWritable }
  return { status, body: { ...brief, version, uptimeSeconds: Math.round(uptimeSeconds), store } }
}

function isHealthy(kind: HealthKind, { phase, storeWritable, loopStuck }: HealthFacts): boolean {
  switch (kind) {
    case 'live':
      return !loopStuck
    case 'startup':
      return phase !== 'starting'
    case 'health':
    case 'ready':
      return phase === 'running' && storeWritable
  }
}
