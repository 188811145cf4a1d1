const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const

/** How long ago a moment was, in its largest unit: `12 s ago`; `now` within a second or in the future. */
export function agoOf(instant: string, nowMs: number): string {
  const passedMs = nowMs - Date.parse(instant)
  const [unit, unitMs] = UNITS.find(([, one]) => passedMs >= one) ?? []
  return unit === undefined ? 'now' : `${Math.floor(passedMs / unitMs)} ${unit} ago`
}

/** A duration as people say it: `12 ms`, `3.2 s`, `75 s`. */
export function durationOf(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)} ms`
  const seconds = durationMs / 1_000
  return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`
}
