import type { Deployment } from '../../deployment.ts'
import { ownMetrics, valueOf } from '../../looks/own-metrics.ts'
import type { PrometheusApi } from '../../looks/prometheus.ts'

/** Under which labels a Prometheus knows a gateway. */
export interface OwnTarget {
  readonly job: string
  readonly instance: string
}

/** When its process started: no two gateways of a deployment are likely to share that second. */
const STARTED = 'sallyport_process_start_time_seconds'

/** The target that is the running gateway itself; undefined where Prometheus has no such, or none runs. */
export async function ownTarget(
  api: PrometheusApi,
  deployment: Deployment,
  signal: AbortSignal,
): Promise<OwnTarget | undefined> {
  const page = await ownMetrics(deployment, signal)
  const started = page === undefined ? undefined : valueOf(page, STARTED)
  if (started === undefined) return undefined
  const points = await api.query(STARTED, signal)
  const own = points.find(({ value }) => value === started)
  const { job, instance } = own?.labels ?? {}
  return job === undefined || instance === undefined ? undefined : { job, instance }
}

/** The condition in PromQL, without braces. */
export function ofTarget({ job, instance }: OwnTarget): string {
  return `job=${JSON.stringify(job)},instance=${JSON.stringify(instance)}`
}
