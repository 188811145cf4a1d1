import { connect } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type EdgeHost, startEdge } from '../fixtures/edge-host.ts'

let host: EdgeHost
beforeEach(async () => {
  host = await startEdge()
})
afterEach(async () => {
  await host[Symbol.asyncDispose]()
})

const VERSION = '2026-07-28'
const BOTH = 'application/json, text/event-stream'
type Headers = Readonly<Record<string, string>>

function meta(version = VERSION, extra: object = {}): object {
  return {
    'io.modelcontextprotocol/protocolVersion': version,
    'io.modelcontextprotocol/clientCapabilities': {},
    ...extra,
  }
}

function modern(method: string, params: object = {}): object {
  return { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta() } }
}

function modernHeaders(method: string, name?: string): Headers {
  return {
    'mcp-protocol-version': VERSION,
    'mcp-method': method,
    ...(name === undefined ? {} : { 'mcp-name': name }),
  }
}

interface Reply {
  readonly status: number
  readonly headers: globalThis.Headers
  readonly text: string
  readonly json: {
    id?: unknown
    result?: Record<string, unknown>
    error?: { code: number; data?: object }
  }
}

async function send(body: string | object, headers: Headers = {}, method = 'POST'): Promise<Reply> {
  const response = await fetch(host.url, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(method === 'POST' ? { body: typeof body === 'string' ? body : JSON.stringify(body) } : {}),
  })
  const text = await response.text()
  const json = text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : {}
  return { status: response.status, headers: response.headers, text, json }
}

async function openSession(version = '2025-11-25', headers: Headers = {}): Promise<string> {
  const params = {
    protocolVersion: version,
    capabilities: {},
    clientInfo: { name: 't', version: '1' },
  }
  const reply = await send({ jsonrpc: '2.0', id: 0, method: 'initialize', params }, headers)
  expect(reply.json.result).toMatchObject({ protocolVersion: version })
  return reply.headers.get('mcp-session-id') ?? ''
}

const codeOf = ({ status, json }: Reply) => [status, json.error?.code, json.id]

test.each([
  ['broken JSON', '{"jsonrpc":', [400, -32700, null]],
  ['an empty body', '', [400, -32700, null]],
  ['a scalar', '7', [400, -32600, null]],
  ['an empty object', '{}', [400, -32600, null]],
  ['a null id', '{"jsonrpc":"2.0","id":null,"method":"ping"}', [400, -32600, null]],
  ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', [200, undefined, undefined]],
  ['an empty batch', '[]', [400, -32600, null]],
  ['an unknown method', '{"jsonrpc":"2.0","id":5,"method":"no/such"}', [200, -32601, 5]],
  ['ping', '{"jsonrpc":"2.0","id":"a","method":"ping"}', [200, undefined, 'a']],
  ['a notification', '{"jsonrpc":"2.0","method":"notifications/x"}', [202, undefined, undefined]],
  ['a response', '{"jsonrpc":"2.0","id":3,"result":{}}', [202, undefined, undefined]],
])(
  '%s is answered as the protocol says, and the connection survives [wire/json/broken] [wire/json/shape] [wire/method/unknown] [wire/method/ping] [wire/notification] [wire/connection/survives]',
  async (_case, body, expected) => {
    expect(codeOf(await send(body))).toEqual(expected)
    expect((await send({ jsonrpc: '2.0', id: 9, method: 'ping' })).json).toEqual({
      jsonrpc: '2.0',
      id: 9,
      result: {},
    })
  },
)

test('a body that is not JSON by its header is refused unread, and a body over the cap too [wire/content-type] [wire/accept/neither]', async () => {
  expect((await send('{}', { 'content-type': 'text/plain' })).status).toBe(415)
  expect((await send('x'.repeat(65_537))).status).toBe(413)
  expect((await send('{}', { accept: 'text/html' })).status).toBe(406)
})

test.each([
  ['no version header', { 'mcp-method': 'tools/call', 'mcp-name': 'echo' }],
  [
    'another version',
    { ...modernHeaders('tools/call', 'echo'), 'mcp-protocol-version': '2025-11-25' },
  ],
  ['no method header', { 'mcp-protocol-version': VERSION, 'mcp-name': 'echo' }],
  ['another method', modernHeaders('tools/list', 'echo')],
  ['a method in other case', modernHeaders('Tools/Call', 'echo')],
  ['no name header', modernHeaders('tools/call')],
  ['another name', modernHeaders('tools/call', 'ech0')],
  ['a name in other case', modernHeaders('tools/call', 'Echo')],
  ['a broken sentinel', modernHeaders('tools/call', '=?base64?ZWNobw?=')],
  ['a sentinel of another name', modernHeaders('tools/call', '=?base64?ZWNoMA==?=')],
])(
  'a modern call with %s is refused before anything runs [wire/header/mismatch] [wire/header/sentinel]',
  async (_case, headers) => {
    const reply = await send(modern('tools/call', { name: 'echo' }), headers)
    expect([reply.status, reply.json.error?.code]).toEqual([400, -32020])
    expect(host.called).toEqual([])
  },
)

test.each([
  ['plain', 'echo'],
  ['padded', ' \techo '],
  ['in a sentinel', '=?base64?ZWNobw==?='],
])(
  'a modern call whose name header agrees (%s) runs [wire/header/sentinel]',
  async (_case, name) => {
    const reply = await send(
      modern('tools/call', { name: 'echo' }),
      modernHeaders('tools/call', name),
    )
    expect([reply.status, reply.json.result, host.called]).toEqual([
      200,
      { tool: 'echo' },
      ['echo'],
    ])
  },
)

test('a name that looks like a sentinel must travel in one [wire/header/sentinel]', async () => {
  const name = '=?base64?ZWNobw==?='
  const raw = await send(modern('tools/call', { name }), modernHeaders('tools/call', name))
  expect(raw.json.error?.code).toBe(-32020)
  const wrapped = `=?base64?${Buffer.from(name).toString('base64')}?=`
  expect(
    (await send(modern('tools/call', { name }), modernHeaders('tools/call', wrapped))).status,
  ).toBe(200)
})

test('an unsupported revision is refused with the list, a missing envelope as bad parameters [wire/revision/unsupported]', async () => {
  const body = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/list',
    params: { _meta: meta('2027-01-01') },
  }
  const reply = await send(body, {
    'mcp-protocol-version': '2027-01-01',
    'mcp-method': 'tools/list',
  })
  expect([reply.status, reply.json.error]).toMatchObject([
    400,
    { code: -32022, data: { supported: [VERSION], requested: '2027-01-01' } },
  ])
  const bare = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
  expect(codeOf(await send(bare, modernHeaders('tools/list')))).toEqual([400, -32602, 1])
  expect(codeOf(await send(bare, { 'mcp-protocol-version': '1999-01-01' }))).toEqual([
    400, -32022, 1,
  ])
})

test('a method that the modern era removed is not found there [wire/method/removed]', async () => {
  for (const method of ['ping', 'initialize', 'logging/setLevel']) {
    expect(codeOf(await send(modern(method), modernHeaders(method)))).toEqual([404, -32601, 1])
  }
})

test('forged modern headers do not change what a legacy request means [wire/header/legacy-forged]', async () => {
  const session = await openSession()
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo' } }
  const forged = { 'mcp-session-id': session, 'mcp-method': 'tools/list', 'mcp-name': 'other' }
  expect((await send(body, forged)).json.result).toEqual({ tool: 'echo' })
})

test('a modern request ignores a session header and never mints one [wire/modern/no-session]', async () => {
  const headers = {
    ...modernHeaders('tools/call', 'echo'),
    'mcp-session-id': 'garbage',
    'last-event-id': '9',
  }
  const reply = await send(modern('tools/call', { name: 'echo' }), headers)
  expect([reply.status, reply.headers.get('mcp-session-id')]).toEqual([200, null])
})

test('legacy calls need a session of the same caller: none 400, unknown, ended and foreign 404 [wire/session/states] [wire/session/bound]', async () => {
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo' } }
  const session = await openSession()
  expect((await send(body)).status).toBe(400)
  expect((await send(body, { 'mcp-session-id': `${session}x` })).status).toBe(404)
  expect((await send(body, { 'mcp-session-id': session, 'x-test-principal': 'bob' })).status).toBe(
    404,
  )
  expect((await send(body, { 'mcp-session-id': session })).status).toBe(200)
  expect((await send('', { 'mcp-session-id': session }, 'DELETE')).status).toBe(204)
  expect((await send(body, { 'mcp-session-id': session })).status).toBe(404)
  expect(session).toMatch(/^[\x21-\x7e]+$/)
})

test('a session opened before a restart is served on, and an id of another key is not [wire/session/restart]', async () => {
  const session = await openSession()
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo' } }
  const first = host
  host = await startEdge()
  await first[Symbol.asyncDispose]()
  expect((await send(body, { 'mcp-session-id': session })).status).toBe(200)
  const second = host
  host = await startEdge({ masterKey: 'cd'.repeat(32) })
  await second[Symbol.asyncDispose]()
  expect((await send(body, { 'mcp-session-id': session })).status).toBe(404)
})

test('GET and DELETE without a session are not allowed, and an unknown scope is not found [wire/modern/post-only]', async () => {
  expect((await send('', { accept: BOTH }, 'GET')).status).toBe(405)
  expect((await send('', modernHeaders('tools/list'), 'DELETE')).status).toBe(405)
  expect((await send('', {}, 'PUT')).headers.get('allow')).toBe('POST')
  expect((await send('{}', { 'x-test-scope': 'missing' })).status).toBe(404)
})

test('arrays are answered for revision 2025-03-26 and refused for every other [wire/batch]', async () => {
  const batch = [
    { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo' } },
    { jsonrpc: '2.0', method: 'notifications/x' },
    { jsonrpc: '2.0', id: 2, method: 'no/such' },
  ]
  const old = await openSession('2025-03-26')
  const reply = await send(batch, { 'mcp-session-id': old, accept: BOTH })
  expect(JSON.parse(reply.text)).toMatchObject([
    { id: 1, result: { tool: 'echo' } },
    { id: 2, error: { code: -32601 } },
  ])
  for (const version of ['2024-11-05', '2025-06-18', '2025-11-25']) {
    const session = await openSession(version)
    expect(codeOf(await send(batch, { 'mcp-session-id': session }))).toEqual([400, -32600, null])
  }
})

test('progress turns the answer into a stream, and only for a client that takes streams [wire/progress]', async () => {
  const body = modern('tools/call', { name: 'progress' })
  const headers = modernHeaders('tools/call', 'progress')
  const stream = await send(body, { ...headers, accept: BOTH })
  expect(stream.headers.get('content-type')).toBe('text/event-stream')
  expect(stream.text.match(/^data: .*$/gm)?.map((line) => JSON.parse(line.slice(6)))).toMatchObject(
    [{ method: 'notifications/progress' }, { id: 1, result: { tool: 'progress' } }],
  )
  expect((await send(body, headers)).headers.get('content-type')).toBe('application/json')
})

test('closing a modern request cancels it; a lost legacy connection does not [wire/cancel/modern] [wire/cancel/legacy-disconnect]', async () => {
  const session = await openSession()
  const params = { name: 'hold' }
  const gone = new AbortController()
  const start = (body: object, headers: Headers) =>
    fetch(host.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal: gone.signal,
    }).catch(() => 'gone')
  const requests = [
    start(modern('tools/call', params), modernHeaders('tools/call', 'hold')),
    start({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }, { 'mcp-session-id': session }),
  ]
  await vi.waitFor(() => expect(host.held).toHaveLength(2))
  gone.abort()
  await Promise.all(requests)
  const signalOf = (era: string) =>
    host.held.find(({ exchange }) => exchange.era === era)?.exchange.controller.signal
  await vi.waitFor(() => expect(signalOf('modern')?.reason).toMatchObject({ code: 'cancelled' }))
  expect(signalOf('legacy')?.aborted).toBe(false)
})

test('a call that outlives its connection gives its bytes back when it ends', async () => {
  const gone = new AbortController()
  const headers = { 'content-type': 'application/json', 'mcp-session-id': await openSession() }
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hold"}}'
  const call = fetch(host.url, { method: 'POST', headers, body, signal: gone.signal })
  await vi.waitFor(() => expect(host.held).toHaveLength(1))
  gone.abort()
  await expect(call).rejects.toThrow('aborted')
  await vi.waitFor(() => expect(host.budget.total).toBe(0))
  host.held[0]?.answer()
  await vi.waitFor(() => expect(host.edge.load.requests).toBe(0))
  expect(host.budget.total).toBe(0)
})

test("a legacy client cancels by its request's id, within its own session only [wire/cancel/legacy]", async () => {
  const session = await openSession()
  const other = await openSession()
  const call = send(
    { jsonrpc: '2.0', id: 'c-1', method: 'tools/call', params: { name: 'hold' } },
    { 'mcp-session-id': session },
  )
  await vi.waitFor(() => expect(host.held).toHaveLength(1))
  const cancel = (id: unknown) => ({
    jsonrpc: '2.0',
    method: 'notifications/cancelled',
    params: { requestId: id },
  })
  await send(cancel('c-1'), { 'mcp-session-id': other })
  await send(cancel('c-2'), { 'mcp-session-id': session })
  expect(host.held[0]?.exchange.controller.signal.aborted).toBe(false)
  await send(cancel('c-1'), { 'mcp-session-id': session })
  expect((await call).json.result).toEqual({ aborted: 'cancelled' })
})

test('an id that is still being answered is refused in the same session', async () => {
  const session = await openSession()
  const body = { jsonrpc: '2.0', id: 4, method: 'tools/call', params: { name: 'hold' } }
  const first = send(body, { 'mcp-session-id': session })
  await vi.waitFor(() => expect(host.held).toHaveLength(1))
  expect((await send(body, { 'mcp-session-id': session })).status).toBe(400)
  host.held[0]?.answer()
  expect((await first).status).toBe(200)
})

test('a change is told once per session, on one of its streams, and not to other scopes [wire/stream/once]', async () => {
  const sessionOf = new Map<string, string>()
  for (const scope of ['', 'other']) {
    sessionOf.set(scope, await openSession('2025-06-18', { 'x-test-scope': scope }))
  }
  const open = (scope: string) =>
    fetch(host.url, {
      headers: {
        accept: 'text/event-stream',
        'mcp-session-id': sessionOf.get(scope) ?? '',
        'x-test-scope': scope,
      },
    })
  const streams = [await open('other'), await open(''), await open('')]
  await vi.waitFor(() => expect(host.edge.load.streams).toBe(3))
  host.edge.changed('tools', ({ scope }) => scope !== 'other')
  await host.edge.drain(0)
  const texts = await Promise.all(streams.map((stream) => stream.text()))
  expect(texts.map((text) => text.split('list_changed').length - 1)).toEqual([0, 0, 1])
})

test("revoking a principal ends its sessions, streams and calls, and nobody else's [door/key/revoked-ends]", async () => {
  const session = await openSession()
  const bobs = await openSession('2025-11-25', { 'x-test-principal': 'bob' })
  const call = send(
    { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'hold' } },
    { 'mcp-session-id': session },
  )
  const stream = await fetch(host.url, {
    headers: { accept: 'text/event-stream', 'mcp-session-id': session },
  })
  await vi.waitFor(() => expect(host.held).toHaveLength(1))
  host.edge.endPrincipal('key:alice')
  expect(await stream.text()).not.toContain('event:')
  expect((await call).json.result).toMatchObject({ aborted: expect.any(String) })
  const ping = { jsonrpc: '2.0', id: 2, method: 'ping' }
  expect((await send(ping, { 'mcp-session-id': session })).status).toBe(404)
  const asBob = { 'mcp-session-id': bobs, 'x-test-principal': 'bob' }
  expect((await send(ping, asBob)).status).toBe(200)
})

test('who takes nothing of a large answer is cut off', async () => {
  const { port } = new URL(host.url)
  const reader = connect(Number(port), '127.0.0.1')
  reader.on('error', () => undefined).pause()
  const body = JSON.stringify(modern('tools/call', { name: 'large' }))
  const lines = Object.entries({
    host: `127.0.0.1:${port}`,
    'content-type': 'application/json',
    'content-length': String(body.length),
    ...modernHeaders('tools/call', 'large'),
  }).map(([name, value]) => `${name}: ${value}`)
  reader.write(`POST /mcp HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
  await vi.waitFor(() => expect(host.called).toEqual(['large']))
  expect(host.released()).toBe(0)
  await vi.waitFor(() => expect(host.released()).toBe(1), 5_000)
  reader.destroy()
  const headers = modernHeaders('tools/call', 'large')
  expect(
    (await send(modern('tools/call', { name: 'large' }), headers)).text.length,
  ).toBeGreaterThan(16_000_000)
})
