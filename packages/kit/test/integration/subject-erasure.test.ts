import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { LoginRecord } from '../../src/store/index.ts'
import type { Store } from '../../src/store/store.ts'
import { openTestStore, soon, testEngines, type TestEngine, testEntry } from '../fixtures/stores.ts'

const OUTCOME = {
  ...{ server: 's', tool: 't', argumentsMac: 'm', claimant: 'c', atMs: 1, expiresAtMs: 10 },
}

describe.each(testEngines())('erasing a subject on %s', (_name, start) => {
  let engine: TestEngine
  beforeAll(async () => {
    engine = await start()
  })
  afterAll(() => engine[Symbol.asyncDispose]())

  async function open(): Promise<Store> {
    const store = await openTestStore((await engine.place()).location)
    onTestFinished(() => store[Symbol.asyncDispose]())
    return store
  }

  const user = (id: string, name: string, role: string) => ({
    ...{ id, name, roles: [role], tenant: null, password: 'h', mustChange: false, createdAtMs: 1 },
  })

  test('removes all that is kept of it and nothing of others, and a plan says the same and changes nothing [secrets/erase/removed]', async () => {
    const store = await open()
    await store.users.create(user('u_a', 'root', 'admin'))
    const bob = await store.users.create(user('u_b', 'bob', 'viewer'))
    const login: LoginRecord = {
      ...{ id: 'l', secretHash: 'h', userId: 'u_b', createdAtMs: 1, seenAtMs: 1, expiresAtMs: 9 },
      ...{ address: '192.0.2.7', agent: 'bob-laptop' },
      kind: 'cookie',
    }
    await store.logins.create(login, { userVersion: bob.version, perUserMax: 5 })
    for (const principal of ['user:u_b', 'user:uxb']) {
      await store.outcomes.claim({ ...OUTCOME, principal, keyHash: 'k' }, 10)
      const counted = [`calls ${principal}`, `server s ${principal}`, `${principal} more`]
      await store.usage.add(
        counted.map((scope) => ({ day: '2026-11-21', scope, calls: 1 })),
        '2026-01-01',
      )
      await store.suspensions.set({
        ...{ kind: 'principal', subject: principal, reason: 'bob again', by: 'local', atMs: 1 },
      })
    }
    const expected = [
      { table: 'keys', action: 'removed', rows: 0 },
      { table: 'logins', action: 'removed', rows: 1 },
      { table: 'users', action: 'removed', rows: 1 },
      { table: 'subjects', action: 'removed', rows: 0 },
      { table: 'outcomes', action: 'removed', rows: 1 },
      { table: 'usage', action: 'removed', rows: 2 },
      { table: 'suspensions', action: 'removed', rows: 1 },
      { table: 'suspensions', action: 'emptied', rows: 0 },
      { table: 'installations', action: 'emptied', rows: 0 },
    ]
    expect(await store.erasure.plan(['user:u_b'])).toEqual(expected)
    expect(await store.erasure.erase(['user:u_b'])).toEqual(expected)
    expect((await store.erasure.plan(['user:u_b'])).every(({ rows }) => rows === 0)).toBe(true)
    expect((await store.usage.read('2026-11-21')).map(({ scope }) => scope).toSorted()).toEqual([
      'calls user:uxb',
      'server s user:uxb',
      'user:u_b more',
      'user:uxb more',
    ])
    expect((await store.suspensions.list()).map(({ subject }) => subject)).toEqual(['user:uxb'])
    expect((await store.users.list()).map(({ name }) => name)).toEqual(['root'])
  })

  test('leaves the last admin, and with it everything [secrets/erase/removed]', async () => {
    const store = await open()
    await store.users.create(user('u_a', 'root', 'admin'))
    await store.outcomes.claim({ ...OUTCOME, principal: 'user:u_a', keyHash: 'k' }, 10)
    await expect(store.erasure.erase(['user:u_a'])).rejects.toMatchObject({ code: 'conflict' })
    expect((await store.erasure.plan(['user:u_a'])).map(({ rows }) => rows)).toContain(1)
  })

  test('keeps somebody out who can come back, without saying why [secrets/erase/kept-out]', async () => {
    const store = await open()
    const id = 'subject:corp:a_b%c'
    const seen = { firstSeenAtMs: 1, lastSeenAtMs: 1 }
    await store.subjects.note([{ id, issuer: 'corp', subject: Buffer.from('x'), ...seen }])
    const suspension = { kind: 'principal', subject: id, by: 'local', atMs: 1 } as const
    await store.suspensions.set({ ...suspension, reason: 'alice left' })
    const before = await store.changes.read()
    await store.erasure.erase([id])
    expect(await store.suspensions.list()).toEqual([{ ...suspension, reason: '' }])
    expect(await store.subjects.get(id)).toBeUndefined()
    const after = await store.changes.read()
    expect(after.get('subjects')).not.toBe(before.get('subjects'))
  })

  test('leaves the audit log whole [secrets/erase/chain]', async () => {
    const store = await open()
    await using audit = await store.openAudit({ durability: 'process' })
    for (const id of ['a', 'b', 'c']) await audit.append(testEntry(id, { principal: `key:${id}` }))
    await store.erasure.erase(['key:b'])
    await audit.append(testEntry('d'))
    expect(await store.reader.verify(soon())).toEqual({ ok: true, rows: 4, writers: 1, broken: [] })
    const { items } = await store.reader.list({ limit: 9, principal: 'key:b' }, soon())
    expect(items).toHaveLength(1)
  })
})
