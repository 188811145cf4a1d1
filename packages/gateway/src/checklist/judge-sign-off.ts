import type { Report, ReportItem, SignOffRole } from '@sallyport/contract/checklist'
import { AppError } from '@sallyport/kit/errors'

/** Of what stands in the way, in the sentence. */
const NAMED_MAX = 20

/**
 * Refuses a sign-off that a report does not bear out.
 *
 * @throws {AppError} `conflict`, naming the first items that fail or are unproved
 */
export function judgeSignOff(report: Report, role: SignOffRole): void {
  if (report.only !== undefined) {
    throw new AppError('conflict', `the report ${report.id} looked at a part of the items only`)
  }
  const items = report.items.filter((item) => item.role === role)
  if (items.length === 0) {
    throw new AppError('conflict', `the report ${report.id} has nothing that ${role} signs for`)
  }
  const bad = items.filter(isBad)
  if (bad.length === 0) return
  const named = bad.slice(0, NAMED_MAX).map(({ id, state }) => `${id} (${state})`)
  const more = bad.length > NAMED_MAX ? `, and ${bad.length - NAMED_MAX} more` : ''
  throw new AppError(
    'conflict',
    `${bad.length} of ${items.length} items of ${role} are in the way: ${named.join(', ')}${more}`,
  )
}

function isBad({ state }: ReportItem): boolean {
  return state === 'failed' || state === 'unproved'
}
