import type { Report, ReportItem, State } from '@sallyport/contract/checklist'
import { countsBySeed, groupsOf, type Groups, questionsOf, type SameCause } from './groups.ts'
import { layOut, type Layout } from './layout.ts'
import {
  PART_WORDS,
  PROFILE_WORDS,
  SEED_TITLES,
  STATE_SHOWN,
  STATES_SHOWN,
  verdictOf,
} from './words.ts'

export interface TextOptions {
  /** Characters on a line; undefined = as long as they are. */
  readonly width: number | undefined
  readonly colour: boolean
  /** Also every item that passes. */
  readonly verbose: boolean
  /** How a person calls the command, for lines that can be pasted. */
  readonly command: string
}

/** More evidence is in the other forms of the report. */
const EVIDENCE_SHOWN = 6
const NAMES_SHOWN = 5

/** A report for a person at a terminal: what fails first, the verdict last. */
export function formatText(report: Report, options: TextOptions): string {
  const layout = layOut(options)
  const groups = groupsOf(report)
  const blocks = [
    headOf(report, layout),
    ...failures(groups, layout),
    ...regressions(report, layout),
    ...unproved(groups, layout),
    ...attestations(groups, layout, options.command),
    ...awaiting(groups, layout, options),
    ...(options.verbose ? passing(report, layout) : []),
    counts(report, layout),
    ...drills(report, layout, options.command),
    verdict(report, layout, options),
  ]
  return blocks.join('\n\n')
}

function headOf({ environment, profile, version, endedAt, only }: Report, layout: Layout): string {
  const words = [
    `Checklist of ${environment}`,
    PROFILE_WORDS[profile],
    `version ${version}`,
    endedAt,
  ]
  const head = layout.line(0, '', words.join(', '))
  return only === undefined
    ? head
    : `${head}
${layout.line(0, '', `confined to ${listed(only)}`)}`
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN)
  const more = names.length - shown.length
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '')
}

function failures({ failed }: Groups, layout: Layout): string[] {
  if (failed.length === 0) return []
  const heading = layout.heading(`Fails (${countItems(failed)})`)
  return [heading, ...failed.map((cause) => causeOf(cause, layout))]
}

function unproved({ unproved: open }: Groups, layout: Layout): string[] {
  if (open.length === 0) return []
  const heading = layout.heading(`Unproved: nobody knows (${countItems(open)})`)
  return [heading, ...open.map((cause) => causeOf(cause, layout))]
}

function causeOf({ items }: SameCause, layout: Layout): string {
  const [first] = items
  const shown = first.evidence
    .slice(0, EVIDENCE_SHOWN)
    .map(({ text }) => layout.line(4, '- ', text))
  const more = first.evidence.length - shown.length
  return [
    ...items.map((item) => titleOf(item, layout)),
    ...shown,
    ...(more > 0 ? [layout.line(4, '- ', `and ${more} more`)] : []),
    ...(first.remedy === null ? [] : [layout.line(4, '-> ', first.remedy)]),
  ].join('\n')
}

function titleOf({ id, title, state }: ReportItem, layout: Layout): string {
  return layout.line(0, `${layout.sign(state)} `, `${id}  ${title}`)
}

function regressions({ regressions: some }: Report, layout: Layout): string[] {
  if (some.length === 0) return []
  const lines = some.map(({ id, from, to }) => {
    const words = `${id}  was ${STATE_SHOWN[from].word}, is ${STATE_SHOWN[to].word}`
    return layout.line(0, `${layout.sign(to)} `, words)
  })
  return [layout.heading(`Worse than last time (${some.length})`), lines.join('\n')]
}

function attestations({ toAttest }: Groups, layout: Layout, command: string): string[] {
  if (toAttest.length === 0) return []
  const heading = layout.heading(`To attest: no program can see it (${toAttest.length})`)
  // To be pasted: never broken.
  const how = `each with:  ${command} attest ID --by NAME --note TEXT`
  const lines = questionsOf(toAttest).map(({ id, items }) => {
    const [{ title, state }, ...others] = items
    const more = others.length === 0 ? '' : ` (for ${items.length} items)`
    return layout.line(0, `${layout.sign(state)} `, `${id}  ${title}${more}`)
  })
  return [heading, [how, ...lines].join('\n')]
}

function awaiting({ awaiting: some }: Groups, layout: Layout, { verbose }: TextOptions): string[] {
  if (some.length === 0) return []
  const count = some.reduce((sum, { items }) => sum + items.length, 0)
  const lines = some.flatMap(({ part, items }) => [
    `${layout.sign('unproved')} ${items.length} with ${PART_WORDS[part]}`,
    ...(verbose ? items.map((item) => layout.line(4, '', `${item.id}  ${item.title}`)) : []),
  ])
  const heading = layout.heading(`Unproved until a part that is to come can tell (${count})`)
  return [heading, lines.join('\n')]
}

function passing({ items }: Report, layout: Layout): string[] {
  const good = (['proved', 'attested', 'not_applicable'] as const).map((state) =>
    items.filter((item) => item.state === state),
  )
  return good.flatMap((some) => {
    const [first] = some
    if (first === undefined) return []
    const { word } = STATE_SHOWN[first.state]
    const heading = layout.heading(`${word[0]?.toUpperCase()}${word.slice(1)} (${some.length})`)
    const lines = some.flatMap((item) => [
      titleOf(item, layout),
      ...item.evidence.slice(0, EVIDENCE_SHOWN).map(({ text }) => layout.line(4, '- ', text)),
    ])
    return [heading, lines.join('\n')]
  })
}

function counts(report: Report, layout: Layout): string {
  const head = ['', 'items', 'failed', 'unproved', 'proved', 'attested', 'n/a']
  const rows = countsBySeed(report).map(({ seed, all, counts: own }) => [
    SEED_TITLES[seed],
    String(all),
    ...STATES_SHOWN.map((state) => String(own[state])),
  ])
  return layout.table(head, rows)
}

function drills({ drills: all }: Report, layout: Layout, command: string): string[] {
  const overdue = all.filter((drill) => drill.overdue).map(({ drill }) => drill)
  if (overdue.length === 0) return []
  const words = `drills that are due: ${overdue.join(', ')}; run them with \`${command} drill\``
  return [layout.line(0, '', words)]
}

function verdict(report: Report, layout: Layout, { command, verbose }: TextOptions): string {
  const { word, sentence } = verdictOf(report)
  const state: Record<typeof word, State> = {
    passed: 'proved',
    failed: 'failed',
    unproved: 'unproved',
  }
  const line = `${layout.sign(state[word])} ${word}: ${sentence}`
  if (verbose || word === 'passed') return line
  return `${line}\n${layout.line(0, '', `one item in full: \`${command} check --explain ID\``)}`
}

function countItems(causes: readonly SameCause[]): number {
  return causes.reduce((sum, { items }) => sum + items.length, 0)
}
