import { AppError } from '@sallyport/kit/errors'
import { expect, test, vi } from 'vitest'
import { ClientBench } from '../../test/fixtures/client-bench.ts'
import { json, ScriptedHttp } from '../../test/fixtures/scripted-http.ts'

const ROUNDS = 500
const AT_ONCE = 50

const ends = (call: Promise<unknown>): Promise<AppError> =>
  call.then(
    () => new AppError('internal', 'it did not fail'),
    (thrown: unknown) => AppError.from(thrown),
  )

test('a Slack that hangs is left at the deadline, and its connection is closed [slack/client/deadline]', async () => {
  await using slack = await ScriptedHttp.open(() => undefined)
  using bench = new ClientBench({ origin: slack.origin })
  const read = bench.call('T1', 'team.info', {}, { deadlineMs: bench.inMs(100) })
  expect(await ends(read)).toMatchObject({ code: 'deadline_exceeded', outcome: 'unknown' })
  const write = bench.call('T1', 'pins.add', {}, { write: true, deadlineMs: bench.inMs(100) })
  expect(await ends(write)).toMatchObject({ code: 'slack_outcome_unknown' })
  expect(slack.seen).toHaveLength(2)
  await vi.waitFor(async () => expect(await slack.connections()).toBe(0))
  expect([bench.exchange.sockets, bench.deadlines.size]).toEqual([0, 0])
})

test('who is cancelled is let go at once, with what is known of the call', async () => {
  await using slack = await ScriptedHttp.open(() => undefined)
  using bench = new ClientBench({ origin: slack.origin })
  const cancelled = async (code: 'cancelled' | 'deadline_exceeded' | 'shutting_down') => {
    const controller = new AbortController()
    const { signal } = controller
    const before = slack.seen.length
    const calls = [false, true].map((write) =>
      ends(bench.call('T1', 'pins.add', {}, { signal, write })),
    )
    await vi.waitFor(() => expect(slack.seen).toHaveLength(before + 2))
    controller.abort(new AppError(code, 'over'))
    return (await Promise.all(calls)).map(({ code: told, outcome }) => `${told} ${outcome}`)
  }
  expect(await cancelled('cancelled')).toEqual(['cancelled unknown', 'cancelled unknown'])
  expect(await cancelled('deadline_exceeded')).toEqual([
    'deadline_exceeded unknown',
    'slack_outcome_unknown unknown',
  ])
  expect(await cancelled('shutting_down')).toEqual([
    'shutting_down unknown',
    'slack_outcome_unknown unknown',
  ])
  const sent = slack.seen.length
  const signal = AbortSignal.abort(new AppError('cancelled', 'before it began'))
  expect(await ends(bench.call('T1', 'pins.add', {}, { signal, write: true }))).toMatchObject({
    code: 'cancelled',
  })
  expect(slack.seen).toHaveLength(sent)
})

test('after 500 calls that hang, end early, are cut or answered no connection and no deadline is left [slack/client/deadline]', async () => {
  await using slack = await ScriptedHttp.open((seen, res) => {
    if (seen.path.endsWith('/team.info')) json(res, { ok: true })
    else if (seen.path.endsWith('/auth.test')) res.destroy()
    else if (seen.path.endsWith('/emoji.list')) res.writeHead(200).write('{"ok"')
  })
  using bench = new ClientBench({ origin: slack.origin, callsPerMinute: 1_000_000 })
  const methods = ['team.info', 'auth.test', 'users.info', 'emoji.list', 'pins.list']
  const round = async (index: number): Promise<void> => {
    const controller = new AbortController()
    const { signal } = controller
    const method = methods[index % methods.length] ?? ''
    const over = ends(
      bench.call(
        `T${index % 3}`,
        method,
        {},
        { signal, write: true, deadlineMs: bench.inMs(5_000) },
      ),
    )
    if (method === 'team.info' || method === 'auth.test') await over
    // Some before the request is out, some after.
    else if (index % 2 === 0) setImmediate(() => controller.abort(new AppError('cancelled', 'x')))
    else controller.abort(new AppError('cancelled', 'x'))
    await over
  }
  for (let at = 0; at < ROUNDS; at += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => round(at + index)))
  }
  expect(bench.deadlines.size).toBe(0)
  // What is kept for the next request closes by itself, with the clients at the latest.
  await vi.waitFor(async () => expect(await slack.connections()).toBe(bench.exchange.sockets))
  bench.exchange[Symbol.dispose]()
  await vi.waitFor(async () => expect(await slack.connections()).toBe(0))
})

test('one connection serves calls one after another', async () => {
  await using slack = await ScriptedHttp.open((_seen, res) => json(res, { ok: true }))
  using bench = new ClientBench({ origin: slack.origin, callsPerMinute: 100_000 })
  for (let call = 0; call < 20; call += 1) await bench.call('T1', 'team.info')
  expect(await slack.connections()).toBe(1)
})
