import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHECKLIST_LIMITS, type ChecklistStore } from '../../src/store/index.ts'
import { openTestStore, type TestEngine, testEngines } from '../fixtures/stores.ts'

const ATTESTED = {
  ...{ item: 'redis/password', kind: 'attested', by: 'Ada', note: 'looked at it' },
  ...{ atMs: 1_000, expiresAtMs: 2_000 },
}

async function addReports(store: ChecklistStore, from: number, to: number): Promise<void> {
  for (let at = from; at <= to; at += 1) {
    await store.addReport({ id: `r${at}`, head: `{"at":${at}}`, body: Buffer.from(`body ${at}`) })
  }
}

describe.each(testEngines())('%s', (_name, start) => {
  let engine: TestEngine
  beforeAll(async () => {
    engine = await start()
  }, 60_000)
  afterAll(() => engine[Symbol.asyncDispose]())

  const open = async () => openTestStore((await engine.place()).location)

  test('an attestation takes the place of the one before it, and is gone once removed', async () => {
    await using store = await open()
    const { checklist } = store
    await checklist.attest(ATTESTED)
    await checklist.attest({ ...ATTESTED, item: 'a/b', kind: 'not_applicable' })
    await checklist.attest({ ...ATTESTED, by: 'Grace', note: 'ü\n', expiresAtMs: 3_000 })
    expect(await checklist.attestations()).toEqual([
      { ...ATTESTED, item: 'a/b', kind: 'not_applicable' },
      { ...ATTESTED, by: 'Grace', note: 'ü\n', expiresAtMs: 3_000 },
    ])
    expect(await checklist.removeAttestation('a/b')).toBe(true)
    expect(await checklist.removeAttestation('a/b')).toBe(false)
    expect(await checklist.attestations()).toHaveLength(1)
  })

  test('the last 50 reports are kept, and older ones that somebody signed for [checklist/kept]', async () => {
    await using store = await open()
    const { checklist } = store
    await addReports(checklist, 1, 3)
    const sign = (role: string, report: string) =>
      checklist.addSignOff({ role, by: 'Ada', atMs: 5, report })
    await sign('technical', 'r1')
    await sign('security', 'r2')
    await addReports(checklist, 4, 60)
    const ids = (await checklist.reports()).map(({ id }) => id)
    expect(ids).toEqual([...Array.from({ length: 50 }, (_, at) => `r${60 - at}`), 'r2', 'r1'])
    expect(await checklist.report('r3')).toBeUndefined()
    expect(await checklist.report('r2')).toEqual({
      ...{ id: 'r2', head: '{"at":2}', body: Buffer.from('body 2') },
    })
    // What nobody signs for any more goes with the next report.
    await sign('technical', 'r60')
    await addReports(checklist, 61, 61)
    expect((await checklist.reports()).map(({ id }) => id).slice(49)).toEqual(['r12', 'r2'])
    expect(await checklist.signOffs()).toEqual([
      { role: 'security', by: 'Ada', atMs: 5, report: 'r2' },
      { role: 'technical', by: 'Ada', atMs: 5, report: 'r60' },
    ])
  })

  test('a report is kept once, and counts as a change that others see', async () => {
    await using store = await open()
    const { checklist } = store
    await addReports(checklist, 1, 1)
    const before = (await store.changes.read()).get('checklist')
    await expect(addReports(checklist, 1, 1)).rejects.toMatchObject({ code: 'conflict' })
    await addReports(checklist, 2, 2)
    expect((await store.changes.read()).get('checklist')).toBe((before ?? 0) + 1)
  })

  test('the last 20 runs of each drill are kept, and the newest is told [checklist/kept]', async () => {
    const place = await engine.place()
    await using store = await openTestStore(place.location)
    const { checklist } = store
    for (let at = 1; at <= 25; at += 1) {
      await checklist.addDrillRun({ drill: 'failover', endedAtMs: at, body: `{"at":${at}}` })
    }
    await checklist.addDrillRun({ drill: 'auth', endedAtMs: 3, body: '{}' })
    expect(await checklist.drillRuns()).toEqual([
      { drill: 'auth', endedAtMs: 3, body: '{}' },
      { drill: 'failover', endedAtMs: 25, body: '{"at":25}' },
    ])
    const [{ count } = {}] = await place.tamper(
      "select count(*) as count from drill_runs where drill = 'failover'",
    )
    expect(Number(count)).toBe(CHECKLIST_LIMITS.drillRuns)
  })

  test('20 sign-offs of each role are kept, however many there were', async () => {
    const place = await engine.place()
    await using store = await openTestStore(place.location)
    for (let at = 1; at <= 23; at += 1) {
      await store.checklist.addSignOff({ role: 'product', by: 'Ada', atMs: at, report: 'r' })
    }
    const rows = await place.tamper('select at from sign_offs')
    expect(rows.map(({ at }) => Number(at)).toSorted((a, b) => a - b)[0]).toBe(4)
    expect(rows).toHaveLength(20)
  })

  test('a baseline is the number that was given, to the last bit', async () => {
    await using store = await open()
    const { checklist } = store
    for (const value of [0.1 + 0.2, 1e-9, 123_456_789_012, -0.5, 5e300]) {
      await checklist.setBaseline({ name: 'p95', value, unit: 'ms', atMs: 7 })
      expect(await checklist.baselines()).toEqual([{ name: 'p95', value, unit: 'ms', atMs: 7 }])
    }
  })

  test('nothing grows without bound: the row that is one too many is refused and not kept', async () => {
    await using store = await open()
    const { checklist } = store
    const add = (at: number) =>
      checklist.setBaseline({ name: `n${at}`, value: at, unit: 'ms', atMs: 1 })
    for (let at = 0; at < CHECKLIST_LIMITS.baselines; at += 1) await add(at)
    await expect(add(CHECKLIST_LIMITS.baselines)).rejects.toMatchObject({ code: 'conflict' })
    await add(3)
    expect(await checklist.baselines()).toHaveLength(CHECKLIST_LIMITS.baselines)
    const long = { ...ATTESTED, by: 'x'.repeat(300) }
    await expect(checklist.attest(long)).rejects.toMatchObject({ code: 'request_invalid' })
    const body = Buffer.alloc(CHECKLIST_LIMITS.reportBytes + 1)
    await expect(checklist.addReport({ id: 'r', head: '', body })).rejects.toMatchObject({
      code: 'request_invalid',
    })
  })

  test('two processes on one store keep what both write, and each sees it of the other', async () => {
    if (engine.kind !== 'postgres') return
    const { location } = await engine.place()
    await using one = await openTestStore(location)
    await using other = await openTestStore(location)
    await Promise.all(
      [one, other].flatMap((store, which) =>
        Array.from({ length: 15 }, async (_, at) => {
          const id = `r-${which}-${at}`
          await store.checklist.addReport({ id, head: '{}', body: Buffer.from(id) })
          await store.checklist.attest({ ...ATTESTED, item: id })
          await store.checklist.addDrillRun({ drill: 'stop', endedAtMs: at, body: '{}' })
        }),
      ),
    )
    expect(await one.checklist.reports()).toHaveLength(30)
    expect(await other.checklist.reports()).toEqual(await one.checklist.reports())
    expect(await other.checklist.attestations()).toHaveLength(30)
    expect((await other.changes.read()).get('checklist')).toBe(31)
    expect(await one.checklist.drillRuns()).toHaveLength(1)
  })
})
