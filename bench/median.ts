import type { LoadResult } from './load/job.ts'

type Numbers = 'callsPerSecond' | 'p50Ms' | 'p99Ms' | 'cpuUsPerCall' | 'rssMb' | 'errors'

/** The middle value, of an even number the mean of both; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  const upper = sorted[half] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2
}

/** The median of one figure over several runs; NaN where it was not measured. */
export function medianOf(runs: readonly LoadResult[], figure: Numbers): number {
  return median(runs.map((run) => run[figure] ?? Number.NaN))
}
