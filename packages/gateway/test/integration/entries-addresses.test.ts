import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { LookUp } from '../../src/upstreams/guarded-connector.ts'
import { addServer, ask, codeOf, startOpen } from '../fixtures/entries.ts'
import { PathClient } from '../fixtures/path-client.ts'
import { failureOf, textOf } from '../fixtures/raw-mcp.ts'
import { callText, httpServer, openTestUpstreams } from '../fixtures/upstreams/harness.ts'
import {
  legacyServer,
  type RawHttpServer,
  startRawHttp,
  textAnswer,
} from '../fixtures/upstreams/raw-http-server.ts'

const LOOPBACK = { commands: [], addresses: ['127.0.0.1/32'] }

/** A server on 127.0.0.1 that answers every call. */
async function startServer(): Promise<RawHttpServer> {
  const server = await startRawHttp(
    legacyServer((seen, response) => textAnswer(seen, response, 'hi')),
  )
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

/** Gives one answer after the other, the last one for ever. */
function answers(...lists: readonly (readonly string[])[]): { lookUp: LookUp; asked: string[] } {
  const asked: string[] = []
  const lookUp: LookUp = (name, _options, callback) => {
    const list = lists[Math.min(asked.length, lists.length - 1)] ?? []
    asked.push(name)
    const found = list.map((address): LookupAddress => ({
      address,
      family: address.includes(':') ? 6 : 4,
    }))
    setImmediate(() => callback(null, found))
  }
  return { lookUp, asked }
}

test.each([
  'http://127.0.0.1:9100/mcp',
  'http://127.0.0.1:9101/api/v1/servers',
  'https://127.1/mcp',
  'http://2130706433/mcp',
  'http://0x7f.0.0.1/mcp',
  'http://0177.0.0.01/mcp',
  'http://0/mcp',
  'http://0.0.0.0:8080/mcp',
  'http://localhost:3000/mcp',
  'http://LOCALHOST./mcp',
  'http://a.localhost/mcp',
  'http://[::1]/mcp',
  'http://[::]/mcp',
  'http://[::ffff:127.0.0.1]/mcp',
  'http://[::ffff:7f00:1]/mcp',
  'http://[::127.0.0.1]/mcp',
  'http://[64:ff9b::7f00:1]/mcp',
  'http://[2002:7f00:1::]/mcp',
  'http://[fe80::1]/mcp',
  'http://[fd00::1]/mcp',
  'http://169.254.169.254/latest/meta-data/',
  'http://[fd00:ec2::254]/latest/',
  'http://[::ffff:169.254.169.254]/',
  'http://10.0.0.1/mcp',
  'http://172.16.0.1/mcp',
  'http://192.168.1.1/mcp',
  'http://100.64.0.1/mcp',
  'http://100.100.100.200/latest/',
  'http://224.0.0.1/mcp',
  'http://255.255.255.255/mcp',
  'http://１２７.０.０.１/mcp',
  'http://127。0。0。1/mcp',
  'http://%31%32%37.0.0.1/mcp',
])('%s is not taken [entries/addresses]', async (url) => {
  const gateway = await startOpen({ config: { api: {} } })
  const body = { name: 'near', definition: { url } }
  const answer = await ask(gateway, 'POST', '/servers', { body })
  expect([answer.status, codeOf(answer)]).toEqual([403, 'url_not_allowed'])
  // Nothing of the address is told back.
  expect(answer.text).not.toContain(new URL(url).hostname)
  expect((await ask(gateway, 'GET', '/entries')).json).toEqual({ items: [] })
})

test.each([
  'ftp://example.com/mcp',
  'file:///etc/passwd',
  'unix:/run/docker.sock',
  'http://user:secret@example.com/mcp',
  'http://[fe80::1%25eth0]/mcp',
  'http://127.0.0.1:99999/mcp',
  'gopher://127.0.0.1:6379/_x',
  'javascript:alert(1)',
])('%s is no address of a server', async (url) => {
  const gateway = await startOpen()
  const answer = await ask(gateway, 'POST', '/servers', {
    body: { name: 'odd', definition: { url } },
  })
  expect([answer.status, codeOf(answer)]).toEqual([400, 'request_invalid'])
})

test('a server of loopback is called where the file allows it, and one of the file always [entries/addresses]', async () => {
  const server = await startServer()
  const own = { url: server.url }
  const gateway = await startOpen({
    mcpServers: { own },
    config: { api: { addresses: ['127.0.0.1'] } },
  })
  await addServer(gateway, 'added', own)
  const client = await PathClient.open(gateway, '/mcp')
  const call = (name: string) => client.request('tools/call', { name, arguments: {} })
  expect([textOf(await call('added__a')), textOf(await call('own__a'))]).toEqual(['hi', 'hi'])
  gateway.configure({ mcpServers: { own }, config: { api: { addresses: ['10.0.0.0/8'] } } })
  const report = await gateway.running.config.reload({ cause: 'api', by: 't' })
  expect(report).toMatchObject({ ok: true, servers: { kept: ['own'], removed: ['added'] } })
  expect(textOf(await call('own__a'))).toBe('hi')
  expect((await call('added__a')).message.error?.code).toBe(-32602)
})

test('a name of this machine is refused once it is connected to, whatever it is called [entries/rebinding]', async (context) => {
  // A name that the system's own resolver gives a private address.
  const found = await lookup(hostname(), { all: true }).catch(() => [])
  context.skip(found.length === 0 || hostname().includes('localhost'), 'the host has no name')
  const server = await startServer()
  const gateway = await startOpen({ config: { api: {} } })
  await addServer(gateway, 'named', { url: `http://${hostname()}:${server.port}/mcp` })
  const client = await PathClient.open(gateway, '/mcp')
  const reply = await client.request('tools/call', { name: 'named__a', arguments: {} })
  expect(failureOf(reply)).toMatchObject({ code: 'url_not_allowed', outcome: 'not_sent' })
  expect(reply.text).not.toMatch(/\d+\.\d+\.\d+\.\d+/)
  expect(server.seen).toEqual([])
})

test.each([
  ['only loopback', ['127.0.0.1']],
  ['a public address and loopback', ['93.184.216.34', '127.0.0.1']],
  ['loopback in the form of IPv6', ['::ffff:127.0.0.1']],
  ['metadata of a cloud', ['169.254.169.254']],
  ['a zone', ['fe80::1%lo']],
  ['no address', []],
])('a name that answers with %s is not connected to [entries/rebinding]', async (_what, list) => {
  const server = await startServer()
  const { lookUp } = answers(list)
  const url = `http://rebind.example.com:${server.port}/mcp`
  const restrictions = { commands: [], addresses: [] }
  await using test = await openTestUpstreams({ far: httpServer(url, { restrictions }) }, { lookUp })
  await expect(callText(test.upstreams, ['far', 'a'])).rejects.toMatchObject({
    code: 'url_not_allowed',
    outcome: 'not_sent',
  })
  expect(server.seen).toEqual([])
})

test('each connection looks once and goes to what it saw: a name that turns later gains nothing [entries/rebinding]', async () => {
  const server = await startServer()
  // Another server on the same port of another loopback address: where a turned name would lead.
  const inside = await listenOn('127.0.0.2', server.port)
  const world = { address: '127.0.0.1', asked: 0 }
  const lookUp: LookUp = (_name, _options, callback) => {
    world.asked += 1
    setImmediate(() => callback(null, [{ address: world.address, family: 4 }]))
  }
  const url = `http://rebind.example.com:${server.port}/mcp`
  await using test = await openTestUpstreams(
    { far: httpServer(url, { restrictions: LOOPBACK }) },
    { lookUp },
  )
  expect(await callText(test.upstreams, ['far', 'a'])).toBe('hi')
  const before = world.asked
  expect(before).toBeGreaterThan(0)
  world.address = '127.0.0.2'
  // Connections that are open go where they went.
  expect(await callText(test.upstreams, ['far', 'a'])).toBe('hi')
  server.dropConnections()
  const refused = () =>
    expect(callText(test.upstreams, ['far', 'a'])).rejects.toMatchObject({
      code: 'url_not_allowed',
      outcome: 'not_sent',
    })
  // The first may be on its way over a connection that is just being closed.
  await vi.waitFor(refused)
  for (let count = 0; count < 3; count += 1) await refused()
  expect(world.asked).toBeGreaterThan(before)
  expect(inside.requests).toBe(0)
  world.address = '127.0.0.1'
  await vi.waitFor(async () => expect(await callText(test.upstreams, ['far', 'a'])).toBe('hi'), {
    timeout: 10_000,
  })
})

test('a redirect to another address is not followed [entries/direct]', async () => {
  const inside = await listenOn('127.0.0.1', 0)
  for (const status of [301, 302, 303, 307, 308]) {
    await using server = await startRawHttp((_seen, response) => {
      response.writeHead(status, { location: `http://127.0.0.1:${inside.port}/mcp` }).end()
    })
    await using test = await openTestUpstreams({
      far: httpServer(server.url, { restrictions: LOOPBACK }),
    })
    await expect(callText(test.upstreams, ['far', 'a'])).rejects.toMatchObject({
      code: 'server_protocol',
    })
    expect(server.seen.length).toBeGreaterThan(0)
  }
  expect(inside.requests).toBe(0)
})

test('the address for messages that a stream names is taken on its own origin only [entries/direct]', async () => {
  const inside = await listenOn('127.0.0.1', 0)
  const targets = [
    `http://127.0.0.1:${inside.port}/mcp`,
    `//127.0.0.1:${inside.port}/`,
    'file:///etc/passwd',
  ]
  for (const target of targets) {
    await using server = await startRawHttp((seen, response) => {
      if (seen.method !== 'GET') response.writeHead(405).end()
      else {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write(`event: endpoint\ndata: ${target}\n\n`)
      }
    })
    const config = httpServer(server.url, { restrictions: LOOPBACK, transport: 'sse' })
    await using test = await openTestUpstreams({ far: config })
    await expect(callText(test.upstreams, ['far', 'a'])).rejects.toMatchObject({
      outcome: 'not_sent',
    })
  }
  expect(inside.requests).toBe(0)
})

test('no proxy of the environment comes between [entries/direct]', async () => {
  const server = await startServer()
  const proxy = await listenOn('127.0.0.1', 0)
  const environment = {
    HTTP_PROXY: `http://127.0.0.1:${proxy.port}`,
    http_proxy: `http://127.0.0.1:${proxy.port}`,
  }
  const { lookUp } = answers(['127.0.0.1'])
  const url = `http://far.example.com:${server.port}/mcp`
  await using test = await openTestUpstreams(
    { far: httpServer(url, { restrictions: LOOPBACK }) },
    { lookUp, environment },
  )
  expect(await callText(test.upstreams, ['far', 'a'])).toBe('hi')
  expect(proxy.requests).toBe(0)
})

/** A server that counts what reaches it. */
async function listenOn(host: string, port: number): Promise<{ requests: number; port: number }> {
  const counted = { requests: 0, port: 0 }
  const server: Server = createServer((_request, response) => {
    counted.requests += 1
    response.end()
  })
  server.on('connect', (_request, socket) => {
    counted.requests += 1
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(port, host, resolve))
  onTestFinished(() => void server.close())
  counted.port = (server.address() as AddressInfo).port // listening on TCP
  return counted
}
