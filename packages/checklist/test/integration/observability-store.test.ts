import { createClient } from '@redis/client'
import { postgresAvailable, startPostgres } from '@sallyport/kit/testing/postgres'
import { Client } from 'pg'
import { describe, expect, test } from 'vitest'
import { OBSERVABILITY } from '../../src/answers/observability.ts'
import type { Finding } from '../../src/answers/answer.ts'
import type { GatewayView } from '../../src/deployment.ts'
import { deploymentOf, look } from '../fixtures/deployment.ts'
import { viewOf } from '../fixtures/gateway-view.ts'
import { redisAvailable, startRedis } from '../fixtures/redis-server.ts'

function lookAt(id: keyof typeof OBSERVABILITY, source: object, more: object = {}) {
  return look(OBSERVABILITY[id], deploymentOf('/nowhere', source, more))
}

function words({ state, evidence }: Finding): string {
  const all = evidence.map(({ text }) =>
    text.replaceAll(/\d[\d.:]*/g, 'N').replaceAll(/N\S*\/\w+/g, 'N'),
  )
  return `${state}: ${all.join('; ')}`
}

async function run(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}

function gateway(): GatewayView {
  const verify = { ok: true, writers: [] } as never // nobody asks for it here
  return viewOf({ servers: [], groups: [], keys: [], users: [], audit: [], calls: {}, verify })
}

test('where nothing caches, a ratio of hits does not apply; where something may, it does [check/performance/cache]', async () => {
  expect((await lookAt('performance/cache', {})).state).toBe('not_applicable')
  const store = 'postgres://gateway@127.0.0.1:4/none'
  expect(words(await lookAt('performance/cache', { store }))).toMatch(
    /^unproved: PostgreSQL at N does not answer/,
  )
})

test('pages of the audit log that are read too slowly fail, and without a gateway nothing is known [check/performance/queries]', async () => {
  const quick = gateway()
  const slow: GatewayView = {
    ...quick,
    read: async (schema, path, signal) => {
      await new Promise((resolve) => setTimeout(resolve, 60))
      return quick.read(schema, path, signal)
    },
  }
  const source = { checklist: { objectives: { p95: '50ms' } } }
  expect((await lookAt('performance/queries', {}, { gateway: quick })).state).toBe('proved')
  expect((await lookAt('performance/queries', source, { gateway: slow })).state).toBe('failed')
  expect((await lookAt('performance/queries', source)).state).toBe('unproved')
})

test('one slow page among twenty, and the first of all, are no slow store [check/performance/queries]', async () => {
  const quick = gateway()
  let reads = 0
  const hiccups: GatewayView = {
    ...quick,
    read: async (schema, path, signal) => {
      reads += 1
      if (reads === 1 || reads === 9) await new Promise((resolve) => setTimeout(resolve, 150))
      return quick.read(schema, path, signal)
    },
  }
  const source = { checklist: { objectives: { p95: '100ms' } } }
  const found = await lookAt('performance/queries', source, { gateway: hiccups })
  expect(found.state, words(found)).toBe('proved')
})

describe.runIf(postgresAvailable())('a store on PostgreSQL', () => {
  test('is judged by what its memory holds and by its slowest statements [check/performance/cache] [check/performance/queries]', async () => {
    const settings = {
      fsync: 'off',
      shared_buffers: '128kB',
      shared_preload_libraries: 'pg_stat_statements',
    }
    await using postgres = await startPostgres(settings)
    const [quick, large] = [await postgres.createDatabase(), await postgres.createDatabase()]
    const few = await lookAt('performance/cache', { store: postgres.url })
    expect(words(few)).toMatch(/^unproved: PostgreSQL at N was asked N times, and N are needed/)

    await run(
      quick,
      'create extension pg_stat_statements',
      'create table ids as select i from generate_series(1, 1000) as i',
      'create unique index on ids (i)',
      'set enable_seqscan = off',
      'select count(*) from generate_series(1, 8000) as n, lateral (select i from ids where i = n % 1000 offset 0) as one',
    )
    await run(
      large,
      "create table rows as select i, repeat('x', 200) as text from generate_series(1, 20000) as i",
      'vacuum rows',
      ...Array.from({ length: 20 }, () => 'select sum(i) from rows'),
    )
    const cache = [
      await lookAt('performance/cache', { store: quick }),
      await lookAt('performance/cache', { store: large }),
    ]
    expect(cache.map(words)).toEqual([
      'proved: PostgreSQL at N found N percent of N lookups in its memory',
      'failed: PostgreSQL at N found N percent of N lookups in its memory',
    ])

    const view = { gateway: gateway() }
    expect((await lookAt('performance/queries', { store: quick }, view)).state).toBe('proved')
    await run(quick, ...Array.from({ length: 5 }, () => 'select pg_sleep(0.06)'))
    const checklist = { objectives: { p95: '50ms' } }
    const slow = await lookAt('performance/queries', { store: quick, checklist }, view)
    expect(words(slow)).toContain('N runs of `select pg_sleep($N)` took N ms on average')
    expect(slow.state).toBe('failed')
  })
})

describe.runIf(redisAvailable())('a Redis', () => {
  test('is judged by how often it had what was asked for [check/performance/cache]', async () => {
    await using redis = await startRedis({ appendonly: 'no' })
    const url = `redis://127.0.0.1:${redis.port}`
    const ask = async (key: string) => {
      const client = createClient({ url })
      await client.connect()
      await client.set('kept', '1')
      await Promise.all(Array.from({ length: 1_000 }, () => client.get(key)))
      await client.close()
      return words(await lookAt('performance/cache', { checklist: { redis: url } }))
    }
    const text = 'Redis at N found N percent of N lookups in its memory'
    expect([await ask('kept'), await ask('gone')]).toEqual([`proved: ${text}`, `failed: ${text}`])
  })
})
