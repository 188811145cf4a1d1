import { expect, test } from 'vitest'
import { medianOf, quantileOf, rankOf } from './quantile.ts'

const BUCKETS = [
  { bound: Number.POSITIVE_INFINITY, count: 100 },
  { bound: 0.1, count: 50 },
  { bound: 1, count: 90 },
]

test.each([
  [0.5, 0.1],
  [0.25, 0.05],
  [0.7, 0.55],
  [0.95, Number.POSITIVE_INFINITY],
] as const)('of buckets in any order the part %s is below %s', (q, expected) => {
  expect(quantileOf(BUCKETS, q)).toBeCloseTo(expected)
})

test('without a count there is no quantile', () => {
  expect([quantileOf([], 0.5), quantileOf([{ bound: 1, count: 0 }], 0.5)]).toEqual([
    undefined,
    undefined,
  ])
})

test('of 20 values the 19th is that which 95 in 100 do not exceed', () => {
  const values = Array.from({ length: 20 }, (_, at) => 20 - at)
  expect([rankOf(values, 0.95), medianOf([3, 1, 2]), rankOf([], 0.5)]).toEqual([19, 2, undefined])
})
