import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type {
  GenerationRecord,
  MarkRecord,
  OutcomeKey,
  OutcomeStore,
} from '../../src/store/store.ts'
import type { SubjectRecord } from '../../src/store/index.ts'
import { openTestStore, testEngines, type TestEngine } from '../fixtures/stores.ts'

const KEY: OutcomeKey = {
  principal: 'key:abcdefgh',
  server: 'pay',
  tool: 'transfer',
  keyHash: 'ab'.repeat(32),
}
const DAY_MS = 86_400_000

function claim(
  changes: Partial<Parameters<OutcomeStore['claim']>[0]> = {},
): Parameters<OutcomeStore['claim']>[0] {
  const atMs = changes.atMs ?? 1_000
  return {
    ...KEY,
    argumentsMac: 'cd'.repeat(32),
    claimant: 'one',
    atMs,
    expiresAtMs: atMs + DAY_MS,
    ...changes,
  }
}

function generation(changes: Partial<GenerationRecord> = {}): Omit<GenerationRecord, 'id'> {
  return {
    atMs: 1_700_000_000_000,
    cause: 'file',
    by: '',
    digest: 'ef'.repeat(32),
    file: '/etc/sallyport.yaml',
    body: Buffer.from([0, 255, 10]),
    ...changes,
  }
}

describe.each(testEngines())('what operations keep on %s', (engineName, start) => {
  let engine: TestEngine
  beforeAll(async () => {
    engine = await start()
  })
  afterAll(async () => {
    await engine[Symbol.asyncDispose]()
  })

  test('a mark outlives a restart, and a second of its kind takes its place', async () => {
    const { location } = await engine.place()
    const blocked: MarkRecord = {
      server: 'pay',
      kind: 'blocked',
      reason: 'leaks "; drop table marks',
      by: 'key:ops',
      atMs: 5,
    }
    const draining: MarkRecord = { server: '', kind: 'draining', reason: '', by: '', atMs: 6 }
    {
      await using store = await openTestStore(location)
      await store.marks.set({ ...blocked, reason: 'earlier', atMs: 1 })
      await store.marks.set(blocked)
      await store.marks.set(draining)
    }
    await using store = await openTestStore(location)
    expect(await store.marks.list()).toEqual([draining, blocked])
    expect(await store.marks.clear('pay', 'draining')).toBe(false)
    expect(await store.marks.clear('', 'draining')).toBe(true)
    expect(await store.marks.list()).toEqual([blocked])
    const long = store.marks.set({ ...blocked, reason: 'x'.repeat(1_001) })
    await expect(long).rejects.toMatchObject({ code: 'request_invalid' })
  })

  test('subjects keep when they were first seen, and are gone once erased', async () => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    const seen = (id: string, atMs: number): SubjectRecord => ({
      ...{ id, issuer: 'main', subject: Buffer.from(`sealed ${id} ${atMs}`) },
      ...{ firstSeenAtMs: atMs, lastSeenAtMs: atMs },
    })
    await store.subjects.note([seen('a', 1), seen('b', 1), seen('c', 1)])
    await store.subjects.note([seen('a', 5)])
    await store.subjects.note([])
    expect(await store.subjects.get('a')).toEqual({ ...seen('a', 1), lastSeenAtMs: 5 })
    expect((await store.subjects.list('a', 1)).map(({ id }) => id)).toEqual(['b'])
    expect(await store.subjects.erase('b')).toBe(true)
    expect(await store.subjects.erase("b' or '1'='1")).toBe(false)
    expect((await store.subjects.list('', 10)).map(({ id }) => id)).toEqual(['a', 'c'])
    const long = store.subjects.note([{ ...seen('d', 1), subject: Buffer.alloc(8_193) }])
    await expect(long).rejects.toMatchObject({ code: 'request_invalid' })
  })

  test('the last configurations are kept, newest first, and the older ones are removed', async () => {
    const { location } = await engine.place()
    {
      await using store = await openTestStore(location)
      for (const digest of ['a', 'b', 'c']) await store.generations.add(generation({ digest }), 2)
    }
    await using store = await openTestStore(location)
    const { body, ...head } = generation({ digest: 'c' })
    const heads = await store.generations.list()
    expect(heads.map(({ id, digest }) => [id, digest])).toEqual([
      [3, 'c'],
      [2, 'b'],
    ])
    expect(heads[0]).toEqual({ id: 3, ...head })
    expect(await store.generations.get(3)).toEqual({ id: 3, ...head, body })
    expect(await store.generations.get(1)).toBe(undefined)
    const large = store.generations.add(generation({ body: Buffer.alloc(4 * 1024 * 1024 + 1) }), 2)
    await expect(large).rejects.toMatchObject({ code: 'request_invalid' })
  })

  test('calls of a day add up, and days before the kept ones are forgotten', async () => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    const today = (scope: string, calls: number) => ({ day: '2026-11-21', scope, calls })
    await store.usage.add([{ ...today('a', 9), day: '2026-11-19' }], '2026-11-01')
    await store.usage.add([today('a', 1), today('b', 2), today('a', 3)], '2026-11-20')
    expect(await store.usage.add([today('b', 5)], '2026-11-20')).toEqual([today('b', 7)])
    await store.usage.add([], '2026-11-20')
    expect(await store.usage.read('2026-11-21')).toEqual([today('a', 4), today('b', 7)])
    expect(await store.usage.read('2026-11-19')).toEqual([])
  })

  test('two thousand scopes are counted in one go, also by two writers at once', async () => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    const records = Array.from({ length: 2_000 }, (_, i) => {
      return { day: '2026-11-21', scope: `scope ${i}`, calls: 1 }
    })
    await Promise.all([
      store.usage.add(records, '2026-11-20'),
      store.usage.add(records.toReversed(), '2026-11-20'),
    ])
    const kept = await store.usage.read('2026-11-21')
    expect([kept.length, new Set(kept.map(({ calls }) => calls))]).toEqual([2_000, new Set([2])])
  })

  test('a key is claimed once, and shows what became of it', async () => {
    const { location } = await engine.place()
    {
      await using store = await openTestStore(location)
      expect(await store.outcomes.claim(claim(), 10)).toBe(undefined)
      const standing = await store.outcomes.claim(claim({ claimant: 'two', atMs: 2_000 }), 10)
      expect(standing).toEqual({
        ...claim(),
        state: 'pending',
        seenAtMs: 1_000,
        outcome: null,
        result: null,
      })
      await store.outcomes.finish(KEY, 'two', { outcome: 'stolen', result: null })
      await store.outcomes.finish(KEY, 'one', { outcome: 'ok', result: Buffer.from([0, 255]) })
      await store.outcomes.finish(KEY, 'one', { outcome: 'failed', result: null })
    }
    await using store = await openTestStore(location)
    const done = { state: 'done', outcome: 'ok', result: Buffer.from([0, 255]) }
    expect(await store.outcomes.claim(claim({ claimant: 'two' }), 10)).toMatchObject(done)
    expect(await store.outcomes.read(KEY)).toMatchObject(done)
  })

  test('a claim that was released can be claimed again, and one that is done cannot be released', async () => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    await store.outcomes.claim(claim(), 10)
    await store.outcomes.release(KEY, 'two')
    expect(await store.outcomes.claim(claim({ claimant: 'two' }), 10)).toBeDefined()
    await store.outcomes.release(KEY, 'one')
    expect(await store.outcomes.claim(claim({ claimant: 'two' }), 10)).toBe(undefined)
    await store.outcomes.finish(KEY, 'two', { outcome: 'ok', result: null })
    await store.outcomes.release(KEY, 'two')
    expect(await store.outcomes.read(KEY)).toMatchObject({ state: 'done' })
  })

  test('principal, server, tool and key tell claims apart', async () => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    const others = [
      {},
      { principal: 'key:other' },
      { server: 'other' },
      { tool: 'other' },
      { keyHash: '00' },
    ]
    for (const other of others) expect(await store.outcomes.claim(claim(other), 10)).toBe(undefined)
    for (const other of others) expect(await store.outcomes.claim(claim(other), 10)).toBeDefined()
  })

  test('an expired claim counts as absent, and is removed in steps', async () => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    await store.outcomes.claim(claim(), 10)
    const later = 1_000 + DAY_MS
    const again = claim({ claimant: 'two', atMs: later })
    expect(await store.outcomes.claim(again, 10)).toBe(undefined)
    expect(await store.outcomes.read(KEY)).toMatchObject({ claimant: 'two', atMs: later })
    for (const keyHash of ['a', 'b', 'c']) await store.outcomes.claim(claim({ keyHash }), 10)
    const removed = [await store.outcomes.prune(later, 2), await store.outcomes.prune(later, 2)]
    expect([...removed, await store.outcomes.prune(later, 2)]).toEqual([2, 1, 0])
    expect(await store.outcomes.read(KEY)).toBeDefined()
  })

  test('only what is pending of one claimant is renewed', async () => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    await store.outcomes.claim(claim(), 10)
    await store.outcomes.claim(claim({ keyHash: 'done' }), 10)
    await store.outcomes.finish({ ...KEY, keyHash: 'done' }, 'one', { outcome: 'ok', result: null })
    await store.outcomes.claim(claim({ keyHash: 'other', claimant: 'two' }), 10)
    await store.outcomes.beat('one', 7_000)
    const seen = async (keyHash: string) =>
      (await store.outcomes.read({ ...KEY, keyHash }))?.seenAtMs
    expect([await seen(KEY.keyHash), await seen('done'), await seen('other')]).toEqual([
      7_000, 1_000, 1_000,
    ])
  })

  test('a call that waits for its client is taken up by one, and by nobody while it runs', async () => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    await store.outcomes.claim(claim(), 10)
    expect(await store.outcomes.resume(KEY, 'two', 2_000)).toBe(false)
    await store.outcomes.pause(KEY, 'two', 3_000)
    expect(await store.outcomes.read(KEY)).toMatchObject({ state: 'pending', seenAtMs: 1_000 })
    await store.outcomes.pause(KEY, 'one', 3_000)
    expect(await store.outcomes.read(KEY)).toMatchObject({ state: 'waiting', seenAtMs: 3_000 })
    await store.outcomes.finish(KEY, 'one', { outcome: 'ok', result: null })
    const taken = await Promise.all(
      ['two', 'three'].map((claimant) => store.outcomes.resume(KEY, claimant, 4_000)),
    )
    expect(taken.toSorted()).toEqual([false, true])
    expect(await store.outcomes.read(KEY)).toMatchObject({ state: 'pending', seenAtMs: 4_000 })
  })

  test('a principal with too many keys is refused new ones, keeps the old ones, and harms no other', async () => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    for (let i = 0; i < 20; i += 1) {
      const expiresAtMs = 1_000 + DAY_MS - i
      const one = claim({ keyHash: `k${i}`, atMs: 1_000, expiresAtMs })
      expect(await store.outcomes.claim(one, 20)).toBe(undefined)
    }
    await expect(store.outcomes.claim(claim({ keyHash: 'one more' }), 20)).rejects.toMatchObject({
      code: 'quota_exceeded',
      outcome: 'not_sent',
      remaining: 0,
      retryAfterMs: DAY_MS - 19,
    })
    expect(await store.outcomes.claim(claim({ keyHash: 'k3' }), 20)).toBeDefined()
    expect(await store.outcomes.claim(claim({ principal: 'key:other' }), 20)).toBe(undefined)
    const later = claim({ keyHash: 'later', atMs: 1_000 + DAY_MS })
    expect(await store.outcomes.claim(later, 20)).toBe(undefined)
  })

  // An embedded store has one process at a time.
  test.runIf(engineName === 'postgres')(
    'of two gateways that claim one key at once, also an expired one, exactly one gets it',
    async () => {
      const { location } = await engine.place()
      await using first = await openTestStore(location)
      await using second = await openTestStore(location)
      for (let round = 0; round < 20; round += 1) {
        const atMs = round * 2 * DAY_MS
        const claims = Array.from({ length: 8 }, (_, i) =>
          (i % 2 === 0 ? first : second).outcomes.claim(claim({ claimant: `c${i}`, atMs }), 100),
        )
        const won = (await Promise.all(claims)).filter((standing) => standing === undefined)
        expect(won).toHaveLength(1)
      }
    },
  )
})
