import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import {
  postgresAvailable,
  startPostgres,
  type TestPostgres,
} from '@sallyport/kit/testing/postgres'
import { systemClock } from '@sallyport/kit/clock'
import { newMasterKey } from '@sallyport/kit/crypto'
import { silentLog } from '@sallyport/kit/log'
import { openKeyedStore } from '@sallyport/kit/store'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DATA } from '../../src/answers/data.ts'
import { deploymentOf, look, Place } from '../fixtures/deployment.ts'
import { idsIn, lookAll, textOf } from '../fixtures/family.ts'
import { storeMigrated } from '../../src/probes/data/store-migrated.ts'

const ALL = Object.keys(DATA)
  .filter((id) => /^(?:postgres|redis)\//.test(id))
  .sort()

test.each([
  ['says nothing', ''],
  ['is something else', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
])('a server that %s proves nothing, and nobody waits for long', async (_name, words) => {
  const open = new Set<Socket>()
  let received = ''
  const server = createServer((socket) => {
    open.add(socket.on('error', () => undefined).on('close', () => open.delete(socket)))
    socket.on('data', (chunk) => (received += chunk.toString('latin1')))
    if (words !== '') socket.end(words)
  }).listen(0, '127.0.0.1')
  await using _closed = { [Symbol.asyncDispose]: async () => void server.close() }
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // of a TCP listener
  await using place = await Place.make()
  const tree = {
    store: `postgres://gateway:kX3tZq8vN1mW5rTy@127.0.0.1:${port}/db`,
    checklist: { redis: `redis://:kX3tZq8vN1mW5rTy@127.0.0.1:${port}` },
  }
  const found = await lookAll(DATA, ['postgres', 'redis'], deploymentOf(place.folder, tree))
  expect(idsIn(found, 'failed')).toEqual(['postgres/reachable', 'redis/reachable'])
  const listens = ['postgres/not-published', 'redis/not-published']
  expect(idsIn(found, 'proved'), textOf(found, 'redis/password')).toEqual(listens)
  expect([...found.keys()].sort()).toEqual(ALL)
  await expect.poll(() => open.size).toBe(0)
  // As each session of PostgreSQL begins: it cannot write, and no statement takes long.
  expect(received).toContain('default_transaction_read_only=on')
  expect(received).toMatch(/statement_timeout\0\d+\0/)
  expect(received).toContain('sallyport-check')
})

describe.runIf(postgresAvailable())('a store in a real PostgreSQL', () => {
  let server: TestPostgres
  beforeAll(async () => {
    server = await startPostgres({ fsync: 'off' })
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test('lacks its migrations until a gateway has opened it [check/store/migrated]', async () => {
    const store = await server.createDatabase()
    await using place = await Place.make()
    const deployment = deploymentOf(place.folder, { store })
    expect(await look(storeMigrated, deployment)).toMatchObject({ state: 'failed' })
    await migrate(store)
    expect(await look(storeMigrated, deployment)).toMatchObject({ state: 'proved' })
  })

  test('tells how old the deployment is [check/backups/retention]', async () => {
    const store = await server.createDatabase()
    await migrate(store)
    await using place = await Place.make({ 'backups/a.db.age': 'age-encryption.org/v1\n' })
    const tree = { store, checklist: { backups: { folder: './backups' } } }
    const states = async () =>
      (await lookAll(DATA, ['backups'], deploymentOf(place.folder, tree))).get('backups/retention')
        ?.state
    expect(await states()).toBe('proved')
    await age(store, 90 * 86_400_000)
    expect(await states()).toBe('failed')
  })
})

async function migrate(location: string): Promise<void> {
  await using _opened = await openKeyedStore({
    ...{ location, masterKeys: [newMasterKey()], clock: systemClock, log: silentLog },
  })
}

/** Makes the store older. */
async function age(url: string, byMs: number): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('update migrations set at = at - $1', [byMs])
  } finally {
    await client.end()
  }
}
