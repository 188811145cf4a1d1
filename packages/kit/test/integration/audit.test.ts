import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import type { AuditReport, AuditRow, Store } from '../../src/store/store.ts'
import {
  filledPlace,
  openTestStore,
  soon,
  testEngines,
  testEntry,
  verifyPlace,
  type TestEngine,
} from '../fixtures/stores.ts'

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))

async function listAll(store: Store, limit: number): Promise<AuditRow[]> {
  const all: AuditRow[] = []
  let cursor: string | undefined
  do {
    const page = await store.reader.list(
      { limit, ...(cursor === undefined ? {} : { cursor }) },
      soon(),
    )
    all.push(...page.items)
    cursor = page.next
  } while (cursor !== undefined)
  return all
}

describe.each(testEngines())('the audit log on %s', (engineName, start) => {
  let engine: TestEngine
  beforeAll(async () => {
    engine = await start()
  })
  afterAll(async () => {
    await engine[Symbol.asyncDispose]()
  })

  test('verifies with nothing in it, and after several writers', async () => {
    const place = await engine.place()
    expect(await verifyPlace(place)).toEqual({ ok: true, rows: 0, writers: 0, broken: [] })
    await using store = await openTestStore(place.location)
    for (const durability of ['process', 'power', 'process'] as const) {
      await using audit = await store.openAudit({ durability })
      await Promise.all(Array.from({ length: 50 }, (_, i) => audit.append(testEntry(`row-${i}`))))
    }
    const report = await store.reader.verify(soon())
    expect(report).toEqual({ ok: true, rows: 150, writers: 3, broken: [] })
  })

  test('returns what was appended, newest first, page by page, while rows are added [record/list]', async () => {
    const place = await engine.place()
    await using store = await openTestStore(place.location)
    await using audit = await store.openAudit({ durability: 'process' })
    const entries = Array.from({ length: 7 }, (_, i) => testEntry(`row-${i}`, { durationUs: null }))
    for (const entry of entries) await audit.append(entry)
    const first = await store.reader.list({ limit: 3 }, soon())
    await audit.append(testEntry('later'))
    const rest = await store.reader.list({ limit: 100, cursor: first.next! }, soon()) // seven rows, so a page follows
    const all = [...first.items, ...rest.items]
    expect(all.map(({ writer: _writer, seq: _seq, hash: _hash, ...entry }) => entry)).toEqual(
      entries.toReversed(),
    )
    expect(all.map(({ seq }) => seq)).toEqual([7, 6, 5, 4, 3, 2, 1])
    expect(all.every(({ hash }) => Buffer.isBuffer(hash) && hash.length === 32)).toBe(true)
    expect(rest.next).toBeUndefined()
  })

  test('filters by every field it offers [record/list]', async () => {
    const place = await engine.place()
    await using store = await openTestStore(place.location)
    await using audit = await store.openAudit({ durability: 'process' })
    await audit.append(testEntry('a', { principal: 'key:other', atMs: 1_000 }))
    await audit.append(testEntry('b', { server: 'files', tool: "x' or 1=1 --", atMs: 2_000 }))
    await audit.append(
      testEntry('c', { outcome: 'refused', server: null, tool: null, atMs: 3_000 }),
    )
    const found = async (query: object): Promise<string> => {
      const { items } = await store.reader.list({ limit: 10, ...query }, soon())
      return items.map(({ requestId }) => requestId).join('')
    }
    expect(await found({ principal: 'key:other' })).toBe('a')
    expect(await found({ server: 'files' })).toBe('b')
    expect(await found({ tool: "x' or 1=1 --" })).toBe('b')
    expect(await found({ outcome: 'refused' })).toBe('c')
    expect(await found({ requestId: 'a' })).toBe('a')
    expect(await found({ sinceMs: 2_000 })).toBe('cb')
    expect(await found({ untilMs: 2_000, sinceMs: 2_000 })).toBe('b')
    expect(await found({ principal: "' or 1=1 --" })).toBe('')
  })

  test('finds the calls of one tool by the name clients see, also where no server has it [record/list/tool]', async () => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    await using audit = await store.openAudit({ durability: 'process' })
    const rows: [string, string | null, string][] = [
      ['a', 'files', 'write'],
      ['b', 'mail', 'write'],
      ['c', null, 'files__write'],
      ['d', null, 'files__nope'],
      ['e', 'files', 'a__b'],
      ['f', null, 'filesXXwrite'],
      ['g', 'mail', 'files__write'],
    ]
    for (const [id, server, tool] of rows) await audit.append(testEntry(id, { server, tool }))
    const found = async (query: object): Promise<string> => {
      const { items } = await store.reader.list({ limit: 10, ...query }, soon())
      return items.map(({ requestId }) => requestId).join('')
    }
    expect(await found({ tool: 'files__write' })).toBe('ca')
    expect(await found({ tool: 'files__nope' })).toBe('d')
    expect(await found({ tool: 'files__a__b' })).toBe('e')
    expect(await found({ tool: 'write' })).toBe('ba')
    expect(await found({ tool: 'files__' })).toBe('')
    expect(await found({ server: 'files' })).toBe('edca')
    expect(await found({ server: 'files', tool: 'files__write' })).toBe('ca')
    expect(await found({ server: 'mail', tool: 'files__write' })).toBe('')
    expect(await found({ server: 'f%' })).toBe('')
  })

  test.each([
    ['a limit of 0', { limit: 0 }],
    ['a limit over 1,000', { limit: 1_001 }],
    ['a made-up cursor', { limit: 1, cursor: 'bm90IG91cnM' }],
  ])('refuses %s', async (_what, query) => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    await expect(store.reader.list(query, soon())).rejects.toMatchObject({ code: 'usage' })
  })

  test('ends a reading when it is aborted', async () => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    const reason = new Error('enough')
    await expect(store.reader.verify(AbortSignal.abort(reason))).rejects.toBe(reason)
    const controller = new AbortController()
    const verifying = store.reader.verify(controller.signal)
    controller.abort(reason)
    await expect(verifying).rejects.toBe(reason)
  })

  test('takes any text a caller may send, and it still verifies', async () => {
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    await using audit = await store.openAudit({ durability: 'process' })
    const texts = ['\0nul', '\uD800lone', 'é😀\n"\\', 'x'.repeat(100_000), '', '\u0001', '\uFFFE']
    for (const tool of texts)
      await audit.append(testEntry('r', { tool, durationUs: 1.5, atMs: 1.5 }))
    const rows = await listAll(store, 2)
    expect(rows.map(({ tool }) => tool).toReversed()).toEqual([
      '\uFFFDnul',
      '\uFFFDlone',
      'é😀\n"\\',
      'x'.repeat(512),
      '',
      '\u0001',
      '\uFFFE',
    ])
    expect(await store.reader.verify(soon())).toMatchObject({ ok: true, rows: texts.length })
  })

  test('refuses rows while a write fails, and goes on with an unbroken chain [record/unwritable]', async () => {
    const place = await engine.place()
    const clock = new ManualClock()
    await using store = await openTestStore(place.location, { clock })
    await using audit = await store.openAudit({ durability: 'process' })
    await audit.append(testEntry('before'))
    await place.tamper('alter table audit rename to audit_away')
    const failed = await Promise.allSettled([1, 2].map((i) => audit.append(testEntry(`lost-${i}`))))
    expect(failed.map((result) => result.status === 'rejected' && result.reason.code)).toEqual([
      'store_unwritable',
      'store_unwritable',
    ])
    expect(audit.writable).toBe(false)
    await place.tamper('alter table audit_away rename to audit')
    await expect(audit.append(testEntry('early'))).rejects.toMatchObject({
      code: 'store_unwritable',
    })
    expect(await audit.probe()).toBe(true)
    expect(audit.writable).toBe(true)
    await audit.append(testEntry('after'))
    expect((await listAll(store, 10)).map(({ requestId }) => requestId)).toEqual([
      'after',
      'before',
    ])
    expect(await store.reader.verify(soon())).toMatchObject({ ok: true, rows: 2 })
  })

  test('tries again with an append once a second has passed', async () => {
    const place = await engine.place()
    const clock = new ManualClock()
    await using store = await openTestStore(place.location, { clock })
    await using audit = await store.openAudit({ durability: 'process' })
    await place.tamper('alter table audit rename to audit_away')
    await expect(audit.append(testEntry('lost'))).rejects.toMatchObject({
      code: 'store_unwritable',
    })
    await place.tamper('alter table audit_away rename to audit')
    clock.advance(999)
    await expect(audit.append(testEntry('lost'))).rejects.toMatchObject({
      code: 'store_unwritable',
    })
    clock.advance(1)
    await audit.append(testEntry('after'))
    expect(audit.writable).toBe(true)
  })

  test('writes what waits when it is closed, and refuses rows afterwards', async () => {
    const place = await engine.place()
    await using store = await openTestStore(place.location)
    const audit = await store.openAudit({ durability: 'process' })
    const waiting = Array.from({ length: 10 }, (_, i) => audit.append(testEntry(`row-${i}`)))
    await Promise.all([...waiting, audit[Symbol.asyncDispose](), audit[Symbol.asyncDispose]()])
    await expect(audit.append(testEntry('late'))).rejects.toMatchObject({ code: 'shutting_down' })
    expect(await store.reader.verify(soon())).toMatchObject({ ok: true, rows: 10 })
  })

  test('removes old rows, and what is left verifies, also after more of both [record/retention]', async () => {
    const place = await engine.place()
    const clock = new ManualClock(1_000_000)
    await using store = await openTestStore(place.location, { clock })
    const none = { keepMs: Number.MAX_SAFE_INTEGER, bytesMax: Number.MAX_SAFE_INTEGER }
    for (const from of [1, 501]) {
      await using audit = await store.openAudit({ durability: 'process' })
      const times = Array.from({ length: 500 }, (_, i) => from + i)
      await Promise.all(times.map((atMs) => audit.append(testEntry(`row-${atMs}`, { atMs }))))
    }
    const report = async (): Promise<AuditReport> => await store.reader.verify(soon())
    expect(await store.retention.prune(none, soon())).toBe(0)
    expect(await store.retention.prune({ ...none, keepMs: 1_000_000 - 251 }, soon())).toBe(250)
    expect(await report()).toEqual({ ok: true, rows: 750, writers: 2, broken: [] })
    // About 450 bytes a row.
    const removed = await store.retention.prune({ ...none, bytesMax: 45_000 }, soon())
    expect(removed).toBeGreaterThan(500)
    expect(removed).toBeLessThan(749)
    expect(await report()).toMatchObject({ ok: true, rows: 750 - removed })
    await place.tamper('delete from audit where id = (select min(id) from audit)')
    expect((await report()).broken).toMatchObject([{ kind: 'missing' }])
  })

  test('does not remove a row that was tampered with', async () => {
    const place = await filledPlace(engine, 10)
    await place.tamper("update audit set tool = 'other' where seq = 5")
    await using store = await openTestStore(place.location)
    const limits = { keepMs: 0, bytesMax: Number.MAX_SAFE_INTEGER }
    expect(await store.retention.prune(limits, soon())).toBe(4)
    expect((await store.reader.verify(soon())).broken).toMatchObject([{ seq: 5, kind: 'edited' }])
  })

  test('verifies while rows are appended and removed [record/verify/live]', async () => {
    const place = await engine.place()
    await using store = await openTestStore(place.location)
    await using audit = await store.openAudit({ durability: 'process' })
    let done = false
    const appending = (async () => {
      for (let i = 0; !done; i += 1) {
        await wait(1) // a busy gateway, not a saturated one
        await Promise.all([1, 2, 3].map((j) => audit.append(testEntry(`row-${i}-${j}`))))
      }
    })()
    const limits = { keepMs: 0, bytesMax: Number.MAX_SAFE_INTEGER }
    for (let round = 0; round < 5; round += 1) {
      const [report] = await Promise.all([
        store.reader.verify(soon()),
        store.retention.prune(limits, soon()),
      ])
      expect(report.broken).toEqual([])
    }
    done = true
    await appending
  })

  test('has every row that was acknowledged before kill -9, and none half [record/killed]', async () => {
    const place = await engine.place()
    await (await openTestStore(place.location))[Symbol.asyncDispose]()
    const acknowledged: string[] = []
    const rounds = 3
    for (let round = 1; round <= rounds; round += 1) {
      const child = spawn(process.execPath, [fixture('append-forever.ts'), place.location], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let fresh = 0
      for await (const line of createInterface({ input: child.stdout })) {
        acknowledged.push(line)
        if ((fresh += 1) === 400 * round) child.kill('SIGKILL')
      }
      expect(fresh).toBeGreaterThanOrEqual(400 * round)
    }
    await using store = await openTestStore(place.location)
    const report = await store.reader.verify(soon())
    expect(report).toMatchObject({ ok: true, writers: rounds })
    const rows = await listAll(store, 1_000)
    expect(rows).toHaveLength(report.rows)
    const kept = Map.groupBy(rows, ({ requestId }) => requestId)
    const owed = Map.groupBy(acknowledged, (requestId) => requestId)
    const lost = [...owed].filter(([id, lines]) => (kept.get(id)?.length ?? 0) < lines.length)
    expect(lost).toEqual([])
  })

  test.runIf(engineName === 'postgres')('goes on after its connection was ended', async () => {
    const place = await engine.place()
    await using store = await openTestStore(place.location)
    await using audit = await store.openAudit({ durability: 'process' })
    await audit.append(testEntry('before'))
    await place.tamper(
      'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()',
    )
    await audit.append(testEntry('after')).catch(() => undefined) // may be the one that finds out
    expect(await audit.probe()).toBe(true)
    await audit.append(testEntry('again'))
    expect(await store.reader.verify(soon())).toMatchObject({ ok: true, writers: 1 })
  })

  test.runIf(engineName === 'sqlite' && process.platform === 'linux')(
    'refuses rows while the disk is full, and goes on when it is not [record/unwritable]',
    async () => {
      const place = await engine.place()
      const child = spawn(process.execPath, [fixture('append-until-full.ts'), place.location], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const limit = (soft: string): void =>
        void execFileSync('prlimit', [`--pid=${child.pid}`, `--fsize=${soft}:unlimited`])
      const steps: Record<string, unknown>[] = []
      for await (const line of createInterface({ input: child.stdout })) {
        const step = JSON.parse(line) as Record<string, unknown>
        steps.push(step)
        if (step['step'] === 'ready') limit('1000000')
        if (step['step'] === 'full') limit('unlimited')
      }
      expect(steps).toMatchObject([
        { step: 'ready' },
        { step: 'full', code: 'store_unwritable', probed: false },
        { step: 'again', writable: true, ok: true },
      ])
      expect(steps[2]?.['rows']).toBe(steps[2]?.['acknowledged'])
      if (child.exitCode === null) await once(child, 'exit')
      expect(child.exitCode).toBe(0)
    },
  )

  test.runIf(engineName === 'sqlite')(
    'waits for another writer without blocking calls',
    async () => {
      const place = await engine.place()
      await using store = await openTestStore(place.location)
      await using audit = await store.openAudit({ durability: 'process' })
      using other = new DatabaseSync(place.location.slice('sqlite:'.length))
      other.exec('begin immediate')
      let done = false
      const appending = Promise.all([1, 2, 3].map((i) => audit.append(testEntry(`row-${i}`)))).then(
        () => (done = true),
      )
      const delays = monitorEventLoopDelay({ resolution: 10 })
      delays.enable()
      for (let turn = 0; turn < 20; turn += 1) await wait(10)
      expect(done).toBe(false)
      expect(delays.max / 1e6).toBeLessThan(1_000)
      other.exec('commit')
      await appending
      expect(await store.reader.verify(soon())).toMatchObject({ ok: true, rows: 3 })
    },
  )

  test.runIf(engineName === 'sqlite')(
    'moves the WAL into the file while rows keep coming',
    async () => {
      const place = await engine.place()
      await using store = await openTestStore(place.location)
      await using audit = await store.openAudit({ durability: 'process' })
      const path = place.location.slice('sqlite:'.length)
      const empty = statSync(path).size
      const deadlineMs = Date.now() + 20_000
      while (statSync(path).size < empty + 2 ** 20 && Date.now() < deadlineMs) {
        await Promise.all(Array.from({ length: 32 }, () => audit.append(testEntry('row'))))
      }
      expect(statSync(path).size).toBeGreaterThan(empty + 2 ** 20)
    },
  )
})
