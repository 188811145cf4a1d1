import type { ListQuery } from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'

/** One page of a list, as the API answers it. */
export interface Page<Item> {
  items: Item[]
  /** Absent on the last page. */
  next?: string
}

/** What of a query decides which page it is. */
export type PageQuery = Pick<ListQuery, 'limit' | 'cursor'>

const CURSOR_VERSION = '1:'
const KEY_CHARACTERS_MAX = 500

/**
 * The page of a list that is held in memory, in the order of its keys by code units. Pages follow keys, not
 * positions: what is added or removed meanwhile shifts nothing.
 *
 * @param keyOf unique among the items
 * @param order `down` for newest first, where the key counts up; numbers want `numberKey`
 * @throws {AppError} `request_invalid` for a cursor that is not ours
 */
export function page<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  query: PageQuery,
  order: 'up' | 'down' = 'up',
): Page<Item> {
  const after = afterOf(query)
  const sign = order === 'up' ? 1 : -1
  const left = items
    .map((item) => ({ item, key: keyOf(item) }))
    .filter(({ key }) => after === undefined || compare(key, after) * sign > 0)
    .toSorted((a, b) => compare(a.key, b.key) * sign)
  const paged = pageOf(left.slice(0, query.limit + 1), ({ key }) => key, query)
  return { ...paged, items: paged.items.map(({ item }) => item) }
}

/**
 * The same for rows of a store, which was asked for `limit + 1` of them behind `afterOf(query)`, ordered by the
 * key (in PostgreSQL with `collate "C"`, as other collations change with the operating system).
 */
export function pageOf<Item>(
  rows: readonly Item[],
  keyOf: (item: Item) => string,
  { limit }: Pick<PageQuery, 'limit'>,
): Page<Item> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  if (rows.length <= limit || last === undefined) return { items }
  return { items, next: toCursor(keyOf(last)) }
}

/**
 * The key that a page begins behind; undefined for the first page.
 *
 * @throws {AppError} `request_invalid` for a cursor that is not ours
 */
export function afterOf({ cursor }: Pick<PageQuery, 'cursor'>): string | undefined {
  if (cursor === undefined) return undefined
  const text = Buffer.from(cursor, 'base64url').toString()
  const key = text.slice(CURSOR_VERSION.length)
  const isOurs = text.startsWith(CURSOR_VERSION) && key.length <= KEY_CHARACTERS_MAX
  // Written back, as decoding takes garbage for what it is not.
  if (!isOurs || toCursor(key) !== cursor) {
    throw new AppError('request_invalid', 'cursor must be the `next` of the page before')
  }
  return key
}

/** A number as a key, whose order by code units is that of the numbers. */
export function numberKey(value: number): string {
  return String(value).padStart(16, '0')
}

function toCursor(key: string): string {
  return Buffer.from(`${CURSOR_VERSION}${key}`).toString('base64url')
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
