import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { Credentials, CredentialsRefresher, createKey } from '../../src/door/index.ts'
import { silentLog } from '../../src/log/log.ts'
import { ChangeWatch } from '../../src/store/index.ts'
import { openTestStore, testEngines, type TestEngine } from '../fixtures/stores.ts'

const KEYS = 10_000

function newKey(name: string, tenant: string | null = null) {
  return createKey({ name, role: 'caller', tenant, expiresAtMs: null, clock: systemClock })
}

describe.each(testEngines())('who may call, on %s', (_name, start) => {
  let engine: TestEngine
  beforeAll(async () => {
    engine = await start()
  })
  afterAll(async () => {
    await engine[Symbol.asyncDispose]()
  })

  const open = async () => openTestStore((await engine.place()).location)

  test('a role is changed by who read it last alone, and its version never comes twice', async () => {
    await using store = await open()
    const { roles } = store
    const made = await roles.create("o'role; --", { description: 'd', permissions: ['a'] }, 1)
    await expect(roles.create("o'role; --", made, 2)).rejects.toMatchObject({ code: 'conflict' })
    const changed = await roles.change(made, { permissions: ['a', 'b'] }, 3)
    expect(changed).toMatchObject({ description: 'd', permissions: ['a', 'b'], changedAtMs: 3 })
    for (const late of [
      () => roles.change(made, { permissions: [] }, 4),
      () => roles.remove(made),
    ]) {
      await expect(late()).rejects.toMatchObject({ code: 'version_conflict' })
    }
    const gone = { name: 'none', version: 1 }
    await expect(roles.change(gone, {}, 4)).rejects.toMatchObject({ code: 'not_found' })
    await roles.remove(changed)
    const again = await roles.create("o'role; --", made, 5)
    expect(new Set([made.version, changed.version, again.version]).size).toBe(3)
    expect(await roles.list()).toEqual([again])
    expect(await roles.get('none')).toBeUndefined()
  })

  test('of two who change a tenant at once one is refused', async () => {
    await using store = await open()
    const { tenants } = store
    const made = await tenants.create('acme', { title: '', rule: { servers: ['a'] } }, 1)
    const both = await Promise.allSettled(
      ['x', 'y'].map((title) => tenants.change(made, { title }, 2)),
    )
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect((await tenants.get('acme'))?.rule).toEqual({ servers: ['a'] })
  })

  test('a suspension is set once, replaced and cleared, and outlives a restart', async () => {
    const { location } = await engine.place()
    const one = {
      kind: 'principal',
      subject: 'key:a',
      reason: 'leak',
      by: 'local',
      atMs: 1,
    } as const
    {
      await using store = await openTestStore(location)
      await store.suspensions.set(one)
      await store.suspensions.set({ ...one, reason: 'found' })
      await store.suspensions.set({ ...one, kind: 'session', subject: 's', atMs: 2 })
    }
    await using store = await openTestStore(location)
    expect(await store.suspensions.list()).toMatchObject([{ reason: 'found' }, { kind: 'session' }])
    expect(await store.suspensions.clear('session', 'key:a')).toBe(false)
    expect(await store.suspensions.clear('principal', 'key:a')).toBe(true)
    expect(await store.suspensions.list()).toHaveLength(1)
    const long = { ...one, reason: 'x'.repeat(1_001) }
    await expect(store.suspensions.set(long)).rejects.toMatchObject({ code: 'request_invalid' })
  })

  test('a change that is refused is not counted, and what is counted is there', async () => {
    await using store = await open()
    const { keys, changes } = store
    expect(await changes.read()).toEqual(new Map())
    const { record } = newKey('one')
    await keys.create(record)
    const after = (await changes.read()).get('keys')
    await expect(keys.create({ ...record, id: 'bbbbbbbb' })).rejects.toThrow('exists')
    const wrong = keys.change({ id: record.id, version: 99 }, { name: 'two' })
    await expect(wrong).rejects.toMatchObject({ code: 'version_conflict' })
    expect((await changes.read()).get('keys')).toBe(after)
    expect(await keys.changedSince((after ?? 0) - 1)).toMatchObject({
      count: 1,
      changed: [{ id: record.id }],
    })
    expect(await keys.changedSince(after ?? 0)).toEqual({ count: 1, changed: [] })
  })

  test('names are of a tenant: the same one twice is found by id, or in its tenant', async () => {
    await using store = await open()
    const { keys } = store
    const made = [newKey('ci', 'acme'), newKey('ci', 'globex'), newKey('ci')]
    for (const { record } of made) await keys.create(record)
    await expect(keys.create(newKey('ci').record)).rejects.toMatchObject({ code: 'config_invalid' })
    await expect(keys.find('ci')).rejects.toMatchObject({ code: 'conflict' })
    expect(await keys.find('ci', 'acme')).toMatchObject({ tenant: 'acme' })
    const [{ record: ofAcme } = made[1]!] = made
    expect(await keys.find(ofAcme.id, 'globex')).toBeUndefined()
    expect(await keys.revoke(ofAcme.id, 5, 'globex')).toBe(false)
    expect(await keys.revoke("' or 1=1 --", 5)).toBe(false)
    expect(await keys.revoke('ci', 5, 'acme')).toBe(true)
    expect((await keys.page({ tenant: 'acme', limit: 10 })).items).toHaveLength(1)
  })

  test('10,000 keys load in under a second, list in under 50 ms a page, and are not read while nothing changes [keys/numbers]', async () => {
    const { location, tamper } = await engine.place()
    await using store = await openTestStore(location)
    await tamper(fillWith(engine.kind === 'sqlite' ? 'blob' : 'bytea'))
    const { text, record } = newKey('last')
    await store.keys.create(record)
    let readings = 0
    const counted = {
      list: () => ((readings += 1), store.keys.list()),
      changedSince: (version: number) => ((readings += 1), store.keys.changedSince(version)),
      touch: (id: string, atMs: number) => store.keys.touch(id, atMs),
    }
    const credentials = new Credentials(systemClock, [])
    const common = { credentials, log: silentLog, onChanged: () => undefined }
    const startMs = performance.now()
    await using refresher = await CredentialsRefresher.start({ ...common, keys: counted })
    const loadMs = performance.now() - startMs
    await using watch = await ChangeWatch.start({ changes: store.changes, log: silentLog })
    watch.on('keys', () => refresher.refresh())
    for (let round = 0; round < 5; round += 1) await watch.check()
    expect(readings).toBe(1)
    await store.keys.revoke(record.id, Date.now())
    const noticeMs = performance.now()
    await watch.check()
    const changeMs = performance.now() - noticeMs
    expect(readings).toBe(2)
    expect(credentials.lookup(text.reveal())).toBeUndefined()
    const pageMs = await fastest(5, () => store.keys.page({ limit: 500 }))
    const figures = { loadMs, pageMs, changeMs }
    console.info(`${engine.kind}: ${KEYS} keys: ${JSON.stringify(figures)}`)
    expect(credentials.names().size).toBe(KEYS)
    expect(figures.loadMs).toBeLessThan(1_000)
    expect(figures.pageMs).toBeLessThan(50)
  }, 60_000)
})

test('a key is checked in 3 us, among 10,000 [keys/numbers]', () => {
  const credentials = new Credentials(systemClock, [])
  const keys = Array.from({ length: KEYS }, (_, index) => newKey(`k${index}`))
  credentials.replaceKeys(keys.map(({ record }) => record))
  const texts = keys.map(({ text }) => text.reveal())
  let bestUs = Infinity
  for (let round = 0; round < 10; round += 1) {
    const startMs = performance.now()
    for (const text of texts) credentials.lookup(text, '127.0.0.1')
    bestUs = Math.min(bestUs, ((performance.now() - startMs) * 1_000) / texts.length)
  }
  console.info(`a key is checked in ${bestUs.toFixed(2)} us`)
  // Five times the number, as other suites share the machine.
  expect(bestUs).toBeLessThan(15)
})

/** Ten thousand keys, as one statement that both engines take. */
function fillWith(blob: string): string {
  return `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${KEYS})
    insert into keys (id, name, hash, role, created_at)
    select cast(10000000 + i as text), 'key-' || i, cast('hash-' || i as ${blob}), 'caller', i from n`
}

async function fastest(rounds: number, run: () => Promise<unknown>): Promise<number> {
  let bestMs = Infinity
  for (let round = 0; round < rounds; round += 1) {
    const startMs = performance.now()
    await run()
    bestMs = Math.min(bestMs, performance.now() - startMs)
  }
  return bestMs
}
