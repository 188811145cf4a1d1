import type { AcrossErasReport } from './across-eras.ts'
import type { ClientReport } from './client-suite.ts'
import type { Tally } from './compare.ts'
import type { SameEraReport } from './same-era.ts'

const COLUMNS = 100
const NAME_COLUMNS = 52

/** A table of one revision, each line at most 100 columns. */
export function printSameEra(report: SameEraReport): string {
  const { revision, rows, required, passedDirect, passedThroughGateway } = report
  const lines = [
    `server scenarios at ${revision}`,
    `  ${'scenario'.padEnd(NAME_COLUMNS)} ${'direct'.padEnd(9)} ${'gateway'.padEnd(9)} difference`,
    ...rows.flatMap((row) => {
      const name = row.required ? row.scenario : `${row.scenario} (not scored)`
      const count = row.differences.length
      const differs = count === 0 ? '' : `${count} ${count === 1 ? 'check' : 'checks'}`
      const cells = [name.padEnd(NAME_COLUMNS), cell(row.direct), cell(row.gateway), differs]
      return [
        `  ${cells.join(' ')}`.trimEnd(),
        ...row.differences.flatMap(({ check, direct, gateway, message }) =>
          wrap(`${check}: ${direct} -> ${gateway}${message && `: ${message}`}`, 6),
        ),
      ]
    }),
    `  required: ${passedDirect}/${required} direct, ${passedThroughGateway}/${required} through the gateway`,
  ]
  return `${lines.join('\n')}\n`
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
  const justified = losses.filter(({ reason }) => reason !== undefined).length
  const lines = [
    `server scenarios at ${revision}, through the gateway to a server that is ${server} only`,
    ...losses.flatMap(({ check, within, across, message, reason }) => [
      ...wrap(`${check}: ${within} -> ${across}${message && `: ${message}`}`, 2),
      ...(reason === undefined
        ? wrap('FAIL: across-eras.yaml gives no reason', 6)
        : wrap(`because ${reason}`, 6)),
    ]),
    ...stale.flatMap((entry) =>
      wrap(`FAIL: remove ${entry} from across-eras.yaml: it is carried`, 2),
    ),
    `  ${scenarios} scenarios, ${justified} losses with a reason, ${losses.length - justified} without`,
  ]
  return `${lines.join('\n')}\n`
}

/** The client scenarios of one revision, each line at most 100 columns. */
export function printClientSuite({ revision, rows }: ClientReport): string {
  const passed = rows.filter(({ tally, failures }) => tally.ok && failures.length === 0).length
  const lines = [
    `client scenarios at ${revision}, without authorization: the gateway is the client`,
    ...rows.flatMap(({ scenario, required, client, tally, failures }) => [
      `  ${`${scenario}${required ? '' : ' (not scored)'}`.padEnd(NAME_COLUMNS)} ${cell(tally)} for a ${client} client`,
      ...failures.flatMap(({ id, status, errorMessage }) =>
        wrap(`${id}: ${status}${errorMessage ? `: ${errorMessage}` : ''}`, 6),
      ),
    ]),
    `  passed: ${passed}/${rows.length}`,
  ]
  return `${lines.join('\n')}\n`
}
