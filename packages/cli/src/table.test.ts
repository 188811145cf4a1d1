import { expect, test } from 'vitest'
import { formatTable } from './table.ts'

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
