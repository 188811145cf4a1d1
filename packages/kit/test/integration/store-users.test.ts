import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LoginRecord, NewUser, Store } from '../../src/store/index.ts'
import { openTestStore, testEngines, type TestEngine } from '../fixtures/stores.ts'

const NOW_MS = 1_700_000_000_000

function newUser(name: string, changes: Partial<NewUser> = {}): NewUser {
  return {
    ...{ id: `u_${name}`, name, roles: ['viewer'], tenant: null, password: 'scrypt$...' },
    ...{ mustChange: false, createdAtMs: NOW_MS, ...changes },
  }
}

function newLogin(id: string, changes: Partial<LoginRecord> = {}): LoginRecord {
  return {
    ...{ id, secretHash: `hash of ${id}`, userId: 'u_alice', kind: 'cookie' },
    ...{ createdAtMs: NOW_MS, seenAtMs: NOW_MS, expiresAtMs: NOW_MS + 1_000 },
    ...{ address: '127.0.0.1', agent: 'test' },
    ...changes,
  }
}

const idsOf = async (store: Store): Promise<string[]> =>
  (await store.logins.list()).map(({ id }) => id)

describe.each(testEngines())('users in %s', (_name, start) => {
  let engine: TestEngine
  beforeAll(async () => {
    engine = await start()
  })
  afterAll(() => engine[Symbol.asyncDispose]())

  test('a user comes back as it was made, and every change gives another version', async () => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    const made = await store.users.create(newUser('alice', { roles: ['admin', 'caller'] }))
    expect(await store.users.find('alice')).toEqual(made)
    expect(await store.users.find('u_alice')).toEqual(made)
    expect(await store.users.find('bob')).toBeUndefined()
    const renamed = await store.users.change(
      { id: made.id, version: made.version },
      { name: 'alicia' },
      5,
    )
    expect(renamed).toEqual({ ...made, name: 'alicia', changedAtMs: 5, version: renamed.version })
    expect(renamed.version).toBeGreaterThan(made.version)
    expect(await store.users.list()).toEqual([renamed])
  })

  test('a change of what was changed meanwhile, of nobody, or to a taken name is refused', async () => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    const alice = await store.users.create(newUser('alice'))
    await store.users.create(newUser('bob'))
    const basis = { id: alice.id, version: alice.version }
    await expect(store.users.create(newUser('bob', { id: 'u_other' }))).rejects.toMatchObject({
      code: 'conflict',
    })
    await expect(store.users.change(basis, { name: 'bob' }, 1)).rejects.toMatchObject({
      code: 'conflict',
    })
    await store.users.change(basis, { roles: ['caller'] }, 1)
    await expect(store.users.change(basis, { roles: ['admin'] }, 1)).rejects.toMatchObject({
      code: 'version_conflict',
    })
    await expect(store.users.remove(basis)).rejects.toMatchObject({ code: 'version_conflict' })
    const nobody = { id: 'u_nobody', version: undefined }
    await expect(store.users.change(nobody, {}, 1)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('of two processes that each take away the other admin, one is refused [users/last-admin]', async () => {
    const { location } = await engine.place()
    await using one = await openTestStore(location)
    // An embedded store has one process.
    await using other = engine.kind === 'postgres' ? await openTestStore(location) : undefined
    for (const name of ['alice', 'bob']) await one.users.create(newUser(name, { roles: ['admin'] }))
    await one.users.create(newUser('eve', { roles: ['admin'], tenant: 'acme' }))
    const off = { disabledAtMs: NOW_MS }
    const ends = await Promise.allSettled([
      one.users.change({ id: 'u_alice', version: undefined }, off, 1),
      (other ?? one).users.change({ id: 'u_bob', version: undefined }, off, 1),
    ])
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const left = ends[0]?.status === 'rejected' ? 'u_alice' : 'u_bob'
    const basis = { id: left, version: undefined }
    for (const change of [{ roles: ['caller'] }, { tenant: 'acme' }, off]) {
      await expect(one.users.change(basis, change, 1)).rejects.toMatchObject({ code: 'conflict' })
    }
    await expect(one.users.remove(basis)).rejects.toMatchObject({ code: 'conflict' })
    await one.users.change(basis, { name: 'still-here' }, 1)
  })

  test('of two first admins one is made [users/bootstrap]', async () => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    const first = (name: string) =>
      store.users.create(newUser(name, { roles: ['admin'] }), { onlyFirstAdmin: true })
    const ends = await Promise.allSettled([first('alice'), first('bob')])
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(await store.users.list()).toHaveLength(1)
  })

  test.each([
    ['password', { password: 'another' }],
    ['roles', { roles: ['caller'] }],
    ['tenant', { tenant: 'acme' }],
    ['being disabled', { disabledAtMs: NOW_MS }],
  ])(
    'a change of %s ends all logins of the user and no others [users/changes/end]',
    async (_what, change) => {
      const { location } = await engine.place()
      await using store = await openTestStore(location)
      const alice = await store.users.create(newUser('alice'))
      const bob = await store.users.create(newUser('bob'))
      const perUserMax = 5
      await store.logins.create(newLogin('a'), { userVersion: alice.version, perUserMax })
      const ofBob = newLogin('b', { userId: bob.id })
      await store.logins.create(ofBob, { userVersion: bob.version, perUserMax })
      const before = await store.changes.read()
      await store.users.change({ id: alice.id, version: undefined }, change, 1)
      expect(await idsOf(store)).toEqual(['b'])
      const after = await store.changes.read()
      for (const topic of ['users', 'logins']) {
        expect(after.get(topic)).toBeGreaterThan(before.get(topic) ?? 0)
      }
    },
  )

  test('there is no login for a user who was changed after the password was checked', async () => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    const alice = await store.users.create(newUser('alice'))
    await store.users.change({ id: alice.id, version: undefined }, { roles: ['caller'] }, 1)
    const basis = { userVersion: alice.version, perUserMax: 5 }
    expect(await store.logins.create(newLogin('a'), basis)).toBe(false)
    expect(await store.logins.create(newLogin('a', { userId: 'u_nobody' }), basis)).toBe(false)
    expect(await idsOf(store)).toEqual([])
  })

  test('a login is noted without another version, and a hash made anew never replaces a newer password', async () => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    const alice = await store.users.create(newUser('alice'))
    await store.users.loggedIn(alice, NOW_MS + 1, 'anew')
    const noted = { ...alice, lastLoginAtMs: NOW_MS + 1, password: 'anew' }
    expect(await store.users.find('alice')).toEqual(noted)
    await store.users.change({ id: alice.id, version: alice.version }, { password: 'newer' }, 1)
    await store.users.loggedIn(noted, NOW_MS + 2, 'anew again')
    expect((await store.users.find('alice'))?.password).toBe('newer')
  })

  test('the oldest login gives way, and the one that is replaced ends', async () => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    const { version: userVersion } = await store.users.create(newUser('alice'))
    for (const [at, id] of ['a', 'b', 'c'].entries()) {
      const login = newLogin(id, { createdAtMs: NOW_MS + at })
      await store.logins.create(login, { userVersion, perUserMax: 2 })
    }
    expect(await idsOf(store)).toEqual(['b', 'c'])
    const last = newLogin('d', { createdAtMs: NOW_MS + 9 })
    await store.logins.create(last, { userVersion, perUserMax: 9, replaces: 'b' })
    expect(await idsOf(store)).toEqual(['c', 'd'])
    expect([await store.logins.end('c'), await store.logins.end('c')]).toEqual([true, false])
  })

  test('last uses only go forward, and what is over is removed', async () => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    const { version: userVersion } = await store.users.create(newUser('alice'))
    const basis = { userVersion, perUserMax: 9 }
    await store.logins.create(newLogin('idle'), basis)
    await store.logins.create(newLogin('used'), basis)
    await store.logins.create(newLogin('over', { expiresAtMs: NOW_MS + 10 }), basis)
    await store.logins.create(newLogin('token', { kind: 'bearer' }), basis)
    await store.logins.seen(new Map([['used', NOW_MS + 50]]))
    await store.logins.seen(new Map([['used', NOW_MS + 20]]))
    expect((await store.logins.find('used'))?.seenAtMs).toBe(NOW_MS + 50)
    expect(await store.logins.prune({ nowMs: NOW_MS + 60, idleBeforeMs: NOW_MS + 30 })).toBe(2)
    expect((await idsOf(store)).sort()).toEqual(['token', 'used'])
  })
})
