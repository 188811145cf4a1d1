import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Principal } from '@sallyport/kit/principal'
import { describe, expect, test } from 'vitest'
import type { StdioServerConfig } from '../../src/upstreams/server-config.ts'
import {
  callText,
  clientSession,
  hostileServer,
  isAlive,
  openTestUpstreams,
  principal,
  temporaryFolder,
  type TestUpstreams,
  until,
} from '../fixtures/upstreams/harness.ts'

const ROOTS = '{"result":{"roots":[{"uri":"file:///of-the-client"}]}}'

/** A server that keeps what it reads. */
function talkative(
  changes: Partial<StdioServerConfig>,
  env: Readonly<Record<string, string>> = {},
): { readonly config: StdioServerConfig; read(): { method?: string; params?: unknown }[] } {
  const file = path.join(temporaryFolder(), 'talk')
  return {
    config: hostileServer({ TALK_LOG: file, ...env }, changes),
    read: () =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { method?: string; params?: unknown }),
  }
}

async function pidOf({ upstreams }: TestUpstreams, ...who: WhoCalls): Promise<number> {
  const [as = principal(), session] = who
  const options = session === undefined ? { as } : { as, session }
  return Number(await callText(upstreams, ['one', 'pid'], {}, options))
}

type WhoCalls = [as?: Principal, session?: ReturnType<typeof clientSession>]

describe('roots', () => {
  test('are not offered by default [upstreams/capabilities]', async () => {
    const { config, read } = talkative({})
    await using test = await openTestUpstreams({ one: config })
    await callText(test.upstreams, ['one', 'echo'])
    const capabilities = { elicitation: { form: {}, url: {} }, sampling: { tools: {} } }
    const [initialize] = read().filter(({ method }) => method === 'initialize')
    expect(initialize?.params).toMatchObject({ capabilities })
    expect(initialize?.params).not.toHaveProperty('capabilities.roots')
  })

  test('of the configuration are told by the gateway, even when no call is there [upstreams/roots/config]', async () => {
    const roots = ['file:///srv/shared', 'file:///srv/more']
    const { config, read } = talkative({ roots }, { ASK_AT_START: 'roots/list' })
    await using test = await openTestUpstreams({ one: config })
    const onQuestion = (): never => expect.unreachable('a client was asked')
    await callText(test.upstreams, ['one', 'echo'], {}, { onQuestion })
    await until(() => read().some((one) => 'result' in one), 'the server was answered')
    expect(read().find((one) => 'result' in one)).toEqual({
      jsonrpc: '2.0',
      id: 'start',
      result: { roots: roots.map((uri) => ({ uri })) },
    })
    expect(read().find(({ method }) => method === 'initialize')?.params).toHaveProperty(
      'capabilities.roots',
      { listChanged: true },
    )
  })

  test('of clients give each client session a session and child of its own, and that client is asked [upstreams/roots/client]', async () => {
    const { config, read } = talkative({ roots: 'client' }, { ASK_AT_START: 'roots/list' })
    await using test = await openTestUpstreams({ one: config })
    const [first, second] = [clientSession('s1', () => ROOTS), clientSession('s2', () => ROOTS)]
    const pids = [
      await pidOf(test, principal(), first),
      await pidOf(test, principal(), second),
      await pidOf(test, principal(), first),
    ]
    expect(pids[2]).toBe(pids[0])
    expect(new Set(pids).size).toBe(2)
    await until(() => first.asked.length === 1 && second.asked.length === 1, 'both were asked')
    const told = { roots: [{ uri: 'file:///of-the-client' }] }
    await until(
      () => read().filter((one) => JSON.stringify(one).includes(JSON.stringify(told))).length === 2,
      'both answers arrived',
    )
    first.end()
    await until(() => !isAlive(pids[0] ?? 0), 'its child ends with a client session')
    expect(isAlive(pids[1] ?? 0)).toBe(true)
  })

  test('that change are told to the open session of that client alone; nothing is started for it', async () => {
    const { config, read } = talkative({ roots: 'client' })
    await using test = await openTestUpstreams({ one: config })
    const [first, second] = [clientSession('s1', () => ROOTS), clientSession('s2', () => ROOTS)]
    const changed = (session: typeof first): void =>
      test.upstreams.notify(
        'one',
        { principal: principal(), session },
        'notifications/roots/list_changed',
      )
    changed(first)
    expect(test.status('one').state).toBe('cold')
    await pidOf(test, principal(), first)
    await pidOf(test, principal(), second)
    changed(second)
    await until(() => second.asked.length === 1, 'the second is asked again')
    expect(first.asked).toEqual([])
    expect(read().filter(({ method }) => method?.endsWith('roots/list_changed'))).toHaveLength(1)
  })

  test('of a client session that ends while its child starts leave no child', async () => {
    const config = hostileServer({ START_DELAY_MS: '300' }, { roots: 'client' })
    await using test = await openTestUpstreams({ one: config })
    const session = clientSession('s1')
    const calling = pidOf(test, principal(), session)
    session.end()
    await expect(calling).rejects.toMatchObject({ code: 'cancelled', outcome: 'not_sent' })
    await until(() => test.status('one').pids.length === 0, 'no child is left')
    expect(test.status('one').inFlight).toBe(0)
  })
})

describe('sharing', () => {
  const of = (id: string, tenant: string | null): Principal => ({ ...principal(id), tenant })

  test('by tenant is one session for its principals, and one each for those without [upstreams/share/tenant]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer({}, { share: 'tenant' }) })
    const pids = [
      await pidOf(test, of('key:a', 'acme')),
      await pidOf(test, of('key:b', 'acme')),
      await pidOf(test, of('key:c', 'other')),
      await pidOf(test, of('key:d', null)),
      await pidOf(test, of('key:e', null)),
      // Its id is the name of a tenant.
      await pidOf(test, of('acme', null)),
    ]
    expect(pids[1]).toBe(pids[0])
    expect(new Set(pids).size).toBe(5)
  })
})

describe('children of one principal', () => {
  test('are eight at most: an idle one leaves for the next, a caller waits while all are busy, others are not held up [upstreams/children/principal]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer({}, { roots: 'client' }) })
    const sessions = Array.from({ length: 9 }, (_, n) => clientSession(`s${n}`))
    const call = (n: number, tool: string, args = {}): Promise<string> => {
      const session = sessions[n] ?? expect.unreachable()
      return callText(test.upstreams, ['one', tool], args, { session })
    }
    const pids: number[] = []
    for (let n = 0; n < 8; n += 1) pids.push(Number(await call(n, 'pid')))
    pids.push(Number(await call(8, 'pid')))
    expect(pids.map(isAlive)).toEqual([false, ...Array.from({ length: 8 }, () => true)])
    const busy = [1, 2, 3, 4, 5, 6, 7, 8].map((n) =>
      call(n, 'sleep', { ms: n === 1 ? 600 : 1_500 }),
    )
    await until(() => test.status('one').inFlight === 8, 'all are busy')
    const waiting = call(0, 'echo', { waited: true })
    expect(await pidOf(test, principal('key:b'))).toBeGreaterThan(0)
    expect(test.status('one').pids).toHaveLength(9)
    expect(await waiting).toBe('{"waited":true}')
    await Promise.all(busy)
    expect(test.status('one').pids).toHaveLength(9)
  })

  test('with subscriptions are not idle: the next subscriber is refused', async () => {
    const CAPABILITIES = JSON.stringify({ resources: { subscribe: true } })
    const config = hostileServer({ CAPABILITIES }, { roots: 'client', childrenPerPrincipal: 1 })
    await using test = await openTestUpstreams({ one: config })
    const signal = AbortSignal.timeout(10_000)
    const subscribe = (id: string): Promise<void> => {
      const session = clientSession(id)
      return test.upstreams.subscribe('one', { principal: principal(), session }, 'x:1', signal)
    }
    await subscribe('s1')
    await expect(subscribe('s2')).rejects.toMatchObject({ code: 'overloaded', outcome: 'not_sent' })
    expect(test.status('one').pids).toHaveLength(1)
  })
})
