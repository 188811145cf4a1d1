import { ManualClock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { Sealer } from '@sallyport/kit/crypto'
import { INSTALLATION_PURPOSE, installationAad, type Store } from '@sallyport/kit/store'
import { openTestStore, type TestEngine, testEngines } from '@sallyport/kit/testing/stores'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Secret } from '@sallyport/kit/secret'
import {
  FakeRefreshes,
  HOUR_MS,
  LoggedText,
  openProcess,
  type TestProcess,
  testGrant,
} from '../fixtures/installed.ts'

/** From when on a token of 12 hours is due, with a margin of one. */
const DUE_MS = 11.5 * HOUR_MS
const LEASE_MS = 5_000
const T1 = { provider: 'slack', app: 'default', team: 'T1' }

describe.each(testEngines())('installations of Slack in %s', (_name, start) => {
  let engine: TestEngine
  beforeAll(async () => {
    engine = await start()
  }, 60_000)
  afterAll(async () => engine[Symbol.asyncDispose]())

  /** Two processes on one store with two teams, `T1` and `T2`; nothing is due yet. */
  async function twoProcesses(wrap: (store: Store) => Store = (store) => store) {
    await using opening = new AsyncDisposableStack()
    const { location, tamper } = await engine.place()
    const clock = new ManualClock()
    const slack = new FakeRefreshes()
    const log = new LoggedText()
    const open = async (opened?: Store): Promise<{ store: Store; process: TestProcess }> => {
      const store = opened ?? wrap(opening.use(await openTestStore(location, { log, clock })))
      const { spend } = slack
      return { store, process: opening.use(await openProcess(store, { spend, clock, log })) }
    }
    const { store, process: one } = await open()
    await one.live.save(testGrant(clock, 'T1'))
    await one.live.save(testGrant(clock, 'T2'))
    // Two connections of one thread to an embedded store would wait for each other.
    const { process: two } = await open(engine.kind === 'sqlite' ? store : undefined)
    const stack = opening.move()
    return {
      ...{ one, two, store, slack, clock, log, tamper },
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    }
  }

  test('50 calls at once with a token that is due, over two processes, refresh it once and all get the new one [slack/refresh/once]', async () => {
    await using world = await twoProcesses()
    const { one, two, slack, clock, store, log } = world
    expect(await one.token('T1')).toBe('xoxb-T1-0')
    clock.advance(DUE_MS)
    const calls = Array.from({ length: 50 }, (_, i) => (i % 2 ? one : two).token('T1'))
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['xoxb-T1-1']))
    expect(slack.asked).toEqual(['xoxe-1-T1-0'])
    await using third = await openProcess(store, { spend: slack.spend, clock, log })
    expect(await third.token('T1')).toBe('xoxb-T1-1')
    expect((await store.installations.get(T1))?.lease).toBeNull()
    expect(log.lines.join('\n')).not.toMatch(/xox|client-secret/)
  })

  test('the new pair is in the store before anybody gets it, and is not lost while the store fails [slack/refresh/committed]', async () => {
    let failures = 0
    await using world = await twoProcesses((store) => ({
      ...store,
      installations: failing(store.installations, () => (failures -= 1) >= 0),
    }))
    const { one, slack, clock } = world
    clock.advance(DUE_MS)
    failures = 2
    expect(await one.token('T1')).toBe('xoxb-T1-1')
    failures = 5 // as often as it is tried: what was there before does still
    expect(await one.token('T2')).toBe('xoxb-T2-0')
    expect(await one.token('T2')).toBe('xoxb-T2-1')
    expect(slack.asked).toEqual(['xoxe-1-T1-0', 'xoxe-1-T2-0'])
  })

  test('a dead refresh token means "install again" in every process, is not tried again, and touches no other team [slack/refresh/dead]', async () => {
    await using world = await twoProcesses()
    const { one, two, slack, clock, log } = world
    clock.advance(DUE_MS)
    slack.faults.push(async () => ({ ok: false, error: 'invalid_refresh_token' }))
    const calls = Array.from({ length: 20 }, (_, i) => (i % 2 ? one : two).token('T1'))
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({
        reason: { code: 'slack_reinstall', message: expect.stringContaining('Team T1 (T1)') },
      })
    }
    expect(slack.asked).toHaveLength(1)
    expect(await two.token('T2')).toBe('xoxb-T2-1')
    expect(one.live.list()).toMatchObject([{ state: 'reinstall' }, { state: 'active' }])
    expect(log.lines.join('\n')).not.toMatch(/xox/)
    await two.live.save(testGrant(clock, 'T1'))
    expect(await two.token('T1')).toBe('xoxb-T1-0')
    await one.watch.check()
    expect(await one.token('T1')).toBe('xoxb-T1-0')
  })

  test('who stands still after Slack issued the pair leaves "install again" behind, and nobody gets the dead token [slack/refresh/lost]', async () => {
    await using world = await twoProcesses()
    const { one, two, slack, clock } = world
    clock.advance(DUE_MS)
    const reached = Promise.withResolvers<void>()
    const hang = Promise.withResolvers<never>()
    slack.faults.push(() => {
      slack.issue('xoxe-1-T1-0')
      reached.resolve()
      return hang.promise
    })
    const lost = one.token('T1')
    lost.catch(() => undefined) // looked at below
    await reached.promise
    clock.advance(HOUR_MS)
    const waiting = two.token('T1')
    waiting.catch(() => undefined) // looked at below
    clock.advance(LEASE_MS)
    await expect(waiting).rejects.toMatchObject({ code: 'slack_reinstall' })
    expect(slack.asked).toEqual(['xoxe-1-T1-0', 'xoxe-1-T1-0'])
    expect(await two.token('T2')).toBe('xoxb-T2-1')
    hang.reject(new AppError('slack_unavailable', 'cut'))
    await expect(lost).rejects.toMatchObject({ code: expect.stringMatching(/^slack_/) })
    expect((await world.store.installations.get(T1))?.state).toBe('reinstall')
  })

  test('who comes back late with the pair sets right what another process despaired of [slack/refresh/late]', async () => {
    await using world = await twoProcesses()
    const { one, two, slack, clock } = world
    clock.advance(DUE_MS)
    const reached = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    slack.faults.push(async () => {
      const answer = slack.issue('xoxe-1-T1-0')
      reached.resolve()
      await go.promise
      return answer
    })
    const late = one.token('T1')
    await reached.promise
    clock.advance(LEASE_MS)
    await expect(two.token('T1')).rejects.toMatchObject({ code: 'slack_reinstall' })
    go.resolve()
    expect(await late).toBe('xoxb-T1-1')
    await two.watch.check()
    expect(await two.token('T1')).toBe('xoxb-T1-1')
  })

  test('while Slack gives no new pair the old token does until its end, and Slack is not asked again before its time [slack/refresh/storm]', async () => {
    await using world = await twoProcesses()
    const { one, two, slack, clock } = world
    const fail = async () => {
      throw new AppError('slack_rate_limited', 'later', { retryAfterMs: 60_000 })
    }
    clock.advance(DUE_MS)
    slack.faults.push(fail, fail, fail)
    for (let i = 0; i < 10; i += 1) {
      expect(await (i % 2 ? one : two).token('T1')).toBe('xoxb-T1-0')
    }
    expect(slack.asked).toHaveLength(1)
    clock.advance(HOUR_MS)
    for (let i = 0; i < 10; i += 1) {
      const call = (i % 2 ? one : two).token('T1')
      await expect(call).rejects.toMatchObject({
        code: 'slack_unavailable',
        retryAfterMs: expect.closeTo(60_000, -4),
      })
    }
    expect(slack.asked).toHaveLength(2)
    slack.faults.length = 0
    clock.advance(61_000)
    expect(await two.token('T1')).toBe('xoxb-T1-1')
    expect(await one.token('T1')).toBe('xoxb-T1-1')
    expect(slack.asked).toHaveLength(3)
  })

  test.each([
    ['account_inactive', 'removed', 0],
    ['token_revoked', 'reinstall', 0],
    ['invalid_auth', 'active', 1],
    ['token_expired', 'active', 1],
    ['missing_scope', 'active', 0],
  ])(
    'a rotating token that is refused as %s leaves the installation %s after %i refreshes [slack/uninstall/learned]',
    async (error, state, refreshes) => {
      await using world = await twoProcesses()
      const { one, two, slack, clock, tamper } = world
      const refusal = { token: new Secret('xoxb-T1-0'), error }
      const [team] = one.live.list()
      if (team === undefined) throw new Error('nothing is installed')
      const tell = (process: TestProcess) => process.live.refused(team, 'bot', refusal)
      const again = await Promise.all([one, two, one, two].map(tell))
      expect(again).toEqual(Array(4).fill(refreshes > 0))
      expect(slack.asked).toHaveLength(refreshes)
      await one.watch.check()
      expect(one.live.list()).toMatchObject([{ state }, { team: 'T2', state: 'active' }])
      expect(await one.token('T2')).toBe('xoxb-T2-0')
      if (state === 'active') return
      await expect(one.token('T1')).rejects.toMatchObject({ code: 'slack_reinstall' })
      clock.advance(DUE_MS)
      await expect(two.token('T1')).rejects.toMatchObject({ code: 'slack_reinstall' })
      expect(slack.asked).toEqual([])
      const row = await world.store.installations.get(T1)
      const sealer = new Sealer(world.store.ring.keys, INSTALLATION_PURPOSE)
      const text = sealer.open(row?.body.toString() ?? '', installationAad(T1))?.toString()
      expect(text).toContain('Team T1')
      expect(text).not.toContain('xox')
      expect(await tamper('select state from installations order by team')).toEqual([
        { state },
        { state: 'active' },
      ])
    },
  )

  test('a new token that is refused, too, is not replaced once more', async () => {
    await using world = await twoProcesses()
    const { one, slack } = world
    const [team] = one.live.list()
    if (team === undefined) throw new Error('nothing is installed')
    for (let round = 0; round < 5; round += 1) {
      const token = new Secret(await one.token('T1'))
      const again = await one.live.refused(team, 'bot', { token, error: 'invalid_auth' })
      expect(again).toBe(round === 0)
    }
    expect(slack.asked).toHaveLength(1)
  })

  test('what one process saves or removes another knows as soon as it looks, and a removed row leaves nothing [slack/installations/live]', async () => {
    await using world = await twoProcesses()
    const { one, two, clock, tamper } = world
    const teams = (process: TestProcess) => process.live.list().map(({ team }) => team)
    await one.live.save(testGrant(clock, 'T0'))
    await two.live.save(testGrant(clock, 'T3'))
    await two.watch.check()
    expect(teams(two)).toEqual(['T0', 'T1', 'T2', 'T3'])
    const gone: string[] = []
    one.live.onEnded(({ team }) => gone.push(`one ${team}`))
    two.live.onEnded(({ team }) => gone.push(`two ${team}`))
    expect(await two.live.remove('default', 'T1')).toBe(true)
    expect(await two.live.remove('default', 'T1')).toBe(false)
    await expect(two.token('T1')).rejects.toMatchObject({ code: 'not_found' })
    await one.watch.check()
    expect(gone).toEqual(['two T1', 'one T1'])
    expect(teams(one)).toEqual(['T0', 'T2', 'T3'])
    expect(await tamper('select team from installations order by team')).toEqual(
      ['T0', 'T2', 'T3'].map((team) => ({ team })),
    )
  })

  test('what Slack says in an event ends the tokens it speaks of, unless they are newer than it [slack/uninstall/event]', async () => {
    await using world = await twoProcesses()
    const { one, two, clock } = world
    const event = (what: 'app' | 'bot' | 'user', atMs: number) =>
      one.live.revoked('default', 'T1', { what, atMs })
    expect(await event('app', clock.nowMs() - 1)).toBe(false)
    expect(await event('user', clock.nowMs())).toBe(true)
    expect(await one.token('T1')).toBe('xoxb-T1-0')
    expect(await event('bot', clock.nowMs())).toBe(true)
    await two.watch.check()
    await expect(two.token('T1')).rejects.toMatchObject({ code: 'slack_reinstall' })
    expect(await event('app', clock.nowMs())).toBe(true)
    expect(await event('bot', clock.nowMs())).toBe(true)
    expect(one.live.list()).toMatchObject([{ state: 'removed' }, { state: 'active' }])
    expect(await one.live.revoked('default', 'T9', { what: 'app', atMs: Infinity })).toBe(false)
  })

  test('who installed an app is erased with the token of their own, and the app goes on [slack/installations/erased]', async () => {
    await using world = await twoProcesses()
    const { one, two, clock, store } = world
    const { bot, ...grant } = testGrant(clock, 'T1')
    await one.live.save({
      ...{ ...grant, bot, installedBy: 'U7', user: { id: 'U7', scopes: ['search:read'] } },
      userToken: { token: new Secret('xoxp-7'), refresh: undefined, expiresAtMs: null },
    })
    await two.watch.check()
    const userToken = async () => {
      const [team] = two.live.list()
      if (team === undefined) throw new Error('nothing is installed')
      return (await two.live.token(team, 'user', AbortSignal.timeout(5_000))).reveal()
    }
    expect(await userToken()).toBe('xoxp-7')
    expect(await store.erasure.installers('U')).toEqual([])
    const ids = await store.erasure.installers('U7')
    expect(ids).toEqual(['installer:slack:U7'])
    const row = (rows: number) => ({ table: 'installations', action: 'emptied', rows })
    expect(await store.erasure.plan(ids)).toContainEqual(row(1))
    expect(await store.erasure.erase(ids)).toContainEqual(row(1))
    expect(await store.erasure.plan(ids)).toContainEqual(row(0))
    await two.watch.check()
    expect(two.live.list()).toMatchObject([{ installedBy: '', user: null }, { installedBy: 'U1' }])
    await expect(userToken()).rejects.toMatchObject({ code: 'slack_scope_missing' })
    clock.advance(DUE_MS)
    expect(await two.token('T1')).toBe('xoxb-T1-1')
    expect(await store.erasure.installers('U7')).toEqual([])
  })

  test('a token that never ends is never refreshed, and ends with the first refusal', async () => {
    await using world = await twoProcesses()
    const { one, slack, clock } = world
    const installed = await one.live.save(testGrant(clock, 'T4', null))
    clock.advance(1_000 * HOUR_MS)
    expect(await one.token('T4')).toBe('xoxb-T4-0')
    const refusal = { token: new Secret('xoxb-T4-0'), error: 'invalid_auth' }
    expect(await one.live.refused(installed, 'bot', refusal)).toBe(false)
    await expect(one.token('T4')).rejects.toMatchObject({ code: 'slack_reinstall' })
    expect(slack.asked).toEqual([])
  })

  test('tokens that nobody calls with are refreshed ahead of their end', async () => {
    await using world = await twoProcesses()
    const { store, slack, clock, log } = world
    clock.advance(DUE_MS)
    const refreshed = Promise.withResolvers<void>()
    let left = 2
    await using _busy = await openProcess(store, {
      ...{ clock, log, spend: slack.spend, sweepEveryMs: 1 },
      onRefresh: () => {
        if ((left -= 1) === 0) refreshed.resolve()
      },
    })
    await refreshed.promise
    expect(slack.asked.toSorted()).toEqual(['xoxe-1-T1-0', 'xoxe-1-T2-0'])
  })

  test('a call that is cancelled while it waits for a token ends at once, and the refresh goes on', async () => {
    await using world = await twoProcesses()
    const { one, slack, clock } = world
    clock.advance(DUE_MS)
    const reached = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    slack.faults.push(async () => {
      reached.resolve()
      await go.promise
      return slack.issue('xoxe-1-T1-0')
    })
    const cancel = new AbortController()
    const call = one.token('T1', cancel.signal)
    await reached.promise
    cancel.abort(new AppError('cancelled', 'as the test wants'))
    await expect(call).rejects.toMatchObject({ code: 'cancelled' })
    go.resolve()
    expect(await one.token('T1')).toBe('xoxb-T1-1')
    expect(slack.asked).toHaveLength(1)
  })
})

/** A store whose changes fail while `fails` says so. */
function failing(
  installations: Store['installations'],
  fails: () => boolean,
): Store['installations'] {
  return {
    read: (...args) => installations.read(...args),
    get: (...args) => installations.get(...args),
    put: (...args) => installations.put(...args),
    remove: (...args) => installations.remove(...args),
    takeLease: (...args) => installations.takeLease(...args),
    endLease: (...args) => installations.endLease(...args),
    update: async (...args) => {
      if (fails()) throw new AppError('store_unwritable', 'as the test wants')
      return await installations.update(...args)
    },
  }
}
