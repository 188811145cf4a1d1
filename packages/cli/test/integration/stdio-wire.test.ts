import { mkdir, readdir, readFile } from 'node:fs/promises'
import { request, type RequestOptions } from 'node:http'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TestGateway, type GatewayOptions } from '../fixtures/gateway.ts'
import { listeningAddresses } from '../fixtures/processes.ts'
import { startModernServer } from '../fixtures/servers/modern-server.ts'
import { serverEvents, stdioServer } from '../fixtures/server-events.ts'
import {
  launchOf,
  modernRequest as modern,
  StdioClient,
  toolCall as call,
} from '../fixtures/stdio-client.ts'
import { waitUntil } from '../fixtures/wait-until.ts'

const create = (config: GatewayOptions['config'] = {}): Promise<TestGateway> =>
  TestGateway.create({ config: { mcpServers: { own: stdioServer() }, ...config } })

test('answers what is no message and serves on; ends with 0 once stdin ended and all is answered [command/stdio/drains] [wire/stdio/garbage] [wire/stdio/too-long]', async () => {
  await using gateway = await create()
  await using client = new StdioClient(launchOf(gateway))
  await client.initialize()
  client.send('no message', `"${'x'.repeat(2 * 1024 * 1024)}"`, call(1, 'own__wait', { ms: 500 }))
  const { code, messages } = await client.finish()
  const answers = messages.filter(({ method }) => method === undefined)
  expect([code, answers]).toMatchObject([
    0,
    [
      { id: null, error: { code: -32_700 } },
      { id: null, error: { code: -31_000, data: { code: 'request_too_large' } } },
      { id: 1, result: { content: [{ text: 'waited' }] } },
    ],
  ])
  expect([client.stderr, await gateway.children()]).toEqual(['', []])
})

test('a cancelled call is cancelled at its server, in both eras, and never answered [wire/stdio/cancel]', async () => {
  await using gateway = await TestGateway.create()
  const events = join(gateway.dir, 'events')
  await using other = await create({ mcpServers: { own: stdioServer({ EVENTS_FILE: events }) } })
  await using client = new StdioClient(launchOf(other))
  await client.initialize()
  const count = async (kind: string): Promise<number> =>
    (await serverEvents(events)).filter(({ event }) => event === kind).length
  client.send(call('a', 'own__wait'))
  client.send(modern('b', 'tools/call', { name: 'own__wait', arguments: {} }))
  await waitUntil('both calls to arrive', async () => (await count('call')) === 2)
  for (const requestId of ['a', 'b']) {
    client.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } })
  }
  await waitUntil('both to be cancelled', async () => (await count('cancelled')) === 2)
  client.send({ jsonrpc: '2.0', id: 'c', method: 'ping' })
  const { messages } = await client.finish()
  expect(messages.filter(({ id }) => id !== undefined)).toEqual([
    { jsonrpc: '2.0', id: 'c', result: {} },
  ])
})

test('a listen and a legacy session on one line hear of a new tool [wire/stdio/listen]', async () => {
  await using gateway = await create()
  await using client = new StdioClient(launchOf(gateway))
  await client.initialize()
  client.send(call(1, 'own__echo', { message: 'm' }))
  await client.answer(1)
  client.send(modern('l', 'subscriptions/listen', { notifications: { toolsListChanged: true } }))
  await client.find(({ method }) => method === 'notifications/subscriptions/acknowledged')
  client.send(call(2, 'own__grow'))
  const heard: boolean[] = []
  while (heard.length < 2) {
    const told = await client.find(({ method }) => method === 'notifications/tools/list_changed')
    heard.push(JSON.stringify(told).includes('"io.modelcontextprotocol/subscriptionId":"l"'))
  }
  expect(heard.toSorted()).toEqual([false, true])
  const { messages } = await client.finish()
  expect(messages.at(-1)).toMatchObject({ id: 'l', result: { resultType: 'complete' } })
})

test('progress comes before the answer', async () => {
  await using gateway = await create()
  await using client = new StdioClient(launchOf(gateway))
  client.send(
    modern(1, 'tools/call', { name: 'own__steps', arguments: { count: 2 } }),
    modern('all', 'tools/list'),
  )
  const withToken = modern(2, 'tools/call', { name: 'own__steps', arguments: { count: 2 } })
  const params = withToken['params'] as { _meta: Record<string, unknown> } // made above
  params._meta['progressToken'] = 'mine'
  client.send(withToken)
  const { messages } = await client.finish()
  const steps = messages.filter(({ method }) => method === 'notifications/progress')
  expect(steps).toMatchObject([
    { params: { progressToken: 'mine', progress: 1 } },
    { params: { progressToken: 'mine', progress: 2 } },
  ])
  const order = messages.map(({ id, method }) => id ?? method)
  expect(order.lastIndexOf('notifications/progress')).toBeLessThan(order.indexOf(2))
})

test('SIGTERM answers what runs before the end, which is 0 [command/stdio/signal]', async () => {
  await using gateway = await create()
  await using client = new StdioClient(launchOf(gateway))
  await client.initialize()
  client.send(call(1, 'own__wait', { ms: 800 }), call(2, 'own__echo', { message: 'm' }))
  await client.answer(2)
  client.child.kill('SIGTERM')
  expect(await client.answer(1)).toMatchObject({ result: { content: [{ text: 'waited' }] } })
  expect(await client.ended).toBe(0)
  expect(await gateway.children()).toEqual([])
})

test('a gateway started for a client opens no port, needs no key and makes none [command/stdio/no-port]', async () => {
  // Beyond loopback without a key: `up` would refuse this.
  await using gateway = await create({ listen: '0.0.0.0:0', auth: {} })
  await using client = new StdioClient(launchOf(gateway))
  await client.initialize()
  expect(await listeningAddresses(client.pid)).toEqual([])
  expect(await gateway.json(['keys', 'list'])).toMatchObject({ items: [] })
  expect(await readdir(join(gateway.dir, 'data'))).toContain('sallyport.db.sock')
  expect((await client.finish()).code).toBe(0)
  expect(await readdir(join(gateway.dir, 'data'))).not.toContain('sallyport.db.sock')
})

test('calls are on record as the local administrator’s', async () => {
  await using gateway = await create()
  await using client = new StdioClient(launchOf(gateway))
  await client.initialize()
  client.send(call(1, 'own__echo', { message: 'm' }))
  await client.answer(1)
  const { items } = await gateway.json<{ items: object[] }>(['audit', 'list'])
  expect(items).toContainEqual(
    expect.objectContaining({ principal: 'local', address: 'local', server: 'own', tool: 'echo' }),
  )
})

test('serves one server or one endpoint alone, and refuses a name that is none with 2 [command/stdio/scope]', async () => {
  const endpoints = { few: { servers: ['own'], tools: { allow: ['own__echo'] } } }
  const mcpServers = { own: stdioServer(), other: stdioServer() }
  await using gateway = await create({ mcpServers, endpoints })
  const toolsWith = async (...options: string[]): Promise<string[]> => {
    await using client = new StdioClient(launchOf(gateway, ...options))
    client.send(modern(1, 'tools/list'))
    const { result } = (await client.answer(1)) as { result: { tools: { name: string }[] } } // a list
    expect((await client.finish()).code).toBe(0)
    return result.tools.map(({ name }) => name)
  }
  expect(await toolsWith('--server', 'own')).toContain('wait')
  expect(await toolsWith('--endpoint', 'few')).toEqual(['own__echo'])
  expect(await toolsWith()).toContain('other__echo')
  for (const options of [
    ['--server', 'none'],
    ['--endpoint', 'own'],
    ['--server', 'own', '--endpoint', 'few'],
  ]) {
    await using client = new StdioClient(launchOf(gateway, ...options))
    expect([await client.ended, client.stderr]).toEqual([2, expect.stringMatching(/^sallyport: /)])
  }
})

test('with no file it writes one and serves it, and stdout stays clean [command/stdio/first-run]', async () => {
  await using gateway = await create()
  const launch = launchOf(gateway)
  const cwd = join(gateway.dir, 'empty')
  await mkdir(cwd)
  await using client = new StdioClient({ ...launch, cwd, args: launch.args.slice(0, 2) })
  await client.initialize()
  expect((await client.finish()).code).toBe(0)
  expect(client.stderr).toContain('wrote ')
  expect(await readFile(join(cwd, 'sallyport.yaml'), 'utf8')).toContain('mcpServers')
})

test('headers that mirror arguments are made for the server, not asked of the client [wire/stdio/modern]', async () => {
  await using server = await startModernServer()
  await using gateway = await create({ mcpServers: { remote: { url: server.url } } })
  await using client = new StdioClient(launchOf(gateway))
  client.send(modern(0, 'tools/list'))
  await client.answer(0)
  const args = { region: 'eu', count: 2 }
  client.send(modern(1, 'tools/call', { name: 'remote__route', arguments: args }))
  expect(await client.answer(1)).toMatchObject({
    result: { content: [{ text: JSON.stringify(args) }] },
  })
  const called = server.seen.findLast(({ headers }) => headers['mcp-method'] === 'tools/call')
  expect(called?.headers).toMatchObject({ 'mcp-param-region': 'eu', 'mcp-param-count': '2' })
})

test('lines are served on the local socket and on no port [wire/stdio/local-only]', async () => {
  await using gateway = await create()
  await gateway.restart()
  const socketPath = `${gateway.storeFile}.sock`
  const lines = { connection: 'Upgrade', upgrade: 'mcp-lines' }
  const authorization = `Bearer ${gateway.token}`
  const tried = [
    [gateway.data, { path: '/stdio', headers: lines }],
    [gateway.data, { path: '/stdio', headers: { ...lines, authorization } }],
    [gateway.admin, { path: '/stdio', headers: { ...lines, authorization } }],
    ['http://localhost', { socketPath, path: '/stdio', headers: { ...lines, upgrade: 'h2c' } }],
    ['http://localhost', { socketPath, path: '/mcp', headers: lines }],
    ['http://localhost', { socketPath, path: '/stdio', method: 'POST', headers: lines }],
    ['http://localhost', { socketPath, path: '/servers/none/stdio', headers: lines }],
    ['http://localhost', { socketPath, path: '/stdio/none', headers: lines }],
    ['http://localhost', { socketPath, path: '/stdio', headers: lines }],
  ] as const
  const statuses = await Promise.all(tried.map(([url, options]) => statusOf(url, options)))
  expect(statuses).toEqual([401, 404, 404, 404, 404, 404, 404, 404, 101])
})

/** The status of the answer, be it an upgrade. */
function statusOf(url: string, options: RequestOptions): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent: false, ...options })
    sent.on('response', (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    sent.on('upgrade', (response, socket) => {
      socket.destroy()
      resolve(response.statusCode)
    })
    sent.on('error', reject)
    sent.end()
  })
}
