import type { AcrossErasReport, Loss } from './across-eras.ts'
import type { ClientReport } from './client-suite.ts'
import type { ScenarioRow, Tally } from './compare.ts'
import type { SameEraReport } from './same-era.ts'

const COLUMNS = 100
const NAME_COLUMNS = 52

/** A table of one revision, each line at most 100 columns. */
export function printSameEra(report: SameEraReport): string {
  const { revision, rows, required, passedDirect, passedThroughGateway, stale } = report
  const lines = [
    `server scenarios at ${revision}`,
    `  ${'scenario'.padEnd(NAME_COLUMNS)} ${'direct'.padEnd(9)} ${'gateway'.padEnd(9)} difference`,
    ...rows.flatMap((row) => [
      `  ${nameOf(row).padEnd(NAME_COLUMNS)} ${cell(row.direct)} ${cell(row.gateway)} ${countOf(row)}`.trimEnd(),
      ...printDifferences(row.differences),
    ]),
    ...stale.flatMap((entry) => wrap(`FAIL remove ${entry} from known-differences.yaml`, 2)),
    `  required: ${passedDirect}/${required} direct, ${passedThroughGateway}/${required} through the gateway`,
  ]
  return `${lines.join('\n')}\n`
}

function nameOf({ scenario, required }: { scenario: string; required: boolean }): string {
  return required ? scenario : `${scenario} (not scored)`
}

function countOf({ differences }: ScenarioRow): string {
  const unknown = differences.filter(({ reason }) => reason === undefined).length
  if (unknown > 0) return `FAIL: ${unknown}`
  return differences.length > 0 ? `known: ${differences.length}` : ''
}

function printDifferences(differences: ScenarioRow['differences']): string[] {
  const reasons = new Set(differences.flatMap(({ reason }) => reason ?? []))
  return [
    ...[...reasons].flatMap((reason) => wrap(`because ${reason}`, 6)),
    ...differences
      .filter(({ reason }) => reason === undefined)
      .flatMap(({ check, direct, gateway, message }) =>
        wrap(`FAIL ${check}: ${direct} -> ${gateway}${message && `: ${message}`}`, 6),
      ),
  ]
}

/** `ok 12/12`, or `FAIL 3/12`. */
export function cell({ ok, passed, counted }: Tally): string {
  return `${ok ? 'ok' : 'FAIL'} ${passed}/${counted}`.padEnd(9)
}

/** Breaks a text into lines of at most 100 columns with an indent; a word that is longer is cut. */
export function wrap(text: string, indent: number): string[] {
  const width = COLUMNS - indent
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/).map((word) => word.slice(0, width))) {
    if (line !== '' && line.length + word.length + 1 > width) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].map((each) => ' '.repeat(indent) + each)
}

/** What is lost across the eras, and why; each line at most 100 columns. */
export function printAcrossEras(report: AcrossErasReport): string {
  const { revision, server, scenarios, losses, stale } = report
  const justified = losses.filter(({ reason }) => reason !== undefined)
  const unjustified = losses.filter(({ reason }) => reason === undefined)
  const byReason = Map.groupBy(justified, ({ reason = '' }) => reason)
  const lines = [
    `server scenarios at ${revision}, through the gateway to a server that is ${server} only`,
    ...[...byReason].flatMap(([reason, group]) => [
      ...wrap(`lost: ${namesOf(group)}`, 2),
      ...wrap(`because ${reason}`, 6),
    ]),
    ...unjustified.flatMap(({ scenario, check, within, across, message }) => [
      ...wrap(`FAIL ${scenario}:${check}: ${within} -> ${across}${message && `: ${message}`}`, 2),
    ]),
    ...stale.flatMap((entry) =>
      wrap(`FAIL remove ${entry} from across-eras.yaml: it is carried`, 2),
    ),
    `  scenarios: ${scenarios}; lost checks: ${justified.length} with a reason, ${unjustified.length} without`,
  ]
  return `${lines.join('\n')}\n`
}

function namesOf(losses: readonly Loss[]): string {
  const byScenario = Map.groupBy(losses, ({ scenario }) => scenario)
  const names = [...byScenario].map(([scenario, [first, ...others]]) =>
    others.length === 0
      ? `${scenario}:${first?.check}`
      : `${scenario} (${others.length + 1} checks)`,
  )
  return names.join(', ')
}

/** The client scenarios of one revision, each line at most 100 columns. */
export function printClientSuite({ revision, rows }: ClientReport): string {
  const passed = rows.filter(({ ok }) => ok).length
  const lines = [
    `client scenarios at ${revision}, without authorization: the gateway is the client`,
    ...rows.flatMap(({ client, tally, failures, said, ...row }) => [
      `  ${nameOf(row).padEnd(NAME_COLUMNS)} ${cell(tally)} for a ${client} client`,
      ...failures.flatMap(({ id, status, errorMessage }) =>
        wrap(`${id}: ${status}${errorMessage ? `: ${errorMessage}` : ''}`, 6),
      ),
      ...(said === '' ? [] : wrap(`it said: ${said}`, 6)),
    ]),
    `  passed: ${passed}/${rows.length}`,
  ]
  return `${lines.join('\n')}\n`
}
