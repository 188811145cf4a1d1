import type { Attestation, ChecklistBook, ReportItem, State } from '@sallyport/contract/checklist'
import { suggest } from '@sallyport/kit/config'
import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'
import type { Answer } from '../answers/answer.ts'
import type { Item } from '../catalogue/item.ts'
import { nearOf } from './select-items.ts'

const REPORTS_MAX = 10
const SHOWN_CHARACTERS = 128

/** How an item stood in an earlier report. */
export interface Standing {
  readonly report: string
  readonly at: string
  readonly state: State
}

/** One of the answers of an item, judged by itself. */
export interface ExplainedAnswer {
  readonly id: string
  readonly answer: Answer
  readonly standing: ReportItem | undefined
}

/** All that is known of one item. */
export interface Explanation {
  readonly item: Item
  readonly standing: ReportItem | undefined
  readonly answers: readonly ExplainedAnswer[]
  /** Of the item and of its answers. */
  readonly attestations: readonly Attestation[]
  /** Newest first, 10 at most. */
  readonly history: readonly Standing[]
}

interface Known {
  readonly items: readonly Item[]
  readonly answers: ReadonlyMap<string, Answer>
}

/**
 * The item of that id.
 *
 * @throws {AppError} `usage`, with near misses; for an answer with the items that take it
 */
export function findItem(id: string, { items, answers }: Known): Item {
  const item = items.find((one) => one.id === id)
  if (item !== undefined) return item
  const shown = printable(id, SHOWN_CHARACTERS)
  if (answers.has(id)) {
    const takers = items.filter((one) => one.answers.includes(id)).map((one) => `\`${one.id}\``)
    throw new AppError(
      'usage',
      `${shown} answers ${takers.join(', ')}: explain one of these, or look at them with --only ${shown}`,
    )
  }
  const ids = items.map((one) => one.id)
  const misspelt = suggest(id, ids)
  const near =
    misspelt === undefined ? nearOf(id, items).filter((one) => ids.includes(one)) : [misspelt]
  const hint =
    near.length > 0
      ? `did you mean ${near.map((one) => `\`${one}\``).join(' or ')}?`
      : 'ids are like `hangar/security/tls`'
  throw new AppError('usage', `no item is named ${shown}: ${hint}`)
}

/** The item, and each of its answers as if it were an item by itself: they are judged in one run. */
export function itemsToExplain(item: Item): readonly Item[] {
  return [item, ...item.answers.map((id) => ({ ...item, id: answerItemId(id), answers: [id] }))]
}

/** Where an answer stands by itself in such a run. */
export function answerItemId(answer: string): string {
  return `answer/${answer}`
}

/** How an item stood, newest first. @throws {AppError} what reading the book throws */
export async function historyOf(
  book: Pick<ChecklistBook, 'reports' | 'report'>,
  item: string,
): Promise<readonly Standing[]> {
  const summaries = (await book.reports()).slice(0, REPORTS_MAX)
  const standings: Standing[] = []
  for (const { id } of summaries) {
    const report = await book.report(id)
    const found = report?.items.find((one) => one.id === item)
    if (found !== undefined) standings.push({ report: id, at: found.at, state: found.state })
  }
  return standings
}
