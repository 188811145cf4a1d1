import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { silentLog } from '../../src/log/log.ts'
import { pendingMigrations } from '../../src/store/index.ts'
import { parseStoreLocation } from '../../src/store/location.ts'
import { MIGRATIONS, type Migration } from '../../src/store/migrations.ts'
import { openPostgresStore } from '../../src/store/postgres-store.ts'
import { openSqliteStore } from '../../src/store/sqlite-store.ts'
import type { KeyRecord, Store } from '../../src/store/store.ts'
import { openTestStore, soon, testEngines, testEntry, testKeys } from '../fixtures/stores.ts'
import type { TestEngine } from '../fixtures/stores.ts'

/** The one that comes after all that there are. */
const NEXT: Migration = {
  id: MIGRATIONS.length + 1,
  name: 'next',
  long: true,
  destructive: true,
  statements: () => ['create table next_one (id integer primary key)'],
}

function openWith(location: string, migrations: readonly Migration[]): Promise<Store> {
  const parsed = parseStoreLocation(location)
  const context = {
    keys: testKeys(),
    clock: systemClock,
    log: silentLog,
    migrate: true,
    migrations,
    workerUrl: new URL('../../src/store/worker.ts', import.meta.url),
  }
  return parsed.kind === 'sqlite'
    ? openSqliteStore(parsed.path, context)
    : openPostgresStore(parsed, { ...context, pool: { min: 0, max: 2 } })
}

function testKey(changes: Partial<KeyRecord> = {}): KeyRecord {
  return {
    id: 'abcdefgh',
    name: 'ci',
    hash: Buffer.alloc(32, 7),
    role: 'caller',
    ...{ tenant: null, servers: null, tools: null, readOnly: false, allowFrom: null },
    ...{ previousHash: null, previousUntilMs: null, rotatedAtMs: null, version: 2 },
    createdAtMs: 1_700_000_000_000,
    expiresAtMs: null,
    lastUsedAtMs: null,
    revokedAtMs: null,
    ...changes,
  }
}

describe.each(testEngines())('the store on %s', (engineName, start) => {
  let engine: TestEngine
  beforeAll(async () => {
    engine = await start()
  })
  afterAll(async () => {
    await engine[Symbol.asyncDispose]()
  })

  test('refuses a second live key of one name, and takes it once the first is revoked', async () => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    await store.keys.create(testKey())
    const again = testKey({ id: 'bbbbbbbb' })
    await expect(store.keys.create(again)).rejects.toMatchObject({ code: 'config_invalid' })
    expect(await store.keys.revoke('ci', 5)).toBe(true)
    expect(await store.keys.revoke('ci', 6)).toBe(false)
    await store.keys.create(again)
    expect(await store.keys.list()).toMatchObject([
      testKey({ revokedAtMs: 5, version: 3 }),
      { ...again, version: 4 },
    ])
  })

  test('keeps every field of a key across a restart [store/kept]', async () => {
    const { location } = await engine.place()
    const key = testKey({
      ...{ role: 'admin', tenant: 'acme', expiresAtMs: 1_900_000_000_000, version: 2 },
      ...{ servers: ['files'], tools: { allow: ['files__*'], deny: [] }, readOnly: true },
      ...{ allowFrom: ['10.0.0.0/8'], previousHash: Buffer.alloc(32, 7), previousUntilMs: 5 },
    })
    {
      await using store = await openTestStore(location)
      await store.keys.create(key)
    }
    await using store = await openTestStore(location)
    expect(await store.keys.list()).toEqual([key])
  })

  test('writes the last use of a key at most once a minute, and what is left on closing', async () => {
    const { location } = await engine.place()
    const lastUse = async (store: Store): Promise<unknown> =>
      (await store.keys.list())[0]?.lastUsedAtMs
    {
      await using store = await openTestStore(location)
      await store.keys.create(testKey())
      await store.keys.touch('abcdefgh', 1_000)
      await store.keys.touch('abcdefgh', 60_999)
      expect(await lastUse(store)).toBe(1_000)
      await store.keys.touch('abcdefgh', 61_000)
      expect(await lastUse(store)).toBe(61_000)
      await store.keys.touch('abcdefgh', 61_500)
    }
    await using store = await openTestStore(location)
    expect(await lastUse(store)).toBe(61_500)
  })

  test('replaces a catalogue and an era as a whole', async () => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    const pages = [Buffer.from('{"tools":[]}'), Buffer.from([0, 255, 10])]
    const first = { server: 'files', fingerprint: 'a', pages, readAtMs: 1 }
    const empty = { server: 'none', fingerprint: 'a', pages: [], readAtMs: 2 }
    await store.catalogues.writeCatalogue(first)
    await store.catalogues.writeCatalogue(empty)
    expect(await store.catalogues.readCatalogues()).toEqual([first, empty])
    const second = { ...first, fingerprint: 'b', pages: [Buffer.from('x')], readAtMs: 3 }
    await store.catalogues.writeCatalogue(second)
    expect(await store.catalogues.readCatalogues()).toEqual([second, empty])
    const era = { server: 'files', fingerprint: 'a', era: 'legacy', version: '2025-06-18' } as const
    await store.catalogues.writeEra({ ...era, judgedAtMs: 1 })
    await store.catalogues.writeEra({ ...era, era: 'modern', judgedAtMs: 2 })
    expect(await store.catalogues.readEras()).toEqual([{ ...era, era: 'modern', judgedAtMs: 2 }])
  })

  test('writes catalogues and audit rows at once without one waiting for the other', async () => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    await using audit = await store.openAudit({ durability: 'process' })
    const pages = Array.from({ length: 20 }, () => Buffer.alloc(10_000, 1))
    const startedMs = performance.now()
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        await store.catalogues.writeCatalogue({
          server: `s${i}`,
          fingerprint: 'a',
          pages,
          readAtMs: 1,
        })
        await audit.append(testEntry(`row-${i}`))
      }),
    )
    expect(performance.now() - startedMs).toBeLessThan(5_000)
    expect(await store.reader.verify(soon())).toMatchObject({ ok: true, rows: 20 })
  })

  test('refuses a wrong master key and changes nothing [store/master-key/wrong]', async () => {
    const { location } = await engine.place()
    await (await openTestStore(location))[Symbol.asyncDispose]()
    const opening = openTestStore(location, { keys: testKeys(2) })
    await expect(opening).rejects.toMatchObject({ code: 'master_key_wrong' })
    await (await openTestStore(location))[Symbol.asyncDispose]()
  })

  test('moves to a new master key while both are configured, and still verifies old chains [store/master-key/rotated]', async () => {
    const { location } = await engine.place()
    {
      await using store = await openTestStore(location)
      await using audit = await store.openAudit({ durability: 'process' })
      await audit.append(testEntry('one'))
    }
    const [former, current] = [testKeys(1), testKeys(2)]
    const both = {
      deriveKey: current.deriveKey,
      deriveKeys: (purpose: string): [Buffer, Buffer] => [
        current.deriveKey(purpose),
        former.deriveKey(purpose),
      ],
    }
    await (await openTestStore(location, { keys: both }))[Symbol.asyncDispose]()
    await expect(openTestStore(location)).rejects.toMatchObject({ code: 'master_key_wrong' })
    await using store = await openTestStore(location, { keys: current })
    expect(await store.reader.verify(soon())).toEqual({ ok: true, rows: 1, writers: 1, broken: [] })
  })

  test('refuses a newer schema and names both versions [store/newer]', async () => {
    const { location, tamper } = await engine.place()
    await (await openTestStore(location))[Symbol.asyncDispose]()
    await tamper("insert into migrations (id, name, at) values (99, 'future', 0)")
    const newer = {
      code: 'store_newer',
      message: expect.stringMatching(new RegExp(`99.*\\b${MIGRATIONS.length}\\b`)),
      details: { storeVersion: 99, knownVersion: MIGRATIONS.length },
    }
    await expect(openTestStore(location)).rejects.toMatchObject(newer)
    await expect(pendingMigrations(location)).rejects.toMatchObject(newer)
  })

  test('lists pending migrations without changing anything [store/migrate/plan]', async () => {
    const { location } = await engine.place()
    const listed = MIGRATIONS.map(({ id, name, long, destructive }) => ({
      id,
      name,
      long,
      destructive,
    }))
    expect(await pendingMigrations(location)).toEqual(listed)
    expect(await pendingMigrations(location)).toEqual(listed)
    const parsed = parseStoreLocation(location)
    if (parsed.kind === 'sqlite') expect(existsSync(dirname(parsed.path))).toBe(false)
    await (await openTestStore(location))[Symbol.asyncDispose]()
    expect(await pendingMigrations(location)).toEqual([])
    if (parsed.kind === 'sqlite') {
      expect(readdirSync(dirname(parsed.path))).toEqual([basename(parsed.path)])
    }
  })

  test('refuses pending migrations where they are not wanted', async () => {
    const { location } = await engine.place()
    await expect(openTestStore(location, { migrate: false })).rejects.toMatchObject({
      code: 'config_invalid',
    })
    expect(await pendingMigrations(location)).toHaveLength(MIGRATIONS.length)
  })

  test('keeps the data across a migration, and none of a migration that fails [store/migrate]', async () => {
    const { location } = await engine.place()
    {
      await using store = await openTestStore(location)
      await store.keys.create(testKey())
    }
    const broken = { ...NEXT, statements: () => [...NEXT.statements({} as never), 'nonsense'] }
    await expect(openWith(location, [...MIGRATIONS, broken])).rejects.toMatchObject({
      code: 'store_unwritable',
    })
    await (await openTestStore(location))[Symbol.asyncDispose]()
    await using store = await openWith(location, [...MIGRATIONS, NEXT])
    expect(await store.keys.list()).toEqual([testKey()])
    const parsed = parseStoreLocation(location)
    if (parsed.kind === 'postgres') return
    const copy = `${parsed.path}.before-${NEXT.id}`
    expect(statSync(copy).mode & 0o777).toBe(0o600)
    await using before = await openTestStore(`sqlite:${copy}`)
    expect(await before.keys.list()).toEqual([testKey()])
  })

  test('brings the store of the first release to the newest schema', async () => {
    const { location, tamper } = await engine.place()
    await (await openWith(location, MIGRATIONS.slice(0, 1)))[Symbol.asyncDispose]()
    await tamper(
      "insert into keys values ('abcdefgh', 'ci', 'x', 'caller', null, 5, null, null, null)",
    )
    await using store = await openTestStore(location)
    const old = testKey({ hash: Buffer.from('x'), createdAtMs: 5, version: 1 })
    expect(await store.keys.list()).toEqual([old])
    const turned = { hash: Buffer.alloc(32, 8), previousUntilMs: 9 }
    const rotated = await store.keys.rotate('abcdefgh', { ...turned, atMs: 7 })
    const changed = { ...turned, rotatedAtMs: 7, previousHash: old.hash, version: 2 }
    expect(rotated).toEqual({ ...old, ...changed })
    expect([await store.marks.list(), await store.generations.list()]).toEqual([[], []])
  })

  // An embedded store is for one process at a time: store-lock.test.ts.
  test.runIf(engineName === 'postgres')(
    'lets two gateways open a new store at once [store/migrate/together]',
    async () => {
      const { location } = await engine.place()
      const stores = await Promise.all([openTestStore(location), openTestStore(location)])
      await using first = stores[0]
      await using second = stores[1]
      await first.keys.create(testKey())
      expect(await second.keys.list()).toEqual([testKey()])
    },
  )
})

test('refuses an embedded store in a folder that cannot be made [store/unwritable]', async () => {
  await expect(openTestStore('sqlite:/dev/null/store.db')).rejects.toMatchObject({
    code: 'store_unwritable',
  })
})

test('refuses a PostgreSQL that does not answer [store/unwritable]', async () => {
  await expect(openTestStore('postgres://nobody@127.0.0.1:1/none')).rejects.toMatchObject({
    code: 'store_unwritable',
  })
})
