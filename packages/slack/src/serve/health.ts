import {
  type HealthKind,
  type HealthVerdict,
  isHealthy,
  type ProcessHealth,
} from '@sallyport/kit/http'

/**
 * Judges health. Slack itself is no part of it: a restart does not bring it back.
 *
 * @param detailed whether the caller may see more than the verdict
 */
export function judgeHealth(
  kind: HealthKind,
  facts: ProcessHealth,
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
