import { createClient } from '@redis/client'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DATA } from '../../src/answers/data.ts'
import { deploymentOf, Place } from '../fixtures/deployment.ts'
import { idsIn, lookAll, textOf } from '../fixtures/family.ts'
import { redisAvailable, startRedis, type TestRedis } from '../fixtures/redis-server.ts'

const PASSWORD = 'f3c1b6a09d7e4c55'
const UNITS = ['redis']
const ALL = Object.keys(DATA)
  .filter((id) => id.startsWith('redis/'))
  .sort()

/** One mistake in a server that is as it should be otherwise. */
interface Mistake {
  readonly name: string
  readonly settings: Readonly<Record<string, string | undefined>>
  readonly fails: readonly string[]
  readonly unproved?: readonly string[]
  /** What the deployment presents. */
  readonly password?: string
  act?(server: TestRedis): Promise<void>
}

const MISTAKES: readonly Mistake[] = [
  { name: 'none', settings: {}, fails: [] },
  {
    name: 'no password',
    settings: { requirepass: undefined },
    fails: ['redis/password'],
    password: '',
  },
  {
    name: 'a password that everybody tries',
    settings: { requirepass: 'redis' },
    fails: ['redis/password'],
    password: 'redis',
  },
  {
    name: 'every address of the machine',
    settings: { bind: '* -::*' },
    fails: ['redis/not-published'],
  },
  { name: 'no bound of memory', settings: { maxmemory: '0' }, fails: ['redis/memory'] },
  {
    name: 'memory that is full',
    settings: { maxmemory: '1mb', 'maxmemory-policy': 'noeviction' },
    fails: ['redis/memory'],
  },
  {
    name: 'no file that it writes',
    settings: { appendonly: 'no' },
    fails: ['redis/persistence'],
  },
  {
    name: 'the wrong password',
    settings: {},
    fails: ['redis/reachable'],
    unproved: ['redis/memory', 'redis/persistence', 'redis/works'],
    password: 'another-one-altogether',
  },
  {
    name: 'a copy whose original is gone',
    settings: { replicaof: '127.0.0.1 1' },
    fails: ['redis/works'],
  },
  {
    name: 'a user that may not read',
    settings: {},
    fails: [],
    unproved: ['redis/works'],
    act: (server) => command(server, 'ACL', 'SETUSER', 'default', '-@read'),
  },
  {
    name: 'a user that may not see the configuration, of a server that appends',
    settings: {},
    fails: [],
    unproved: ['redis/persistence'],
    act: (server) => command(server, 'ACL', 'SETUSER', 'default', '-config'),
  },
]

describe.runIf(redisAvailable())('a real Redis', () => {
  test.each(MISTAKES)(
    'with $name fails exactly its answers [check/redis/reachable] [check/redis/password] [check/redis/memory] [check/redis/persistence] [check/redis/not-published] [check/redis/works]',
    async ({ settings, fails, unproved = [], password = PASSWORD, act }) => {
      await using server = await startRedis({ requirepass: PASSWORD, ...settings })
      await act?.(server)
      const credentials = password === '' ? '' : `:${password}@`
      const redis = `redis://${credentials}127.0.0.1:${server.port}`
      await using place = await Place.make()
      const found = await lookAll(DATA, UNITS, deploymentOf(place.folder, { checklist: { redis } }))
      const texts = ALL.map((id) => `${id} ${found.get(id)?.state}: ${textOf(found, id)}`)
      const said = texts.join('\n')
      expect(idsIn(found, 'failed'), said).toEqual(fails)
      expect(idsIn(found, 'unproved'), said).toEqual(unproved)
      expect(idsIn(found, 'not_applicable'), said).toEqual([])
      expect(said).not.toContain(PASSWORD)
    },
  )

  test('that writes to memory fails', async () => {
    const dir = await mkdtemp(join('/dev/shm', 'sallyport-redis-'))
    await using _removed = { [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) }
    await using server = await startRedis({ requirepass: PASSWORD, dir })
    const redis = `redis://:${PASSWORD}@127.0.0.1:${server.port}`
    const found = await lookAll(DATA, UNITS, deploymentOf(dir, { checklist: { redis } }))
    expect(idsIn(found, 'failed')).toEqual(['redis/persistence'])
  })

  test('is left as it was: nothing is written, no connection stays', async () => {
    await using server = await startRedis({ requirepass: PASSWORD })
    const redis = `redis://:${PASSWORD}@127.0.0.1:${server.port}`
    await lookAll(DATA, UNITS, deploymentOf(server.folder, { checklist: { redis } }))
    const info = await asked(server, 'INFO', 'commandstats')
    const names = [...info.matchAll(/^cmdstat_([\w|]+):/gm)].map(([, name]) => name).sort()
    expect(names).toEqual(['acl|whoami', 'auth', 'config|get', 'exists', 'info', 'ping'])
    expect(await asked(server, 'INFO', 'clients')).toContain('connected_clients:1')
  })
})

test('a Redis that nothing answers for fails to be reached, and the rest is unproved', async () => {
  await using place = await Place.make()
  const deployment = deploymentOf(place.folder, { checklist: { redis: 'redis://127.0.0.1:1' } })
  const found = await lookAll(DATA, UNITS, deployment)
  expect(idsIn(found, 'failed')).toEqual(['redis/reachable'])
  expect(idsIn(found, 'unproved')).toEqual(ALL.filter((id) => id !== 'redis/reachable'))
})

test('without any Redis nothing of this applies', async () => {
  await using place = await Place.make()
  const found = await lookAll(DATA, UNITS, deploymentOf(place.folder))
  expect(idsIn(found, 'not_applicable')).toEqual(ALL)
})

test('a Redis of a compose file is known, and fails by what the file says where it cannot be asked', async () => {
  const compose = `
services:
  cache:
    image: redis:7-alpine
    ports: ["1:6379"]
`
  await using place = await Place.make({ 'compose.yaml': compose })
  const found = await lookAll(DATA, UNITS, deploymentOf(place.folder))
  expect(idsIn(found, 'not_applicable')).toEqual([])
  expect(idsIn(found, 'failed')).toEqual(
    expect.arrayContaining([
      'redis/memory',
      'redis/not-published',
      'redis/password',
      'redis/persistence',
    ]),
  )
  expect(textOf(found, 'redis/password')).toBe(
    'compose.yaml:3 starts Redis without `--requirepass`',
  )
})

test('a password that the shell of the container reads from a file is not taken for its text [check/redis/password]', async () => {
  const command =
    'exec redis-server --requirepass "$$(cat /run/secrets/cache)" --maxmemory 100mb --appendonly yes'
  const compose = `services: { cache: { image: "redis:7", command: [sh, -c, '${command}'] } }\n`
  await using place = await Place.make({ 'compose.yaml': compose })
  const found = await lookAll(DATA, UNITS, deploymentOf(place.folder))
  expect(found.get('redis/password')?.state, textOf(found, 'redis/password')).toBe('unproved')
})

describe.runIf(redisAvailable())('a Redis in a container', () => {
  test('that publishes nothing is asked at the address that docker has for it', async () => {
    await using server = await startRedis({ requirepass: PASSWORD })
    await using place = await Place.make({
      'compose.yaml': `
name: shop
services:
  app: { image: example/app, environment: { REDIS_URL: "redis://:${PASSWORD}@cache:${server.port}" } }
  cache: { image: redis:7, volumes: [kept:/data] }
volumes: { kept: {} }
`,
    })
    const inspected = {
      ...{ Id: 'c1', Name: '/shop-cache-1', State: { Status: 'running' } },
      Config: { Labels: { 'com.docker.compose.service': 'cache' } },
      NetworkSettings: { Networks: { shop_default: { IPAddress: '127.0.0.1' } } },
    }
    const answers = `case "$1" in ps) echo c1;; *) echo '${JSON.stringify([inspected])}';; esac`
    await place.write('bin/docker', `#!/bin/sh\n${answers}\n`, 0o755)
    const variables = { PATH: `${join(place.folder, 'bin')}:/usr/bin:/bin` }
    const found = await lookAll(DATA, UNITS, deploymentOf(place.folder, {}, { variables }))
    expect(idsIn(found, 'proved'), textOf(found, 'redis/reachable')).toEqual(ALL)
    expect(textOf(found, 'redis/reachable')).toContain('REDIS_URL (compose.yaml:4)')
  })
})

async function command(server: TestRedis, ...words: [string, ...string[]]): Promise<void> {
  await asked(server, ...words)
}

async function asked({ port }: TestRedis, ...words: [string, ...string[]]): Promise<string> {
  const client = createClient({
    RESP: 2,
    disableClientInfo: true,
    password: PASSWORD,
    socket: { port },
  })
  client.on('error', () => undefined) // what fails rejects below
  await client.connect()
  try {
    return String(await client.sendCommand(words))
  } finally {
    client.destroy()
  }
}
