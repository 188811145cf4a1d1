import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { postgresAvailable, startPostgres } from '@sallyport/kit/testing/postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ACCEPTED, askedBy, sendModern } from '../fixtures/asked.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { type Answer, send } from '../fixtures/send.ts'
import { serverEvents, stdioServer } from '../fixtures/server-events.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { callTool, failureOf, LegacySession, type Target, textOf } from '../fixtures/wire.ts'

const EVENTS = { EVENTS_FILE: './events' }

const start = () => startGateway({ config: { mcpServers: { own: stdioServer(EVENTS) } } })

function keyed(
  target: Target,
  key: string,
  args: object = {},
  tool = 'own__echo',
): Promise<Answer> {
  return callTool(target, tool, args, { headers: { 'idempotency-key': key } })
}

function isReplay({ json }: Answer): boolean {
  const meta = json.result?.['_meta'] as Record<string, unknown> | undefined // shape of a result
  return meta?.['dev.sallyport/replayed'] === true
}

/** Calls that reached the server. */
async function made({ dir }: TestGateway, tool = 'echo'): Promise<number> {
  const events = await serverEvents(join(dir, 'events'))
  return events.filter((one) => one.event === 'call' && one.tool === tool).length
}

const audited = async (gateway: TestGateway): Promise<unknown[]> => {
  const { items } = await gateway.json<{ items: { outcome: string; code: string | null }[] }>([
    'audit',
    'list',
  ])
  return items.map(({ outcome, code }) => [outcome, code])
}

describe('one gateway', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await start()
  })
  afterAll(() => gateway[Symbol.asyncDispose]())

  test('a repeat gets the first answer by header and by `_meta`, in both eras, is recorded, and reaches no server [once/repeat] [once/key]', async () => {
    const before = await made(gateway)
    const first = await keyed(gateway, '"k 1"', { message: 'hi' })
    expect([textOf(first), isReplay(first)]).toEqual(['hi', false])
    const session = await LegacySession.open(gateway)
    const meta = { 'dev.sallyport/idempotencyKey': 'k 1' }
    const params = { name: 'own__echo', arguments: { message: 'hi' }, _meta: meta }
    for (const again of [
      await keyed(gateway, '"k 1"', { message: 'hi' }),
      await session.request('tools/call', params),
    ]) {
      expect([again.status, textOf(again), isReplay(again)]).toEqual([200, 'hi', true])
    }
    const other = await keyed(gateway, '"k 1"', { message: 'ho' })
    expect(failureOf(other)).toMatchObject({ code: 'idempotency_conflict', outcome: 'not_sent' })
    expect(await made(gateway)).toBe(before + 1)
    const rows = await audited(gateway)
    expect(rows).toContainEqual(['ok', 'replayed'])
    expect(rows).toContainEqual(['refused', 'idempotency_conflict'])
  })

  test('of forty calls with one key that come at once, one is made [once/together]', async () => {
    const before = await made(gateway, 'wait')
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => keyed(gateway, 'forty', { ms: 300 }, 'own__wait')),
    )
    expect(answers.map(textOf)).toEqual(Array(40).fill('waited'))
    expect(answers.filter(isReplay)).toHaveLength(39)
    expect(await made(gateway, 'wait')).toBe(before + 1)
  })

  test('a call goes on when its client loses the connection, which then finds the answer [once/lost-connection]', async () => {
    const before = await made(gateway, 'wait')
    const leaving = new AbortController()
    const params = { name: 'own__wait', arguments: { ms: 500 } }
    const headers = { 'idempotency-key': 'lost' }
    const { signal } = leaving
    const lost = sendModern(gateway, 'tools/call', params, { headers, signal }).catch(() => 'lost')
    await waitUntil(
      'the call to reach the server',
      async () => (await made(gateway, 'wait')) > before,
    )
    leaving.abort()
    expect(await lost).toBe('lost')
    const again = await keyed(gateway, 'lost', { ms: 500 }, 'own__wait')
    expect([textOf(again), isReplay(again)]).toEqual(['waited', true])
    const events = await serverEvents(join(gateway.dir, 'events'))
    expect(events.filter(({ event }) => event === 'cancelled')).toEqual([])
    expect(await made(gateway, 'wait')).toBe(before + 1)
  })

  test('a legacy client that lost its connection repeats its request, id and all, and once at a time [once/lost-connection]', async () => {
    const before = await made(gateway, 'wait')
    const session = await LegacySession.open(gateway)
    const params = { name: 'own__wait', arguments: { ms: 1_500 } }
    const body = { jsonrpc: '2.0', id: 9, method: 'tools/call', params }
    const headers = { ...session.headers, 'idempotency-key': 'again' }
    const leaving = new AbortController()
    const { signal } = leaving
    const lost = send(gateway.url, { headers, body, signal }).catch(() => 'lost')
    await waitUntil(
      'the call to reach the server',
      async () => (await made(gateway, 'wait')) > before,
    )
    leaving.abort()
    expect(await lost).toBe('lost')
    const again = send(gateway.url, { headers, body })
    const [repeated, meanwhile] = await Promise.all([again, send(gateway.url, { headers, body })])
    const both = [repeated, meanwhile].toSorted((one, other) => one.status - other.status)
    expect(both.map(({ status }) => status)).toEqual([200, 400])
    expect(both.map(textOf)[0]).toBe('waited')
    expect(both.map(isReplay)).toEqual([true, false])
    expect(await made(gateway, 'wait')).toBe(before + 1)
  })

  test('a call outlives its session, and not its cancellation [once/lost-connection] [once/unknown]', async () => {
    const call = async (session: LegacySession, key: string, id: number): Promise<void> => {
      const params = { name: 'own__wait', arguments: { ms: 700 } }
      const body = { jsonrpc: '2.0', id, method: 'tools/call', params }
      const before = await made(gateway, 'wait')
      session.post(body, { 'idempotency-key': key }).catch(() => undefined) // its answer is not looked at
      await waitUntil('the call', async () => (await made(gateway, 'wait')) > before)
    }
    const ended = await LegacySession.open(gateway)
    await call(ended, 'ended', 1)
    await send(gateway.url, { method: 'DELETE', headers: ended.headers })
    const again = await keyed(gateway, 'ended', { ms: 700 }, 'own__wait')
    expect([textOf(again), isReplay(again)]).toEqual(['waited', true])

    const session = await LegacySession.open(gateway)
    await call(session, 'cancelled', 1)
    await session.post({
      ...{ jsonrpc: '2.0', method: 'notifications/cancelled' },
      params: { requestId: 1 },
    })
    const unknown = await keyed(gateway, 'cancelled', { ms: 700 }, 'own__wait')
    expect(failureOf(unknown)).toMatchObject({ code: 'outcome_unknown' })
  })

  test('a call whose server died has no known outcome, and is not made again [once/unknown]', async () => {
    const first = await keyed(gateway, 'died', {}, 'own__crash')
    expect(failureOf(first)).toMatchObject({ code: 'server_lost', outcome: 'unknown' })
    const again = await keyed(gateway, 'died', {}, 'own__crash')
    expect(failureOf(again)).toMatchObject({ code: 'outcome_unknown', retryable: false })
    expect(await made(gateway, 'crash')).toBe(1)
  })

  test('a bad key is invalid params, and nothing is sent [once/key/invalid]', async () => {
    const before = await made(gateway)
    const answer = await keyed(gateway, '"open', { message: 'hi' })
    expect(answer.json.error).toMatchObject({ code: -32_602, data: { code: 'request_invalid' } })
    expect(await made(gateway)).toBe(before)
  })
})

test('an outcome outlives kill -9, and a call that was cut by it is not made again [once/kept] [once/gone]', async () => {
  await using gateway = await start()
  expect(textOf(await keyed(gateway, 'done', { message: 'hi' }))).toBe('hi')
  const cut = keyed(gateway, 'cut', { ms: 20_000 }, 'own__wait').catch(() => 'cut')
  await waitUntil('the call to reach the server', async () => (await made(gateway, 'wait')) === 1)
  await gateway.kill9()
  expect(await cut).toBe('cut')

  await gateway.restart()
  const again = await keyed(gateway, 'done', { message: 'hi' })
  expect([textOf(again), isReplay(again)]).toEqual(['hi', true])
  const unknown = await keyed(gateway, 'cut', { ms: 20_000 }, 'own__wait')
  expect(failureOf(unknown)).toMatchObject({
    ...{ code: 'outcome_unknown', outcome: 'unknown', retryable: false },
  })
  expect([await made(gateway), await made(gateway, 'wait')]).toEqual([1, 1])
})

test('repeats cost nothing of a daily quota', async () => {
  const limits = { perPrincipal: { daily: 2 } }
  const mcpServers = { own: stdioServer(EVENTS) }
  await using gateway = await startGateway({ config: { mcpServers, limits } })
  for (let count = 0; count < 5; count += 1) {
    expect(textOf(await keyed(gateway, 'k', { message: 'hi' }))).toBe('hi')
  }
  expect(textOf(await keyed(gateway, 'k2', { message: 'hi' }))).toBe('hi')
  expect(failureOf(await keyed(gateway, 'k3'))).toMatchObject({ code: 'quota_exceeded' })
})

test(
  'under kill -9 no key is made twice, and none that was answered is missing [once/kept] [once/gone] [once/repeat]',
  { timeout: 90_000 },
  async () => {
    await using gateway = await start()
    const ended = new Map<string, string>()
    const keys = Array.from({ length: 150 }, (_, at) => `key-${at}`)
    const waiting = [...keys]
    let alive = Promise.resolve()
    /** Undefined while it has to be repeated: cut by the kill, or not sent. */
    const attempt = async (key: string): Promise<string | undefined> => {
      await alive
      const answer = await keyed(gateway, key, { message: key }).catch(() => undefined)
      if (!answer) return undefined
      const code = failureOf(answer)?.code
      return code === undefined ? textOf(answer) : code === 'outcome_unknown' ? code : undefined
    }
    const work = async (): Promise<void> => {
      for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) {
        let told: string | undefined
        while (told === undefined) told = await attempt(key)
        ended.set(key, told)
      }
    }
    const workers = Array.from({ length: 8 }, work)
    for (const reached of [40, 90]) {
      await waitUntil(`${reached} calls`, () => ended.size >= reached, 30_000)
      const { promise, resolve } = Promise.withResolvers<void>()
      alive = promise
      await gateway.kill9()
      await gateway.restart()
      resolve()
    }
    await Promise.all(workers)

    const calls = (await serverEvents(join(gateway.dir, 'events'))).flatMap(({ event, message }) =>
      event === 'call' ? [message] : [],
    )
    expect(calls).toHaveLength(new Set(calls).size)
    const answered = keys.filter((key) => ended.get(key) === key)
    expect(answered.filter((key) => !calls.includes(key))).toEqual([])
    expect(keys.filter((key) => ![key, 'outcome_unknown'].includes(ended.get(key) ?? ''))).toEqual(
      [],
    )
    // Only what was under way when it was killed.
    expect(keys.length - answered.length).toBeLessThanOrEqual(16)
  },
)

test('a key is that of the group: it moves to another member before it is sent, and is replayed whoever made it [once/whose] [once/not-sent]', async () => {
  const broken = { command: process.execPath, args: ['-e', 'process.exit(1)'] }
  await using gateway = await startGateway({
    config: {
      mcpServers: { one: broken, two: stdioServer(EVENTS) },
      groups: { both: { members: ['one', 'two'], strategy: 'priority' } },
    },
  })
  const first = await keyed(gateway, 'k', { message: 'hi' }, 'both__echo')
  expect([textOf(first), isReplay(first)]).toEqual(['hi', false])
  await gateway.command(['servers', 'block', 'two'])
  const again = await keyed(gateway, 'k', { message: 'hi' }, 'both__echo')
  expect([textOf(again), isReplay(again)]).toEqual(['hi', true])
  expect(await made(gateway)).toBe(1)
})

test('rounds of questions to a modern client are one call of a legacy server [once/rounds]', async () => {
  const file = fileURLToPath(new URL('../fixtures/servers/asking-stdio.ts', import.meta.url))
  const own = { command: process.execPath, args: [file] }
  await using gateway = await startGateway({ config: { mcpServers: { own } } })
  const options = { headers: { 'idempotency-key': 'k' } }
  const { state, keys } = await askedBy(gateway, 'own__ask', {}, options)
  const inputResponses = Object.fromEntries(keys.map((key) => [key, ACCEPTED]))
  const round = { name: 'own__ask', arguments: {}, requestState: state, inputResponses }
  const answer = await sendModern(gateway, 'tools/call', round, options)
  expect([textOf(answer), isReplay(answer)]).toEqual([expect.stringContaining('blue'), false])
  const again = await sendModern(gateway, 'tools/call', round, options)
  expect([textOf(again), isReplay(again)]).toEqual([textOf(answer), true])
})

test.runIf(postgresAvailable())(
  'of two gateways on one PostgreSQL one makes the call, and the other waits for its answer or learns that it is gone [once/elsewhere] [once/gone]',
  async () => {
    await using postgres = await startPostgres()
    const token = 'kpF3d0ahNw7qTz4VxYbL9sRmGc2uJe5Q'
    const config = {
      store: postgres.url,
      masterKey: 'ab'.repeat(32),
      auth: { tokens: [{ name: 'shared', value: token }] },
      mcpServers: { own: stdioServer(EVENTS) },
    }
    await using one = await startGateway({ config })
    await using two = await startGateway({ config })
    const targets = [one, two].map(({ url }) => ({ url, token }))
    const answers = await Promise.all(
      Array.from(
        { length: 20 },
        (_, at) => keyed(targets[at % 2]!, 'k', { ms: 400 }, 'own__wait'), // there are two
      ),
    )
    expect(answers.map(textOf)).toEqual(Array(20).fill('waited'))
    expect((await made(one, 'wait')) + (await made(two, 'wait'))).toBe(1)

    const before = await made(one, 'wait')
    const cut = keyed(targets[0]!, 'cut', { ms: 20_000 }, 'own__wait').catch(() => 'cut') // as above
    await waitUntil('the call to begin', async () => (await made(one, 'wait')) > before)
    const waiting = keyed(targets[1]!, 'cut', { ms: 20_000 }, 'own__wait') // as above
    await one.kill9()
    expect(await cut).toBe('cut')
    expect(failureOf(await waiting)).toMatchObject({ code: 'outcome_unknown' })
    expect((await made(one, 'wait')) + (await made(two, 'wait'))).toBe(2)
  },
)
