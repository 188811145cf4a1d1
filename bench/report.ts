import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import type { CellResult } from './measure.ts'
import { titleOf } from './measure.ts'
import { medianOf } from './median.ts'
import type { QuestionResult } from './questions.ts'
import type { Verdict } from './comparison.ts'

const ROOT = dirname(import.meta.dirname)

/** What one run of the bench found. */
export interface Findings {
  readonly results: readonly CellResult[]
  readonly verdicts: readonly Verdict[]
  readonly questions: readonly QuestionResult[]
}

/** The whole result as Markdown, from the machine to the verdicts. */
export function toMarkdown(
  machine: readonly string[],
  { results, verdicts, questions }: Findings,
): string {
  const lists = machine.map((line) => `- ${line}`).join('\n')
  const parts = [
    lists,
    targetTable(verdicts),
    ...groups(results).map(cellTable),
    questionTable(questions),
    notes(results),
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

function targetTable(verdicts: readonly Verdict[]): string {
  return table(
    ['target', 'measured', 'verdict'],
    verdicts.map(({ target, measured, met, missedBy }) => [
      target,
      measured,
      met === undefined ? 'not measured' : met ? 'met' : `**missed by ${missedBy}**`,
    ]),
  )
}

function cellTable(group: readonly CellResult[]): string {
  const [first] = group
  if (first === undefined) return ''
  const heads = ['', 'calls/s (lowest to highest)', 'p50 ms', 'p99 ms', 'CPU us/call', 'RSS MB', '']
  return `### ${titleOf(first.backend, first.cell)}\n\n${table(heads, group.map(cellRow))}`
}

function cellRow({ row, runs, failure }: CellResult): string[] {
  if (runs.length === 0) return [row, 'not measured', '', '', '', '', failure ? 'see below' : '']
  const rates = runs.map((run) => run.callsPerSecond)
  const spread = `${count(Math.min(...rates))} to ${count(Math.max(...rates))}`
  const errors = runs.reduce((sum, run) => sum + run.errors, 0)
  const calls = runs.reduce((sum, run) => sum + run.calls, 0)
  return [
    row,
    `${count(medianOf(runs, 'callsPerSecond'))} (${spread})`,
    figure(medianOf(runs, 'p50Ms'), 2),
    figure(medianOf(runs, 'p99Ms'), 2),
    figure(medianOf(runs, 'cpuUsPerCall'), 0),
    figure(medianOf(runs, 'rssMb'), 0),
    errors > 0 ? `**${errors} errors in ${calls} calls**` : '',
  ]
}

function questionTable(questions: readonly QuestionResult[]): string {
  if (questions.length === 0) return ''
  const heads = ['client', 'server', '', 'p50 ms', 'p99 ms', 'CPU us/call']
  const rows = questions.map(({ client, server, way, runs }) => [
    client,
    server,
    way,
    figure(medianOf(runs, 'p50Ms'), 2),
    figure(medianOf(runs, 'p99Ms'), 2),
    figure(medianOf(runs, 'cpuUsPerCall'), 0),
  ])
  return `### calls with one question, bare server, HTTP, 1 connection\n\n${table(heads, rows)}`
}

/** Why a row is missing or what its first error was. */
function notes(results: readonly CellResult[]): string {
  const lines = results.flatMap(({ row, backend, cell, runs, failure }) => {
    const text = failure ?? runs.find((run) => run.firstError !== undefined)?.firstError
    if (text === undefined) return []
    const place = failure === undefined ? `, ${titleOf(backend, cell)}` : ''
    return [`- ${row}${place}: \`${oneLine(text)}\``]
  })
  return lines.length === 0 ? '' : `Failures:\n\n${[...new Set(lines)].join('\n')}`
}

function groups(results: readonly CellResult[]): CellResult[][] {
  const byTitle = Map.groupBy(results, ({ backend, cell }) => titleOf(backend, cell))
  return [...byTitle.values()]
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [heads, ...rows]
  const widths = heads.map((_, at) => Math.max(3, ...all.map((row) => (row[at] ?? '').length)))
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, at) => (row[at] ?? '').padEnd(width)).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [line(heads), rule, ...rows.map(line)].join('\n')
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en')
}

function figure(value: number, digits: number): string {
  return Number.isNaN(value) ? '' : value.toFixed(digits)
}

/** Text of servers and processes, made safe for one line of Markdown, without this machine's paths. */
function oneLine(text: string): string {
  const general = text.replaceAll(ROOT, '.').replaceAll(tmpdir(), 'TMP')
  return general.replace(/[\s`|\p{Cc}]+/gu, ' ').slice(0, 300)
}
