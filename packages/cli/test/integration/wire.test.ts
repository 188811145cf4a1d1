import { Agent } from 'node:http'
import { afterAll, beforeAll, beforeEach, afterEach, expect, test } from 'vitest'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { type Answer, send, type SendOptions } from '../fixtures/send.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import {
  ACCEPT,
  callTool,
  initialize,
  LegacySession,
  modernBody,
  modernHeaders,
  textOf,
} from '../fixtures/wire.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({ config: { mcpServers: { own: stdioServer() } } })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
})

let agent: Agent
beforeEach(() => {
  agent = new Agent({ keepAlive: true, maxSockets: 1 })
})
afterEach(() => agent.destroy())

/** Sends on the one connection of this test. */
function post(body: unknown, options: Partial<SendOptions> = {}): Promise<Answer> {
  const headers = { authorization: `Bearer ${gateway.token}`, accept: ACCEPT, ...options.headers }
  return send(gateway.url, { ...options, agent, headers, body })
}

/** Proves that the connection of this test still stands and serves. */
async function expectSurvived(): Promise<void> {
  const sockets = Object.values(agent.freeSockets).flat()
  expect(sockets).toHaveLength(1)
  const localPort = sockets[0]?.localPort
  const answer = await callTool(gateway, 'own__echo', { message: 'still here' }, { agent })
  expect(textOf(answer)).toBe('still here')
  expect(Object.values(agent.freeSockets).flat()[0]?.localPort).toBe(localPort)
}

const ping = { jsonrpc: '2.0', id: 7, method: 'ping' }

const FAULTS: [string, unknown, [number, number | undefined, unknown]][] = [
  ['broken JSON', '{"jsonrpc":"2.0","id":1,', [400, -32700, null]],
  ['an empty body', '', [400, -32700, null]],
  ['two values in one body', '{} {}', [400, -32700, null]],
  ['a string', '"ping"', [400, -32600, null]],
  ['a number', '7', [400, -32600, null]],
  ['null', 'null', [400, -32600, null]],
  ['an empty object', '{}', [400, -32600, null]],
  ['an empty array', '[]', [400, -32600, null]],
  ['a null id', { ...ping, id: null }, [400, -32600, null]],
  ['an object as id', { ...ping, id: {} }, [400, -32600, null]],
  ['no jsonrpc', { id: 7, method: 'ping' }, [400, -32600, 7]],
  ['jsonrpc 1.0', { ...ping, jsonrpc: '1.0' }, [400, -32600, 7]],
  ['a method that is no string', { ...ping, method: 7 }, [400, -32600, 7]],
  ['params that are no object', { ...ping, params: 7 }, [400, -32600, 7]],
  [
    'the same name twice',
    '{"jsonrpc":"2.0","id":7,"method":"ping","method":"x"}',
    [400, -32600, 7],
  ],
]

test.each(FAULTS)(
  '%s is refused in its own words, and the connection survives [wire/json/broken] [wire/json/shape] [wire/json/duplicate-name] [wire/connection/survives]',
  async (...row) => {
    const [, body, [status, code, id]] = row
    const answer = await post(body)
    expect([answer.status, answer.json.error?.code]).toEqual([status, code])
    // Where the id could be read it may be echoed; where it could not, it is null.
    expect(answer.json.id === id || answer.json.id === null).toBe(true)
    expect(answer.headers['x-request-id']).toBeDefined()
    await expectSurvived()
  },
)

test('an unknown method is -32601 in either era, and the connection survives [wire/method/unknown]', async () => {
  const modern = modernBody('no/such')
  const asked = await post(modern, { headers: modernHeaders(gateway.token, 'no/such') })
  expect([asked.status, asked.json.error?.code, asked.json.id]).toEqual([404, -32601, 1])
  const session = await LegacySession.open(gateway)
  const { status, json } = await session.request('no/such')
  expect([status, json.error?.code, json.id]).toEqual([200, -32601, 1])
  await expectSurvived()
})

test('ping is answered with an empty result, and the connection survives [wire/method/ping]', async () => {
  const answer = await post(ping)
  expect([answer.status, answer.json]).toEqual([200, { jsonrpc: '2.0', id: 7, result: {} }])
  await expectSurvived()
})

test('a notification is 202 with no body, and the connection survives [wire/notification]', async () => {
  for (const method of ['notifications/initialized', 'notifications/whatever']) {
    const answer = await post({ jsonrpc: '2.0', method })
    expect([answer.status, answer.text]).toEqual([202, ''])
  }
  const cancel = modernBody('notifications/cancelled', { requestId: 99 })
  delete cancel['id']
  const headers = modernHeaders(gateway.token, 'notifications/cancelled')
  const answer = await post(cancel, { headers })
  expect([answer.status, answer.text]).toEqual([202, ''])
  await expectSurvived()
})

test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', ''])(
  'content type %j is 415, and the connection survives [wire/content-type]',
  async (type) => {
    const answer = await post(ping, { headers: { 'content-type': type } })
    expect(answer.status).toBe(415)
    await expectSurvived()
  },
)

test('a batch is answered for 2025-03-26 alone [wire/batch]', async () => {
  const batch = [ping, { ...ping, id: 'b' }, { jsonrpc: '2.0', method: 'notifications/x' }]
  for (const version of ['2025-06-18', '2025-11-25']) {
    const session = await LegacySession.open(gateway, version)
    const { status, json } = await session.post(batch)
    expect([version, status, json.error?.code]).toEqual([version, 400, -32600])
  }
  const refused = await post(batch, { headers: { 'mcp-protocol-version': '2026-07-28' } })
  expect([refused.status, refused.json.error?.code]).toEqual([400, -32600])
  const session = await LegacySession.open(gateway, '2025-03-26')
  const { status, text } = await session.post(batch)
  expect(status).toBe(200)
  expect(JSON.parse(text)).toEqual([
    { jsonrpc: '2.0', id: 7, result: {} },
    { jsonrpc: '2.0', id: 'b', result: {} },
  ])
  await post(ping)
  await expectSurvived()
})

test('the smoke test of the Slack checklist: initialize with 2024-11-05 and no Accept [wire/accept/missing]', async () => {
  const body = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: {
      protocolVersion: '2024-11-05',
      capabilities: {},
      clientInfo: { name: 'test', version: '1.0.0' },
    },
  }
  const headers = { authorization: `Bearer ${gateway.token}`, 'content-type': 'application/json' }
  const answer = await send(gateway.url, { headers, body })
  expect(answer.status).toBe(200)
  expect(answer.headers['content-type']).toMatch(/^application\/json/)
  expect(answer.json).toMatchObject({
    jsonrpc: '2.0',
    id: 1,
    result: { protocolVersion: '2024-11-05', capabilities: { tools: {} } },
  })
})

test.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])(
  'revision %s is negotiated, lists and calls [wire/revision/legacy]',
  async (version) => {
    const session = await LegacySession.open(gateway, version)
    expect(session.version).toBe(version)
    const { json } = await session.request('tools/list')
    expect(json.result?.['tools']).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'own__echo' })]),
    )
    expect(textOf(await session.call('own__echo', { message: version }))).toBe(version)
  },
)

test('a revision nobody knows is answered with the newest that has a handshake [wire/revision/newest]', async () => {
  const { json } = await post(initialize('1999-01-01'))
  expect(json.result).toMatchObject({ protocolVersion: '2025-11-25' })
})

test('sessions are distinct, end with DELETE, and an ended one is 404 [wire/session/states]', async () => {
  const [one, two] = [await LegacySession.open(gateway), await LegacySession.open(gateway)]
  expect(one.id).not.toBe(two.id)
  expect(one.id).toMatch(/^[\x21-\x7e]{32,}$/)
  const ended = await send(gateway.url, { method: 'DELETE', headers: one.headers })
  expect([200, 202, 204]).toContain(ended.status)
  expect(await one.request('tools/list')).toMatchObject({ status: 404 })
  expect(await two.request('tools/list')).toMatchObject({ status: 200 })
})

test('a session is bound to its principal: with another key it is as unknown as a made-up one [wire/session/bound]', async () => {
  const session = await LegacySession.open(gateway)
  const headers = {
    ...session.headers,
    authorization: `Bearer ${await gateway.createKey('thief')}`,
  }
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
  const stolen = await send(gateway.url, { headers, body })
  const invented = await send(gateway.url, {
    headers: { ...headers, 'mcp-session-id': 'x'.repeat(40) },
    body,
  })
  expect([stolen.status, invented.status]).toEqual([404, 404])
})

test('a session outlives the gateway: it is served on after a restart [wire/session/restart]', async () => {
  await using other = await startGateway({ config: { mcpServers: { own: stdioServer() } } })
  const session = await LegacySession.open(other)
  await other.kill9()
  await other.restart()
  const body = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'own__echo', arguments: { message: 'again' } },
  }
  expect(textOf(await send(other.url, { headers: session.headers, body }))).toBe('again')
})
