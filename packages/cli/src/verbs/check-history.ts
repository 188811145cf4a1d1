import type { ReportSummary } from '@sallyport/contract/checklist'
import { printable } from '@sallyport/kit/log'
import { openBook } from '../checklist/open-book.ts'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { fitTable } from '../table.ts'
import { COMMAND } from '../version.ts'

const NAMED_MAX = 5

/** `check history`: the reports that are kept. */
export async function checkHistory(
  context: Context,
  options: ConfigOptions & { readonly json?: boolean },
): Promise<number> {
  await using book = await openBook(context, options)
  const reports = await book.reports()
  const { terminal } = context
  if (options.json) terminal.print(JSON.stringify({ items: reports }))
  else if (reports.length === 0) terminal.note(`there is no report yet: run \`${COMMAND} check\``)
  else terminal.print(format(reports, terminal.columns))
  return EXIT.ok
}

function format(reports: readonly ReportSummary[], width: number | undefined): string {
  const rows = reports.map((report) => {
    const { proved, attested, not_applicable: apart, failed, unproved } = report.summary
    const counts = [proved, attested, apart, failed, unproved].map(String)
    return [report.endedAt, report.profile, ...counts, partOf(report), report.id, regressed(report)]
  })
  const counts = ['proved', 'attested', 'n/a', 'failed', 'unproved']
  const heading = ['at', 'profile', ...counts, 'of', 'report', 'was good before']
  return fitTable(heading, rows, { width, spare: ['report', 'profile', 'of'] })
}

function partOf({ only }: ReportSummary): string {
  return only === undefined ? 'all' : printable(only.join(' '), 40)
}

function regressed({ regressions }: ReportSummary): string {
  if (regressions.length === 0) return '-'
  const named = regressions.slice(0, NAMED_MAX).map(({ id }) => id)
  const more = regressions.length - named.length
  return `${regressions.length}: ${named.join(', ')}${more > 0 ? `, ${more} more` : ''}`
}
