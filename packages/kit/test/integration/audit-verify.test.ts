import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { pruneAudit } from '../../src/store/audit-prune.ts'
import { verifyAudit } from '../../src/store/audit-verify.ts'
import { type SealKeys, toSealKeys } from '../../src/store/keys.ts'
import { sqliteRunner, type SqlRunner } from '../../src/store/sql-runner.ts'
import { openTestStore, testEntry } from '../fixtures/stores.ts'

let keys: SealKeys['seals']
let folder: string
let runner: SqlRunner

/** One chain of 2,500 rows, written at the times 1 to 2,500. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-verify-'))
  const path = join(folder, 'store.db')
  await using store = await openTestStore(`sqlite:${path}`)
  keys = toSealKeys(store.ring.keys).seals
  await using audit = await store.openAudit({ durability: 'process' })
  const times = Array.from({ length: 2_500 }, (_, i) => i + 1)
  await Promise.all(times.map((atMs) => audit.append(testEntry('row', { atMs }))))
  runner = sqliteRunner(new DatabaseSync(path))
})

afterEach(async () => {
  await runner[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** Runs `between` once, after the first batch of rows was read. */
function interrupted(between: () => Promise<unknown>): SqlRunner {
  let done = false
  return {
    ...runner,
    query: async (text, values) => {
      const rows = await runner.query(text, values)
      if (!done && text.startsWith('select * from audit where')) {
        done = true
        await between()
      }
      return rows
    },
  }
}

const prune = (beforeMs: number): Promise<number> =>
  pruneAudit(runner, keys, {
    limits: { keepMs: 0, bytesMax: Number.MAX_SAFE_INTEGER },
    nowMs: beforeMs,
  })

test.each([
  ['before the rows read so far end', 500, 2_500],
  ['in the rows not read yet', 1_700, 1_800],
  ['up to the last row', 2_500, 1_000],
])('takes a removal meanwhile %s for no fault', async (_where, last, rows) => {
  const report = await verifyAudit(
    interrupted(() => prune(last + 1)),
    keys,
  )
  expect(report).toEqual({ ok: true, rows, writers: 1, broken: [] })
})

test('finds rows that were removed meanwhile behind our own removal', async () => {
  const report = await verifyAudit(
    interrupted(async () => {
      await prune(1_701)
      await runner.query('delete from audit where seq in (1701, 1702)')
    }),
    keys,
  )
  expect(report.broken).toMatchObject([{ seq: 1_701, kind: 'missing' }])
})

test('finds rows that changed places in the table [record/tamper]', async () => {
  await runner.query('update audit set id = -7 where id = 7')
  await runner.query('update audit set id = 7 where id = 8')
  await runner.query('update audit set id = 8 where id = -7')
  const { broken } = await verifyAudit(runner, keys)
  expect(broken).toMatchObject([{ seq: 8, kind: 'reordered' }])
})
