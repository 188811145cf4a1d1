import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ManualClock } from '../clock.ts'
import { silentLog } from '../log/log.ts'
import { type KeptStore, startHousekeeping } from './housekeeping.ts'
import type { AuditLimits, AuditLog, AuditRetention } from './store.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const KEEP: AuditLimits = { keepMs: 1_000, bytesMax: 2_000 }

function keepHouse(
  prune: AuditRetention['prune'] = async () => 0,
  audited = true,
  outcomes: KeptStore['outcomes'] = { prune: async () => 0 },
  keep: AuditLimits | null = KEEP,
) {
  const logged: string[] = []
  const state = { writable: true, probes: 0, answer: true as boolean | Promise<boolean> }
  const audit: AuditLog = {
    append: () => Promise.reject(new TypeError('housekeeping records nothing')),
    get writable() {
      return state.writable
    },
    probe: async () => {
      state.probes += 1
      state.writable = await state.answer
      return state.writable
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  const log = (message: string) => void logged.push(message)
  const store = { retention: { prune }, outcomes }
  const house = startHousekeeping(store, audited ? audit : undefined, keep ?? undefined, {
    clock: new ManualClock(),
    log: {
      ...silentLog,
      info: (_fields, message) => log(message),
      warn: (_fields, message) => log(message),
      error: (_fields, message) => log(message),
    },
  })
  return { house, state, logged }
}

test('a store that cannot be written is said once, and once when it can be again', async () => {
  const { state, logged } = keepHouse()
  state.answer = false
  await vi.advanceTimersByTimeAsync(6_000)
  expect(logged).toEqual(['store cannot be written: calls are refused'])
  state.answer = true
  await vi.advanceTimersByTimeAsync(6_000)
  expect(logged.slice(1)).toEqual(['store writable again'])
})

test('one look at the store waits for the one before', async () => {
  const { state } = keepHouse()
  const { promise, resolve } = Promise.withResolvers<boolean>()
  state.answer = promise
  await vi.advanceTimersByTimeAsync(20_000)
  expect(state.probes).toBe(1)
  resolve(true)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(state.probes).toBe(2)
})

test('old rows go at the start and every hour, within the configured limits [record/retention]', async () => {
  const prune = vi.fn<AuditRetention['prune']>(async () => 3)
  const { logged } = keepHouse(prune)
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect(prune.mock.calls.map(([limits]) => limits)).toEqual([KEEP, KEEP])
  expect(logged).toEqual(['old audit rows removed', 'old audit rows removed'])
})

test('where another process keeps the audit log no row of it goes', async () => {
  const prune = vi.fn<AuditRetention['prune']>(async () => 3)
  keepHouse(prune, true, undefined, null)
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect(prune).not.toHaveBeenCalled()
})

test('rows that cannot be removed are a warning, not the end', async () => {
  const { logged } = keepHouse(() => Promise.reject(new Error('busy')))
  await vi.advanceTimersByTimeAsync(0)
  expect(logged).toEqual(['old audit rows could not be removed'])
})

test('without an audit log nothing is probed', async () => {
  const { state } = keepHouse(undefined, false)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(state.probes).toBe(0)
})

test('the end stops what runs, silently, and leaves no timer', async () => {
  let stopped: AbortSignal | undefined
  const { house, logged } = keepHouse((_limits, signal) => {
    stopped = signal
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
    })
  })
  house[Symbol.dispose]()
  await vi.advanceTimersByTimeAsync(0)
  expect([stopped?.aborted, logged, vi.getTimerCount()]).toEqual([true, [], 0])
})

test('outcomes whose time is over are removed every hour, in small steps', async () => {
  const steps: number[] = []
  let left = 500
  const prune: KeptStore['outcomes']['prune'] = async (nowMs, max) => {
    expect(nowMs).toBe(new ManualClock().nowMs())
    const removed = Math.min(left, max)
    left -= removed
    steps.push(removed)
    return removed
  }
  const { house } = keepHouse(undefined, true, { prune })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(steps).toEqual([200, 200, 100])
  left = 1
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect(steps.slice(3)).toEqual([1])
  house[Symbol.dispose]()
})

test('outcomes that cannot be removed are said, and removed an hour later', async () => {
  let runs = 0
  const prune = (): Promise<number> => {
    runs += 1
    return Promise.reject(new TypeError('full'))
  }
  const { logged } = keepHouse(undefined, true, { prune })
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect([runs, logged]).toEqual([2, Array(2).fill('old outcomes could not be removed')])
})
