import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Sealer } from '../../src/crypto/index.ts'
import {
  type BudgetAsk,
  INSTALLATION_PURPOSE,
  installationAad,
  type InstallationValues,
} from '../../src/store/index.ts'
import { newRingKey, withFirst, withKey } from '../../src/crypto/index.ts'
import { openTestStore, soon, type TestEngine, testEngines } from '../fixtures/stores.ts'

const KEY = { provider: 'slack', app: 'default', team: 'T1' }

function values(changes: Partial<InstallationValues> = {}): InstallationValues {
  return {
    ...KEY,
    tenant: null,
    state: 'active',
    body: Buffer.from('sealed'),
    expiresAtMs: 5,
    createdAtMs: 1,
    changedAtMs: 2,
    ...changes,
  }
}

describe.each(testEngines())('installations, states and budgets in %s', (_name, start) => {
  let engine: TestEngine
  beforeAll(async () => {
    engine = await start()
  }, 60_000)
  afterAll(async () => engine[Symbol.asyncDispose]())

  const open = async () => openTestStore((await engine.place()).location)

  test('a reader gets what changed since, and sees what was removed', async () => {
    await using store = await open()
    const { installations } = store
    const first = await installations.put(values())
    const second = await installations.put(values({ team: 'T2' }))
    await installations.put(values({ provider: 'other' }))
    const all = await installations.read('slack', 0)
    expect(all.changed.map(({ team, version }) => [team, version])).toEqual([
      ['T1', first],
      ['T2', second],
    ])
    expect(all.version).toBeGreaterThan(second) // another provider's change
    await installations.remove(KEY)
    const later = await installations.read('slack', all.version)
    expect(later.changed).toEqual([])
    expect(later.keys.map(({ team }) => team)).toEqual(['T2'])
    expect(await installations.remove(KEY)).toBe(false)
    expect((await store.changes.read()).get('installations')).toBeGreaterThan(second)
  })

  test('a change that is based on an older version is not made', async () => {
    await using store = await open()
    const { installations } = store
    const first = await installations.put(values())
    const again = await installations.put(values({ body: Buffer.from('again') }))
    expect(await installations.update(values({ body: Buffer.from('late') }), first)).toBe(undefined)
    expect((await installations.get(KEY))?.body.toString()).toBe('again')
    const changed = await installations.update(values({ state: 'removed' }), again)
    expect(await installations.get(KEY)).toEqual({
      ...values({ state: 'removed' }),
      version: changed,
      lease: null,
    })
  })

  test('of holders at once one has the lease, until it ends it or time does', async () => {
    await using store = await open()
    const { installations } = store
    const version = await installations.put(values())
    const take = (holder: string, nowMs: number) =>
      installations.takeLease(KEY, { holder, untilMs: nowMs + 10 }, nowMs)
    const holders = await Promise.all(['a', 'b', 'c', 'd'].map((holder) => take(holder, 100)))
    const [winner] = holders.map((record) => record?.lease?.holder)
    expect(new Set(holders.map((record) => record?.lease?.holder))).toEqual(new Set([winner]))
    expect(holders[0]?.version).toBe(version)
    expect((await take('late', 109))?.lease?.holder).toBe(winner)
    expect((await take('late', 110))?.lease?.holder).toBe('late')
    await installations.endLease(KEY, winner ?? '', null) // has it no more
    expect((await take('third', 111))?.lease?.holder).toBe('late')
    await installations.endLease(KEY, 'late', { holder: 'pause', untilMs: 500 })
    expect((await take('third', 499))?.lease).toEqual({ holder: 'pause', untilMs: 500 })
    expect((await take('third', 500))?.lease?.holder).toBe('third')
    await installations.update(values(), version)
    expect((await installations.get(KEY))?.lease).toBeNull()
    expect(
      await installations.takeLease({ ...KEY, team: 'T9' }, { holder: 'a', untilMs: 2 }, 1),
    ).toBe(undefined)
  })

  test('a body that is too large is refused', async () => {
    await using store = await open()
    const large = values({ body: Buffer.alloc(64 * 1_024 + 1) })
    await expect(store.installations.put(large)).rejects.toMatchObject({ code: 'request_invalid' })
    expect(await store.installations.get(KEY)).toBeUndefined()
  })

  test('another key seals installations again, and they keep their version and lease', async () => {
    await using store = await open()
    const { installations, ring, sealed } = store
    const sealerFor = (purpose: string) => new Sealer(ring.keys, purpose)
    const sealer = sealerFor(INSTALLATION_PURPOSE)
    const body = Buffer.from(sealer.seal(Buffer.from('{}'), installationAad(KEY)))
    await installations.put(values({ body }))
    await installations.takeLease(KEY, { holder: 'a', untilMs: 10 }, 1)
    const before = await installations.get(KEY)
    const next = newRingKey(1)
    ring.keys.replace(withFirst(withKey(ring.keys.content, next), next.id, 1))
    const done = await sealed.reseal(sealerFor, soon())
    expect(done.find(({ table }) => table === 'installations')).toMatchObject({ resealed: 1 })
    const after = await installations.get(KEY)
    expect({ ...after, body: '' }).toEqual({ ...before, body: '' })
    expect(after?.body.equals(body)).toBe(false)
    expect(sealer.open(after?.body.toString() ?? '', installationAad(KEY))?.toString()).toBe('{}')
  })

  const state = (stateHash: string, expiresAtMs = 10) => ({
    ...{ provider: 'slack', stateHash, expiresAtMs },
    body: Buffer.from(stateHash),
  })

  test('of any number that take a state one gets it, and none after its time', async () => {
    await using store = await openTestStore((await engine.place()).location)
    const { installStates } = store
    await installStates.add(state('a'), { nowMs: 1, max: 5 })
    await installStates.add(state('b'), { nowMs: 1, max: 5 })
    expect(await installStates.take('other', 'a', 2)).toBeUndefined()
    const taken = await Promise.all([1, 2, 3, 4].map(() => installStates.take('slack', 'a', 9)))
    expect(taken.filter((body) => body !== undefined).map(String)).toEqual(['a'])
    expect(await installStates.take('slack', 'b', 10)).toBeUndefined()
    expect(await installStates.take('slack', 'b', 1)).toBeUndefined()
  })

  test('no more are kept than the bound, and those that expired make room', async () => {
    await using store = await openTestStore((await engine.place()).location)
    const { installStates } = store
    await installStates.add(state('a', 10), { nowMs: 1, max: 2 })
    await installStates.add(state('b', 20), { nowMs: 1, max: 2 })
    const more = () => installStates.add(state('c', 30), { nowMs: 9, max: 2 })
    await expect(more()).rejects.toMatchObject({ code: 'overloaded' })
    expect(await installStates.add(state('c', 30), { nowMs: 10, max: 2 })).toBe(true)
    expect(await installStates.add(state('c', 40), { nowMs: 10, max: 9 })).toBe(false)
  })

  const ask = (nowMs: number, count: number, more: Partial<BudgetAsk> = {}): BudgetAsk => ({
    ...{ intervalMs: 1_000, burst: 5, nowMs, count, returned: 0, waitMsMax: 0 },
    ...more,
  })

  test('all together take no more than the budget has, and it comes back with time', async () => {
    await using store = await open()
    const { budgets } = store
    const grants = await Promise.all([1, 2, 3, 4].map(() => budgets.take('s', ask(50_000, 2))))
    expect(grants.map(({ granted }) => granted).toSorted()).toEqual([0, 1, 2, 2])
    expect(await budgets.take('s', ask(50_999, 1))).toEqual({ granted: 0, startsAtMs: 51_000 })
    expect(await budgets.take('s', ask(51_000, 9))).toEqual({ granted: 1, startsAtMs: 51_000 })
    expect((await budgets.take('other', ask(51_000, 2))).granted).toBe(2)
    expect((await budgets.take('s', ask(51_000, 9, { returned: 2 }))).granted).toBe(2)
    expect((await budgets.take('s', ask(900_000, 9))).granted).toBe(5)
  })

  test('who may wait gets the next place in line, and everybody another one', async () => {
    await using store = await open()
    const { budgets } = store
    await budgets.take('s', ask(50_000, 5))
    const waiting = ask(50_000, 3, { waitMsMax: 2_000 })
    const grants = await Promise.all([1, 2, 3].map(() => budgets.take('s', waiting)))
    expect(grants.toSorted((one, other) => one.startsAtMs - other.startsAtMs)).toEqual([
      { granted: 1, startsAtMs: 51_000 },
      { granted: 1, startsAtMs: 52_000 },
      { granted: 0, startsAtMs: 53_000 },
    ])
  })

  test('a block holds for everybody until its end, and a shorter one changes nothing', async () => {
    await using store = await open()
    const { budgets } = store
    await budgets.block('s', 2_000)
    await budgets.block('s', 1_500)
    expect(await budgets.take('s', ask(1_400, 1))).toEqual({ granted: 0, startsAtMs: 2_000 })
    expect(await budgets.take('s', ask(2_000, 1))).toEqual({ granted: 1, startsAtMs: 2_000 })
    expect(await budgets.prune(2_500, 10)).toBe(0)
    expect(await budgets.prune(3_000, 10)).toBe(1)
  })
})
