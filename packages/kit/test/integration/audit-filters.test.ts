import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listAudit } from '../../src/store/audit-list.ts'
import { parseStoreLocation } from '../../src/store/location.ts'
import { connectPostgres } from '../../src/store/postgres-database.ts'
import { postgresRunner, type SqlRunner, sqliteRunner } from '../../src/store/sql-runner.ts'
import { openSqliteReadOnly } from '../../src/store/sqlite-database.ts'
import type { AuditQuery } from '../../src/store/store.ts'
import { openTestStore, type TestEngine, testEngines, testEntry } from '../fixtures/stores.ts'

const GARBAGE = [
  "' or '1'='1",
  "' or 1=1 --",
  "'; drop table audit; --",
  '" or ""="',
  "') union select * from keys --",
  "x' and (select count(*) from keys) > 0 --",
  "a\\' or 1=1 --",
  '%',
  '_',
  'a%__%',
  '$1',
  '?',
  ':principal',
  '\0',
  "a\0' or 1=1 --",
  '\uD800',
  '\u202e',
  'ʼ or 1=1 --',
  '1e309',
  'a'.repeat(100_000),
]

const FILTERS = ['principal', 'tenant', 'server', 'tool', 'requestId', 'outcome'] as const

/** As the worker reads it, whose start would take longer than all of this. */
async function openRunner(location: string): Promise<SqlRunner> {
  const parsed = parseStoreLocation(location)
  return parsed.kind === 'sqlite'
    ? sqliteRunner(openSqliteReadOnly(parsed.path, false))
    : postgresRunner(await connectPostgres(parsed, { statementMs: 5_000 }))
}

describe.each(testEngines())('garbage in the filters of the audit log on %s', (_name, start) => {
  let engine: TestEngine
  let runner: SqlRunner
  beforeAll(async () => {
    engine = await start()
    const { location } = await engine.place()
    await using store = await openTestStore(location)
    await using audit = await store.openAudit({ durability: 'process' })
    await audit.append(testEntry('a', { tenant: 'acme' }))
    await audit.append(testEntry('b', { tenant: null, server: null, tool: 'x__y' }))
    runner = await openRunner(location)
  })
  afterAll(async () => {
    await runner[Symbol.asyncDispose]()
    await engine[Symbol.asyncDispose]()
  })

  async function found(query: Partial<AuditQuery>): Promise<string> {
    const { items } = await listAudit(runner, { limit: 10, ...query })
    return items.map(({ requestId }) => requestId).join('')
  }

  test.each(FILTERS)(
    '%s is a value and never a piece of a query [admin-api/audit/filters]',
    async (filter) => {
      for (const garbage of GARBAGE) {
        const query: Partial<AuditQuery> = { [filter]: garbage }
        expect([garbage.slice(0, 40), await found(query)]).toEqual([garbage.slice(0, 40), ''])
      }
      expect(await found({})).toBe('ba')
    },
  )

  test.each(GARBAGE)('the cursor %.40j is refused [admin-api/paging/cursor]', async (cursor) => {
    await expect(found({ cursor })).rejects.toMatchObject({ code: 'usage' })
    const sealed = Buffer.from(cursor).toString('base64url')
    await expect(found({ cursor: sealed })).rejects.toMatchObject({ code: 'usage' })
  })

  test('rows of a tenant are its own, with every other filter [admin-api/tenants]', async () => {
    expect(await found({ tenant: 'acme' })).toBe('a')
    expect(await found({ tenant: 'acme', requestId: 'b' })).toBe('')
    expect(await found({ tenant: 'acme', server: 'x' })).toBe('')
    expect(await found({ tenant: '' })).toBe('')
  })
})
