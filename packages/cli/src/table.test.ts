import { expect, test } from 'vitest'
import { countOf, fitTable, formatFacts, formatTable, wrap } from './table.ts'

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

const HEADING = ['name', 'pid', 'era', 'reason']
const ROWS = [
  ['files', '123', 'modern', 'its command ended with code 3 before it answered'],
  ['search', '-', '-', ''],
]

test('leaves a table as it is where there is no width', () => {
  const fit = { width: undefined, spare: ['era', 'pid'] }
  expect(fitTable(HEADING, ROWS, fit)).toBe(formatTable(HEADING, ROWS))
})

test.each([80, 60, 50, 44, 40])('keeps a table within %i characters', (width) => {
  const lines = fitTable(HEADING, ROWS, { width, spare: ['era', 'pid'] }).split('\n')
  expect(lines.filter((line) => line.length > width)).toEqual([])
  expect(lines.map((line) => line.trim()).join(' ')).toContain('code 3')
})

test('leaves out spare columns in their order, then wraps the last one', () => {
  expect(fitTable(HEADING, ROWS, { width: 44, spare: ['era', 'pid'] })).toBe(
    [
      'name    pid  reason',
      'files   123  its command ended with code 3',
      '             before it answered',
      'search  -',
    ].join('\n'),
  )
  expect(fitTable(HEADING, ROWS, { width: 36, spare: ['era', 'pid'] })).toBe(
    [
      'name    reason',
      'files   its command ended with code',
      '        3 before it answered',
      'search',
    ].join('\n'),
  )
})

test('a terminal that is narrower than any table still gets all of the text', () => {
  const text = fitTable(HEADING, ROWS, { width: 10, spare: [] })
  expect(text.replaceAll(/\s+/g, ' ')).toContain('its command ended with')
})

test.each([
  ['', 10, ['']],
  ['a b', 10, ['a b']],
  ['aaaa bbbb', 4, ['aaaa', 'bbbb']],
  ['aaaa bbbb', 5, ['aaaa', 'bbbb']],
  ['aaaaaa bb', 4, ['aaaa', 'aa', 'bb']],
])('wraps %j at %i', (text, width, lines) => {
  expect(wrap(text, width)).toEqual(lines)
})

test('facts stand beside their labels, and unknown ones are left out', () => {
  const facts = [
    ['state', 'degraded: its command ended with code 3 before it answered'],
    ['owner', undefined],
    ['in flight', '0'],
  ] as const
  expect(formatFacts('files', facts, 50)).toBe(
    [
      'files',
      '  state      degraded: its command ended with code',
      '             3 before it answered',
      '  in flight  0',
    ].join('\n'),
  )
})
