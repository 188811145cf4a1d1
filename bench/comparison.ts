/** One promise of the design, and how it stands. */
export interface Verdict {
  readonly target: string
  readonly measured: string
  /** `undefined` where this run did not measure it. */
  readonly met: boolean | undefined
  /** By how much it was missed. */
  readonly missedBy: string
}

/** A number that may not exceed, or not fall below, its bound. */
export interface Comparison {
  readonly target: string
  readonly value: number
  readonly bound: number
  readonly side: 'at most' | 'at least'
  readonly show: (value: number) => string
  readonly detail?: string
}

/** A bound from above; `undefined` and NaN are not judged. */
export function atMost(
  target: string,
  value: number | undefined,
  bound: number,
  show: (value: number) => string,
): Comparison {
  return { target, value: value ?? Number.NaN, bound, side: 'at most', show }
}

/** Holds the value against its bound. */
export function toVerdict({ target, value, bound, side, show, detail }: Comparison): Verdict {
  if (Number.isNaN(value)) return { target, measured: '', met: undefined, missedBy: '' }
  const met = side === 'at most' ? value <= bound : value >= bound
  const measured = detail === undefined ? show(value) : `${show(value)} (${detail})`
  return { target, measured, met, missedBy: met ? '' : show(Math.abs(value - bound)) }
}

/** A ratio as text. */
export function times(value: number): string {
  return `${value.toFixed(2)}x`
}

/** A share as text. */
export function percent(value: number): string {
  return `${(value * 100).toFixed(1)}%`
}

/** Milliseconds as text. */
export function millis(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`
}

/** Microseconds as text. */
export function micros(value: number): string {
  return `${value.toFixed(0)} us`
}

/** Megabytes as text. */
export function megabytes(value: number): string {
  return `${value.toFixed(0)} MB`
}

/** Calls per second as text. */
export function rate(value: number): string {
  return `${Math.round(value).toLocaleString('en')} calls/s`
}

/** Bytes as text, in KiB. */
export function kibibytes(value: number): string {
  return `${(value / 1_024).toFixed(1)} KiB`
}
