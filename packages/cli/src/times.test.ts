import { expect, test } from 'vitest'
import { agoOf, durationOf } from './times.ts'

const AT = '2026-11-21T08:00:00.000Z'

test.each([
  [-5_000, 'now'],
  [999, 'now'],
  [1_000, '1 s ago'],
  [59_999, '59 s ago'],
  [60_000, '1 min ago'],
  [3_599_999, '59 min ago'],
  [86_399_999, '23 h ago'],
  [200_000_000, '2 d ago'],
])('%i ms later it is %s', (passedMs, words) => {
  expect(agoOf(AT, Date.parse(AT) + passedMs)).toBe(words)
})

test.each([
  [0.4, '0 ms'],
  [999, '999 ms'],
  [1_000, '1.0 s'],
  [3_249, '3.2 s'],
  [75_400, '75 s'],
])('%d ms is %s', (durationMs, words) => {
  expect(durationOf(durationMs)).toBe(words)
})
