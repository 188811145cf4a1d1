import type { CellReport } from './cell.ts'
import type { ChaosReport } from './chaos.ts'
import { footprintLine } from './footprint.ts'

const MIB = 1_024 * 1_024

/** One cell on one line. */
export function cellLine(report: CellReport): string {
  const { cell, results, errors, slowestMs, recoveredMs, quietP99Ms, fds, rss, problems } = report
  const codes = Object.entries(errors).map(([code, count]) => `${code} ${count}`)
  const name = `${cell.form}-${cell.era} ${cell.fault}`.padEnd(38)
  const numbers = [
    `ok ${results}`,
    ...codes,
    `slowest ${Math.round(slowestMs)} ms`,
    `again ${Math.round(recoveredMs)} ms`,
    `quiet p99 ${quietP99Ms.toFixed(1)} ms`,
    `fds ${fds}`,
    `rss ${Math.round(rss / MIB)} MiB`,
  ]
  const bad = problems.map((problem) => `\n    PROBLEM ${problem}`).join('')
  return `${name} ${numbers.join(', ')}${bad}`
}

/** The whole run as text. */
export function printChaos(report: ChaosReport): string {
  const { cells, before, after, idleP99Ms, calmP99Ms, problems } = report
  const calls = cells.reduce((sum, { results, errors }) => sum + results + sumOf(errors), 0)
  const worst = cells.toSorted((one, other) => other.quietP99Ms - one.quietP99Ms)[0]
  const lines = [
    `${new Set(cells.map(({ cell }) => cell.fault)).size} faults in ${cells.length} cells, ${calls} calls`,
    `quiet servers' p99: ${idleP99Ms.toFixed(1)} ms idle, ${calmP99Ms.toFixed(1)} ms beside good calls, at worst ${worst?.quietP99Ms.toFixed(1)} ms (${worst?.cell.form} ${worst?.cell.fault})`,
    `before: ${footprintLine(before)}`,
    `after:  ${footprintLine(after)}`,
    problems.length === 0 ? 'no problems' : `${problems.length} problems:`,
    ...problems.map((problem) => `  ${problem}`),
  ]
  return `${lines.join('\n')}\n`
}

function sumOf(errors: Readonly<Record<string, number>>): number {
  return Object.values(errors).reduce((sum, count) => sum + count, 0)
}
