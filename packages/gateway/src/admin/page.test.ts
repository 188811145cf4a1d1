import { expect, test } from 'vitest'
import { afterOf, numberKey, page, pageOf } from './page.ts'

const name = (text: string): string => text

function walk(items: () => readonly string[], limit: number, order: 'up' | 'down' = 'up') {
  const seen: string[][] = []
  let cursor: string | undefined
  do {
    const got = page(items(), name, { limit, cursor }, order)
    seen.push(got.items)
    cursor = got.next
  } while (cursor !== undefined)
  return seen
}

test('walks a list page by page, in the order of its keys', () => {
  const items = ['d', 'a', 'e', 'b', 'c']
  expect(walk(() => items, 2)).toEqual([['a', 'b'], ['c', 'd'], ['e']])
  expect(walk(() => items, 2, 'down')).toEqual([['e', 'd'], ['c', 'b'], ['a']])
  expect(walk(() => items, 5)).toEqual([['a', 'b', 'c', 'd', 'e']])
  expect(walk(() => [], 5)).toEqual([[]])
})

test('neither repeats nor leaves out what was there all along while others come and go [admin-api/paging/stable]', () => {
  let items = ['b', 'd', 'f', 'h']
  const first = page(items, name, { limit: 2 })
  expect(first.items).toEqual(['b', 'd'])
  items = ['a', 'c', 'e', 'f', 'h'] // `d`, which the cursor names, is gone too
  const second = page(items, name, { limit: 2, cursor: first.next })
  expect(second.items).toEqual(['e', 'f'])
  expect(page(items, name, { limit: 2, cursor: second.next }).items).toEqual(['h'])
})

test('compares keys by code units, whatever the language', () => {
  expect(page(['ä', 'b', 'Z', 'é'], name, { limit: 9 }).items).toEqual(['Z', 'b', 'ä', 'é'])
})

test('numbers keep their order as keys', () => {
  const keys = [9, 10, 100, 2].map(numberKey).toSorted()
  expect(keys.map(Number)).toEqual([2, 9, 10, 100])
})

test.each(['', 'x', 'MTp', '1:a', 'MTph=', 'MTph\n', 'MTph!', '////', 'Mjph', 'a'.repeat(1_000)])(
  'refuses the cursor %j, which is none of ours [admin-api/paging/cursor]',
  (cursor) => {
    expect(() => page(['a', 'b'], name, { limit: 1, cursor })).toThrow(
      expect.objectContaining({ code: 'request_invalid' }),
    )
  },
)

test('makes a page of rows that were read one further', () => {
  const rows = ['a', 'b', 'c']
  const { items, next } = pageOf(rows, name, { limit: 2 })
  expect(items).toEqual(['a', 'b'])
  expect(afterOf({ cursor: next })).toBe('b')
  expect(pageOf(rows, name, { limit: 3 })).toEqual({ items: rows })
})
