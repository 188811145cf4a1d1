import { ManualClock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { Deadlines } from '@sallyport/kit/limits'
import { expect, onTestFinished, test, vi } from 'vitest'
import { MemoryBudgets } from '../../test/fixtures/client-bench.ts'
import { Budgets } from './budgets.ts'
import { methodLimit } from './method-limits.ts'

const SLOW = { intervalMs: 1_000, burst: 4 }
const FAST = { intervalMs: 1, burst: 1_000 }

function setUp(store = new MemoryBudgets(), clock = new ManualClock()) {
  const deadlines = new Deadlines(clock)
  onTestFinished(() => deadlines[Symbol.dispose]())
  const budgets = new Budgets({ store, clock, deadlines })
  const signal = new AbortController().signal
  const within = (ms: number) => ({ signal, deadlineMs: clock.monotonicMs() + ms })
  return { store, clock, deadlines, budgets, within }
}

/** What became of several at once: how many passed, and the codes of the others. */
async function tally(takes: readonly Promise<number>[]) {
  const settled = await Promise.allSettled(takes)
  const codes = settled.flatMap((one) =>
    one.status === 'rejected' ? [AppError.from(one.reason).code] : [],
  )
  return { passed: settled.length - codes.length, codes: [...new Set(codes)] }
}

test('a busy process asks the store for several at once, a quiet one for one', async () => {
  const { store, clock, budgets, within } = setUp()
  for (let call = 0; call < 200; call += 1) await budgets.take('busy', FAST, within(1_000))
  expect(store.takes.length).toBeLessThan(10)
  for (let call = 0; call < 5; call += 1) {
    clock.advance(2_000)
    await budgets.take('quiet', FAST, within(1_000))
  }
  const quiet = store.takes.filter(({ scope }) => scope === 'quiet')
  expect(quiet.map(({ ask }) => ask.count)).toEqual([1, 1, 1, 1, 1])
})

test('what was taken ahead and not used is given back', async () => {
  const { store, clock, budgets, within } = setUp()
  for (let call = 0; call < 10; call += 1) await budgets.take('s', FAST, within(1_000))
  clock.advance(1_001)
  await budgets.take('s', FAST, within(1_000))
  const asks = store.takes.map(({ ask }) => ask)
  const counted = asks.reduce((sum, { count, returned }) => sum + count - returned, 0)
  expect(counted).toBe(11)
})

test('processes that share a store pass no more than the limit together [slack/client/budget]', async () => {
  const store = new MemoryBudgets()
  const clock = new ManualClock()
  const processes = [setUp(store, clock), setUp(store, clock), setUp(store, clock)]
  const takes = Array.from({ length: 90 }, (_, index) => {
    const { budgets, within } = processes[index % 3] ?? setUp()
    return budgets.take('s', { intervalMs: 1_000, burst: 30 }, within(0))
  })
  expect(await tally(takes)).toEqual({ passed: 30, codes: ['slack_rate_limited'] })
})

test('who may wait is let through in turn, and who may not is refused at once with the time', async () => {
  const { clock, deadlines, budgets, within } = setUp()
  for (let call = 0; call < 4; call += 1) await budgets.take('s', SLOW, within(600))
  await expect(budgets.take('s', SLOW, within(1_400))).rejects.toMatchObject({
    ...{ code: 'slack_rate_limited', retryAfterMs: 1_000, outcome: 'not_sent' },
  })
  const waits: string[] = []
  const wait = async (name: string): Promise<void> => {
    await budgets.take('s', SLOW, within(3_000))
    waits.push(name)
  }
  const both = [wait('first'), wait('second')]
  await expect(budgets.take('s', SLOW, within(3_000))).rejects.toMatchObject({
    retryAfterMs: 3_000,
  })
  clock.advance(1_050)
  deadlines.expireDue()
  await both[0]
  expect(waits).toEqual(['first'])
  clock.advance(1_000)
  deadlines.expireDue()
  await both[1]
  expect(waits).toEqual(['first', 'second'])
})

test('who is cancelled while waiting ends at once, and its turn is there for another', async () => {
  const { store, clock, deadlines, budgets, within } = setUp()
  for (let call = 0; call < 4; call += 1) await budgets.take('s', SLOW, within(600))
  const controller = new AbortController()
  const gone = budgets.take('s', SLOW, { ...within(9_000), signal: controller.signal })
  await vi.waitFor(() => expect(deadlines.size).toBe(1))
  controller.abort(new AppError('cancelled', 'the caller cancelled'))
  await expect(gone).rejects.toMatchObject({ code: 'cancelled' })
  expect(deadlines.size).toBe(0)
  clock.advance(1_000)
  await budgets.take('s', SLOW, within(600))
  expect(store.takes.at(-1)?.ask).toMatchObject({ returned: 1 })
})

test('a block is kept by those who took ahead, too', async () => {
  const { store, clock, budgets, within } = setUp()
  for (let call = 0; call < 5; call += 1) await budgets.take('s', FAST, within(1_000))
  await budgets.block('s', 2_000)
  const asked = store.takes.length
  const refused = budgets.take('s', FAST, within(1_000))
  await expect(refused).rejects.toMatchObject({ retryAfterMs: 2_000 })
  expect(store.takes).toHaveLength(asked)
  clock.advance(2_000)
  await budgets.take('s', FAST, within(1_000))
})

test('who waits for a turn when Slack asks for a pause waits for its end, too', async () => {
  const { clock, deadlines, budgets, within } = setUp()
  for (let call = 0; call < 4; call += 1) await budgets.take('s', SLOW, within(600))
  let passed = false
  const waiting = budgets.take('s', SLOW, within(20_000)).then(() => (passed = true))
  await vi.waitFor(() => expect(deadlines.size).toBe(1))
  await budgets.block('s', 5_000)
  clock.advance(1_050)
  deadlines.expireDue()
  await vi.waitFor(() => expect(deadlines.size).toBe(1))
  expect(passed).toBe(false)
  clock.advance(4_000)
  deadlines.expireDue()
  expect(await waiting).toBe(true)
})

test('a store that cannot be written lets nothing pass, and loses nothing', async () => {
  const { store, budgets, within } = setUp()
  store.failure = new AppError('store_unwritable', 'the disk is full')
  const takes = [1, 2, 3].map(() => budgets.take('s', SLOW, within(1_000)))
  expect(await tally(takes)).toEqual({ passed: 0, codes: ['store_unwritable'] })
  store.failure = undefined
  const later = [1, 2, 3, 4, 5].map(() => budgets.take('s', SLOW, within(0)))
  expect(await tally(later)).toEqual({ passed: 4, codes: ['slack_rate_limited'] })
})

test("Slack's tiers are kept, strictly for histories of unlisted apps alone", () => {
  const perMinute = (method: string, distribution: 'internal' | 'marketplace' | 'unlisted') =>
    60_000 / methodLimit(method, distribution, undefined).intervalMs
  expect(perMinute('conversations.history', 'internal')).toBeCloseTo(50)
  expect(perMinute('conversations.history', 'marketplace')).toBeCloseTo(50)
  expect(perMinute('conversations.history', 'unlisted')).toBe(1)
  expect(perMinute('conversations.list', 'unlisted')).toBeCloseTo(20)
  expect(perMinute('something.new', 'internal')).toBeCloseTo(20)
  expect(methodLimit('conversations.replies', 'unlisted', undefined).burst).toBe(1)
})
