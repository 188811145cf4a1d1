import { tmpdir } from 'node:os'
import { postgresAvailable } from '@sallyport/kit/testing/postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DATA } from '../../src/answers/data.ts'
import { kindOfMount, mountOf } from '../../src/looks/mount-of.ts'
import { deploymentOf, Place } from '../fixtures/deployment.ts'
import { idsIn, lookAll, textOf } from '../fixtures/family.ts'
import {
  type GatewayPostgres,
  PASSWORD,
  ROLE,
  startGatewayPostgres,
} from '../fixtures/gateway-postgres.ts'

const UNITS = ['postgres']
const ALL = Object.keys(DATA)
  .filter((id) => id.startsWith('postgres/'))
  .sort()
/** Where temporary folders are a container's own layer, no database in one is persistent. */
const LAYERED = kindOfMount(await mountOf(tmpdir())) === 'layer' ? ['postgres/persistent'] : []

/** One mistake in a server, or in what the gateway does with it. */
interface Mistake {
  readonly name: string
  readonly fails: readonly string[]
  readonly unproved?: readonly string[]
  readonly url?: Parameters<GatewayPostgres['url']>[0]
  readonly source?: object
  readonly sql?: readonly string[]
  readonly undo?: readonly string[]
}

const MISTAKES: readonly Mistake[] = [
  { name: 'nothing', fails: [] },
  { name: 'no TLS', fails: ['postgres/tls'], url: { query: 'sslmode=disable' } },
  {
    name: 'a certificate that nobody looks at',
    fails: ['postgres/tls'],
    url: { query: 'sslmode=no-verify' },
  },
  {
    name: 'a password that everybody knows',
    fails: ['postgres/password'],
    url: { password: 'postgres' },
    sql: [`alter role ${ROLE} password 'postgres'`],
    undo: [`alter role ${ROLE} password '${PASSWORD}'`],
  },
  {
    name: 'no password asked for',
    fails: ['postgres/password'],
    sql: [hba('trust')],
    undo: [hba('scram-sha-256')],
  },
  {
    name: 'the schema of an instance that is gone',
    fails: ['postgres/schemas'],
    sql: ['create schema dragon'],
    undo: ['drop schema dragon'],
  },
  {
    name: 'a pool larger than `max_connections`',
    fails: ['postgres/pool'],
    source: { postgres: { poolMax: 200 } },
  },
  {
    name: 'a role with fewer connections than the pool',
    fails: ['postgres/pool'],
    sql: [`alter role ${ROLE} connection limit 12`],
    undo: [`alter role ${ROLE} connection limit -1`],
  },
  {
    name: 'commits that nothing waits for',
    fails: ['postgres/persistent'],
    sql: ['alter system set synchronous_commit = off'],
    undo: ['alter system reset synchronous_commit'],
  },
  {
    name: 'a log that may outgrow the disk',
    fails: ['postgres/size'],
    source: { audit: { maxSize: '100TiB' } },
  },
  {
    name: 'a slow query',
    fails: ['postgres/queries'],
    source: { checklist: { objectives: { p95: '20ms' } } },
    sql: Array.from({ length: 6 }, () => 'select pg_sleep(0.03)'),
    undo: ['select pg_stat_statements_reset()'],
  },
  {
    name: 'no statistics of queries',
    fails: [],
    unproved: ['postgres/queries'],
    url: { database: 'plain' },
  },
  {
    name: 'a role that may not see where the data are',
    fails: [],
    unproved: ['postgres/persistent', 'postgres/size'],
    sql: [`revoke pg_monitor from ${ROLE}`],
    undo: [`grant pg_monitor to ${ROLE}`],
  },
  {
    name: 'the wrong password',
    fails: ['postgres/reachable'],
    unproved: [
      ...['postgres/persistent', 'postgres/pool', 'postgres/queries', 'postgres/schemas'],
      ...['postgres/size', 'postgres/tls'],
    ],
    url: { password: 'another-one-altogether' },
  },
]

describe.runIf(postgresAvailable())('a real PostgreSQL', () => {
  let server: GatewayPostgres
  beforeAll(async () => {
    server = await startGatewayPostgres()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test.each(MISTAKES)(
    'with $name fails exactly its answers [check/postgres/reachable] [check/postgres/tls] [check/postgres/password] [check/postgres/schemas] [check/postgres/pool] [check/postgres/size] [check/postgres/queries] [check/postgres/persistent]',
    async ({ fails, unproved = [], url, source, sql = [], undo = [] }) => {
      for (const statement of sql) await server.run(statement)
      await server.reload()
      await using place = await Place.make()
      const tree = { audit: { maxSize: '1MiB' }, store: server.url(url), ...source }
      const found = await lookAll(DATA, UNITS, deploymentOf(place.folder, tree))
      for (const statement of undo) await server.run(statement)
      await server.reload()
      const said = ALL.map((id) => `${id} ${found.get(id)?.state}: ${textOf(found, id)}`).join('\n')
      expect(idsIn(found, 'failed'), said).toEqual([...new Set([...fails, ...LAYERED])].sort())
      expect(idsIn(found, 'unproved'), said).toEqual(unproved)
      expect(idsIn(found, 'not_applicable'), said).toEqual([])
      expect(said).not.toContain(PASSWORD)
    },
  )

  test('that listens at every address fails [check/postgres/not-published]', async () => {
    await using open = await startGatewayPostgres({ listen_addresses: '*' })
    await using place = await Place.make()
    const tree = { audit: { maxSize: '1MiB' }, store: open.url() }
    const found = await lookAll(DATA, UNITS, deploymentOf(place.folder, tree))
    expect(idsIn(found, 'failed')).toEqual(['postgres/not-published', ...LAYERED])
    expect(textOf(found, 'postgres/not-published')).toContain('0.0.0.0')
  })

  test('is left as it was: no connection stays, and none may write', async () => {
    await using place = await Place.make()
    const readOnly = deploymentOf(place.folder, { store: server.url() })
    await lookAll(DATA, UNITS, readOnly)
    await server.run(`do $$ begin
      if exists (select 1 from pg_stat_activity where usename = '${ROLE}') then
        raise 'a connection stayed';
      end if;
    end $$`)
  })

  test.each([
    ['sslmode=disable', 'is reached without TLS'],
    ['connect_timeout=5', 'its URL does not demand that'],
  ])('that an environment file names is asked beside the store, with %s', async (query, words) => {
    const variables = `DATABASE_URL=${server.url({ query })}\n`
    await using place = await Place.make({ '.env': variables })
    const tree = { store: 'sqlite:./data/sallyport.db' }
    const found = await lookAll(DATA, UNITS, deploymentOf(place.folder, tree))
    expect(idsIn(found, 'failed')).toEqual([...LAYERED, 'postgres/tls'].sort())
    expect(textOf(found, 'postgres/tls')).toContain('DATABASE_URL (.env:1)')
    expect(textOf(found, 'postgres/tls')).toContain(words)
  })
})

test('a PostgreSQL that nothing answers for fails to be reached, and the rest is unproved', async () => {
  await using place = await Place.make()
  const tree = { store: 'postgres://nobody:x6Tq9vLm2Kd8@127.0.0.1:1/none' }
  const found = await lookAll(DATA, UNITS, deploymentOf(place.folder, tree))
  expect(idsIn(found, 'failed')).toEqual(['postgres/reachable'])
  expect(idsIn(found, 'unproved')).toEqual(ALL.filter((id) => id !== 'postgres/reachable'))
})

test('with an embedded store and nothing else nothing of this applies', async () => {
  await using place = await Place.make()
  const tree = { store: 'sqlite:./data/sallyport.db' }
  const found = await lookAll(DATA, UNITS, deploymentOf(place.folder, tree))
  expect(idsIn(found, 'not_applicable')).toEqual(ALL)
})

test('a PostgreSQL of a compose file fails by what the file says where it cannot be asked', async () => {
  const compose = `
services:
  db:
    image: postgres:16
    environment: { POSTGRES_PASSWORD: discord_bot_pass }
    ports: ["1:5432"]
  dump:
    image: postgres:16
    command: sh -c "while true; do pg_dump -h db all; sleep 86400; done"
    restart: always
`
  await using place = await Place.make({ 'compose.yaml': compose })
  const tree = { store: 'sqlite:./data/sallyport.db' }
  const found = await lookAll(DATA, UNITS, deploymentOf(place.folder, tree))
  expect(idsIn(found, 'failed')).toEqual(
    expect.arrayContaining(['postgres/not-published', 'postgres/password', 'postgres/persistent']),
  )
  expect(idsIn(found, 'proved')).toEqual([])
  // What only runs its tools is no server.
  expect(textOf(found, 'postgres/reachable')).not.toContain('dump')
})

/** Tells how those who connect over the loopback interface prove who they are. */
function hba(method: string): string {
  return `copy (select 'host all all 127.0.0.1/32 ${method}') to program 'cat > pg_hba.conf'`
}
