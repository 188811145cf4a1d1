/** Rules A and D where part 02 added addresses: HTTP+SSE of 2024-11-05, and endpoints. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ABLE, ACCEPTED, bare, sendModern } from '../fixtures/asked.ts'
import { callers } from '../fixtures/callers.ts'
import { EventStream } from '../fixtures/event-stream.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { head, RawConnection } from '../fixtures/raw-connection.ts'
import { type Answer, type JsonAnswer, send } from '../fixtures/send.ts'
import {
  askForm,
  type ScriptedServer,
  startScripted,
  text,
  tool,
} from '../fixtures/servers/scripted-server.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { ACCEPT, LegacySession, MODERN, textOf } from '../fixtures/wire.ts'

const PAGE = 'https://console.example.com'
const NONE = '/messages?sessionId=made-up'

let gateway: TestGateway
let server: ScriptedServer
let mine: string
let theirs: string
let cut = 0
const owned = new AsyncDisposableStack()
beforeAll(async () => {
  const tools = [tool('echo'), tool('hold'), tool('ask'), tool('secret')]
  server = owned.use(
    await startScripted({
      era: 'legacy',
      tools,
      call: {
        echo: (call) => call.result(text(JSON.stringify(call.params['arguments']))),
        hold: (call) => {
          call.response.once('close', () => (cut += 1))
        },
        ask: askForm,
      },
    }),
  )
  const { auth, next } = callers()
  mine = next()
  theirs = next()
  gateway = owned.use(
    await startGateway({
      config: {
        auth,
        origins: [PAGE],
        mcpServers: { raw: { url: server.url } },
        endpoints: { some: { servers: ['raw'], tools: { deny: ['raw__secret'] } } },
      },
    }),
  )
})
afterAll(() => owned.disposeAsync())

/** A client of HTTP+SSE. */
class SseClient implements AsyncDisposable {
  readonly stream: EventStream
  readonly path: string
  readonly #token: string

  private constructor(stream: EventStream, path: string, token: string) {
    this.stream = stream
    this.path = path
    this.#token = token
  }

  static async open(token: string, at = '/sse'): Promise<SseClient> {
    const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' }
    const stream = await EventStream.open(`${gateway.data}${at}`, headers)
    const found = await waitUntil('the address', () => /data: *(\/\S+)/.exec(stream.text))
    return new SseClient(stream, found[1] ?? '', token)
  }

  static async begin(token: string, at = '/sse'): Promise<SseClient> {
    const client = await SseClient.open(token, at)
    const clientInfo = { name: 'sse', version: '1.0.0' }
    const params = { protocolVersion: '2024-11-05', capabilities: ABLE, clientInfo }
    await client.request(0, 'initialize', params)
    await client.post({ jsonrpc: '2.0', method: 'notifications/initialized' })
    return client
  }

  post(
    body: unknown,
    more: Readonly<Record<string, string>> = {},
    token = this.#token,
  ): Promise<Answer> {
    const headers = { authorization: `Bearer ${token}`, ...more }
    return send(`${gateway.data}${this.path}`, { headers, body })
  }

  /** Messages on the stream; its first event is the address. */
  get messages(): JsonAnswer[] {
    const lines = this.stream.text.split('\n').filter((line) => /^data: *\{.*\}$/.test(line))
    return lines.map((line) => JSON.parse(line.slice(5)) as JsonAnswer) // asserted by the test
  }

  async request(id: number, method: string, params: object): Promise<JsonAnswer> {
    expect((await this.post({ jsonrpc: '2.0', id, method, params })).status).toBe(202)
    return waitUntil(`the answer ${id}`, () =>
      this.messages.find((message) => message.id === id && message['method'] === undefined),
    )
  }

  call(id: number, name: string, args: object = {}): Promise<JsonAnswer> {
    return this.request(id, 'tools/call', { name, arguments: args })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stream[Symbol.asyncDispose]()
  }
}

const ADDRESSES = ['/sse', '/messages', '/servers/raw/sse', '/servers/raw/messages', '/mcp/some']

describe.each(ADDRESSES)('the address %s', (path) => {
  const ask = (method: string, headers: Readonly<Record<string, string>>): Promise<Answer> =>
    send(`${gateway.data}${path}`, { method, headers })

  test('A1: refuses a foreign Origin with 403, whatever the method [door/origin/foreign]', async () => {
    for (const origin of ['https://evil.test', 'null', `${PAGE}.evil.test`, `${PAGE}:444`]) {
      for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
        const { status } = await ask(method, { authorization: `Bearer ${mine}`, origin })
        expect([origin, method, status]).toEqual([origin, method, 403])
      }
    }
  })

  test('A2: refuses a Host that is none of ours with 403 [door/host/foreign]', async () => {
    for (const host of ['evil.test', 'localhost.evil.test', '127.0.0.1.evil.test']) {
      expect((await ask('POST', { authorization: `Bearer ${mine}`, host })).status).toBe(403)
    }
  })

  test('A4: lets nobody in without a credential, not even with one in the query [door/challenge]', async () => {
    for (const method of ['GET', 'POST', 'DELETE', 'PUT']) {
      expect((await ask(method, {})).status).toBe(401)
      expect((await ask(method, { authorization: 'Bearer wrong' })).status).toBe(401)
      const query = `?token=${mine}&sessionId=x&access_token=${mine}`
      expect((await send(`${gateway.data}${path}${query}`, { method })).status).toBe(401)
    }
  })
})

test('an endpoint has no address of HTTP+SSE [endpoints/no-sse]', async () => {
  const headers = { authorization: `Bearer ${mine}`, accept: ACCEPT }
  const paths = ['/mcp/some/sse', '/mcp/some/messages', '/servers/some/sse', '/some/sse']
  for (const path of [...paths, '/servers/raw/mcp/sse']) {
    for (const method of ['GET', 'POST']) {
      const { status } = await send(`${gateway.data}${path}`, { method, headers })
      expect([path, method, status]).toEqual([path, method, 404])
    }
  }
})

test('A5: each address takes its own method alone, and says which [wire/sse/refused]', async () => {
  const headers = { authorization: `Bearer ${mine}`, accept: ACCEPT }
  for (const [path, allowed] of [
    ['/sse', 'GET'],
    ['/messages', 'POST'],
    ['/servers/raw/sse', 'GET'],
    ['/servers/raw/messages', 'POST'],
  ] as const) {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE'].filter((one) => one !== allowed)) {
      const answer = await send(`${gateway.data}${path}`, { method, headers })
      expect([path, method, answer.status, answer.headers.allow]).toEqual([
        path,
        method,
        405,
        allowed,
      ])
    }
  }
})

test('A5: an endpoint is POST only in the modern era, and mints no session there [wire/modern/post-only] [wire/modern/no-session]', async () => {
  const target = { url: `${gateway.data}/mcp/some`, token: mine }
  const headers = {
    authorization: `Bearer ${mine}`,
    'mcp-protocol-version': MODERN,
    accept: ACCEPT,
  }
  for (const method of ['GET', 'DELETE']) {
    const answer = await send(target.url, { method, headers })
    expect([method, answer.status, answer.headers.allow]).toEqual([
      method,
      405,
      expect.stringContaining('POST'),
    ])
  }
  const stale = { 'mcp-session-id': 'made-up', 'last-event-id': 'x_1' }
  const params = { name: 'raw__echo', arguments: { a: 1 } }
  const answer = await sendModern(target, 'tools/call', params, { headers: stale })
  expect([textOf(answer), answer.headers['mcp-session-id']]).toEqual(['{"a":1}', undefined])
})

test('A5: modern requests and session ids mean nothing on HTTP+SSE: they are read as what the stream says [wire/sse]', async () => {
  await using client = await SseClient.begin(mine)
  const forged = {
    'mcp-protocol-version': MODERN,
    'mcp-method': 'tools/list',
    'mcp-name': 'raw__secret',
    'mcp-session-id': 'made-up',
  }
  const params = { name: 'raw__echo', arguments: { as: 'the body says' } }
  expect(
    (await client.post({ jsonrpc: '2.0', id: 7, method: 'tools/call', params }, forged)).status,
  ).toBe(202)
  const answer = await waitUntil('the answer', () => client.messages.find(({ id }) => id === 7))
  expect(JSON.stringify(answer)).toContain('the body says')
})

test('A6: a client of HTTP+SSE that closes its stream has ended its session, and its calls at the server with it [wire/sse/bound]', async () => {
  const client = await SseClient.begin(mine)
  const before = cut
  await client.post({
    jsonrpc: '2.0',
    id: 5,
    method: 'tools/call',
    params: { name: 'raw__hold', arguments: {} },
  })
  await waitUntil('the call to reach the server', () => server.calls('hold').length > 0)
  await client[Symbol.asyncDispose]()
  await waitUntil('the server to see it', () => cut === before + 1)
  expect((await client.post({ jsonrpc: '2.0', id: 6, method: 'ping' })).status).toBe(404)
})

test('A7: what belongs to one stream is on no other, of the same key or of another [wire/sse/bound]', async () => {
  await using one = await SseClient.begin(mine)
  await using two = await SseClient.begin(mine)
  await using other = await SseClient.begin(theirs)
  await one.call(1, 'raw__echo', { for: 'one' })
  await one.post({
    jsonrpc: '2.0',
    id: 2,
    method: 'tools/call',
    params: { name: 'raw__ask', arguments: {} },
  })
  const question = await waitUntil('the question', () =>
    one.messages.find(({ method }) => method === 'elicitation/create'),
  )
  await two.call(1, 'raw__echo', { for: 'two' })
  await other.call(1, 'raw__echo', { for: 'other' })
  for (const stranger of [two, other]) {
    expect(stranger.stream.text).not.toContain('elicitation')
    const evil = {
      jsonrpc: '2.0',
      id: question.id,
      result: { action: 'accept', content: { colour: 'evil' } },
    }
    expect((await stranger.post(evil)).status).toBe(202)
  }
  await one.post({ jsonrpc: '2.0', id: question.id, result: ACCEPTED })
  const answer = await waitUntil('the answer', () => one.messages.find(({ id }) => id === 2))
  expect(JSON.stringify(answer)).toContain('blue')
})

test('A9: broken, too deep, too large and undeclared bodies are refused in their own words, and the stream goes on [wire/sse/refused] [limits/body/size] [limits/depth]', async () => {
  await using client = await SseClient.begin(mine)
  const deep = `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${'['.repeat(63)}${']'.repeat(63)}}}`
  const [broken, twice, tooDeep, large, typed] = await Promise.all([
    client.post('{"jsonrpc":'),
    client.post('{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}'),
    client.post(deep),
    client.post(' '.repeat(1_048_577)),
    client.post({ jsonrpc: '2.0', id: 1, method: 'ping' }, { 'content-type': 'text/plain' }),
  ])
  expect([broken.status, broken.json.error?.code]).toEqual([400, -32700])
  expect([twice.status, twice.json.error?.code]).toEqual([400, -32600])
  expect([tooDeep.status, tooDeep.json.error?.code]).toEqual([400, -32600])
  expect([large.status, typed.status]).toEqual([413, 415])
  expect(await client.request(9, 'ping', {})).toMatchObject({ result: {} })
})

test('A10: arrays and bytes that are no UTF-8 are refused [wire/batch] [wire/json/utf-8]', async () => {
  await using client = await SseClient.begin(mine)
  const batch = await client.post([{ jsonrpc: '2.0', id: 1, method: 'ping' }])
  expect([batch.status, batch.json.error?.code]).toEqual([400, -32600])
  const bytes = Buffer.from('{"jsonrpc":"2.0","id":1,"method":"\xff"}', 'latin1')
  await using connection = await RawConnection.open(gateway.url)
  const lines = [
    'Host: localhost',
    `Authorization: Bearer ${mine}`,
    'Content-Type: application/json',
    `Content-Length: ${bytes.length}`,
  ]
  await connection.write(Buffer.concat([Buffer.from(head('POST', client.path, lines)), bytes]))
  expect(await connection.status()).toBe(400)
})

test('A11: an endpoint refuses revisions we do not speak with -32022, and no others [wire/revision/unsupported]', async () => {
  const target = { url: `${gateway.data}/mcp/some`, token: mine }
  const headers = { 'mcp-protocol-version': '2027-01-01' }
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2027-01-01' }
  const { status, json } = await sendModern(target, 'tools/list', {}, { headers, meta })
  expect([status, json.error?.code]).toEqual([400, -32022])
  for (const version of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']) {
    expect((await LegacySession.open(target, version)).version).toBe(version)
  }
})

test('A12: pages see the new addresses only from the configured origin [door/cors/preflight]', async () => {
  for (const path of ADDRESSES) {
    const asked = { 'access-control-request-method': 'POST' }
    const mineToo = await send(`${gateway.data}${path}`, {
      method: 'OPTIONS',
      headers: { origin: PAGE, ...asked },
    })
    expect([path, mineToo.status, mineToo.headers['access-control-allow-origin']]).toEqual([
      path,
      204,
      PAGE,
    ])
    const foreign = await send(`${gateway.data}${path}`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.test', ...asked },
    })
    expect(foreign.headers['access-control-allow-origin']).toBeUndefined()
  }
})

test('D1: the session id of HTTP+SSE is no credential: without one 401, with another’s what a made-up one gets [wire/sse/bound]', async () => {
  await using client = await SseClient.begin(mine)
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
  const url = `${gateway.data}${client.path}`
  expect((await send(url, { body: ping })).status).toBe(401)
  const authorization = `Bearer ${theirs}`
  const stolen = await client.post(ping, {}, theirs)
  const never = await send(`${gateway.data}${NONE}`, { headers: { authorization }, body: ping })
  expect([stolen.status, bare(stolen)]).toEqual([404, bare(never)])
  expect(client.messages.filter(({ id }) => id === 1)).toEqual([])
  expect(await client.request(2, 'ping', {})).toMatchObject({ result: {} })
})

test('D1: a session id of HTTP+SSE is good at its own address and its own transport alone [wire/session/scope]', async () => {
  await using client = await SseClient.begin(mine, '/servers/raw/sse')
  const id = new URL(client.path, gateway.data).searchParams.get('sessionId') ?? ''
  const headers = { authorization: `Bearer ${mine}`, accept: ACCEPT }
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
  for (const path of [
    `/messages?sessionId=${id}`,
    '/servers/raw/messages',
    `${NONE}&sessionId=${id}`,
  ]) {
    const answer = await send(`${gateway.data}${path}`, { headers, body: ping })
    expect([path, answer.status]).toEqual([path, 404])
  }
  for (const path of ['/mcp', '/servers/raw/mcp', '/mcp/some']) {
    const answer = await send(`${gateway.data}${path}`, {
      headers: { ...headers, 'mcp-session-id': id },
      body: ping,
    })
    expect([path, answer.status]).toEqual([path, 404])
  }
})

test('D2: ids of HTTP+SSE are random and of visible ASCII [wire/session/random]', async () => {
  const clients = await Promise.all(Array.from({ length: 8 }, () => SseClient.open(mine)))
  const ids = clients.map(
    ({ path }) => new URL(path, gateway.data).searchParams.get('sessionId') ?? '',
  )
  expect(new Set(ids).size).toBe(8)
  for (const id of ids) expect(id).toMatch(/^[\x21-\x7e]{22,}$/)
  for (const client of clients) await client[Symbol.asyncDispose]()
})

test('D6: a change is told once on each stream that sees its server, whatever its transport [features/list/changed]', async () => {
  await using merged = await SseClient.begin(mine)
  await using alone = await SseClient.begin(theirs, '/servers/raw/sse')
  for (const client of [merged, alone]) await client.call(1, 'echo')
  const changes = ({ messages }: SseClient): number =>
    messages.filter(({ method }) => method === 'notifications/tools/list_changed').length
  server.announce('notifications/tools/list_changed')
  await waitUntil('both to be told', () => changes(merged) > 0 && changes(alone) > 0)
  await sleep(200)
  expect([changes(merged), changes(alone)]).toEqual([1, 1])
})

test('an endpoint answers what it hides like what never was [endpoints/hidden]', async () => {
  const target = { url: `${gateway.data}/mcp/some`, token: mine }
  const call = (name: string): Promise<Answer> =>
    sendModern(target, 'tools/call', { name, arguments: {} })
  const before = server.calls('secret').length
  const [hidden, never] = [await call('raw__secret'), await call('raw__never0')]
  expect([hidden.json.error?.code, bare(hidden)]).toEqual([
    -32602,
    bare(never).replace('raw__never0', 'raw__secret'),
  ])
  expect(server.calls('secret')).toHaveLength(before)
  const unknown = await send(`${gateway.data}/mcp/none`, {
    headers: { authorization: `Bearer ${mine}`, accept: ACCEPT },
    body: { jsonrpc: '2.0', id: 1, method: 'initialize', params: {} },
  })
  expect(unknown.status).toBe(404)
})
