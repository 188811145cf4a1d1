import type { LogLine } from '@sallyport/contract/admin'
import { expect, test } from 'vitest'
import { linesAfter } from './server-logs.ts'

function lines(texts: string): LogLine[] {
  return [...texts].map((text) => ({ at: '2026-11-21T08:00:00.000Z', pid: 1, text }))
}

test.each([
  ['', '', ''],
  ['', 'ab', 'ab'],
  ['ab', 'ab', ''],
  ['ab', 'abc', 'c'],
  ['abc', 'bcd', 'd'],
  ['abc', 'def', 'def'],
  ['abc', '', ''],
  // A large line drove several small ones out.
  ['abcdef', 'fg', 'g'],
  ['abcdef', 'g', 'g'],
  // The same line over and over: as few as possible count as new.
  ['aaa', 'aaa', ''],
  ['aba', 'abab', 'b'],
  ['abab', 'babc', 'c'],
])('after %j, %j brings %j', (before, now, fresh) => {
  expect(linesAfter(lines(before), lines(now))).toEqual(lines(fresh))
})

test('the same text of another child or moment is another line', () => {
  const [line] = lines('a')
  if (line === undefined) throw new Error('no line')
  const other = { ...line, pid: 2 }
  expect(linesAfter([line], [other])).toEqual([other])
})
