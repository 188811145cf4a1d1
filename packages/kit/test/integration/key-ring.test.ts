import { expect, onTestFinished, test, describe, beforeAll, afterAll } from 'vitest'
import { newRingKey, Sealer, withFirst, withKey, withoutRetired } from '../../src/crypto/index.ts'
import type { StoreKeys } from '../../src/store/index.ts'
import type { Store } from '../../src/store/store.ts'
import { openTestStore, soon, testEngines, type TestEngine, testKeys } from '../fixtures/stores.ts'

/** Two master keys, the first in force. */
function both(current: number, former: number): StoreKeys {
  const [one, other] = [testKeys(current), testKeys(former)]
  return {
    deriveKey: one.deriveKey,
    deriveKeys: (purpose) => [one.deriveKey(purpose), other.deriveKey(purpose)],
  }
}

describe.each(testEngines())('the key ring on %s', (_name, start) => {
  let engine: TestEngine
  beforeAll(async () => {
    engine = await start()
  })
  afterAll(() => engine[Symbol.asyncDispose]())

  async function open(location: string, keys: StoreKeys = testKeys()): Promise<Store> {
    const store = await openTestStore(location, { keys })
    onTestFinished(() => store[Symbol.asyncDispose]())
    return store
  }

  test('is taken over by another master key in one step, and nothing that was sealed is lost [secrets/master/live]', async () => {
    const { location } = await engine.place()
    {
      await using store = await openTestStore(location)
      const sealed = new Sealer(store.ring.keys, 'x').seal(Buffer.from('v'), 'a')
      expect(await store.ring.adopt(both(2, 1))).toBe(true)
      expect(await store.ring.adopt(both(2, 1))).toBe(false)
      expect(new Sealer(store.ring.keys, 'x').open(sealed, 'a')?.toString()).toBe('v')
    }
    await expect(openTestStore(location)).rejects.toMatchObject({ code: 'master_key_wrong' })
    await open(location, testKeys(2))
  })

  test('stays as it is for a master key that opens nothing [secrets/master/refused]', async () => {
    const { location } = await engine.place()
    {
      await using store = await openTestStore(location)
      const refused = store.ring.adopt(both(3, 2))
      await expect(refused).rejects.toMatchObject({ code: 'master_key_wrong' })
      await store.ring.save()
    }
    await open(location)
  })

  test('opens with both keys whatever a start left behind, and is whole after it [secrets/master/file]', async () => {
    const { location, tamper } = await engine.place()
    await (await openTestStore(location))[Symbol.asyncDispose]()
    const [before] = await tamper("select body from vault where name = 'ring'")
    await (await openTestStore(location, { keys: both(2, 1) }))[Symbol.asyncDispose]()
    // As after a kill between the two rows of a version that wrote them one by one.
    const hex = Buffer.from(before?.['body'] as Uint8Array).toString('hex') // a blob on both engines
    const blob = engine.kind === 'sqlite' ? `x'${hex}'` : `'\\x${hex}'`
    await tamper(`update vault set body = ${blob} where name = 'ring'`)
    await (await openTestStore(location, { keys: both(2, 1) }))[Symbol.asyncDispose]()
    await open(location, testKeys(2))
  })

  test('seals with a key once it is first, and opens with one it no longer has first [secrets/data/rotated]', async () => {
    const store = await open((await engine.place()).location)
    const { ring } = store
    const sealer = new Sealer(ring.keys, 'x')
    const old = sealer.seal(Buffer.from('v'), 'a')
    const key = newRingKey(1)
    await ring.save(withKey(ring.keys.content, key))
    const pending = sealer.seal(Buffer.from('v'), 'a')
    expect(sealer.reseal(pending, 'a')).toBe(pending)
    await ring.save(withFirst(ring.keys.content, key.id, 5))
    expect(ring.keys.content.keys.map(({ retiredAtMs }) => retiredAtMs)).toEqual([null, 5])
    const again = sealer.reseal(old, 'a') ?? ''
    expect([again === old, sealer.reseal(again, 'a') === again]).toEqual([false, true])
    await ring.save(withoutRetired(ring.keys.content, 5))
    expect(sealer.open(old, 'a')?.toString()).toBe('v')
    await ring.save(withoutRetired(ring.keys.content, 6))
    expect(sealer.open(old, 'a')).toBeUndefined()
    expect(sealer.open(again, 'a')?.toString()).toBe('v')
  })

  test('has kept rows sealed again, and leaves those that are not ours', async () => {
    const store = await open((await engine.place()).location)
    const { ring, generations, subjects } = store
    const config = new Sealer(ring.keys, 'config')
    const add = (body: string) => {
      const rest = { cause: 'file', by: '', digest: 'd', file: 'f' } as const
      return generations.add({ atMs: 1, ...rest, body: Buffer.from(body) }, 50)
    }
    const ids: number[] = []
    for (let at = 0; at < 12; at += 1) {
      ids.push(await add(config.seal(Buffer.from(`text ${at}`), 'config-generation')))
    }
    await add('foreign')
    const people = new Sealer(ring.keys, 'subjects')
    const subject = Buffer.from(people.seal(Buffer.from('alice'), 'subject:i:a'))
    const seen = { firstSeenAtMs: 1, lastSeenAtMs: 1 }
    await subjects.note([{ id: 'subject:i:a', issuer: 'i', subject, ...seen }])
    const key = newRingKey(1)
    await ring.save(withFirst(withKey(ring.keys.content, key), key.id, 5))
    const report = await store.sealed.reseal((purpose) => new Sealer(ring.keys, purpose), soon())
    expect(report).toEqual([
      { table: 'generations', resealed: 12, current: 0, unreadable: 1 },
      { table: 'entries', resealed: 0, current: 0, unreadable: 0 },
      { table: 'subjects', resealed: 1, current: 0, unreadable: 0 },
      { table: 'installations', resealed: 0, current: 0, unreadable: 0 },
    ])
    await ring.save(withoutRetired(ring.keys.content, 6))
    const texts = await Promise.all(ids.map((id) => generations.get(id)))
    expect(
      texts.map((row) => config.open(row?.body.toString() ?? '', 'config-generation')?.toString()),
    ).toEqual(ids.map((_id, at) => `text ${at}`))
    const row = await subjects.get('subject:i:a')
    expect(people.open(row?.subject.toString() ?? '', 'subject:i:a')?.toString()).toBe('alice')
  })

  test('is read again after another process changed it, and lets nobody write over it [secrets/data/one]', async () => {
    if (engine.kind === 'sqlite') return // one process
    const { location } = await engine.place()
    const [one, other] = [await open(location), await open(location)]
    const seen = await other.changes.read()
    await one.ring.save(withKey(one.ring.keys.content, newRingKey(1)))
    expect((await other.changes.read()).get('vault')).not.toBe(seen.get('vault'))
    await expect(other.ring.save()).rejects.toMatchObject({ code: 'conflict' })
    await other.ring.refresh()
    expect(other.ring.keys.content).toEqual(one.ring.keys.content)
    expect(await one.ring.takeTurn('a', 1_000, 2_000)).toBe(true)
    expect(await other.ring.takeTurn('b', 1_500, 2_500)).toBe(false)
    expect(await one.ring.takeTurn('a', 1_600, 2_600)).toBe(true)
    expect(await other.ring.takeTurn('b', 2_601, 3_000)).toBe(true)
    await one.ring.endTurn('a')
    expect(await one.ring.takeTurn('a', 2_700, 4_000)).toBe(false)
    await other.ring.endTurn('b')
    expect(await one.ring.takeTurn('a', 2_700, 4_000)).toBe(true)
  })
})
