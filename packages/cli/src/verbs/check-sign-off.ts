import type { Report, ReportItem, SignOff, SignOffRole } from '@sallyport/contract/checklist'
import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'
import { openBook } from '../checklist/open-book.ts'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { countOf, fitTable } from '../table.ts'
import { COMMAND } from '../version.ts'

const SHOWN_MAX = 20
const CELL_CHARACTERS_MAX = 200

export interface SignOffOptions extends ConfigOptions {
  readonly by: string
  readonly json?: boolean
}

/** `check sign-off`: 1 while an item of the role is in the way. */
export async function signOff(
  context: Context,
  role: SignOffRole,
  options: SignOffOptions,
): Promise<number> {
  if (!/^[^\p{Cc}\p{Cs}]{1,256}$/u.test(options.by)) {
    throw new AppError('usage', '--by must be one line of 1 to 256 characters')
  }
  await using book = await openBook(context, options)
  const newest = (await book.reports()).find(({ only }) => only === undefined)
  const report = newest && (await book.report(newest.id))
  if (report === undefined) {
    throw new AppError('not_found', `there is no whole report yet: run \`${COMMAND} check\``)
  }
  const open = openItems(report, role)
  if (open.length > 0) return refuse(context, { report, role, open }, options)
  const signed = await book.signOff(role, options.by, report.id)
  context.terminal.print(options.json ? JSON.stringify(signed) : describe(signed, report))
  return EXIT.ok
}

function openItems({ items }: Report, role: SignOffRole): readonly ReportItem[] {
  const of = (state: ReportItem['state']) =>
    items.filter((item) => item.role === role && item.state === state)
  return [...of('failed'), ...of('unproved')]
}

interface Refusal {
  readonly report: Report
  readonly role: SignOffRole
  readonly open: readonly ReportItem[]
}

function refuse(
  { terminal }: Context,
  { report, role, open }: Refusal,
  { json }: SignOffOptions,
): number {
  const sentence = `${role} cannot sign off the report of ${report.endedAt}: ${countOf(open.length, 'item')} of it ${open.length === 1 ? 'fails or is' : 'fail or are'} unproved`
  if (json) {
    const items = open.map(({ id, state, remedy }) => ({ id, state, remedy }))
    terminal.print(JSON.stringify({ refused: sentence, report: report.id, items }))
    return EXIT.failed
  }
  const rows = open.slice(0, SHOWN_MAX).map(({ id, state, title, remedy }) => {
    return [state, id, printable(remedy ?? title, CELL_CHARACTERS_MAX)]
  })
  terminal.print(
    fitTable(['state', 'item', 'what to do'], rows, { width: terminal.columns, spare: [] }),
  )
  const more = open.length - rows.length
  terminal.note(`sallyport: ${sentence}${more > 0 ? `; ${more} more than are shown` : ''}`)
  return EXIT.failed
}

function describe({ role, by, at }: SignOff, { id, endedAt }: Report): string {
  return `${printable(by, 256)} signed off ${role} at ${at}, for the report ${id} of ${endedAt}`
}
