import { readFileSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '@sallyport/kit/errors'
import { describe, expect, test } from 'vitest'
import {
  asker,
  callText,
  hostileServer,
  isAlive,
  openTestUpstreams,
  principal,
  temporaryFolder,
  until,
} from '../fixtures/upstreams/harness.ts'

const SIGNAL = AbortSignal.timeout(60_000)
const CAPABILITIES = JSON.stringify({ resources: { subscribe: true } })

function blocked(reason = 'it leaks') {
  return { kind: 'blocked', reason } as const
}

describe('start', () => {
  test('opens a session for the asker, also while the server is left alone [fleet/start]', async () => {
    const file = path.join(temporaryFolder(), 'spawns')
    const server = hostileServer({ SPAWN_LOG: file, EXIT_AT_START: '1' })
    await using test = await openTestUpstreams({ one: server }, { random: () => 1 })
    const { control } = test.upstreams
    const spawns = (): number => readFileSync(file, 'utf8').split('\n').length - 1
    await expect(callText(test.upstreams, ['one', 'echo'])).rejects.toBeInstanceOf(AppError)
    const before = spawns()
    await expect(control.start('one', asker(), SIGNAL)).rejects.toMatchObject({
      code: 'server_start_failed',
    })
    expect(spawns()).toBeGreaterThan(before)
    await expect(control.start('none', asker(), SIGNAL)).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  test('whoever asks for it may stop waiting', async () => {
    await using test = await openTestUpstreams({ one: hostileServer({ START_DELAY_MS: '5000' }) })
    const leaving = new AbortController()
    const starting = test.upstreams.control.start('one', asker(), leaving.signal)
    leaving.abort(new AppError('cancelled', 'gone'))
    await expect(starting).rejects.toMatchObject({ code: 'cancelled' })
  })
})

describe('stop', () => {
  test('lets the running call finish, and the next one starts another child meanwhile [fleet/stop]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const pid = Number(await callText(test.upstreams, ['one', 'pid']))
    const running = callText(test.upstreams, ['one', 'sleep'], { ms: 1_000 })
    await until(() => test.status('one').inFlight === 1, 'the call runs')
    const stopped = test.upstreams.control.stop('one', 10_000)
    expect(test.status('one')).toMatchObject({ state: 'draining', inFlight: 1 })
    const next = Number(await callText(test.upstreams, ['one', 'pid']))
    expect(next).not.toBe(pid)
    expect(await running).toBe('slept')
    await stopped
    expect(isAlive(pid)).toBe(false)
    expect(isAlive(next)).toBe(true)
    expect(test.status('one')).toMatchObject({ state: 'ready', pids: [next] })
  })

  test('ends what outlasts its time, as a typed error of unknown outcome [fleet/stop]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const pid = Number(await callText(test.upstreams, ['one', 'pid']))
    const hanging = callText(test.upstreams, ['one', 'hang']).catch((thrown: unknown) => thrown)
    // Behind the call on the pipe: the server has it.
    await callText(test.upstreams, ['one', 'echo'])
    await test.upstreams.control.stop('one', 200)
    expect(await hanging).toMatchObject({ code: 'server_lost', outcome: 'unknown' })
    expect(isAlive(pid)).toBe(false)
    expect(test.status('one').state).toBe('cold')
  })

  test('a start that runs is waited for, and its callers are answered', async () => {
    await using test = await openTestUpstreams({ one: hostileServer({ START_DELAY_MS: '500' }) })
    const waiting = callText(test.upstreams, ['one', 'echo'], { n: 1 })
    const stopped = test.upstreams.control.stop('one', 10_000)
    expect(await waiting).toBe('{"n":1}')
    await stopped
    expect(test.status('one')).toMatchObject({ state: 'cold', pids: [] })
  })

  test('a session that is subscribed with comes back with the next call, subscriptions included', async () => {
    await using test = await openTestUpstreams({ one: hostileServer({ CAPABILITIES }) })
    await test.upstreams.subscribe('one', asker(), 'file:///a', SIGNAL)
    await test.upstreams.control.stop('one', 1_000)
    expect(test.status('one').state).toBe('cold')
    expect(await callText(test.upstreams, ['one', 'subscribed'])).toContain('file:///a')
  })
})

describe('block', () => {
  test('refuses calls with the reason, lets running ones finish, and ends every child [fleet/block]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const pid = Number(await callText(test.upstreams, ['one', 'pid']))
    const other = Number(await callText(test.upstreams, ['one', 'pid'], {}, { as: principal('b') }))
    const running = callText(test.upstreams, ['one', 'sleep'], { ms: 800 })
    await until(() => test.status('one').inFlight === 1, 'the call runs')
    test.upstreams.control.mark('one', 'blocked', blocked())
    const refusal = { code: 'server_blocked', outcome: 'not_sent' }
    const call = callText(test.upstreams, ['one', 'echo'])
    await expect(call).rejects.toMatchObject(refusal)
    await expect(call).rejects.toThrow('an operator blocked the server one: it leaks')
    await until(() => !isAlive(other), 'the idle child ends at once')
    expect(isAlive(pid)).toBe(true)
    expect(await running).toBe('slept')
    await until(() => !isAlive(pid), 'the busy child ends after its call')
    expect(test.status('one')).toMatchObject({
      state: 'blocked',
      reason: 'an operator blocked the server one: it leaks',
    })
  })

  test('nothing starts a blocked server: no list, no subscription, no look, no operator [fleet/block]', async () => {
    const file = path.join(temporaryFolder(), 'spawns')
    const server = hostileServer(
      { SPAWN_LOG: file, CAPABILITIES },
      { prestart: true, health: { everyMs: 20 } },
    )
    await using test = await openTestUpstreams({ one: server }, { isMember: () => true })
    const { upstreams } = test
    upstreams.control.mark('one', 'blocked', blocked(''))
    upstreams.prestart()
    const attempts = [
      upstreams.warm('one', asker(), SIGNAL),
      upstreams.subscribe('one', asker(), 'file:///a', SIGNAL),
      upstreams.control.check('one', asker(), SIGNAL),
      upstreams.control.start('one', asker(), SIGNAL),
      callText(upstreams, ['one', 'echo']),
    ]
    for (const attempt of attempts) {
      await expect(attempt).rejects.toMatchObject({ code: 'server_blocked' })
    }
    expect(() => readFileSync(file)).toThrow('ENOENT')
    upstreams.control.mark('one', 'blocked', undefined)
    expect(test.status('one')).toMatchObject({ state: 'cold', reason: null })
    expect(await callText(upstreams, ['one', 'echo'])).toBe('{}')
  })

  test('what was subscribed to is asked for again once the block is lifted', async () => {
    await using test = await openTestUpstreams({ one: hostileServer({ CAPABILITIES }) })
    await test.upstreams.subscribe('one', asker(), 'file:///a', SIGNAL)
    test.upstreams.control.mark('one', 'blocked', blocked())
    await until(() => test.status('one').pids.length === 0, 'its child is gone')
    test.upstreams.control.mark('one', 'blocked', undefined)
    await until(
      () => test.updates.length === 1,
      'the client hears that it may have missed something',
    )
    expect(await callText(test.upstreams, ['one', 'subscribed'])).toContain('file:///a')
  })

  test('a caller that waits for room in a server that is blocked hears so', async () => {
    await using test = await openTestUpstreams({ one: hostileServer({}, { children: 1 }) })
    const busy = callText(test.upstreams, ['one', 'sleep'], { ms: 500 })
    const options = { as: principal('key:b') }
    const roomless = callText(test.upstreams, ['one', 'echo'], {}, options)
    const refused = expect(roomless).rejects.toMatchObject({ code: 'server_blocked' })
    test.upstreams.control.mark('one', 'blocked', blocked())
    await refused
    expect(await busy).toBe('slept')
  })
})

describe('drain', () => {
  test('refuses new calls with a time to retry and lets running ones finish; lists are read [fleet/drain]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const { upstreams } = test
    const running = callText(upstreams, ['one', 'sleep'], { ms: 500 })
    upstreams.control.mark('one', 'draining', { kind: 'draining', reason: 'new disks' })
    await expect(callText(upstreams, ['one', 'echo'])).rejects.toMatchObject({
      code: 'server_draining',
      outcome: 'not_sent',
      retryAfterMs: 5_000,
      message: 'the server one is being drained: new disks',
    })
    await expect(upstreams.subscribe('one', asker(), 'x:1', SIGNAL)).rejects.toMatchObject({
      code: 'server_draining',
    })
    expect(test.status('one').state).toBe('draining')
    expect(upstreams.stateOf('one')).toBe('draining')
    await upstreams.warm('one', asker(), SIGNAL)
    expect(test.tools.get('one')).toEqual(['echo', 'other'])
    expect(await running).toBe('slept')
    upstreams.control.mark('one', 'draining', undefined)
    expect(await callText(upstreams, ['one', 'echo'])).toBe('{}')
  })

  test('one mark leaves the other: who is blocked stays so when the drain is over', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const { control } = test.upstreams
    control.mark('one', 'draining', { kind: 'draining', reason: '' })
    control.mark('one', 'blocked', blocked())
    control.mark('one', 'draining', undefined)
    expect(test.status('one').state).toBe('blocked')
  })
})

describe('check and logs', () => {
  test('a look starts a cold server and says how it is [fleet/check]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const check = await test.upstreams.control.check('one', asker(), SIGNAL)
    expect(check).toMatchObject({ kind: 'ping', ok: true, reason: null })
    expect(test.status('one')).toMatchObject({ state: 'ready', check })
  })

  test('the last lines of a child outlive it, without control characters [fleet/logs]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer({ EXIT_AT_START: '3' }) })
    await callText(test.upstreams, ['one', 'echo']).catch(() => undefined)
    const [line] = test.upstreams.control.logs('one', 1)
    expect(line).toMatchObject({
      text: 'cannot find my licence',
      pid: expect.any(Number) as number,
    })
    expect(() => test.upstreams.control.logs('none', 1)).toThrow('there is no server `none`')
  })
})
