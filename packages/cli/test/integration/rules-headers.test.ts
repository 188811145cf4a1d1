import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { type Answer, send } from '../fixtures/send.ts'
import {
  type ModernServer,
  type SeenRequest,
  startModernServer,
} from '../fixtures/servers/modern-server.ts'
import { type SpyServer, startSpyServer } from '../fixtures/servers/spy-server.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import {
  ask,
  callTool,
  LegacySession,
  listToolNames,
  modernBody,
  modernHeaders,
  modernMeta,
  textOf,
  toolNamesOf,
} from '../fixtures/wire.ts'

let strict: ModernServer
let spy: SpyServer
let gateway: TestGateway
beforeAll(async () => {
  // The SDK warns of the tool that is misdeclared on purpose.
  vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  strict = await startModernServer('reject')
  spy = await startSpyServer()
  gateway = await startGateway({
    config: {
      mcpServers: {
        own: stdioServer(),
        strict: { url: strict.url },
        spy: { url: spy.url, headers: { 'x-api-key': 'the-spy-s-own-key' } },
      },
    },
  })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await strict[Symbol.asyncDispose]()
  await spy[Symbol.asyncDispose]()
})

type Headers = Readonly<Record<string, string | string[]>>

/** A call of `own__echo` whose mirror headers are laid over the right ones; `undefined` leaves one out. */
function callWith(
  over: Readonly<Record<string, string | string[] | undefined>>,
  name = 'own__echo',
): Promise<Answer> {
  const right: Record<string, string | string[] | undefined> = {
    ...modernHeaders(gateway.token, 'tools/call', name),
    ...over,
  }
  const headers = Object.fromEntries(
    Object.entries(right).filter(([, value]) => value !== undefined),
  ) as Headers // nothing undefined is left
  const body = modernBody('tools/call', { name, arguments: { message: 'm' } })
  return send(gateway.url, { headers: { ...headers }, body })
}

const base64 = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`

const MISMATCHED: [string, Readonly<Record<string, string | string[] | undefined>>][] = [
  ['no MCP-Protocol-Version', { 'mcp-protocol-version': undefined }],
  ['another MCP-Protocol-Version', { 'mcp-protocol-version': '2025-11-25' }],
  ['MCP-Protocol-Version twice', { 'mcp-protocol-version': ['2026-07-28', '2026-07-28'] }],
  ['no Mcp-Method', { 'mcp-method': undefined }],
  ['another Mcp-Method', { 'mcp-method': 'tools/list' }],
  ['Mcp-Method in other case', { 'mcp-method': 'Tools/Call' }],
  ['Mcp-Method twice', { 'mcp-method': ['tools/call', 'tools/call'] }],
  ['no Mcp-Name', { 'mcp-name': undefined }],
  ['an empty Mcp-Name', { 'mcp-name': '' }],
  ['another Mcp-Name', { 'mcp-name': 'own__fail' }],
  ["the server's own name in Mcp-Name", { 'mcp-name': 'echo' }],
  ['Mcp-Name in other case', { 'mcp-name': 'own__Echo' }],
  ['Mcp-Name twice', { 'mcp-name': ['own__echo', 'own__echo'] }],
]

test.each(MISMATCHED)('B1: %s is 400 and -32020 [wire/header/mismatch]', async (_case, over) => {
  const { status, json } = await callWith(over)
  expect([status, json.error?.code]).toEqual([400, -32020])
})

test('B1: padding around a value and the case of header names make no difference', async () => {
  const padded = await callWith({ 'mcp-name': '  own__echo  ', 'mcp-method': ' tools/call' })
  expect(textOf(padded)).toBe('m')
  const { 'mcp-name': name, ...rest } = modernHeaders(gateway.token, 'tools/call', 'own__echo')
  const body = modernBody('tools/call', { name: 'own__echo', arguments: { message: 'm' } })
  const answer = await send(gateway.url, { headers: { ...rest, 'MCP-NAME': name ?? '' }, body })
  expect(textOf(answer)).toBe('m')
})

test('B1: methods without a name need no Mcp-Name', async () => {
  expect(await ask(gateway, 'tools/list')).toMatchObject({ status: 200 })
})

test('B2: an encoded name is decoded before it is compared [wire/header/sentinel]', async () => {
  expect(textOf(await callWith({ 'mcp-name': base64('own__echo') }))).toBe('m')
  // It agrees, so the answer is about the tool, not about the header.
  for (const name of ['own__é', 'own__名前', '=?base64?b3duX19lY2hv?=', ' own__echo ']) {
    const { status, json } = await callWith({ 'mcp-name': base64(name) }, name)
    expect([name, status, json.error?.code]).toEqual([name, 200, -32602])
  }
})

test.each([
  ['bad alphabet', '=?base64?b3du_19lY2hv?='],
  ['bad padding', '=?base64?b3duX19lY2hvA?='],
  ['no end', '=?base64?b3duX19lY2hv'],
  ['no UTF-8', `=?base64?${Buffer.from([0xff, 0xfe]).toString('base64')}?=`],
  ['another name', base64('own__fail')],
  ['a literal that looks encoded', '=?base64??='],
])('B2: refuses an encoded name with %s [wire/header/sentinel]', async (_case, value) => {
  const { status, json } = await callWith({ 'mcp-name': value })
  expect([status, json.error?.code]).toEqual([400, -32020])
})

test('B2: a name that looks encoded must itself travel encoded', async () => {
  const name = base64('own__echo')
  const literal = await callWith({ 'mcp-name': name }, name)
  expect([literal.status, literal.json.error?.code]).toEqual([400, -32020])
})

/** A call of the strict server's tool with the header of one argument. */
function route(args: object, params: Headers): Promise<Answer> {
  const headers = { ...modernHeaders(gateway.token, 'tools/call', 'strict__route'), ...params }
  const body = modernBody('tools/call', { name: 'strict__route', arguments: args })
  return send(gateway.url, { headers, body })
}

test.each<[string, object, Headers]>([
  ['a missing header', { region: 'eu' }, {}],
  ['another value', { region: 'eu' }, { 'mcp-param-region': 'us' }],
  ['other case', { region: 'eu' }, { 'mcp-param-region': 'EU' }],
  ['the header twice', { region: 'eu' }, { 'mcp-param-region': ['eu', 'eu'] }],
  ['a malformed encoding', { region: 'eu' }, { 'mcp-param-region': '=?base64?*?=' }],
  [
    'another number',
    { region: 'eu', count: 5 },
    { 'mcp-param-region': 'eu', 'mcp-param-count': '6' },
  ],
  [
    'no number',
    { region: 'eu', count: 5 },
    { 'mcp-param-region': 'eu', 'mcp-param-count': 'five' },
  ],
])(
  'B3: a declared argument with %s is 400 and -32020, and never reaches the server [wire/header/param]',
  async (...row) => {
    const [, args, params] = row
    await listToolNames(gateway)
    const before = strict.seen.length
    const { status, json } = await route(args, params)
    expect([status, json.error?.code, strict.seen.length]).toEqual([400, -32020, before])
  },
)

test.each<[string, object, Headers]>([
  ['plain', { region: 'eu' }, { 'mcp-param-region': 'eu' }],
  ['encoded', { region: 'eu' }, { 'mcp-param-region': base64('eu') }],
  ['not ASCII', { region: 'zürich' }, { 'mcp-param-region': base64('zürich') }],
  [
    'a number written otherwise',
    { region: 'eu', count: 5 },
    { 'mcp-param-region': 'eu', 'mcp-param-count': '5.0' },
  ],
  ['an omitted optional one', { region: 'eu', note: 'n' }, { 'mcp-param-region': 'eu' }],
])(
  'B3: a declared argument that agrees reaches the strict server: %s',
  async (_case, args, params) => {
    const answer = await route(args, params)
    expect(JSON.parse(textOf(answer))).toEqual(args)
  },
)

test('B3: unknown Mcp-Param headers pass untouched', async () => {
  await route({ region: 'eu' }, { 'mcp-param-region': 'eu', 'mcp-param-Later': 'x-1' })
  expect(strict.seen.at(-1)?.headers).toMatchObject({ 'mcp-param-later': 'x-1' })
})

test('B4: forged modern headers on a legacy request change neither routing nor what runs [wire/header/legacy-forged]', async () => {
  const session = await LegacySession.open(gateway)
  const forged = {
    'mcp-method': 'tools/list',
    'mcp-name': 'own__fail',
    'mcp-param-region': 'us',
    'x-mcp-method': 'tools/list',
  }
  const params = { name: 'own__echo', arguments: { message: 'as the body says' } }
  const body = { jsonrpc: '2.0', id: 9, method: 'tools/call', params }
  expect(textOf(await session.post(body, forged))).toBe('as the body says')
})

test('B4: a modern version header over a legacy body is refused, not believed', async () => {
  const session = await LegacySession.open(gateway)
  const params = { name: 'own__echo', arguments: {} }
  const body = { jsonrpc: '2.0', id: 9, method: 'tools/call', params }
  const modern = {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': 'own__echo',
  }
  expect(await session.post(body, modern)).toMatchObject({ status: 400 })
})

test('B5: after renaming, header and body agree upstream, from either era and under either address [upstreams/header/agree]', async () => {
  const session = await LegacySession.open(gateway)
  const own = { url: `${gateway.data}/servers/strict/mcp`, token: gateway.token }
  const args = { region: 'eu', count: 3 }
  const headers = { 'mcp-param-region': 'eu', 'mcp-param-count': '3' }
  const before = strict.seen.length
  const answers = [
    await route(args, headers),
    await session.call('strict__route', args),
    await callTool(own, 'route', args, { headers }),
    await (await LegacySession.open(own)).call('route', args),
  ]
  expect(answers.map((answer) => JSON.parse(textOf(answer)))).toEqual([args, args, args, args])
  const calls = strict.seen
    .slice(before)
    .filter(({ headers: got }) => got['mcp-method'] === 'tools/call')
  expect(calls).toHaveLength(4)
  for (const { headers: got } of calls) {
    expect(got).toMatchObject({
      'mcp-name': 'route',
      'mcp-protocol-version': '2026-07-28',
      'mcp-param-region': 'eu',
      'mcp-param-count': '3',
    })
  }
})

const INJECTIONS = ['eu\r\nX-Evil: 1', 'eu\nX-Evil: 1', 'eu\0', ' eu ', 'zürich', '=?base64?ZXU=?=']

test.each(INJECTIONS)(
  'B6: the argument %j reaches the server whole and makes no header [upstreams/header/injection]',
  async (region) => {
    const session = await LegacySession.open(gateway)
    const answer = await session.call('strict__route', { region })
    expect(JSON.parse(textOf(answer))).toEqual({ region })
    const seen: readonly Pick<SeenRequest, 'headers'>[] = strict.seen
    const { headers } = seen.at(-1) ?? { headers: {} }
    expect([headers['x-evil'], String(headers['mcp-param-region'])]).toEqual([
      undefined,
      expect.stringMatching(/^[\x21-\x7e]+$/),
    ])
  },
)

test('B6: tool names with line breaks and other oddities are unknown tools, nothing else [upstreams/header/injection]', async () => {
  const session = await LegacySession.open(gateway)
  const before = spy.seen.length
  for (const name of [
    'spy__echo\r\nX-Evil: 1',
    'spy__\u0000',
    'spy__é',
    'spy__../echo',
    'spy__%0d%0a',
  ]) {
    const { status, json } = await session.call(name)
    expect([name, status, json.error?.code]).toEqual([name, 200, -32602])
  }
  expect(spy.seen.slice(before).filter(({ headers }) => headers['x-evil'] !== undefined)).toEqual(
    [],
  )
})

test('B7: hop-by-hop headers and credentials of the client never go upstream [upstreams/credential]', async () => {
  const key = await gateway.createKey('seen-by-nobody')
  const before = spy.seen.length
  const client = {
    cookie: 'session=canary-cookie',
    'proxy-authorization': 'Basic canary-proxy',
    te: 'trailers',
    'keep-alive': 'timeout=5',
    'proxy-connection': 'keep-alive',
    connection: 'close, X-Listed',
    'x-listed': 'canary-listed',
    'x-forwarded-for': '10.0.0.1',
    forwarded: 'for=10.0.0.1',
    origin: undefined,
    'x-canary': 'canary-own',
    referer: 'http://canary-referer/',
    'user-agent': 'canary-agent',
  }
  const headers = Object.fromEntries(
    Object.entries(client).filter(([, value]) => value !== undefined),
  ) as Record<string, string> // nothing undefined is left
  const modern = await callTool(
    { url: gateway.url, token: key },
    'spy__echo',
    { a: 1 },
    { headers },
  )
  expect(textOf(modern)).toBe('{"a":1}')
  const legacy = await LegacySession.open({ url: gateway.url, token: key })
  const params = { name: 'spy__echo', arguments: { a: 2 } }
  await legacy.post({ jsonrpc: '2.0', id: 5, method: 'tools/call', params }, headers)
  const seen = spy.seen.slice(before)
  expect(seen.some(({ body }) => body.includes('{"a":2}'))).toBe(true)
  const text = JSON.stringify(seen)
  expect(text).not.toContain('canary')
  expect(text).not.toContain(key)
  expect(text).not.toContain(legacy.id)
  expect(text).not.toContain('10.0.0.1')
  for (const { headers: got } of seen) {
    expect(got['authorization']).toBeUndefined()
    // What the operator configured for this server does go.
    expect(got['x-api-key']).toBe('the-spy-s-own-key')
  }
})

test('B8: a tool with an invalid x-mcp-header is dropped for clients that mirror headers, the rest stays [tools/list/bad-header-declaration]', async () => {
  const rest = ['strict__route', 'strict__echo', 'spy__echo']
  const modern = await listToolNames(gateway)
  expect(modern).toEqual(expect.arrayContaining(rest))
  expect(modern).not.toContain('strict__misdeclared')
  const own = { url: `${gateway.data}/servers/strict/mcp`, token: gateway.token }
  expect(await listToolNames(own)).toEqual(['echo', 'route'])
  const legacy = await LegacySession.open(gateway)
  expect(toolNamesOf(await legacy.request('tools/list'))).toEqual(expect.arrayContaining(rest))
})

test('B9: a null id is refused; numbers, big numbers and strings come back as they were [wire/id/echo]', async () => {
  const call = modernBody('tools/call', { name: 'own__echo', arguments: {} }, null)
  const refused = await send(gateway.url, {
    headers: modernHeaders(gateway.token, 'tools/call', 'own__echo'),
    body: call,
  })
  expect([refused.status, refused.json.error?.code]).toEqual([400, -32600])
  for (const id of ['0', '-7', '9007199254740993', '"7"', '"ünïcode"', '1e3', '""']) {
    const meta = JSON.stringify(modernMeta())
    const params = `{"name":"own__echo","arguments":{"message":"m"},"_meta":${meta}}`
    const body = `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":${params}}`
    const headers = modernHeaders(gateway.token, 'tools/call', 'own__echo')
    const answer = await send(gateway.url, { headers, body })
    expect(answer.text).toContain(`"id":${id}`)
    expect(textOf(answer)).toBe('m')
  }
})

test('B9: the same id from several clients at once is unique upstream and answered each on its own [upstreams/request-id]', async () => {
  const key = await gateway.createKey('same-ids')
  const sessions = await Promise.all(
    [gateway, { url: gateway.url, token: key }, gateway].map((target) =>
      LegacySession.open(target),
    ),
  )
  const before = spy.seen.length
  const answers = await Promise.all(
    sessions.flatMap((session, who) =>
      [1, 2].map((turn) =>
        session.post({
          jsonrpc: '2.0',
          id: turn,
          method: 'tools/call',
          params: { name: 'spy__echo', arguments: { who, turn } },
        }),
      ),
    ),
  )
  expect(answers.map((answer) => [answer.json.id, textOf(answer)])).toEqual(
    [0, 1, 2].flatMap((who) => [1, 2].map((turn) => [turn, JSON.stringify({ who, turn })])),
  )
  const ids = spy.seen
    .slice(before)
    .filter(({ body }) => body.includes('tools/call'))
    .map(({ body, headers }) => `${String(headers['mcp-session-id'])} ${JSON.parse(body).id}`)
  // One upstream session per principal; within each no id is used twice.
  const perPrincipal = Map.groupBy(ids, (id) => id)
  expect(Math.max(...[...perPrincipal.values()].map((same) => same.length))).toBeLessThanOrEqual(2)
  expect(ids).toHaveLength(6)
})
