import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gatewayConfig } from '@sallyport/contract/config'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EventStream } from '../fixtures/event-stream.ts'
import { startGateway, TestGateway } from '../fixtures/gateway.ts'
import { listeningAddresses } from '../fixtures/processes.ts'
import { head, RawConnection } from '../fixtures/raw-connection.ts'
import { send } from '../fixtures/send.ts'
import { serverEvents, type ServerEvent, stdioServer } from '../fixtures/server-events.ts'
import { type SpyServer, startSpyServer } from '../fixtures/servers/spy-server.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import {
  ACCEPT,
  ask,
  callTool,
  failureOf,
  LegacySession,
  modernBody,
  modernHeaders,
  modernMeta,
  textOf,
} from '../fixtures/wire.ts'

const PAGE = 'https://app.example.com'

let spy: SpyServer
let gateway: TestGateway
beforeAll(async () => {
  spy = await startSpyServer()
  gateway = await startGateway({
    config: {
      origins: [PAGE],
      mcpServers: {
        own: stdioServer({ EVENTS_FILE: './events' }),
        brief: stdioServer({}, { callTimeout: '500ms' }),
        spy: { url: spy.url },
      },
    },
  })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await spy[Symbol.asyncDispose]()
})

function events(): Promise<ServerEvent[]> {
  return serverEvents(join(gateway.dir, 'events'))
}

function authorized(): Record<string, string> {
  return { authorization: `Bearer ${gateway.token}` }
}

const FOREIGN_ORIGINS = [
  'https://evil.test',
  'null',
  'https://app.example.com.evil.test',
  'https://evil-app.example.com',
  'https://app.example.com:8443',
  'http://app.example.com',
  'https://app.example.com/',
  'https://app.example.com@evil.test',
  'http://localhost',
  'http://127.0.0.1:1',
  '',
]

test.each(FOREIGN_ORIGINS)(
  'A1: Origin %j is 403 on every method and path [door/origin/foreign]',
  async (origin) => {
    const paths = [
      '/mcp',
      '/servers/own/mcp',
      '/health',
      '/.well-known/oauth-protected-resource',
      '/',
    ]
    const statuses = await Promise.all(
      ['POST', 'GET', 'DELETE', 'OPTIONS'].flatMap((method) =>
        paths.map(async (path) => {
          const headers = { ...authorized(), origin }
          const { status } = await send(`${gateway.data}${path}`, { method, headers })
          return `${method} ${path} ${status}`
        }),
      ),
    )
    expect(statuses.filter((line) => !line.endsWith(' 403'))).toEqual([])
  },
)

test('A1: the configured Origin passes, and none at all does too [door/origin/allowed]', async () => {
  for (const headers of [{ origin: PAGE }, {}]) {
    const answer = await callTool(gateway, 'own__echo', { message: 'm' }, { headers })
    expect(textOf(answer)).toBe('m')
  }
})

test('A2: a Host that is no name of ours is 403, health and well-known included [door/host/foreign]', async () => {
  const hosts = [
    'evil.test',
    '127.0.0.1.evil.test',
    'localhost.evil.test',
    'evil.test:9100',
    'a@127.0.0.1',
  ]
  for (const host of hosts) {
    for (const path of ['/mcp', '/health', '/.well-known/x']) {
      const headers = { ...authorized(), host }
      const { status } = await send(`${gateway.data}${path}`, { method: 'GET', headers })
      expect([host, path, status]).toEqual([host, path, 403])
    }
  }
})

test('A2: no Host, two Hosts and an absolute address with a foreign one are refused [door/host/ambiguous]', async () => {
  const requests = [
    ['GET /health HTTP/1.0', '', ''].join('\r\n'),
    head('GET', '/health', []),
    head('GET', '/health', ['Host:']),
    head('GET', '/health', ['Host: localhost', 'Host: localhost']),
    head('GET', '/health', ['Host: localhost', 'Host: evil.test']),
    head('GET', 'http://evil.test/health', ['Host: evil.test']),
  ]
  for (const text of requests) {
    await using connection = await RawConnection.open(gateway.url)
    await connection.write(text)
    expect([400, 403]).toContain(await connection.status())
  }
})

test('A2: every loopback name passes on loopback [door/host/allowed]', async () => {
  for (const host of ['localhost', 'localhost:1', '127.0.0.1', '127.9.9.9:80', '[::1]:9100']) {
    const { status } = await send(`${gateway.data}/health`, { method: 'GET', headers: { host } })
    expect([host, status]).toEqual([host, 200])
  }
})

test('A3: by default both listeners are on loopback, and no other socket is opened [door/loopback-by-default]', async () => {
  const { listen, admin } = gatewayConfig.parse({})
  expect([listen.host, admin.host]).toEqual(['127.0.0.1', '127.0.0.1'])
  const addresses = await listeningAddresses(gateway.pid)
  expect(addresses.map((address) => address.split(':')[0])).toEqual(['0100007F', '0100007F'])
})

test('A4: without any configured credential nobody gets in, and openness is refused off loopback [config/refuse/open]', async () => {
  await using closed = await startGateway({ config: { auth: {} } })
  expect(await ask({ url: closed.url, token: '' }, 'tools/list')).toMatchObject({ status: 401 })
  expect(await send(closed.url, { body: modernBody('tools/list') })).toMatchObject({ status: 401 })
  await using open = await TestGateway.create({
    config: { listen: '0.0.0.0:0', auth: { anonymous: true } },
  })
  const { code, stderr, stdout } = await open.command(['up', '--json'])
  expect([code, `${stderr}${stdout}`]).toEqual([2, expect.stringMatching(/anonymous/)])
})

test('A4: anonymous on loopback lets callers in, but none that came through a proxy [door/anonymous]', async () => {
  await using open = await startGateway({
    config: { auth: { anonymous: true }, mcpServers: { own: stdioServer() } },
  })
  const body = modernBody('tools/call', { name: 'own__echo', arguments: { message: 'm' } })
  const { authorization: _none, ...headers } = modernHeaders('', 'tools/call', 'own__echo')
  expect(textOf(await send(open.url, { headers, body }))).toBe('m')
  for (const name of ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host']) {
    const through = { ...headers, [name]: 'for=1.2.3.4' }
    expect(await send(open.url, { headers: through, body })).toMatchObject({ status: 403 })
  }
})

test('A5: in the modern era GET and DELETE are 405 with Allow, whatever session they name [wire/modern/post-only]', async () => {
  for (const method of ['GET', 'DELETE']) {
    for (const more of [{}, { 'mcp-session-id': 'x'.repeat(40) }, { 'last-event-id': '7' }]) {
      const headers = {
        ...authorized(),
        accept: ACCEPT,
        'mcp-protocol-version': '2026-07-28',
        ...more,
      }
      const answer = await send(gateway.url, { method, headers })
      expect([method, more, answer.status]).toEqual([method, more, 405])
      expect(answer.headers.allow).toContain('POST')
    }
  }
})

test('A5: a modern request with a session id or a last event id is served as if it had none [wire/modern/no-session]', async () => {
  const headers = { 'mcp-session-id': 'made-up', 'last-event-id': '7' }
  const answer = await callTool(gateway, 'own__echo', { message: 'm' }, { headers })
  expect([textOf(answer), answer.headers['mcp-session-id']]).toEqual(['m', undefined])
})

test('A6: a modern client that closes its request cancels the call at either kind of server [wire/cancel/modern] [upstreams/cancel]', async () => {
  const before = (await events()).length
  for (const [name, args] of [
    ['spy__hold', {}],
    ['own__wait', { ms: 20_000 }],
  ] as const) {
    const closing = new AbortController()
    const body = modernBody('tools/call', { name, arguments: args })
    const headers = modernHeaders(gateway.token, 'tools/call', name)
    const call = send(gateway.url, { headers, body, signal: closing.signal }).catch(() => 'closed')
    await waitUntil('the call to reach its server', async () =>
      name === 'spy__hold'
        ? spy.seen.some(({ body: text }) => text.includes('"hold"'))
        : (await events()).slice(before).some(({ tool }) => tool === 'wait'),
    )
    closing.abort()
    expect(await call).toBe('closed')
  }
  await waitUntil('the remote server to see its request closed', () => spy.cut.length === 1)
  await waitUntil('the stdio server to be told', async () =>
    (await events()).slice(before).some(({ event }) => event === 'cancelled'),
  )
})

test('A7: a legacy client that loses its connection has cancelled nothing; one that says so has [wire/cancel/legacy-disconnect] [wire/cancel/legacy]', async () => {
  const session = await LegacySession.open(gateway)
  const cancelled = async (): Promise<number> =>
    (await events()).filter(({ event }) => event === 'cancelled').length
  const calls = async (): Promise<number> =>
    (await events()).filter(({ event }) => event === 'call').length
  const [cancelledBefore, callsBefore] = [await cancelled(), await calls()]
  const post = (id: number, ms: number, signal: AbortSignal): Promise<unknown> => {
    const params = { name: 'own__wait', arguments: { ms } }
    const body = { jsonrpc: '2.0', id, method: 'tools/call', params }
    return send(gateway.url, { headers: session.headers, body, signal }).catch(() => 'closed')
  }
  const lost = new AbortController()
  const first = post(501, 800, lost.signal)
  await waitUntil('the first call', async () => (await calls()) === callsBefore + 1)
  lost.abort()
  expect(await first).toBe('closed')
  await sleep(1_000)
  expect(await cancelled()).toBe(cancelledBefore)

  const second = post(502, 20_000, new AbortController().signal)
  await waitUntil('the second call', async () => (await calls()) === callsBefore + 2)
  const params = { requestId: 502, reason: 'enough' }
  await session.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params })
  await waitUntil('the server to be told', async () => (await cancelled()) === cancelledBefore + 1)
  expect(await second).toMatchObject({ status: expect.any(Number) })
})

test('A7: a message goes to one stream of a session, and to no other session or principal [wire/stream/once]', async () => {
  const session = await LegacySession.open(gateway)
  const other = await LegacySession.open(gateway)
  const headers = { ...session.headers, accept: 'text/event-stream' }
  await using one = await EventStream.open(gateway.url, headers)
  await using two = await EventStream.open(gateway.url, headers)
  await using third = await EventStream.open(gateway.url, other.headers)
  await session.call('own__grow')
  const changes = (stream: EventStream): number =>
    stream.messages.filter(({ method }) => method === 'notifications/tools/list_changed').length
  await waitUntil('the change to be told', () => changes(one) + changes(two) > 0)
  await waitUntil('the other session to be told', () => changes(third) > 0)
  await sleep(300)
  expect([changes(one) + changes(two), changes(third)]).toEqual([1, 1])
})

test('A8: streams switch proxy buffering off and carry progress before the answer [wire/stream/unbuffered] [wire/progress]', async () => {
  const params = {
    name: 'own__steps',
    arguments: {},
    _meta: { ...modernMeta(), progressToken: 'p' },
  }
  const body = { jsonrpc: '2.0', id: 'i', method: 'tools/call', params }
  const headers = modernHeaders(gateway.token, 'tools/call', 'own__steps')
  const answer = await send(gateway.url, { headers, body })
  expect(answer.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'x-accel-buffering': 'no',
    'cache-control': expect.stringContaining('no-cache'),
  })
  const messages = answer.text.split('\n').filter((line) => line.startsWith('data:'))
  expect(messages.map((line) => JSON.parse(line.slice(5)))).toMatchObject([
    ...[1, 2, 3].map((progress) => ({
      method: 'notifications/progress',
      params: { progressToken: 'p', progress, total: 3 },
    })),
    { id: 'i', result: { content: [{ text: 'stepped' }] } },
  ])
})

test('A8: a deadline holds even while progress keeps coming [limits/deadline]', async () => {
  const params = {
    name: 'brief__steps',
    arguments: { count: 500 },
    _meta: { ...modernMeta(), progressToken: 1 },
  }
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params }
  const startedMs = performance.now()
  const headers = modernHeaders(gateway.token, 'tools/call', 'brief__steps')
  const answer = await send(gateway.url, { headers, body })
  expect(failureOf(answer)).toMatchObject({ code: 'deadline_exceeded', outcome: 'unknown' })
  expect(performance.now() - startedMs).toBeLessThan(3_000)
})

test('A10: bytes that are no UTF-8 are -32700, in any member [wire/json/utf-8]', async () => {
  for (const place of ['"method":"\xff"', '"method":"ping","x":"\xc3\x28"', '"\xed\xa0\x80":1']) {
    const bytes = Buffer.from(`{"jsonrpc":"2.0","id":1,${place}}`, 'latin1')
    await using connection = await RawConnection.open(gateway.url)
    const headers = [
      'Host: localhost',
      `Authorization: Bearer ${gateway.token}`,
      'Content-Type: application/json',
      `Content-Length: ${bytes.length}`,
    ]
    await connection.write(Buffer.concat([Buffer.from(head('POST', '/mcp', headers)), bytes]))
    expect(await connection.status()).toBe(400)
    await waitUntil('the body of the answer', () => connection.received.includes('-32700'))
  }
})

test('A10: a batch is refused in every revision but 2025-03-26 [wire/batch]', async () => {
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
  const statuses: Record<string, number> = {}
  for (const version of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']) {
    statuses[version] = (await (await LegacySession.open(gateway, version)).post([ping])).status
  }
  expect(statuses).toEqual({
    '2024-11-05': 400,
    '2025-03-26': 200,
    '2025-06-18': 400,
    '2025-11-25': 400,
  })
  const batch = [modernBody('tools/list')]
  const headers = modernHeaders(gateway.token, 'tools/list')
  expect((await send(gateway.url, { headers, body: batch })).json.error?.code).toBe(-32600)
})

test('A11: a revision we do not speak is 400 and -32022 with what we speak and what was asked [wire/revision/unsupported]', async () => {
  for (const requested of ['2027-01-01', '2026-07-29', 'draft', '2025-11-25']) {
    const body = {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/list',
      params: { _meta: modernMeta(requested) },
    }
    const headers = {
      ...modernHeaders(gateway.token, 'tools/list'),
      'mcp-protocol-version': requested,
    }
    const { status, json } = await send(gateway.url, { headers, body })
    expect([status, json.error]).toMatchObject([
      400,
      { code: -32022, data: { supported: ['2026-07-28'], requested } },
    ])
  }
})

test('A11: an invalid version header on a legacy session is 400 [wire/revision/legacy-header]', async () => {
  const session = await LegacySession.open(gateway)
  for (const version of ['1999-01-01', 'latest', '2025-11-25, 2025-11-25']) {
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
    const answer = await session.post(body, { 'mcp-protocol-version': version })
    expect([version, answer.status]).toEqual([version, 400])
  }
})

test('A12: a preflight of a configured page allows the modern headers, and no wildcard [door/cors/preflight]', async () => {
  const asked = [
    'Authorization',
    'Content-Type',
    'MCP-Protocol-Version',
    'Mcp-Method',
    'Mcp-Name',
    'Mcp-Param-Region',
  ]
  const headers = {
    origin: PAGE,
    'access-control-request-method': 'POST',
    'access-control-request-headers': asked.join(', '),
  }
  const answer = await send(gateway.url, { method: 'OPTIONS', headers })
  expect(answer.status).toBe(204)
  expect(answer.headers['access-control-allow-origin']).toBe(PAGE)
  expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
  const allowed = String(answer.headers['access-control-allow-headers']).toLowerCase().split(/, */)
  expect(allowed).toEqual(expect.arrayContaining(asked.map((name) => name.toLowerCase())))
  expect(allowed).not.toContain('*')
  expect(answer.headers['access-control-allow-methods']).toContain('POST')
})

test('A12: answers are readable by the configured page alone [door/cors/readable]', async () => {
  const mine = await callTool(gateway, 'own__echo', {}, { headers: { origin: PAGE } })
  expect(mine.headers['access-control-allow-origin']).toBe(PAGE)
  expect(String(mine.headers.vary).toLowerCase()).toContain('origin')
  for (const origin of ['https://evil.test', 'null']) {
    const headers = { origin, 'access-control-request-method': 'POST' }
    for (const method of ['OPTIONS', 'POST', 'GET']) {
      const answer = await send(gateway.url, { method, headers })
      expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    }
  }
})
