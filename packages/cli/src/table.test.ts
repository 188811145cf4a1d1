import { expect, test } from 'vitest'
import { countOf, formatTable } from './table.ts'

test('prints the heading alone when there are no rows', () => {
  expect(formatTable(['name', 'role'], [])).toBe('name  role')
})

test('aligns columns by their widest cell and leaves no trailing space', () => {
  expect(
    formatTable(
      ['name', 'role'],
      [
        ['a-long-name', 'admin'],
        ['b', ''],
      ],
    ),
  ).toBe('name         role\na-long-name  admin\nb')
})

test('one is singular, none and more are not', () => {
  expect([0, 1, 2].map((count) => countOf(count, 'row'))).toEqual(['0 rows', '1 row', '2 rows'])
})
