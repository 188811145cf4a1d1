import { readFileSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '@sallyport/kit/errors'
import { Secret } from '@sallyport/kit/secret'
import { describe, expect, test } from 'vitest'
import type { QuestionAnswer } from '../../src/upstreams/upstream.ts'
import {
  asker,
  callText,
  hostileServer,
  httpServer,
  isAlive,
  named,
  openTestUpstreams,
  principal,
  temporaryFolder,
  until,
} from '../fixtures/upstreams/harness.ts'
import { BLUE, ELICITATION } from '../fixtures/upstreams/inquire.ts'
import { legacyServer, startRawHttp, textAnswer } from '../fixtures/upstreams/raw-http-server.ts'

const SIGNAL = AbortSignal.timeout(60_000)
const CAPABILITIES = JSON.stringify({ resources: { subscribe: true } })

function spawnLog(): { readonly file: string; spawns(): number } {
  const file = path.join(temporaryFolder(), 'spawns')
  return { file, spawns: () => readFileSync(file, 'utf8').split('\n').length - 1 }
}

describe('a server that is the same under another configuration', () => {
  test('keeps its child and a call that runs, and heeds its new numbers [fleet/apply/kept]', async () => {
    await using test = await openTestUpstreams({
      one: hostileServer({ TOKEN: 'a secret' }, { idleAfterMs: 60_000 }),
    })
    const pid = await callText(test.upstreams, ['one', 'pid'])
    const running = callText(test.upstreams, ['one', 'sleep'], { ms: 2_000 })
    await until(() => test.status('one').inFlight === 1, 'the call runs')
    const again = hostileServer({ TOKEN: 'a secret' }, { idleAfterMs: 300, prestart: false })
    const { changes, drained } = test.upstreams.apply(named({ one: again }))
    expect(changes).toEqual({ kept: ['one'], changed: [], added: [], removed: [] })
    await drained
    expect(test.status('one')).toMatchObject({ state: 'ready', inFlight: 1, pids: [Number(pid)] })
    expect(await callText(test.upstreams, ['one', 'pid'])).toBe(pid)
    expect(await running).toBe('slept')
    await until(() => test.status('one').state === 'cold', 'the new idle time holds', 3_000)
  })

  test('50 callers of a cold server are one spawn, though it is applied again meanwhile [fleet/apply/kept]', async () => {
    const { file, spawns } = spawnLog()
    const server = hostileServer({ SPAWN_LOG: file, START_DELAY_MS: '500' })
    await using test = await openTestUpstreams({ one: server })
    const call = (n: number): Promise<string> => callText(test.upstreams, ['one', 'echo'], { n })
    const first = Array.from({ length: 25 }, (_, n) => call(n))
    test.upstreams.apply(named({ one: { ...server, env: { ...server.env } } }))
    const second = Array.from({ length: 25 }, (_, n) => call(25 + n))
    const answers = await Promise.all([...first, ...second])
    expect(answers).toEqual(Array.from({ length: 50 }, (_, n) => JSON.stringify({ n })))
    expect(spawns()).toBe(1)
  })

  test('keeps its subscriptions, marks and open breaker', async () => {
    const server = hostileServer({ CAPABILITIES }, { breaker: { failures: 1, resetMs: 60_000 } })
    await using test = await openTestUpstreams({ one: server, two: hostileServer() })
    await test.upstreams.subscribe('one', asker(), 'file:///a', SIGNAL)
    await callText(test.upstreams, ['one', 'die'], {}, { as: principal('key:b') }).catch(() => 0)
    test.upstreams.control.mark('two', 'blocked', { kind: 'blocked', reason: 'broken' })
    test.upstreams.apply(named({ one: { ...server }, two: hostileServer() }))
    const refused = callText(test.upstreams, ['one', 'echo'], {}, { as: principal('key:b') })
    await expect(refused).rejects.toMatchObject({ code: 'breaker_open' })
    expect(test.status('two').state).toBe('blocked')
    const params = { uri: 'file:///a' }
    const method = 'notifications/resources/updated'
    await callText(test.upstreams, ['one', 'announce'], { method, params })
    await until(() => test.updates.length === 1, 'the subscription stands')
  })
})

describe('a server that is another one', () => {
  test('takes new calls at once, while those inside the old one run to their end [fleet/apply/drains]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer({ TOKEN: 'old' }) })
    const before = Number(await callText(test.upstreams, ['one', 'pid']))
    const running = callText(test.upstreams, ['one', 'sleep'], { ms: 1_500 })
    await until(() => test.status('one').inFlight === 1, 'the call runs')
    const other = hostileServer({ TOKEN: 'new' })
    const { changes, drained } = test.upstreams.apply(named({ one: other }))
    expect(changes).toEqual({ kept: [], changed: ['one'], added: [], removed: [] })
    const after = Number(await callText(test.upstreams, ['one', 'pid']))
    expect(after).not.toBe(before)
    expect(isAlive(before)).toBe(true)
    const told = test.states.length
    expect(await running).toBe('slept')
    await drained
    // Nobody hears of the one that is gone as if it were the one there is.
    expect(test.states.slice(told)).toEqual([])
    expect(isAlive(before)).toBe(false)
    expect(test.status('one').pids).toEqual([after])
    expect(JSON.stringify(test.logged)).not.toContain('"new"')
  })

  test('answers the calls that wait for its start, and each set of callers gets its own [fleet/apply/drains]', async () => {
    const { file, spawns } = spawnLog()
    const old = hostileServer({ SPAWN_LOG: file, START_DELAY_MS: '700' })
    await using test = await openTestUpstreams({ one: old })
    const first = Array.from({ length: 25 }, () => callText(test.upstreams, ['one', 'pid']))
    const { drained } = test.upstreams.apply(
      named({ one: hostileServer({ SPAWN_LOG: file, START_DELAY_MS: '0' }) }),
    )
    const second = Array.from({ length: 25 }, () => callText(test.upstreams, ['one', 'pid']))
    const pids = [new Set(await Promise.all(first)), new Set(await Promise.all(second))]
    expect(pids.map(({ size }) => size)).toEqual([1, 1])
    expect(pids[0]).not.toEqual(pids[1])
    expect(spawns()).toBe(2)
    await drained
    expect(isAlive(Number([...(pids[0] ?? [])][0]))).toBe(false)
  })

  test('a call that waits for a person at the old one is answered there [fleet/apply/drains]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const asked = Promise.withResolvers<void>()
    const person = Promise.withResolvers<QuestionAnswer>()
    const onQuestion = (): Promise<QuestionAnswer> => {
      asked.resolve()
      return person.promise
    }
    const args = { messages: [{ id: 'q', ...ELICITATION }], count: 1 }
    const parked = callText(test.upstreams, ['one', 'inquire'], args, { onQuestion })
    await asked.promise
    const { drained } = test.upstreams.apply(named({ one: hostileServer({ NEW: '1' }) }))
    expect(await callText(test.upstreams, ['one', 'answers'])).toBe('[]')
    person.resolve(BLUE)
    expect(await parked).toContain('"id":"q"')
    await drained
  })

  test('calls that wait for room in the old one get it there', async () => {
    await using test = await openTestUpstreams({ one: hostileServer({}, { children: 1 }) })
    const call = (id: string, tool: string, args = {}): Promise<string> =>
      callText(test.upstreams, ['one', tool], args, { as: principal(id) })
    const busy = call('key:a', 'sleep', { ms: 600 })
    const roomless = call('key:b', 'echo', { waited: true })
    await until(() => test.status('one').inFlight === 1, 'the child is busy')
    const { drained } = test.upstreams.apply(named({ one: hostileServer({ NEW: '1' }) }))
    expect(await Promise.all([busy, roomless])).toEqual(['slept', '{"waited":true}'])
    await drained
  })

  test('is subscribed to what was held at the old one, and clients hear that they may have missed something [fleet/apply/subscriptions]', async () => {
    const server = (value: string) => hostileServer({ CAPABILITIES, VALUE: value })
    await using test = await openTestUpstreams({ one: server('old') })
    await test.upstreams.subscribe('one', asker(), 'file:///a', SIGNAL)
    await test.upstreams.subscribe('one', asker(), 'file:///a', SIGNAL)
    await test.upstreams.apply(named({ one: server('new') })).drained
    await until(() => test.updates.length > 0, 'the news that was missed is told')
    expect(test.updates[0]).toMatchObject({ server: 'one', key: 'key:a', uri: 'file:///a' })
    const wanted = async (): Promise<unknown> =>
      (JSON.parse(await callText(test.upstreams, ['one', 'subscribed'])) as { uris: unknown }).uris // of our own fixture
    expect(await wanted()).toEqual(['file:///a'])
    test.upstreams.unsubscribe('one', asker(), 'file:///a')
    expect(await wanted()).toEqual(['file:///a'])
    test.upstreams.unsubscribe('one', asker(), 'file:///a')
    await until(async () => JSON.stringify(await wanted()) === '[]', 'the last one ends it')
  })

  test('stays blocked if its predecessor was', async () => {
    const { file } = spawnLog()
    await using test = await openTestUpstreams({ one: hostileServer() })
    test.upstreams.control.mark('one', 'blocked', { kind: 'blocked', reason: '' })
    const next = hostileServer({ SPAWN_LOG: file }, { prestart: true })
    await test.upstreams.apply(named({ one: next })).drained
    await expect(callText(test.upstreams, ['one', 'echo'])).rejects.toMatchObject({
      code: 'server_blocked',
    })
    expect(test.status('one').state).toBe('blocked')
    expect(() => readFileSync(file)).toThrow('ENOENT')
  })

  test('over HTTP the old session is ended only after its call', async () => {
    const release = Promise.withResolvers<void>()
    const headers: unknown[] = []
    await using server = await startRawHttp((seen, response) => {
      const answer = legacyServer((one, to) => {
        headers.push(one.headers['x-token'])
        if (one.headers['x-token'] !== 'old') textAnswer(one, to, 'new')
        else void release.promise.then(() => textAnswer(one, to, 'old'))
      })
      answer(seen, response)
    })
    const config = (token: string) =>
      httpServer(server.url, { headers: { 'x-token': new Secret(token) } })
    await using test = await openTestUpstreams({ one: config('old') })
    const running = callText(test.upstreams, ['one', 'x'])
    await until(() => headers.length === 1, 'the call is with the server')
    const { drained } = test.upstreams.apply(named({ one: config('new') }))
    let isDrained = false
    void drained.then(() => (isDrained = true))
    expect(await callText(test.upstreams, ['one', 'x'])).toBe('new')
    expect(isDrained).toBe(false)
    release.resolve()
    expect(await running).toBe('old')
    await drained
  })
})

describe('servers that come and go', () => {
  test('one that is removed finishes its calls and ends; one that is added is cold [fleet/apply/drains]', async () => {
    await using test = await openTestUpstreams({ gone: hostileServer(), one: hostileServer() })
    const pid = Number(await callText(test.upstreams, ['gone', 'pid']))
    const running = callText(test.upstreams, ['gone', 'sleep'], { ms: 800 })
    await until(() => test.status('gone').inFlight === 1, 'the call runs')
    await test.upstreams.subscribe('gone', asker(), 'x:1', SIGNAL).catch(() => undefined)
    const { changes, drained } = test.upstreams.apply(
      named({ one: hostileServer(), late: hostileServer() }),
    )
    expect(changes).toEqual({ kept: ['one'], changed: [], added: ['late'], removed: ['gone'] })
    expect(test.upstreams.status().map(({ name, state }) => `${name} ${state}`)).toEqual([
      'one cold',
      'late cold',
    ])
    await expect(callText(test.upstreams, ['gone', 'echo'])).rejects.toMatchObject({
      code: 'server_unavailable',
      outcome: 'not_sent',
    })
    test.upstreams.unsubscribe('gone', asker(), 'x:1')
    expect(await running).toBe('slept')
    await drained
    expect(isAlive(pid)).toBe(false)
    expect(await callText(test.upstreams, ['late', 'echo'])).toBe('{}')
  })

  test('a gateway that stops while servers drain leaves no process', async () => {
    const test = await openTestUpstreams({ one: hostileServer() })
    const pid = Number(await callText(test.upstreams, ['one', 'pid']))
    const hanging = callText(test.upstreams, ['one', 'hang']).catch((thrown: unknown) => thrown)
    await until(() => test.status('one').inFlight === 1, 'the call runs')
    const { drained } = test.upstreams.apply({})
    await test[Symbol.asyncDispose]()
    expect(await hanging).toBeInstanceOf(AppError)
    await drained
    expect(isAlive(pid)).toBe(false)
  })

  test('one that is to be up with the gateway is started when it is added [fleet/prestart]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer({}, { prestart: true }) })
    test.upstreams.prestart()
    await until(() => test.status('one').state === 'ready', 'the first is up')
    const two = hostileServer({}, { prestart: true })
    test.upstreams.apply(named({ one: hostileServer({}, { prestart: true }), two }))
    await until(() => test.status('two').state === 'ready', 'the second is up')
  })
})
