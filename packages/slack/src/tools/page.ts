import { AppError } from '@sallyport/kit/errors'
import { z } from 'zod'
import { answerText } from './untrusted.ts'

/** A place in a list of Slack's: its cursor, and how far into that page. */
export const placeState = z.object({
  /** Slack's cursor; absent = the first page. */
  c: z.string().optional(),
  /** Entries asked for with that cursor. */
  n: z.number(),
  /** Entries of that page that were looked at already. */
  k: z.number(),
})
export type Place = z.output<typeof placeState>

/** Where a reply of Slack's names its next page. */
export const nextOfReply = z.object({ next_cursor: z.string().optional() }).optional()

/** Parts that results of walks have in common. */
export const pageOutput = {
  next_cursor: z
    .string()
    .optional()
    .meta({ description: 'Pass as cursor for the next page; absent at the end.' }),
  complete: z
    .boolean()
    .meta({ description: 'True only when this page reaches the end of the list.' }),
  partial: z
    .strictObject({
      reason: z.enum(['rate_limited', 'time', 'unavailable']),
      retry_after_seconds: z.number().optional(),
    })
    .optional()
    .meta({
      description:
        'Present when fewer were returned than could be, with the reason; go on with next_cursor after that time.',
    }),
} as const

/** Why a page is shorter than it could be. */
export interface Interruption {
  readonly reason: 'rate_limited' | 'time' | 'unavailable'
  readonly retry_after_seconds?: number
}

/** One page of a caller's, gathered from one or several of Slack's. */
export interface Gathered<Item> {
  readonly items: readonly Item[]
  /** Where to go on; undefined = that was all. */
  readonly next: Place | undefined
  readonly partial: Interruption | undefined
}

/** How a list of Slack's is read. */
export interface Listing<Item> {
  readonly limit: number
  /** Entries per page of Slack's. */
  readonly pageMax: number
  /** Requests to Slack for one answer. */
  readonly requestsMax: number
  /** Leaves entries out; absent = all are wanted. */
  readonly keep?: ((item: Item) => boolean) | undefined
  /** Whether there is time for one more request. */
  readonly hasTime: () => boolean
  load(
    cursor: string | undefined,
    limit: number,
  ): Promise<{ readonly items: readonly Item[]; readonly next: string | undefined }>
}

/**
 * Reads on from a place until the limit is reached, the list ends, or Slack or the clock says stop; then what
 * was found so far is the answer and says why it ends there. Every entry comes once, whatever the limits of
 * the pages are.
 *
 * @throws {AppError} what `load` throws, when nothing was read before
 */
export async function gather<Item>(
  from: Place | undefined,
  list: Listing<Item>,
): Promise<Gathered<Item>> {
  const items: Item[] = []
  let place = from ?? { n: sizeOf(list, 0), k: 0 }
  for (let requests = 0; ; requests += 1) {
    if (requests >= list.requestsMax) return { items, next: place, partial: undefined }
    if (requests > 0 && !list.hasTime()) return { items, next: place, partial: { reason: 'time' } }
    let page: Awaited<ReturnType<typeof list.load>>
    try {
      page = await list.load(place.c, place.n)
    } catch (error) {
      const partial = requests === 0 ? undefined : whyPartial(error)
      if (partial === undefined) throw error
      return { items, next: place, partial }
    }
    let looked = place.k
    for (const item of page.items.slice(place.k)) {
      if (items.length >= list.limit)
        return { items, next: { ...place, k: looked }, partial: undefined }
      if (list.keep === undefined || list.keep(item)) items.push(item)
      looked += 1
    }
    if (page.next === undefined) return { items, next: undefined, partial: undefined }
    place = { c: page.next, n: sizeOf(list, items.length), k: 0 }
    if (items.length >= list.limit) return { items, next: place, partial: undefined }
  }
}

/** Without a filter no more is asked for than fits; with one the pages are full ones. */
function sizeOf<Item>(list: Listing<Item>, found: number): number {
  if (list.keep !== undefined) return list.pageMax
  return Math.max(1, Math.min(list.pageMax, list.limit - found))
}

function whyPartial(error: unknown): Interruption | undefined {
  if (!(error instanceof AppError)) return undefined
  const { code, retryAfterMs } = error
  if (code === 'slack_rate_limited') {
    const reason = 'rate_limited'
    if (retryAfterMs === undefined) return { reason }
    return { reason, retry_after_seconds: Math.ceil(retryAfterMs / 1_000) }
  }
  if (code === 'deadline_exceeded') return { reason: 'time' }
  return code === 'slack_unavailable' ? { reason: 'unavailable' } : undefined
}

/** Where a page ends, in structured content. */
export interface PageEnd {
  readonly next_cursor?: string
  readonly complete: boolean
  readonly partial?: Interruption
}

/** What a result says about where it ends. */
export function pageEnd(
  gathered: { readonly partial?: Interruption | undefined },
  cursor: string | undefined,
): PageEnd {
  return {
    ...(cursor !== undefined && { next_cursor: cursor }),
    complete: cursor === undefined,
    ...(gathered.partial !== undefined && { partial: gathered.partial }),
  }
}

/** The same in words, for its text. */
export function pageEndLines(end: PageEnd): readonly string[] {
  const lines: string[] = []
  if (end.partial !== undefined) {
    const wait = end.partial.retry_after_seconds
    const when = wait === undefined ? '' : ` after ${wait} s`
    lines.push(
      `PARTIAL (${REASONS[end.partial.reason]}): there is more; go on with next_cursor${when}.`,
    )
  }
  if (end.next_cursor !== undefined) lines.push(`next_cursor: ${end.next_cursor}`)
  return lines
}

const REASONS = {
  rate_limited: 'Slack asked for fewer requests',
  time: 'the time of this call was over',
  unavailable: 'Slack could not be reached midway',
} as const

/** A list as the short text of a result. */
export function listText(what: string, lines: readonly string[], end: PageEnd): string {
  const rest = end.complete ? 'the last page' : 'more follow'
  return answerText(`${what}, ${rest}.`, lines, pageEndLines(end))
}

/** Arguments with Slack's cursor, where there is one. */
export function withCursor<Args extends object>(
  args: Args,
  cursor: string | undefined,
): Args & { readonly cursor?: string } {
  return cursor === undefined ? args : { ...args, cursor }
}
