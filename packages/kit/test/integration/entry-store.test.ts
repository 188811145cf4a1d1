import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EntryRecord } from '../../src/store/index.ts'
import { openTestStore, type TestEngine, testEngines } from '../fixtures/stores.ts'

function entry(changes: Partial<EntryRecord> = {}): Omit<EntryRecord, 'version'> {
  return {
    kind: 'server',
    name: 'files',
    body: Buffer.from('sealed'),
    by: 'key:abc',
    createdAtMs: 1_700_000_000_000,
    changedAtMs: 1_700_000_000_000,
    ...changes,
  }
}

describe.each(testEngines())('entries in %s', (_name, start) => {
  let engine: TestEngine
  beforeAll(async () => {
    engine = await start()
  }, 60_000)
  afterAll(async () => engine[Symbol.asyncDispose]())

  test('what was added is there when the store is opened again [entries/kept]', async () => {
    const { location } = await engine.place()
    {
      await using store = await openTestStore(location)
      expect(await store.entries.read()).toEqual({ version: 0, entries: [] })
      expect(await store.entries.put(entry(), 0)).toBe(1)
      expect(await store.entries.put(entry({ kind: 'group', name: 'all' }), 1)).toBe(2)
    }
    await using store = await openTestStore(location)
    const { version, entries } = await store.entries.read()
    expect(version).toBe(2)
    expect(entries).toEqual([
      { ...entry({ kind: 'group', name: 'all' }), version: 2 },
      { ...entry(), version: 1 },
    ])
  })

  test('a change that is based on an older state is not made', async () => {
    await using store = await openTestStore((await engine.place()).location)
    await store.entries.put(entry(), 0)
    expect(await store.entries.put(entry({ by: 'late' }), 0)).toBeUndefined()
    expect(await store.entries.remove(entry(), 0)).toBeUndefined()
    const { entries } = await store.entries.read()
    expect(entries.map(({ by, version }) => [by, version])).toEqual([['key:abc', 1]])
  })

  test('of writers at once exactly one wins each round, and no version comes twice', async () => {
    await using store = await openTestStore((await engine.place()).location)
    const versions: number[] = []
    for (let round = 0; round < 5; round += 1) {
      const seen = await store.entries.version()
      const names = ['a', 'b', 'c', 'd', 'e', 'f']
      const results = await Promise.all(
        names.map((name) => store.entries.put(entry({ name, by: `${name}${round}` }), seen)),
      )
      const won = results.filter((version) => version !== undefined)
      expect(won).toHaveLength(1)
      versions.push(...won)
    }
    expect(new Set(versions).size).toBe(5)
  })

  test('what was removed and added again has a new version, and keeps nothing of the old one', async () => {
    await using store = await openTestStore((await engine.place()).location)
    await store.entries.put(entry(), 0)
    await store.entries.remove(entry(), 1)
    expect((await store.entries.read()).entries).toEqual([])
    expect(await store.entries.put(entry({ createdAtMs: 5 }), 2)).toBe(3)
    const [again] = (await store.entries.read()).entries
    expect(again).toMatchObject({ version: 3, createdAtMs: 5 })
  })

  test('a body that is too large is refused, and changes nothing', async () => {
    await using store = await openTestStore((await engine.place()).location)
    const large = entry({ body: Buffer.alloc(256 * 1_024 + 1) })
    await expect(store.entries.put(large, 0)).rejects.toMatchObject({ code: 'request_invalid' })
    expect(await store.entries.version()).toBe(0)
  })
})
