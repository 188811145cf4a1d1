/** How many were no longer than a bound, counted up as Prometheus does; the last bound is infinity. */
export type Buckets = readonly { readonly bound: number; readonly count: number }[]

/**
 * The value that a part `q` of 1 does not exceed, the straight line between two bounds; infinity where it is beyond
 * the last finite one. Undefined where nothing was counted.
 *
 * Source: Prometheus, "histogram_quantile()".
 */
export function quantileOf(buckets: Buckets, q: number): number | undefined {
  const sorted = buckets.toSorted((one, other) => one.bound - other.bound)
  const total = sorted.at(-1)?.count ?? 0
  if (!(total > 0)) return undefined
  const rank = q * total
  const at = sorted.findIndex(({ count }) => count >= rank)
  const { bound, count } = sorted[at] ?? { bound: Number.POSITIVE_INFINITY, count: total }
  if (!Number.isFinite(bound)) return Number.POSITIVE_INFINITY
  const before = sorted[at - 1] ?? { bound: 0, count: 0 }
  const part = count === before.count ? 1 : (rank - before.count) / (count - before.count)
  return before.bound + (bound - before.bound) * part
}

/** The smallest of the values that a part `q` of them does not exceed; undefined where there are none. */
export function rankOf(values: readonly number[], q: number): number | undefined {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]
}

/** The middle one; undefined where there are none. */
export function medianOf(values: readonly number[]): number | undefined {
  return rankOf(values, 0.5)
}
