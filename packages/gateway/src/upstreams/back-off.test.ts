import { expect, test } from 'vitest'
import { BackOff } from './back-off.ts'

test('waits double up to 30 s and never exceed it', () => {
  const backOff = new BackOff(() => 1)
  const waits = Array.from({ length: 20 }, () => backOff.failed(0))
  expect(waits.slice(0, 8)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  expect(Math.max(...waits)).toBe(30_000)
})

test('jitter halves a wait at most', () => {
  expect(new BackOff(() => 0).failed(0)).toBe(250)
})

test('the wait runs down, and a success forgets it', () => {
  const backOff = new BackOff(() => 1)
  expect(backOff.remainingMs(0)).toBe(0)
  backOff.failed(1_000)
  expect([1_000, 1_499.5, 1_500, 9_000].map((nowMs) => backOff.remainingMs(nowMs))).toEqual([
    500, 1, 0, 0,
  ])
  backOff.succeeded()
  expect(backOff.failed(0)).toBe(500)
})
