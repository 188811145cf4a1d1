import type { Deployment } from '../../deployment.ts'
import { ownMetrics, valueOf } from '../../looks/own-metrics.ts'
import { type PrometheusApi, prometheusApi } from '../../looks/prometheus.ts'
import { isUnseen } from './through-prometheus.ts'

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

/**
 * What Prometheus knows of the running gateway; undefined where none is declared, or it does not scrape it or does
 * not answer, which answers of their own say.
 *
 * @param read with the condition in PromQL that the series of the gateway fit, without braces
 */
export async function knownOfOwn<Value>(
  deployment: Deployment,
  signal: AbortSignal,
  read: (api: PrometheusApi, where: string) => Promise<Value>,
): Promise<Value | undefined> {
  const api = await prometheusApi(deployment, signal)
  if (api === undefined) return undefined
  try {
    const own = await ownTarget(api, deployment, signal)
    if (own === undefined) return undefined
    const where = `job=${JSON.stringify(own.job)},instance=${JSON.stringify(own.instance)}`
    return await read(api, where)
  } catch (thrown) {
    if (isUnseen(thrown)) return undefined
    throw thrown
  }
}
