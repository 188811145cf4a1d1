import { expect, test } from 'vitest'
import { ManualClock } from '../clock.ts'
import { RateLimits } from './rate-limits.ts'
import { takeToken } from './token-bucket.ts'

const limits = { capacity: 2, refillPerSecond: 4 }

test('refuses an empty bucket and says when a token will be there', () => {
  const { state, admission } = takeToken({ tokens: 0.5, updatedMs: 100 }, limits, 100)
  expect(admission).toEqual({ allowed: false, retryAfterMs: 125 })
  expect(state).toEqual({ tokens: 0.5, updatedMs: 100 })
})

test('admits at the very moment that was promised', () => {
  const empty = { tokens: 0.5, updatedMs: 100 }
  expect(takeToken(empty, limits, 224).admission.allowed).toBe(false)
  expect(takeToken(empty, limits, 225).admission.allowed).toBe(true)
})

test('never fills beyond the capacity, and a clock that goes back takes nothing', () => {
  expect(takeToken({ tokens: 2, updatedMs: 0 }, limits, 1e9).state.tokens).toBe(1)
  expect(takeToken({ tokens: 1, updatedMs: 500 }, limits, 100).state.tokens).toBe(0)
})

test('refuses beyond the burst, per principal [limits/rate]', () => {
  const clock = new ManualClock()
  const rates = new RateLimits(clock, limits)
  const allowed = [1, 2, 3].map(() => rates.take('a').allowed)
  expect(allowed).toEqual([true, true, false])
  expect(rates.take('b').allowed).toBe(true)
  clock.advance(250)
  expect(rates.take('a').allowed).toBe(true)
  expect(rates.take('a').allowed).toBe(false)
})

test('keeps at most its bound of buckets and drops full ones before others', () => {
  const clock = new ManualClock()
  const rates = new RateLimits(clock, { capacity: 2, refillPerSecond: 1 }, { entriesMax: 3 })
  for (const id of ['idle', 'also-idle']) rates.take(id)
  clock.advance(5_000)
  rates.take('busy')
  rates.take('busy')
  rates.take('new')
  expect(rates.size).toBe(2)
  expect(rates.take('busy').allowed).toBe(false)
  for (let index = 0; index < 100; index += 1) rates.take(`flood-${index}`)
  expect(rates.size).toBe(3)
})
