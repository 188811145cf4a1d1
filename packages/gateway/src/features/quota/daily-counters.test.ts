import { ManualClock } from '@sallyport/kit/clock'
import { silentLog } from '@sallyport/kit/log'
import { expect, test, vi } from 'vitest'
import { testTarget } from '../../call/testing-call.ts'
import { DailyCounters } from './daily-counters.ts'
import { MemoryUsage, MORNING_MS, openTestQuotas } from './testing-quotas.ts'

const DAY_MS = 86_400_000

function open(store = new MemoryUsage(), clock = new ManualClock(MORNING_MS)) {
  return DailyCounters.open({ clock, store, log: silentLog })
}

function add(counters: DailyCounters, scope: string, calls: number): void {
  const counter = counters.today().counter(scope)
  counter.calls += calls
  counter.unsaved += calls
}

test('what was counted is there after a restart, once [quotas/restart]', async () => {
  const store = new MemoryUsage()
  for (const expected of [3, 6, 9]) {
    await using counters = await open(store)
    add(counters, 'calls key:a', 3)
    await counters.flush()
    expect(counters.today().counter('calls key:a').calls).toBe(expected)
  }
  expect(await store.read('2026-11-22')).toEqual([
    { day: '2026-11-22', scope: 'calls key:a', calls: 9 },
  ])
})

test('a call writes nothing: all is written in one batch every five seconds [quotas/restart]', async () => {
  vi.useFakeTimers()
  try {
    const store = new MemoryUsage()
    await using counters = await open(store)
    add(counters, 'calls key:a', 1)
    add(counters, 'calls key:b', 2)
    await vi.advanceTimersByTimeAsync(4_999)
    expect(store.batches).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(store.batches.map((batch) => batch.length)).toEqual([2])
    await vi.advanceTimersByTimeAsync(10_000)
    expect(store.batches).toHaveLength(1)
  } finally {
    vi.useRealTimers()
  }
})

test('what the store refuses is written once it can be [quotas/restart]', async () => {
  const store = new MemoryUsage()
  await using counters = await open(store)
  add(counters, 'calls key:a', 2)
  store.broken = true
  await counters.flush()
  add(counters, 'calls key:a', 3)
  store.broken = false
  await counters.flush()
  await counters.flush()
  expect(store.batches).toEqual([[{ day: '2026-11-22', scope: 'calls key:a', calls: 5 }]])
})

test('what is counted while it is being written is written later [quotas/restart]', async () => {
  const store = new MemoryUsage()
  await using counters = await open(store)
  const gate = Promise.withResolvers<void>()
  store.held = gate.promise
  add(counters, 'calls key:a', 2)
  const writing = counters.flush()
  await new Promise(setImmediate)
  add(counters, 'calls key:a', 3)
  gate.resolve()
  await writing
  expect(counters.today().counter('calls key:a').calls).toBe(5)
  await counters.flush()
  expect((await store.read('2026-11-22'))[0]?.calls).toBe(5)
})

test('a clock that is set back finds the day as it was left [quotas/clock]', async () => {
  const clock = new ManualClock(MORNING_MS)
  await using quotas = await openTestQuotas({ daily: 3 }, { clock })
  const take = (): boolean => quotas.take(testTarget({ readOnly: true }), 'key:a') === undefined
  expect([take(), take(), take(), take()]).toEqual([true, true, true, false])
  clock.advance(DAY_MS)
  expect([take(), take()]).toEqual([true, true])
  clock.advance(-DAY_MS)
  expect(take()).toBe(false)
  clock.advance(DAY_MS)
  expect([take(), take()]).toEqual([true, false])
  clock.advance(-365 * DAY_MS)
  clock.advance(365 * DAY_MS)
  expect(take()).toBe(false)
})

test('a day that another process counted before is joined, not begun again [quotas/clock]', async () => {
  const store = new MemoryUsage()
  const clock = new ManualClock(MORNING_MS)
  await store.add([{ day: '2026-11-23', scope: 'calls key:a', calls: 7 }])
  await using counters = await open(store, clock)
  clock.advance(DAY_MS)
  const begun = counters.today()
  await vi.waitFor(() => expect(begun.counter('calls key:a').calls).toBe(7))
  add(counters, 'calls key:a', 1)
  await counters.flush()
  expect(counters.today().counter('calls key:a').calls).toBe(8)
  expect((await store.read('2026-11-23'))[0]?.calls).toBe(8)
})

test('gateways on one store learn of the calls of each other as they write [quotas/replicas]', async () => {
  const store = new MemoryUsage()
  await using one = await open(store)
  await using two = await open(store)
  add(one, 'calls key:a', 3)
  await one.flush()
  add(two, 'calls key:a', 2)
  await two.flush()
  expect(two.today().counter('calls key:a').calls).toBe(5)
  add(one, 'calls key:a', 1)
  expect(one.today().counter('calls key:a').calls).toBe(4)
  await one.flush()
  expect(one.today().counter('calls key:a').calls).toBe(6)
})

test('too many counters of one day: a small old one gives way', async () => {
  await using counters = await open()
  add(counters, 'calls key:big', 1_000)
  const today = counters.today()
  for (let index = 0; index < 100_000; index += 1) add(counters, `calls key:${index}`, 1)
  expect(today.size).toBe(100_000)
  expect(today.counter('calls key:big').calls).toBe(1_000)
})
