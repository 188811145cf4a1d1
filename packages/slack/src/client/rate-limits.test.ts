import { ManualClock } from '@sallyport/kit/clock'
import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { ClientBench, installationOf, MemoryBudgets } from '../../test/fixtures/client-bench.ts'
import { APP } from '../../test/fixtures/scripted-slack.ts'
import { json, ScriptedHttp } from '../../test/fixtures/scripted-http.ts'

/** A Slack that asks for pauses first: seconds, or '' for none named. */
async function limitedSlack(pauses: readonly string[]) {
  const left = [...pauses]
  return await ScriptedHttp.open((_seen, res) => {
    const pause = left.shift()
    if (pause === undefined) json(res, { ok: true })
    else res.writeHead(429, pause === '' ? {} : { 'retry-after': pause }).end('slow down')
  })
}

function benchOf(slack: ScriptedHttp, budgets = new MemoryBudgets()) {
  const clock = new ManualClock()
  const bench = new ClientBench({ origin: slack.origin, clock, budgets })
  return { clock, bench, budgets, ask: { deadlineMs: clock.monotonicMs() + 30_000 } }
}

test('a pause that the deadline has room for is sat out, to its end [slack/client/retry-after]', async () => {
  await using slack = await limitedSlack(['1'])
  const { clock, bench, budgets, ask } = benchOf(slack)
  using _bench = bench
  const call = bench.call('T1', 'conversations.history', {}, ask)
  await vi.waitFor(() => expect(budgets.blocks.size).toBe(1))
  clock.advance(999)
  bench.deadlines.expireDue()
  await new Promise(setImmediate)
  expect(slack.seen).toHaveLength(1)
  // To the next tick of the process' timer.
  clock.advance(51)
  bench.deadlines.expireDue()
  expect(await call).toMatchObject({ ok: true })
  expect(slack.seen).toHaveLength(2)
  expect(bench.requested).toEqual(['conversations.history limited', 'conversations.history ok'])
})

test('a longer pause is told at once with its seconds, and nobody asks Slack before its end [slack/client/retry-after]', async () => {
  await using slack = await limitedSlack(['60'])
  const { clock, bench, ask } = benchOf(slack)
  using _bench = bench
  const first = bench.call('T1', 'conversations.history', {}, ask)
  await expect(first).rejects.toMatchObject({
    ...{ code: 'slack_rate_limited', retryAfterMs: 60_000, outcome: 'not_sent' },
    spec: { retryable: true },
  })
  clock.advance(25_000)
  const second = bench.call('T1', 'conversations.history', {}, { deadlineMs: bench.inMs(30_000) })
  await expect(second).rejects.toMatchObject({
    ...{ code: 'slack_rate_limited', retryAfterMs: 35_000 },
  })
  expect(slack.seen).toHaveLength(1)
  // Another workspace and another method go on.
  await bench.call('T2', 'conversations.history', {}, { deadlineMs: bench.inMs(30_000) })
  await bench.call('T1', 'conversations.replies', {}, { deadlineMs: bench.inMs(30_000) })
  clock.advance(35_000)
  await bench.call('T1', 'conversations.history', {}, { deadlineMs: bench.inMs(30_000) })
  expect(slack.seen).toHaveLength(4)
})

test('a pause without a length is sat out, and a Slack that never has enough is given up', async () => {
  await using slack = await limitedSlack(Array.from({ length: 10 }, () => ''))
  const { clock, bench, budgets, ask } = benchOf(slack)
  using _bench = bench
  const call = bench.call('T1', 'team.info', {}, ask)
  const ended = call.then(
    () => 'ok',
    (thrown: unknown) => thrown,
  )
  for (let request = 1; request <= 3; request += 1) {
    await vi.waitFor(() => expect(slack.seen).toHaveLength(request))
    await vi.waitFor(() => expect(budgets.blocks.size).toBe(1))
    await vi.waitFor(() => expect(bench.deadlines.size).toBe(1))
    clock.advance(5_051)
    bench.deadlines.expireDue()
  }
  expect(await ended).toMatchObject({ code: 'slack_rate_limited', retryAfterMs: 5_000 })
  expect(slack.seen).toHaveLength(4)
})

test('a process that was told to pause keeps the others from asking', async () => {
  await using slack = await limitedSlack(['60'])
  const shared = new MemoryBudgets()
  const one = benchOf(slack, shared)
  const other = benchOf(slack, shared)
  using _one = one.bench
  using _other = other.bench
  const call = (at: typeof one) => at.bench.call('T1', 'users.list', {}, at.ask)
  await expect(call(one)).rejects.toMatchObject({ code: 'slack_rate_limited' })
  await expect(call(other)).rejects.toMatchObject({ code: 'slack_rate_limited' })
  expect(slack.seen).toHaveLength(1)
})

test('an unlisted app reads one page a minute, and only of histories and threads', async () => {
  await using slack = await limitedSlack([])
  const { bench } = benchOf(slack)
  using _bench = bench
  const api = bench.clients.of({ ...APP, distribution: 'unlisted' }, installationOf('T1'))
  const call = (method: string) =>
    api.call(
      method,
      {},
      { reply: z.unknown(), signal: new AbortController().signal, deadlineMs: bench.inMs(30_000) },
    )
  await call('conversations.history')
  await expect(call('conversations.history')).rejects.toMatchObject({ retryAfterMs: 60_000 })
  await call('conversations.replies')
  await call('users.info')
  await call('users.info')
  expect(slack.seen).toHaveLength(4)
})

test('posts are counted for each channel: one a second, and a few at once', async () => {
  await using slack = await limitedSlack([])
  const { bench, budgets } = benchOf(slack)
  using _bench = bench
  const post = (channel: string) =>
    bench.call(
      'T1',
      'chat.postMessage',
      { channel, text: 'x' },
      { write: true, deadlineMs: bench.inMs(600) },
    )
  for (let index = 0; index < 5; index += 1) await post('C1')
  await expect(post('C1')).rejects.toMatchObject({ retryAfterMs: 1_000 })
  await post('C2')
  await post('#odd name')
  const scopes = new Set(budgets.takes.map(({ scope }) => scope))
  expect([...scopes]).toEqual([
    'slack/default/T1/chat.postMessage/C1',
    'slack/default/T1/chat.postMessage/C2',
    'slack/default/T1/chat.postMessage',
  ])
})
