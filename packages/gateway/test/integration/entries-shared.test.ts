import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { postgresAvailable, startPostgres } from '@sallyport/kit/testing/postgres'
import { expect, test, vi } from 'vitest'
import { addServer, ALLOWED, ask, plant, startOpen } from '../fixtures/entries.ts'
import { PathClient } from '../fixtures/path-client.ts'
import { textOf } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'

const TOKEN = 'kX9v2mQ7tR4wZ8pL3nB6yD1sF5hJ0gCa'
const KILLED = path.join(import.meta.dirname, '../fixtures/upstreams/entry-to-kill.ts')

interface Answer {
  readonly status: number
  readonly json: unknown
}

/** Asks over the network, with a token. */
async function askByToken(
  gateway: TestGateway,
  method: string,
  at: string,
  { body, version, token = TOKEN }: { body?: object; version?: number; token?: string } = {},
): Promise<Answer> {
  const response = await fetch(`http://${gateway.running.adminAddress}/api/v1${at}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body && { 'content-type': 'application/json' }),
      ...(version !== undefined && { 'if-match': `"${version}"` }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, json: text === '' ? undefined : JSON.parse(text) }
}

const within = (holds: () => Promise<void>) => vi.waitFor(holds, { timeout: 1_500, interval: 20 })

test.skipIf(!postgresAvailable())(
  'what one gateway adds, changes or removes counts at the other within a second [entries/others]',
  async () => {
    await using scope = new AsyncDisposableStack()
    const server = scope.use(await startPostgres({ fsync: 'off' }))
    const store = await server.createDatabase()
    const shared = {
      store,
      masterKey: 'ab'.repeat(32),
      auth: { tokens: [{ name: 'root', value: TOKEN, roles: ['admin', 'caller'] }] },
    }
    const start = async (api: object): Promise<TestGateway> =>
      scope.use(await TestGateway.start({ config: { ...shared, api } }))
    const [one, other] = [
      await start({ commands: [ALLOWED] }),
      await start({ commands: [ALLOWED] }),
    ]
    // A third one, whose file allows nothing.
    const strict = await start({})
    const clients = await Promise.all(
      [one, other, strict].map((gateway) => PathClient.open(gateway, '/mcp', { key: TOKEN })),
    )
    const names = () => Promise.all(clients.map((client) => client.names('tools/list')))
    const body = { name: 'added', definition: hostileEntry('pid') }
    expect((await askByToken(one, 'POST', '/servers', { body })).status).toBe(201)
    await within(async () => expect(await names()).toEqual([['added__pid'], ['added__pid'], []]))
    // Both may change it, each knowing the version of the other.
    const definition = hostileEntry('pid,sleep', { NOTE: 'changed' })
    const change = { body: { definition }, version: 1 }
    expect((await askByToken(other, 'PUT', '/servers/added', change)).status).toBe(200)
    expect((await askByToken(one, 'PUT', '/servers/added', change)).status).toBe(412)
    await within(async () => {
      expect(await names()).toEqual([
        ['added__pid', 'added__sleep'],
        ['added__pid', 'added__sleep'],
        [],
      ])
    })
    // Writers at once: nothing is lost, nobody hears of a success that is none.
    const made = await Promise.all(
      Array.from({ length: 12 }, async (_, at) => {
        const definition = { ...hostileEntry('pid'), description: `n${at}` }
        const target = at % 2 === 0 ? one : other
        const answer = await askByToken(target, 'POST', '/servers', {
          body: { name: `n${at}`, definition },
        })
        return [`n${at}`, answer.status] as const
      }),
    )
    expect(made.every(([, status]) => status === 201 || status === 409)).toBe(true)
    const kept = made.filter(([, status]) => status === 201).map(([name]) => name)
    expect(kept.length).toBeGreaterThan(0)
    const all = ['added', ...kept].toSorted()
    await within(async () => {
      const { json } = await askByToken(strict, 'GET', '/entries')
      expect(json).toMatchObject({ items: all.map((name) => ({ name, inForce: false })) })
    })
    await within(async () => {
      const { json: seen } = await askByToken(other, 'GET', '/servers')
      expect(seen).toMatchObject({ items: all.map((name) => ({ name })) })
    })
    for (const name of all) {
      const { json: shown } = await askByToken(other, 'GET', `/servers/${name}/definition`)
      const { version } = shown as { version: number } // as the answer has it
      expect((await askByToken(other, 'DELETE', `/servers/${name}`, { version })).status).toBe(204)
    }
    await within(async () => expect(await names()).toEqual([[], [], []]))
  },
  60_000,
)

test('a gateway that is killed between keeping a server and putting it in force has it after the next start [entries/killed]', async () => {
  const gateway = await startOpen()
  await gateway.stop()
  const definition = JSON.stringify(hostileEntry('pid'))
  const child = spawn(process.execPath, [KILLED, gateway.storeFile, definition], { stdio: 'pipe' })
  const said: string[] = []
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()))
  const [, signal] = await once(child, 'exit')
  expect([said.join(''), signal]).toEqual(['', 'SIGKILL'])
  await gateway.restart()
  const client = await PathClient.open(gateway, '/mcp')
  const reply = await client.request('tools/call', { name: 'added__pid', arguments: {} })
  expect(textOf(reply)).toMatch(/^\d+$/)
  expect((await ask(gateway, 'DELETE', '/servers/added', { version: 1 })).status).toBe(204)
})

test('calls to other servers go on while servers are added, changed and removed: none fails [entries/calls]', async () => {
  const gateway = await startOpen({ mcpServers: { own: hostileEntry('echo,pid') } })
  const client = await PathClient.open(gateway, '/mcp')
  const pid = textOf(await client.request('tools/call', { name: 'own__pid', arguments: {} }))
  const state = { running: true, calls: 0 }
  const failed: string[] = []
  const callers = Array.from({ length: 8 }, async () => {
    while (state.running) {
      const reply = await client.request('tools/call', { name: 'own__echo', arguments: {} })
      state.calls += 1
      if (textOf(reply) !== '{}') failed.push(reply.text)
    }
  })
  for (let at = 0; at < 20; at += 1) {
    const definition = hostileEntry('pid', { NOTE: String(at) })
    const made = await addServer(gateway, `n${at}`, definition)
    const { version } = made.json as { version: number } // as the answer has it
    const body = { definition: { ...definition, description: 'changed' } }
    expect((await ask(gateway, 'PUT', `/servers/n${at}`, { body, version })).status).toBe(200)
    const answer = await ask(gateway, 'DELETE', `/servers/n${at}`, { version: version + 1 })
    expect(answer.status).toBe(204)
  }
  state.running = false
  await Promise.all(callers)
  expect(failed).toEqual([])
  expect(state.calls).toBeGreaterThan(20)
  const after = await client.request('tools/call', { name: 'own__pid', arguments: {} })
  expect(textOf(after)).toBe(pid)
})

test('a caller without the permission, of a tenant or who sees a part changes nothing and is shown no more than that', async () => {
  const tokens = [
    { name: 'viewer', value: `viewer-${TOKEN}`, roles: ['viewer'] },
    { name: 'ops', value: `operator-${TOKEN}`, roles: ['operator', 'caller'] },
    { name: 'bound', value: `bound-${TOKEN}`, roles: ['admin'], tenant: 'acme' },
    { name: 'part', value: `part-${TOKEN}`, roles: ['admin'], servers: ['own'] },
    { name: 'seeing', value: `seeing-${TOKEN}`, roles: ['admin'], servers: ['added'] },
    { name: 'reader', value: `reader-${TOKEN}`, roles: ['admin'], readOnly: true },
  ]
  const gateway = await startOpen({ config: { auth: { tokens }, tenants: { acme: {} } } })
  const definition = hostileEntry('pid')
  const endpoint = { name: 'desk', definition: { servers: ['added'] } }
  await addServer(gateway, 'added', definition)
  expect((await ask(gateway, 'POST', '/endpoints', { body: endpoint })).status).toBe(201)
  const body = { definition }
  for (const { name, value: token } of tokens) {
    const asked = (method: string, at: string, more: object = {}) =>
      askByToken(gateway, method, at, { token, ...more })
    const attempts = [
      await asked('POST', '/servers', { body: { name: 'x', definition } }),
      await asked('POST', '/servers', { body: { name: 'own', definition } }),
      await asked('PUT', '/servers/added', { body, version: 1 }),
      await asked('DELETE', '/servers/added', { version: 1 }),
      await asked('POST', '/groups', { body: { name: 'own', definition: { members: ['added'] } } }),
      await asked('POST', '/endpoints', { body: { ...endpoint, name: 'x' } }),
      await asked('DELETE', '/endpoints/desk', { version: 2 }),
    ]
    for (const { status } of attempts)
      expect([name, [403, 404].includes(status)]).toEqual([name, true])
    const shown = [await asked('GET', '/entries'), await asked('GET', '/endpoints')]
    const text = JSON.stringify(shown.map(({ json }) => json))
    const seesIt = ['viewer', 'ops', 'seeing', 'reader'].includes(name)
    expect([name, text.includes('"added"')]).toEqual([name, seesIt])
    const whole = ['viewer', 'ops'].includes(name)
    expect([name, text.includes('desk')]).toEqual([name, whole])
  }
  const { json } = await ask(gateway, 'GET', '/entries')
  expect(json).toMatchObject({ items: [{ name: 'desk' }, { name: 'added', version: 1 }] })
})

test('two hundred servers that were added load in under a second, and are listed in under 50 ms', async () => {
  const gateway = await startOpen()
  const headers = { 'X-Key': 'secret' }
  const names = Array.from({ length: 200 }, (_, at) => `n${at}`)
  await gateway.stop()
  await plant(
    gateway,
    names.map((name) => ({
      kind: 'server',
      name,
      value: { url: `http://127.0.0.1:1/${name}`, headers },
    })),
  )
  const starts: number[] = []
  for (let count = 0; count < 2; count += 1) {
    await gateway.stop()
    const sinceMs = performance.now()
    await gateway.restart()
    starts.push(performance.now() - sinceMs)
  }
  const times: number[] = []
  for (let count = 0; count < 5; count += 1) {
    const sinceMs = performance.now()
    const { json } = await ask(gateway, 'GET', '/entries?limit=500')
    times.push(performance.now() - sinceMs)
    expect((json as { items: unknown[] }).items).toHaveLength(200) // as the answer has it
  }
  expect(Math.min(...starts)).toBeLessThan(1_000)
  expect(Math.min(...times)).toBeLessThan(50)
}, 60_000)
