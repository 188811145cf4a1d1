import type { Figure } from '@sallyport/contract/checklist'
import type { Deployment } from '../deployment.ts'
import { CALLS_MIN, calls } from './call-times.ts'
import { HEALTH_REQUESTS_MIN, healthTimes } from './health-times.ts'
import { cpuUse, residentBytes } from './process-use.ts'
import { quantileOf, rankOf } from './quantile.ts'

/** How a deployment does, as numbers that can be kept and compared. */
export interface Figures {
  /** Only those of which enough was seen to be sure. */
  readonly figures: readonly Figure[]
  /** Why one is not among them, by its name. */
  readonly missing: ReadonlyMap<string, string>
}

/** Every figure that is kept as a baseline. */
const FIGURES = ['health p95', 'call p95', 'memory', 'cpu'] as const
/** The name of one. */
export type FigureName = (typeof FIGURES)[number]

type Reading = Figure | string

/**
 * Measures the running gateway, without loading it: what `check --accept-baseline` keeps and what
 * `performance/baseline` compares.
 *
 * @throws {AppError} what asking the gateway or Prometheus throws
 */
export async function readFigures(deployment: Deployment, signal: AbortSignal): Promise<Figures> {
  if (deployment.gateway === undefined) {
    const missing = new Map<string, string>(FIGURES.map((name) => [name, 'no gateway runs here']))
    return { figures: [], missing }
  }
  const readings: Readonly<Record<FigureName, Reading>> = {
    'health p95': await readHealth(deployment, signal),
    'call p95': await readCalls(deployment, signal),
    memory: await readMemory(deployment, signal),
    cpu: await readCpu(deployment, signal),
  }
  const all = Object.entries(readings)
  return {
    figures: all.flatMap(([, reading]) => (typeof reading === 'string' ? [] : [reading])),
    missing: new Map(
      all.flatMap(([name, reading]) => (typeof reading === 'string' ? [[name, reading]] : [])),
    ),
  }
}

async function readHealth(deployment: Deployment, signal: AbortSignal): Promise<Reading> {
  const times = await healthTimes(deployment, signal)
  const { ms = [] } = times ?? {}
  const p95 = rankOf(ms, 0.95)
  if (p95 === undefined || ms.length < HEALTH_REQUESTS_MIN) {
    return `${ms.length} requests were answered, and ${HEALTH_REQUESTS_MIN} are needed`
  }
  return { name: 'health p95', value: rounded(p95), unit: 'ms' }
}

async function readCalls(deployment: Deployment, signal: AbortSignal): Promise<Reading> {
  const seen = await calls(deployment, signal)
  const { total = 0, buckets = [] } = seen ?? {}
  if (total < CALLS_MIN) return `${total} calls were seen, and ${CALLS_MIN} are needed`
  const seconds = quantileOf(buckets, 0.95)
  if (seconds === undefined) return 'their times are not counted'
  if (!Number.isFinite(seconds)) return 'they take longer than is measured'
  return { name: 'call p95', value: rounded(seconds * 1_000), unit: 'ms' }
}

async function readMemory(deployment: Deployment, signal: AbortSignal): Promise<Reading> {
  const bytes = await residentBytes(deployment, signal)
  return bytes === undefined
    ? 'it is not measured'
    : { name: 'memory', value: bytes, unit: 'bytes' }
}

async function readCpu(deployment: Deployment, signal: AbortSignal): Promise<Reading> {
  const use = await cpuUse(deployment, signal)
  if (use === undefined) return 'it is not measured'
  if (!use.isLong) return 'the gateway started less than five minutes ago'
  return { name: 'cpu', value: rounded(use.percent), unit: 'percent' }
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}
