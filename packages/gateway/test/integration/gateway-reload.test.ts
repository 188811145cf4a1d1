import { serverList } from '@sallyport/contract/admin'
import { callSocket, socketPathOf } from '@sallyport/kit/lifecycle'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { ReloadReport } from '../../src/reload/config-control.ts'
import { listingEntry, PathClient } from '../fixtures/path-client.ts'
import { failureOf, textOf } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway, type TestGatewayOptions } from '../fixtures/test-gateway.ts'

const TOKEN = 'kX9v2mQ7tR4wZ8pL3nB6yD1sF5hJ0gCa'
const OTHER = 'aC0gJh5Fs1Dy6Bn3Lp8Zw4Rt7Qm2v9Xk'

async function start(options: TestGatewayOptions): Promise<TestGateway> {
  const gateway = await TestGateway.start(options)
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  return gateway
}

function reload(gateway: TestGateway, options: TestGatewayOptions): Promise<ReloadReport> {
  gateway.configure(options)
  return gateway.running.config.reload({ cause: 'api', by: 'test' })
}

/** Calls in flight of each server, as the administrator of this machine sees them. */
async function inFlight(gateway: TestGateway): Promise<number[]> {
  const path = socketPathOf(gateway.storeFile)
  const asked = { path, method: 'GET', url: '/api/v1/servers' } as const
  const answer = await callSocket({ ...asked, signal: AbortSignal.timeout(5_000) })
  return serverList.parse(answer).items.map((server) => server.inFlight)
}

const call = async (client: PathClient, name: string, given: object = {}) =>
  textOf(await client.request('tools/call', { name, arguments: given }))

test('an unchanged server keeps its process and its call; what changed or went finishes its own first [reload/kept] [reload/drains]', async () => {
  const tools = 'sleep,pid'
  const gateway = await start({
    mcpServers: {
      same: hostileEntry(tools),
      changed: hostileEntry(tools),
      gone: hostileEntry(tools),
    },
  })
  const client = await PathClient.open(gateway, '/mcp')
  const before = await Promise.all(['same', 'changed'].map((name) => call(client, `${name}__pid`)))
  const running = ['same', 'changed', 'gone'].map((name) =>
    call(client, `${name}__sleep`, { ms: 1_200 }),
  )
  await vi.waitFor(async () => expect(await inFlight(gateway)).toEqual([1, 1, 1]))
  const report = await reload(gateway, {
    mcpServers: {
      same: hostileEntry(tools),
      changed: hostileEntry(tools, { NOTE: 'other' }),
      fresh: hostileEntry(tools),
    },
  })
  expect(report).toMatchObject({
    ok: true,
    servers: { kept: ['same'], changed: ['changed'], added: ['fresh'], removed: ['gone'] },
  })
  const after = await Promise.all(['same', 'changed'].map((name) => call(client, `${name}__pid`)))
  expect(after[0]).toBe(before[0])
  expect(after[1]).not.toBe(before[1])
  expect(await call(client, 'fresh__pid')).toMatch(/^\d+$/)
  const refused = await client.request('tools/call', { name: 'gone__pid', arguments: {} })
  expect(refused.message.error?.code).toBe(-32_602)
  expect(await Promise.all(running)).toEqual(['slept', 'slept', 'slept'])
  await vi.waitFor(() => expect(() => process.kill(Number(before[1]), 0)).toThrow(), 5_000)
})

test('a broken file leaves everything as it was [reload/broken]', async () => {
  const gateway = await start({ mcpServers: { one: hostileEntry('pid') } })
  const client = await PathClient.open(gateway, '/mcp')
  const before = await call(client, 'one__pid')
  const report = await reload(gateway, {
    mcpServers: { one: { ...hostileEntry('pid'), colour: 'red' }, two: hostileEntry('pid') },
  })
  expect(report).toMatchObject({ ok: false, changed: false })
  expect(report.problems).toMatchObject([{ path: 'mcpServers.one.colour', line: 1 }])
  expect(await call(client, 'one__pid')).toBe(before)
  expect(await client.names('tools/list')).toEqual(['one__pid'])
})

test('at no instant of many reloads is a tool reached that neither side allows [reload/atomic]', async () => {
  const lists = { tools: ['a', 'b', 'never'].map((name) => ({ name, inputSchema: {} })) }
  const options = (allowed: string) => ({
    mcpServers: { s: listingEntry('s', lists) },
    config: {
      limits: { perPrincipal: { rate: '100000/s', burst: 100_000, writes: { daily: 1_000_000 } } },
      endpoints: { e: { servers: ['s'], tools: { allow: [`s__${allowed}`] } } },
    },
  })
  const gateway = await start(options('a'))
  const client = await PathClient.open(gateway, '/mcp/e')
  await client.names('tools/list')
  const seen = { a: 0, b: 0, never: 0 }
  let over = false
  const callers = (['a', 'b', 'never'] as const).map(async (name) => {
    while (!over) {
      const reply = await client.request('tools/call', { name: `s__${name}`, arguments: {} })
      if (textOf(reply) !== '') seen[name] += 1
      else expect(reply.message.error?.code).toBe(-32_602)
    }
  })
  for (let round = 0; round < 30; round += 1) {
    const name = round % 2 === 0 ? 'b' : 'a'
    expect(await reload(gateway, options(name))).toMatchObject({ ok: true, changed: true })
    const before = seen[name]
    await vi.waitFor(() => expect(seen[name]).toBeGreaterThan(before))
  }
  over = true
  await Promise.all(callers)
  expect(seen.never).toBe(0)
})

test.each(['legacy', 'modern'] as const)(
  'a %s client hears that lists changed when a reload changes what it sees, and not otherwise [reload/lists]',
  async (era) => {
    const lists = { tools: [{ name: 'a', inputSchema: {} }] }
    const servers = { s: listingEntry('s', lists) }
    const gateway = await start({ mcpServers: servers })
    const client = await PathClient.open(gateway, '/mcp', { era })
    expect(await client.names('tools/list')).toEqual(['s__a'])
    const stream = await client.listen()
    const changed = () => stream.methods.filter((one) => one === 'notifications/tools/list_changed')
    await reload(gateway, { mcpServers: servers, config: { limits: { callTimeout: '20s' } } })
    await reload(gateway, { mcpServers: { ...servers, t: listingEntry('t', lists) } })
    await vi.waitFor(() => expect(changed().length).toBeGreaterThan(0))
    expect(changed().length).toBeLessThan(4)
    expect(await client.names('tools/list')).toEqual(['s__a', 't__a'])
  },
)

test('a token that is gone is refused and its streams end; a new one passes [reload/tokens]', async () => {
  const auth = (...tokens: string[]) => ({ config: { auth: { tokens } } })
  const gateway = await start(auth(TOKEN))
  const client = await PathClient.open(gateway, '/mcp', { key: TOKEN })
  const stream = await client.listen()
  expect(await reload(gateway, auth(OTHER))).toMatchObject({ ok: true })
  await stream.over
  expect((await client.request('tools/list')).status).toBe(401)
  const next = await PathClient.open(gateway, '/mcp', { key: OTHER })
  expect((await next.request('tools/list')).status).toBe(200)
})

test('limits of requests hold as the new file has them, for sessions that are open too', async () => {
  const gateway = await start({})
  const client = await PathClient.open(gateway, '/mcp', { era: 'legacy' })
  await reload(gateway, { config: { limits: { requestBytes: '1KiB' } } })
  const reply = await client.request('tools/list', { _meta: { pad: 'x'.repeat(2_000) } })
  expect(reply.status).toBe(413)
  expect(failureOf(reply)).toMatchObject({ code: 'request_too_large' })
})

test('a rollback brings back what was [reload/rollback]', async () => {
  const options = (name: string) => ({ mcpServers: { [name]: hostileEntry('pid') } })
  const gateway = await start(options('one'))
  const client = await PathClient.open(gateway, '/mcp')
  await reload(gateway, options('two'))
  expect(await client.names('tools/list')).toEqual(['two__pid'])
  expect(await gateway.running.config.rollback(undefined, 'test')).toMatchObject({ ok: true })
  expect(await client.names('tools/list')).toEqual(['one__pid'])
  expect((await gateway.running.config.diff()).differences).toMatchObject([
    { path: 'mcpServers.one', kind: 'removed' },
    { path: 'mcpServers.two', kind: 'added' },
  ])
})
