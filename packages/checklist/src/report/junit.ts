import type { Report, ReportItem } from '@sallyport/contract/checklist'
import { countsBySeed } from './groups.ts'
import { SEED_TITLES } from './words.ts'

/**
 * A report as CI systems read the results of tests: a suite for each document, a case for each item. What failed is
 * a failure; what is unproved could not be judged, which is an error; what does not apply was skipped.
 *
 * Source: the JUnit XML of Apache Ant's `junitreport`, as Jenkins and GitLab document it.
 */
export function formatJunit(report: Report): string {
  const { failed, unproved, not_applicable: skipped } = report.summary
  const { items, startedAt, endedAt } = report
  const seconds = ((Date.parse(endedAt) - Date.parse(startedAt)) / 1_000).toFixed(3)
  const totals = { tests: items.length, failures: failed, errors: unproved, skipped }
  const suites = countsBySeed(report).map(({ seed, all, counts }) => {
    const own = {
      name: SEED_TITLES[seed],
      ...{ tests: all, failures: counts.failed, errors: counts.unproved },
      ...{ skipped: counts.not_applicable, time: '0', timestamp: startedAt.slice(0, 19) },
    }
    const cases = items.filter((item) => item.seed === seed).map(caseOf)
    return `  <testsuite${attributes(own)}>\n${cases.join('')}  </testsuite>\n`
  })
  const name = `sallyport check ${report.environment}`
  const all = attributes({ name, ...totals, time: seconds })
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${all}>\n${suites.join('')}</testsuites>\n`
}

function caseOf(item: ReportItem): string {
  const { id, title } = item
  const cut = id.lastIndexOf('/')
  const named = attributes({
    classname: id.slice(0, cut).replaceAll('/', '.'),
    name: `${id.slice(cut + 1)}: ${title}`,
    time: '0',
  })
  const inner = resultOf(item)
  return inner === ''
    ? `    <testcase${named}/>\n`
    : `    <testcase${named}>\n      ${inner}\n    </testcase>\n`
}

function resultOf({ state, evidence, remedy }: ReportItem): string {
  const texts = evidence.map(({ kind, text }) => `${kind}: ${text}`)
  const body = escape([...texts, ...(remedy === null ? [] : [`remedy: ${remedy}`])].join('\n'))
  const message = evidence[0]?.text ?? remedy ?? state
  switch (state) {
    case 'failed':
      return `<failure${attributes({ message, type: state })}>${body}</failure>`
    case 'unproved':
      return `<error${attributes({ message, type: state })}>${body}</error>`
    case 'not_applicable':
      return `<skipped${attributes({ message })}/>`
    case 'proved':
    case 'attested':
      return body === '' ? '' : `<system-out>${state}\n${body}</system-out>`
  }
}

function attributes(given: Readonly<Record<string, string | number>>): string {
  return Object.entries(given)
    .map(([name, value]) => ` ${name}="${escape(String(value)).replaceAll('\n', '&#10;')}"`)
    .join('')
}

/** Text as XML 1.0 may hold it. Source: XML 1.0 §2.2 and §2.4. */
function escape(text: string): string {
  return (
    text
      .toWellFormed()
      // oxlint-disable-next-line no-control-regex -- characters that XML has no way to write
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
  )
}
