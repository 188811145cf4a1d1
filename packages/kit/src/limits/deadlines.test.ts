import { expect, test } from 'vitest'
import { ManualClock } from '../clock.ts'
import { Deadlines } from './deadlines.ts'

test('expires nothing early and everything within one tick, once [limits/deadline]', () => {
  const clock = new ManualClock()
  using deadlines = new Deadlines(clock)
  const seen: number[] = []
  for (const afterMs of [0, 1, 50, 51, 120, 60_000, 300_000]) {
    deadlines.add(afterMs, () => seen.push(clock.monotonicMs() - afterMs))
  }
  for (let tick = 0; tick < 6_010; tick += 1) {
    clock.advance(50)
    deadlines.expireDue()
  }
  expect(seen).toHaveLength(7)
  for (const lateMs of seen) expect(lateMs).toSatisfy((late: number) => late >= 0 && late <= 50)
})

test('a cancelled deadline does not expire, also when an earlier one of the same tick cancels it', () => {
  const clock = new ManualClock()
  using deadlines = new Deadlines(clock)
  const seen: string[] = []
  const cancelled = deadlines.add(100, () => seen.push('cancelled'))
  const one = deadlines.add(100, () => {
    seen.push('one')
    other.cancel()
  })
  const other = deadlines.add(100, () => {
    seen.push('other')
    one.cancel()
  })
  cancelled.cancel()
  cancelled.cancel()
  clock.advance(100)
  deadlines.expireDue()
  expect(seen).toHaveLength(1)
  expect(deadlines.size).toBe(0)
})

test('the timer runs only while there are deadlines', () => {
  const clock = new ManualClock()
  using deadlines = new Deadlines(clock)
  expect(deadlines.running).toBe(false)
  const deadline = deadlines.add(1_000, () => undefined)
  expect(deadlines.running).toBe(true)
  deadline.cancel()
  deadlines.expireDue()
  expect(deadlines.running).toBe(false)
})

test('after a long silence, or a blocked event loop, everything due expires at the next look', () => {
  const clock = new ManualClock()
  using deadlines = new Deadlines(clock)
  clock.advance(10_000_000)
  const seen: number[] = []
  for (let index = 0; index < 2_000; index += 1) deadlines.add(index * 50, () => seen.push(index))
  clock.advance(10_000_000)
  deadlines.expireDue()
  expect(seen).toHaveLength(2_000)
})

test('after disposal nothing expires and nothing runs', () => {
  const clock = new ManualClock()
  const deadlines = new Deadlines(clock)
  const seen: string[] = []
  const before = deadlines.add(0, () => seen.push('before'))
  deadlines[Symbol.dispose]()
  before.cancel()
  deadlines.add(0, () => seen.push('after'))
  clock.advance(1_000)
  expect(deadlines.running).toBe(false)
  expect(seen).toEqual([])
})

test('by its own timer a deadline expires in real time', async () => {
  const start = performance.now()
  using deadlines = new Deadlines({ nowMs: Date.now, monotonicMs: () => performance.now() })
  const expired = Promise.withResolvers<void>()
  deadlines.add(20, expired.resolve)
  // The timer alone keeps no process alive, so something else must.
  const guard = setTimeout(() => expired.reject(new Error('never expired')), 5_000)
  await expired.promise
  clearTimeout(guard)
  expect(performance.now() - start).toBeGreaterThanOrEqual(20)
})
