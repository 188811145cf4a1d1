import type { Report, ReportItem } from '@sallyport/contract/checklist'

/** An item that stands otherwise than it did. */
export interface Change {
  readonly was: ReportItem
  readonly is: ReportItem
}

/** Items of both reports whose state differs, in the order of the later one. */
export function changesOf(
  before: Pick<Report, 'items'>,
  now: Pick<Report, 'items'>,
): readonly Change[] {
  const known = new Map(before.items.map((item) => [item.id, item]))
  return now.items.flatMap((is) => {
    const was = known.get(is.id)
    return was !== undefined && was.state !== is.state ? [{ was, is }] : []
  })
}
