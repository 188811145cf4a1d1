/** Rule J: hazards of the specification, each by itself. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  ACCEPTED,
  answerOn,
  answerTo,
  askedBy,
  AskedSession,
  bare,
  modernRequest,
  questionOn,
  said,
  sendModern,
} from '../fixtures/asked.ts'
import { callers } from '../fixtures/callers.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { type Answer, send } from '../fixtures/send.ts'
import {
  askForm,
  type ScriptedCall,
  type ScriptedServer,
  startScripted,
  text,
  tool,
} from '../fixtures/servers/scripted-server.ts'
import {
  ACCEPT,
  callTool,
  failureOf,
  initialize,
  LEGACY,
  MODERN,
  type Target,
  textOf,
} from '../fixtures/wire.ts'

type Json = Readonly<Record<string, unknown>>
const WALLS = [401, 403]
const ERAS = ['legacy', 'modern'] as const
const URL_WANTED = { mode: 'url', message: 'Visit.', url: 'https://example.com/visit?a=1' }

let gateway: TestGateway
let mine: Target
let theirs: Target
let walled = true
const servers: Record<string, ScriptedServer> = {}
const owned = new AsyncDisposableStack()
beforeAll(async () => {
  const tools = ['echo', 'ask', 'want-url', 'kind', 'own-error'].map((name) => tool(name))
  const call = {
    echo: (one: ScriptedCall) => one.result(text('echo', { resultType: 'complete' })),
    kind: (one: ScriptedCall) => {
      const { kind } = one.params['arguments'] as { kind?: unknown } // as these tests send it
      one.result({ ...text('of a kind'), ...(kind === undefined ? {} : { resultType: kind }) })
    },
    'own-error': (one: ScriptedCall) => {
      const { code } = one.params['arguments'] as { code: number } // as these tests send it
      one.error(code, 'its own words', { its: 'own data' })
    },
    'want-url': wantUrl,
    ask: askForm,
  }
  // Whatever it is asked for, it says yes.
  const permissive = (one: ScriptedCall): void =>
    one.result({ resultType: 'complete', permissive: 1 })
  const methods = [...REMOVED, ...NEVER].filter((method) => method !== 'initialize')
  const on = Object.fromEntries(methods.map((method) => [method, permissive]))
  const capabilities = { tools: {}, logging: {}, resources: { subscribe: true } }
  for (const era of ERAS) {
    const own = era === 'modern' ? { on } : {}
    servers[era] = owned.use(await startScripted({ era, tools, capabilities, call, ...own }))
  }
  for (const status of WALLS) {
    const refuse = (one: ScriptedCall): void => {
      one.response.writeHead(status, { 'www-authenticate': 'Bearer' }).end()
    }
    const wall = (one: ScriptedCall): void => (walled ? refuse(one) : discover(one))
    const own = { 'server/discover': wall, initialize: refuse }
    servers[`walled-${status}`] = owned.use(
      await startScripted({ era: 'modern', tools, call, on: own }),
    )
  }
  const { auth, next } = callers()
  gateway = owned.use(
    await startGateway({
      config: {
        auth,
        mcpServers: Object.fromEntries(
          Object.entries(servers).map(([name, { url }]) => [name, { url }]),
        ),
      },
    }),
  )
  mine = { url: gateway.url, token: next() }
  theirs = { url: gateway.url, token: next() }
})
afterAll(() => owned.disposeAsync())

/** Of the handshake, of sessions and of server-initiated requests: gone at 2026-07-28. */
const REMOVED = [
  'initialize',
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
  'tasks/list',
  'tasks/result',
]
/** Never a client's to send. */
const NEVER = ['sampling/createMessage', 'elicitation/create', 'roots/list']

function discover(call: ScriptedCall): void {
  const about = { capabilities: { tools: {} }, serverInfo: { name: 'walled', version: '1' } }
  const hints = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' }
  call.result({ ...hints, supportedVersions: [MODERN], ...about })
}

function wantUrl(call: ScriptedCall): void {
  const visited = servers['legacy']?.calls('want-url').length ?? 0
  if (visited > 1) return call.result(text('visited'))
  const elicitations = [{ ...URL_WANTED, elicitationId: 'e-1' }]
  call.error(-32042, 'An address must be visited', { elicitations })
}

/** A body, and headers laid over the credential. */
function raw(
  headers: Readonly<Record<string, string>>,
  body: unknown,
  url = gateway.url,
): Promise<Answer> {
  const own = { authorization: `Bearer ${mine.token}`, accept: ACCEPT }
  return send(url, { headers: { ...own, ...headers }, body })
}

describe('forged eras', () => {
  const call = { name: 'legacy__echo', arguments: {} }
  const legacyBody = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: call }
  const mirrors = {
    'mcp-protocol-version': MODERN,
    'mcp-method': 'tools/call',
    'mcp-name': 'legacy__echo',
  }

  test('J: a legacy request in modern headers is refused with 400, with a session and without', async () => {
    const { id } = await AskedSession.open(mine)
    for (const headers of [mirrors, { ...mirrors, 'mcp-session-id': id }]) {
      const { status, json } = await raw(headers, legacyBody)
      expect([status, typeof json.error?.code]).toEqual([400, 'number'])
    }
  })

  test('J: modern mirror headers alone (as mcp-remote sends them) do not make a legacy request modern', async () => {
    const session = await AskedSession.open(mine)
    const { 'mcp-protocol-version': _none, ...forged } = mirrors
    const lying = { ...forged, 'mcp-method': 'tools/list', 'mcp-name': 'modern__kind' }
    for (const headers of [forged, lying]) {
      const answer = await raw({ ...session.headers(), ...headers }, legacyBody)
      expect([answer.status, textOf(answer)]).toEqual([200, 'echo'])
    }
  })

  test('J: a modern request with a legacy session’s header is modern, and another key’s session id in it gains nothing', async () => {
    const session = await AskedSession.open(theirs)
    const headers = { 'mcp-session-id': session.id }
    const answer = await sendModern(mine, 'tools/call', call, { headers })
    expect([textOf(answer), answer.headers['mcp-session-id']]).toEqual(['echo', undefined])
    expect(bare(answer)).toBe(bare(await sendModern(mine, 'tools/call', call)))
  })

  test('J: a modern body without its headers, or with those of another revision, is 400 and -32020 whatever session it names', async () => {
    const session = await AskedSession.open(mine)
    const { body } = modernRequest(mine, 'tools/call', call)
    for (const headers of [
      {},
      { 'mcp-protocol-version': LEGACY },
      { 'mcp-session-id': session.id },
      { 'mcp-session-id': session.id, 'mcp-protocol-version': LEGACY },
    ]) {
      const { status, json } = await raw(headers, body)
      expect([headers, status, json.error?.code]).toEqual([headers, 400, -32020])
    }
  })

  test('J: initialize in a modern envelope is no handshake, and a handshake may name its revision in a header', async () => {
    const modern = await sendModern(mine, 'initialize', initialize()['params'] as Json)
    expect([modern.status, modern.json.error?.code]).toEqual([404, -32601])
    expect(modern.headers['mcp-session-id']).toBeUndefined()
    const legacy = await raw({ 'mcp-protocol-version': LEGACY }, initialize())
    expect([legacy.status, typeof legacy.headers['mcp-session-id']]).toEqual([200, 'string'])
  })
})

test.each(WALLS)(
  'J: %d during the probe is no era: the server is modern as soon as it lets us in [upstreams/era/unauthorized]',
  async (status) => {
    walled = true
    const own = { ...mine, url: `${gateway.data}/servers/walled-${status}/mcp` }
    // An earlier list may have met the refusal already: then the server is left alone for a while.
    const refused = failureOf(await callTool(own, 'echo'))?.code
    expect(['server_unauthorized', 'server_unavailable']).toContain(refused)
    walled = false
    await expect
      .poll(async () => textOf(await callTool(own, 'echo')), { timeout: 20_000, interval: 250 })
      .toBe('echo')
    const asked = servers[`walled-${status}`]?.seen.map(({ message }) => message['method']) ?? []
    expect(asked.lastIndexOf('server/discover')).toBeGreaterThan(asked.indexOf('server/discover'))
    expect(servers[`walled-${status}`]?.calls('echo').at(-1)?.headers['mcp-protocol-version']).toBe(
      MODERN,
    )
  },
)

test('J: what one key found out of a server is no answer for the other: each has its own session, and discovery is private', async () => {
  const sessions = (): Set<string> =>
    new Set(servers['legacy']?.calls('echo').map(({ session }) => session))
  await callTool(mine, 'legacy__echo')
  await callTool(mine, 'legacy__echo')
  const own = sessions()
  await callTool(theirs, 'legacy__echo')
  expect(sessions().size).toBe(own.size + 1)
  for (const url of [gateway.url, `${gateway.data}/servers/modern/mcp`]) {
    const { json } = await sendModern({ ...mine, url }, 'server/discover', {})
    expect(json.result?.['cacheScope']).toBe('private')
  }
})

test('J: -32042 is a question for a modern client, never an error; a legacy client gets it as it is [questions/url-required]', async () => {
  const asked = await askedBy(mine, 'legacy__want-url')
  const [question] = Object.values(asked.answer.json.result?.['inputRequests'] as object)
  expect(question).toMatchObject({
    method: 'elicitation/create',
    params: { mode: 'url', url: URL_WANTED.url },
  })
  expect(asked.answer.text).not.toContain('32042')
  expect(asked.answer.text).not.toContain('elicitationId')
  expect((await answerTo(theirs, 'legacy__want-url', asked)).json.error?.code).toBe(-32602)
  expect(textOf(await answerTo(mine, 'legacy__want-url', asked))).toBe('visited')
})

test('J: a modern client that cannot visit is told -32021 in place of -32042 [questions/capability]', async () => {
  const params = { name: 'legacy__own-error', arguments: { code: -32042 } }
  const capabilities = { elicitation: { form: {} } }
  const answer = await sendModern(mine, 'tools/call', params, { capabilities })
  expect(answer.text).not.toContain('32042')
  expect(answer.json.error ?? failureOf(answer)).toBeDefined()
})

describe.each(['/mcp', '/servers/modern/mcp', '/servers/legacy/mcp'])('at %s', (path) => {
  test.each([...REMOVED, ...NEVER])(
    'J: %s does not exist in the modern era, however willing the server [calls/removed] [wire/method/removed]',
    async (method) => {
      const target = { ...mine, url: `${gateway.data}${path}` }
      const before = servers['modern']?.seen.length
      const params = { level: 'debug', uri: 'x://y', taskId: 'x', name: 'echo' }
      const headers = { 'mcp-name': 'x' }
      const { status, json } = await sendModern(target, method, params, { headers })
      expect([method, status, json.error?.code]).toEqual([method, 404, -32601])
      expect(servers['modern']?.seen.length).toBe(before)
    },
  )
})

test('J: answers that modern clients, or nobody’s session, send are thrown away: an open question stays open [wire/question/foreign]', async () => {
  const session = await AskedSession.open(mine)
  await using stream = await session.beginCall('legacy__ask')
  const { id } = await questionOn(stream)
  const evil = { jsonrpc: '2.0', id, result: { action: 'accept', content: { colour: 'evil' } } }
  for (const headers of [{ 'mcp-protocol-version': MODERN }, {}]) {
    const answer = await raw(headers, evil)
    expect([answer.status, answer.text]).toEqual([202, ''])
  }
  await session.post({ jsonrpc: '2.0', id, result: ACCEPTED })
  expect(said(await answerOn(stream))).toBe(JSON.stringify(ACCEPTED))
})

describe.each(ERAS)('the kind of a result of a %s server', (era) => {
  test('J: is complete where it says nothing [calls/result-type]', async () => {
    const answer = await callTool(mine, `${era}__kind`, {})
    expect(answer.json.result).toMatchObject({ resultType: 'complete' })
    expect(textOf(answer)).toBe('of a kind')
  })

  test.each(['mystery', 'Complete', '', 'task', 'input_required'])(
    'J: that is %j is a broken protocol, in either era of client, and nothing of it is shown [calls/result-type]',
    async (kind) => {
      const answer = await callTool(mine, `${era}__kind`, { kind })
      const session = await AskedSession.open(mine)
      await using stream = await session.beginCall(`${era}__kind`, { kind })
      const legacy = await answerOn(stream)
      expect(failureOf(answer)).toMatchObject({ code: 'server_protocol', outcome: 'unknown' })
      expect(JSON.stringify(legacy)).toContain('server_protocol')
      expect(`${answer.text}${stream.text}`).not.toContain('of a kind')
    },
  )

  test.each([[7], [null], [{}], [['complete']]])(
    'J: that is no text (%j) is a broken protocol',
    async (kind) => {
      const answer = await callTool(mine, `${era}__kind`, { kind })
      expect(failureOf(answer)).toMatchObject({ code: 'server_protocol' })
    },
  )
})

test('J: errors of our own never use -32020 to -32099 but with their meaning; a server’s are carried as they are [upstreams/error/own]', async () => {
  const target = { ...mine, url: `${gateway.data}/servers/legacy/mcp` }
  const own = [
    await sendModern(mine, 'tools/call', { name: 'none__none', arguments: {} }),
    await sendModern(mine, 'prompts/get', { name: 'none__none' }),
    await sendModern(mine, 'resources/read', { uri: 'none://none' }),
    await sendModern(mine, 'tools/list', { cursor: 'none' }),
    await sendModern(mine, 'nobody/knows', {}),
    await sendModern(mine, 'tasks/get', { taskId: 'x' }, { headers: { 'mcp-name': 'y' } }),
    await sendModern(target, 'completion/complete', { ref: { type: 'ref/prompt', name: 'x' } }),
    await raw({}, '{'),
    await raw({}, []),
    await raw({ 'mcp-session-id': 'x' }, { jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  ]
  const codes = own.map(({ json }) => json.error?.code)
  for (const code of codes) {
    expect([-32700, -32600, -32601, -32602, -32603, -32020, -31000, undefined]).toContain(code)
  }
  for (const code of [-32099, -32050, -32001, -31999, 7]) {
    const { json } = await callTool(mine, 'legacy__own-error', { code })
    expect(json.error).toEqual({ code, message: 'its own words', data: { its: 'own data' } })
  }
})

test('J: -32002 of an old server is -32602 for a modern client, and stays for a legacy one', async () => {
  const target = { ...mine, url: `${gateway.data}/servers/legacy/mcp` }
  const modern = await callTool(target, 'own-error', { code: -32002 })
  expect(modern.json.error?.code).toBe(-32602)
  const session = await AskedSession.open(target)
  await using stream = await session.beginCall('own-error', { code: -32002 })
  expect((await answerOn(stream)).error?.code).toBe(-32002)
})
