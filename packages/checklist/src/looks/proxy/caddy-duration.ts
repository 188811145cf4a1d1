/** Milliseconds of Go's `1m30s`; Infinity for none and for 0. */
export function durationOf(text: string | undefined): number {
  const units: Readonly<Record<string, number>> = {
    ms: 1,
    s: 1_000,
    m: 60_000,
    h: 3_600_000,
    d: 86_400_000,
  }
  let totalMs = 0
  for (const [, digits, unit = ''] of (text ?? '').matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)) {
    totalMs += Number(digits) * (units[unit] ?? 0)
  }
  return totalMs === 0 ? Infinity : totalMs
}
