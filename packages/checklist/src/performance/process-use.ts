import { type Deployment, fact } from '../deployment.ts'
import { ownMetrics, valueOf } from '../looks/own-metrics.ts'
import type { Course } from '../looks/prometheus.ts'
import { knownOfOwn } from '../probes/observability/own-target.ts'

const RESIDENT = 'sallyport_process_resident_memory_bytes'
const CPU = 'sallyport_process_cpu_seconds_total'
const STARTED = 'sallyport_process_start_time_seconds'
const HOUR_SECONDS = 3_600

/** Bytes that the gateway holds now; undefined where none runs. */
export const residentBytes = fact<number | undefined>(async (deployment, signal) => {
  const page = await ownMetrics(deployment, signal)
  return page === undefined ? undefined : valueOf(page, RESIDENT)
})

/**
 * Bytes that the gateway held over the last hour, or since it started; undefined where no Prometheus scrapes it.
 */
export const residentCourse = fact<Course | undefined>(async (deployment, signal) => {
  const started = valueOf((await ownMetrics(deployment, signal)) ?? new Map(), STARTED)
  if (started === undefined) return undefined
  const toSeconds = Math.floor(deployment.clock.nowMs() / 1_000)
  const span = [Math.max(Math.ceil(started), toSeconds - HOUR_SECONDS), toSeconds] as const
  const courses = await knownOfOwn(deployment, signal, (api, where) =>
    api.course(`${RESIDENT}{${where}}`, span, signal),
  )
  return courses?.[0]
})

/** How busy the process was, in percent of one core. */
export interface CpuUse {
  readonly percent: number
  /** `in its busiest five minutes of the last hour`. */
  readonly span: string
  /** Whether it was seen for long enough that one moment does not count. */
  readonly isLong: boolean
}

/** The busiest five minutes of the last hour by Prometheus, else all since the start. Undefined where none runs. */
export const cpuUse = fact<CpuUse | undefined>(async (deployment, signal) => {
  const points = await knownOfOwn(deployment, signal, (api, where) =>
    api.query(`max_over_time(rate(${CPU}{${where}}[5m])[1h:1m])`, signal),
  )
  const busiest = points?.[0]?.value
  if (busiest === undefined) return sinceStart(deployment, signal)
  const span = 'in its busiest five minutes of the last hour, by Prometheus'
  return { percent: busiest * 100, span, isLong: true }
})

const UP_SECONDS_MIN = 300

/** A look at the moment would see what the other looks of a check cost. */
async function sinceStart(
  deployment: Deployment,
  signal: AbortSignal,
): Promise<CpuUse | undefined> {
  const page = (await ownMetrics(deployment, signal)) ?? new Map()
  const [used, started] = [valueOf(page, CPU), valueOf(page, STARTED)]
  if (used === undefined || started === undefined) return undefined
  const upSeconds = Math.max(1, deployment.clock.nowMs() / 1_000 - started)
  const isLong = upSeconds >= UP_SECONDS_MIN
  return { percent: (used / upSeconds) * 100, span: 'since it started', isLong }
}
