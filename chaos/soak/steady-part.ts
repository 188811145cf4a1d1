import { setTimeout as sleep } from 'node:timers/promises'
import { residentBytes } from '../../packages/cli/test/fixtures/processes.ts'
import { fdCount } from '../census.ts'
import { p99, SteadyLoad, toldFailures } from '../clients/steady-load.ts'
import { footprintLine, footprintOf } from '../footprint.ts'
import { type GoodWorld, startGoodWorld } from './good-world.ts'
import type { PartOptions, PartReport } from './part.ts'

const MEASURE_MS = 10 * 60_000
const WARM_UP_MS = 2 * 60_000
const PROBE_MS = 10_000
const EVERY_MS = 10_000
const LINES = 32
const SLOPE_MAX = 1
const MB = 1_000_000
const MINUTE_MS = 60_000

interface Sample {
  readonly atMs: number
  readonly rss: number
  readonly fds: number
  readonly calls: number
  readonly skipped: number
  readonly p99Ms: number
}

/** Ten minutes at half of what the machine can do; memory must not climb. */
export async function soakSteady({ scale, signal, onProgress }: PartOptions): Promise<PartReport> {
  await using world = await startGoodWorld(2)
  const most = await probeMost(world)
  const perSecond = Math.round(most / 2)
  onProgress(`steady: ${Math.round(most)} calls/s at most, so ${perSecond}/s from now on`)
  const failures: string[] = []
  await using load = openLoad(world, perSecond)
  await watch({ world, load, forMs: WARM_UP_MS * scale, failures, onProgress, signal })
  const before = await footprintOf(world)
  const samples = await watch({
    ...{ world, load, forMs: MEASURE_MS * scale, failures, onProgress, signal },
  })
  const after = await footprintOf(world)
  const slope = slopePerMinute(samples)
  const calls = samples.reduce((sum, one) => sum + one.calls, 0)
  const skipped = samples.reduce((sum, one) => sum + one.skipped, 0)
  const worst = Math.max(...samples.map(({ p99Ms }) => p99Ms))
  return {
    name: 'steady',
    lines: [
      `${calls} calls (and ${skipped} for which every caller waited) at ${perSecond}/s, half of ${Math.round(most)}/s, in ${Math.round((MEASURE_MS * scale) / MINUTE_MS)} min`,
      `rss slope ${slope.toFixed(2)} MB/min over ${samples.length} samples; worst p99 of ${EVERY_MS / 1_000} s: ${worst.toFixed(1)} ms`,
      `before: ${footprintLine(before)}`,
      `after:  ${footprintLine(after)}`,
    ],
    problems: [
      ...failures,
      ...(slope < SLOPE_MAX ? [] : [`resident memory climbs by ${slope.toFixed(2)} MB/min`]),
    ],
  }
}

function openLoad({ gateway, tokens, servers }: GoodWorld, perSecond: number | 'max'): SteadyLoad {
  const linesMax = perSecond === 'max' ? LINES : 400
  const token = tokens[0] ?? ''
  return new SteadyLoad({ url: gateway.url, token, servers, perSecond, linesMax, sessions: true })
}

/** Calls per second of as many callers as call again at once. */
async function probeMost(world: GoodWorld): Promise<number> {
  await using load = openLoad(world, 'max')
  await sleep(PROBE_MS / 2)
  await load.take()
  const beganMs = performance.now()
  await sleep(PROBE_MS)
  const { latenciesMs } = await load.take()
  return (latenciesMs.length * 1_000) / (performance.now() - beganMs)
}

interface Watch {
  readonly world: GoodWorld
  readonly load: SteadyLoad
  readonly forMs: number
  readonly failures: string[]
  readonly signal: AbortSignal
  onProgress(line: string): void
}

async function watch(given: Watch): Promise<Sample[]> {
  const { world, load, forMs, failures, signal, onProgress } = given
  const { pid } = world.gateway
  const beganMs = performance.now()
  const samples: Sample[] = []
  await load.take()
  while (performance.now() - beganMs < forMs && !signal.aborted) {
    await sleep(EVERY_MS)
    const window = await load.take()
    failures.push(...toldFailures(window.failures))
    const sample = {
      ...{ atMs: performance.now(), rss: await residentBytes(pid), fds: await fdCount(pid) },
      ...{
        calls: window.latenciesMs.length,
        skipped: window.skipped,
        p99Ms: p99(window.latenciesMs),
      },
    }
    samples.push(sample)
    const seconds = Math.round((sample.atMs - beganMs) / 1_000)
    const rss = (sample.rss / MB).toFixed(1)
    onProgress(
      `steady ${seconds} s: ${sample.calls} calls, p99 ${sample.p99Ms.toFixed(1)} ms, rss ${rss} MB, ${sample.fds} fds`,
    )
  }
  return samples
}

/** The line of least squares through resident memory, MB per minute. */
function slopePerMinute(samples: readonly Sample[]): number {
  const count = samples.length
  const meanAt = samples.reduce((sum, { atMs }) => sum + atMs, 0) / count
  const meanRss = samples.reduce((sum, { rss }) => sum + rss, 0) / count
  let over = 0
  let under = 0
  for (const { atMs, rss } of samples) {
    over += (atMs - meanAt) * (rss - meanRss)
    under += (atMs - meanAt) ** 2
  }
  return under === 0 ? 0 : ((over / under) * MINUTE_MS) / MB
}
