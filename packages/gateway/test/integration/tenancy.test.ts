import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as ClientOfVersion1 } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import { StreamableHTTPClientTransport as TransportOfVersion1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { PathClient } from '../fixtures/path-client.ts'
import { post, textOf } from '../fixtures/raw-mcp.ts'
import { FILES, type Holder, SERVERS, tenantsConfig, TOKENS } from '../fixtures/tenants.ts'
import { TestGateway } from '../fixtures/test-gateway.ts'

type Era = 'legacy' | 'modern'
const ERAS = ['legacy', 'modern'] as const
const CHANGED = 'notifications/tools/list_changed'
const WHO = { name: 'tenant', version: '1.0.0' }

let gateway: TestGateway
beforeAll(async () => {
  gateway = await TestGateway.start({ mcpServers: SERVERS, config: tenantsConfig() })
  const all = await open('nobody', 'legacy')
  await all.names('tools/list')
}, 30_000)
afterAll(() => gateway[Symbol.asyncDispose]())

const open = (holder: Holder, era: Era, at = '/mcp', of = gateway): Promise<PathClient> =>
  PathClient.open(of, at, { era, key: TOKENS[holder] })

/** A gateway of the test's own, as its rules will change. */
async function startOwn(config = tenantsConfig()): Promise<TestGateway> {
  const own = await TestGateway.start({ mcpServers: SERVERS, config })
  onTestFinished(() => own[Symbol.asyncDispose]())
  for (const holder of ['nobody', 'acme', 'globex'] as const) {
    await (await open(holder, 'modern', '/mcp', own)).names('tools/list')
  }
  return own
}

async function reload(own: TestGateway, config: object): Promise<void> {
  own.configure({ mcpServers: SERVERS, config })
  const report = await own.running.config.reload({ cause: 'api', by: 'test' })
  expect(report).toMatchObject({ ok: true, changed: true })
}

const FILES_TOOLS = ['link', 'read_file', 'relist', 'show', 'write_file']
const full = (server: string, names: readonly string[]) => names.map((name) => `${server}__${name}`)

test.each(ERAS)(
  'two tenants over %s: each lists and calls its own server and none of the other’s [tenancy/sight/lists]',
  async (era) => {
    const [acme, globex] = [await open('acme', era), await open('globex', era)]
    expect(await acme.names('tools/list')).toEqual(full('files', FILES_TOOLS))
    expect(await globex.names('tools/list')).toEqual(['pay__charge', 'pay__relist'])
    expect(await acme.names('prompts/list')).toEqual(['files__ask'])
    expect(await acme.names('resources/list')).toEqual(['a', 'shown'])
    expect(await globex.names('resources/templates/list')).toEqual([])
    const call = (name: string) => acme.request('tools/call', { name, arguments: {} })
    expect(textOf(await call('files__read_file'))).toBe('files read_file')
    // Both servers list it; each tenant knows of one.
    const read = async (client: PathClient, uri: string) =>
      JSON.stringify((await client.request('resources/read', { uri })).message.result)
    expect(await read(acme, 'file:///a')).toContain('files file:///a')
    expect(await read(globex, 'file:///a')).toContain('pay file:///a')
    const text = JSON.stringify((await acme.request('tools/list')).message)
    expect(text).not.toMatch(/pay/)
    expect(await (await open('acme', era, '/mcp/both')).names('tools/list')).toEqual(FILES_TOOLS)
  },
)

test.each(ERAS)(
  'over %s what a tenant does not see is answered byte for byte as what does not exist [tenancy/sight/missing]',
  async (era) => {
    const acme = await open('acme', era)
    const answer = async (method: string, params: object, word: string) => {
      const { status, message } = await acme.request(method, params)
      const text = JSON.stringify({ status, ...message, id: 0 }).replaceAll(word, 'NAME')
      return text.replace(/"requestId":"[^"]*"/, '')
    }
    const tool = (name: string) => answer('tools/call', { name, arguments: {} }, name)
    const prompt = (name: string) => answer('prompts/get', { name }, name)
    const complete = (name: string) =>
      answer(
        'completion/complete',
        { ref: { type: 'ref/prompt', name }, argument: { name: 'x', value: '' } },
        name,
      )
    expect(await tool('pay__charge')).toBe(await tool('none__charge'))
    expect(await tool('pay__charge')).toMatch(/-32602.*Unknown tool: NAME/)
    expect(await prompt('pay__bill')).toBe(await prompt('none__bill'))
    expect(await complete('pay__bill')).toBe(await complete('none__bill'))
    // A hidden server's name before a URI means as little as any: the one server there is answers.
    const read = (uri: string) => answer('resources/read', { uri }, uri)
    expect(await read('pay+pay:1')).toBe(await read('nil+pay:1'))
    if (era === 'legacy') {
      const watch = (uri: string) => answer('resources/subscribe', { uri }, uri)
      expect(await watch('pay+pay:1')).toBe(await watch('nil+pay:1'))
    }
  },
)

test.each([
  ['POST', '/servers/NAME/mcp'],
  ['GET', '/servers/NAME/mcp'],
  ['GET', '/servers/NAME/sse'],
  ['POST', '/servers/NAME/messages'],
  ['POST', '/mcp/NAME'],
] as const)(
  '%s %s of a hidden one answers as that of none [tenancy/sight/missing]',
  async (method, at) => {
    const hidden = at === '/mcp/NAME' ? 'money' : 'pay'
    const ask = async (name: string, holder: Holder) => {
      const response = await fetch(gateway.data + at.replace('NAME', name), {
        method,
        headers: {
          authorization: `Bearer ${TOKENS[holder]}`,
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
        },
        ...(method === 'POST' ? { body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' } : {}),
      })
      const { error } = (await response.json()) as { error: { data?: object } } // every refusal has one
      const own = { ...error, data: { ...error?.data, requestId: '' } }
      const headers = [...response.headers.keys()].filter((name) => name !== 'date')
      return { status: response.status, error: own, headers }
    }
    const missing = await ask('none', 'acme')
    expect(missing.status).toBe(404)
    expect(await ask(hidden, 'acme')).toEqual(missing)
  },
)

test.each(ERAS)(
  'over %s a caller who is given tools has their interfaces, no prompts, no extensions and no instructions [tenancy/sight/tools] [tenancy/sight/extensions]',
  async (era) => {
    for (const at of ['/mcp', '/servers/files/mcp']) {
      const client = await open('tools', era, at)
      const prefix = at === '/mcp' ? 'files__' : ''
      expect(await client.names('tools/list')).toEqual([`${prefix}relist`, `${prefix}show`])
      expect(await client.names('resources/list')).toEqual(['shown'])
      expect(await client.names('prompts/list')).toEqual([])
      const code = async (method: string, params: object) =>
        (await client.request(method, params)).message.error?.code
      expect(await code('tools/call', { name: `${prefix}read_file`, arguments: {} })).toBe(-32_602)
      expect(await code('resources/read', { uri: 'ui://show' })).toBeUndefined()
      expect(await code('resources/read', { uri: 'file:///a' })).toBe(
        era === 'modern' ? -32_602 : -32_002,
      )
      expect(await code('acme/anything', {})).toBe(-32_601)
    }
    const whole = await open('nobody', era, '/servers/files/mcp')
    const reached = await whole.request('acme/anything')
    expect(reached.message.error?.message).toBe('method not found')
    const discover = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: WHO }
    const faceOf = async (holder: Holder) => {
      const client = await open(holder, era, '/servers/files/mcp')
      const method = era === 'modern' ? 'server/discover' : 'initialize'
      const { result } = (await client.request(method, discover)).message
      return Object.keys(result?.['capabilities'] as object).toSorted() // every face has some
    }
    expect(await faceOf('nobody')).toEqual(['completions', 'prompts', 'resources', 'tools'])
    expect(await faceOf('tools')).toEqual(['completions', 'resources', 'tools'])
  },
)

test.each(ERAS)(
  'over %s a read-only caller has what the operator pinned [tenancy/sight/read-only]',
  async (era) => {
    const reader = await open('reader', era)
    expect(await reader.names('tools/list')).toEqual(['files__read_file'])
    expect(await reader.names('resources/list')).toEqual(['a', 'shown'])
    const refused = await reader.request('tools/call', {
      ...{ name: 'files__write_file', arguments: {} },
    })
    expect(refused.message.error?.code).toBe(-32_602)
  },
)

test('news of a list go to those who see what changed [tenancy/sight/news]', async () => {
  const own = await startOwn()
  const all = await open('nobody', 'modern', '/mcp', own)
  const holders = ['nobody', 'acme', 'globex', 'tools', 'reader'] as const
  const streams = new Map(
    await Promise.all(
      ERAS.flatMap((era) =>
        holders.map(async (holder) => {
          const client = await open(holder, era, '/mcp', own)
          await client.names('tools/list')
          return [`${holder} ${era}`, await client.listen()] as const
        }),
      ),
    ),
  )
  const told = () =>
    [...streams].flatMap(([who, { methods }]) => (methods.includes(CHANGED) ? who : [])).toSorted()
  const relist = (name: string, lists: object) =>
    all.request('tools/call', { name, arguments: lists })
  await relist('pay__relist', { tools: [{ name: 'relist' }, { name: 'refund' }] })
  await vi.waitFor(() =>
    expect(told()).toEqual(['globex legacy', 'globex modern', 'nobody legacy', 'nobody modern']),
  )
  const more = [...FILES.tools, { name: 'new', inputSchema: { type: 'object' } }]
  await relist('files__relist', { tools: more })
  await vi.waitFor(() => expect(told()).toContain('acme modern'))
  // The order of news is kept: had they been told of it, they would have been by now.
  expect(told().filter((who) => /tools|reader/.test(who))).toEqual([])
  expect(told()).toContain('acme legacy')
  await relist('files__relist', { tools: more.filter(({ name }) => name !== 'show') })
  await vi.waitFor(() =>
    expect(told().filter((who) => /tools/.test(who))).toEqual(['tools legacy', 'tools modern']),
  )
  expect(told().filter((who) => /reader/.test(who))).toEqual([])
})

test.each(ERAS)(
  'over %s another rule of the tenant counts for the next call of a live session, and its stream is told [tenancy/sight/live]',
  async (era) => {
    const own = await startOwn()
    const acme = await open('acme', era, '/mcp', own)
    const globex = await open('globex', era, '/mcp', own)
    const [stream, theirs] = [await acme.listen(), await globex.listen()]
    const charge = async () => {
      const { message } = await acme.request('tools/call', { name: 'pay__charge', arguments: {} })
      return message.error?.message ?? message.result?.content?.[0]?.text
    }
    expect(await charge()).toBe('Unknown tool: pay__charge')
    await reload(own, tenantsConfig({ tenants: { acme: { servers: ['files', 'pay'] } } }))
    await vi.waitFor(() => expect(stream.methods).toContain(CHANGED))
    expect(await charge()).toBe('pay charge')
    expect(await acme.names('tools/list')).toHaveLength(7)
    await reload(own, tenantsConfig({ tenants: { acme: { servers: [] } } }))
    expect(await charge()).toBe('Unknown tool: pay__charge')
    expect(await acme.names('tools/list')).toEqual([])
    expect(theirs.methods).not.toContain(CHANGED)
  },
)

test('with requireTenant every MCP request of a caller without one is refused [tenancy/required]', async () => {
  const config = tenantsConfig({})
  const { auth } = config as { auth: object } // as made there
  const own = await startOwn({ ...config, auth: { ...auth, requireTenant: false } })
  const before = await open('nobody', 'legacy', '/mcp', own)
  await reload(own, { ...config, auth: { ...auth, requireTenant: true } })
  const headers = { authorization: `Bearer ${TOKENS.nobody}` }
  for (const method of ['initialize', 'ping', 'tools/list', 'tools/call', 'server/discover']) {
    const { status, message } = await post(own.url(), { jsonrpc: '2.0', id: 1, method }, headers)
    expect([status, message.error?.data ?? message]).toMatchObject([
      403,
      { code: 'tenant_required' },
    ])
  }
  expect((await before.request('tools/list')).status).toBe(403)
  for (const at of ['/mcp', '/sse', '/servers/files/mcp']) {
    const accept = { accept: 'text/event-stream', ...headers }
    expect((await fetch(own.data + at, { headers: accept })).status).toBe(403)
  }
  expect(await (await open('acme', 'modern', '/mcp', own)).names('prompts/list')).toEqual([
    'files__ask',
  ])
})

test.each([
  ['SDK v2 of the older era', undefined],
  ['SDK v2 of the newer era', 'auto'],
] as const)(
  '%s: its tenant’s tools only, and it is told of other ones [tenancy/sight/live]',
  async (_case, mode) => {
    const own = await startOwn()
    const options = mode === undefined ? {} : { versionNegotiation: { mode } }
    const told: string[] = []
    const client = new Client(WHO, {
      ...options,
      listChanged: { tools: { onChanged: () => void told.push('tools') } },
    })
    const requestInit = { headers: { Authorization: `Bearer ${TOKENS.acme}` } }
    await client.connect(new StreamableHTTPClientTransport(new URL(own.url()), { requestInit }))
    try {
      const names = async () => (await client.listTools()).tools.map(({ name }) => name)
      expect(await names()).toEqual(full('files', FILES_TOOLS))
      await expect(client.callTool({ name: 'pay__charge', arguments: {} })).rejects.toThrow(
        /Unknown tool: pay__charge/,
      )
      await reload(own, tenantsConfig({ tenants: { acme: { servers: ['pay'] } } }))
      // The newer era keeps a list until it is told of another one.
      await vi.waitFor(() => expect(told.length).toBeGreaterThan(0))
      expect(await names()).toEqual(['pay__charge', 'pay__relist'])
      const { content } = await client.callTool({ name: 'pay__charge', arguments: {} })
      expect(content).toEqual([{ type: 'text', text: 'pay charge' }])
    } finally {
      await client.close()
    }
  },
)

test.each([
  ['SDK v1', '/mcp', TransportOfVersion1],
  ['SDK v1 over HTTP+SSE', '/sse', SSEClientTransport],
] as const)(
  '%s: its tenant’s tools only, and it is told of other ones [tenancy/sight/live]',
  async (_case, at, Kind) => {
    const own = await startOwn()
    const client = new ClientOfVersion1(WHO)
    const told: string[] = []
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => void told.push('tools'))
    const requestInit = { headers: { Authorization: `Bearer ${TOKENS.acme}` } }
    const transport = new Kind(new URL(own.data + at), { requestInit })
    // The classes of the SDK disagree with each other under exactOptionalPropertyTypes.
    await client.connect(transport as Parameters<typeof client.connect>[0])
    try {
      const names = async () => (await client.listTools()).tools.map(({ name }) => name)
      expect(await names()).toEqual(full('files', FILES_TOOLS))
      await reload(own, tenantsConfig({ tenants: { acme: { servers: ['pay'] } } }))
      await vi.waitFor(() => expect(told.length).toBeGreaterThan(0))
      expect(await names()).toEqual(['pay__charge', 'pay__relist'])
      await expect(client.callTool({ name: 'files__show', arguments: {} })).rejects.toThrow(
        /Unknown tool: files__show/,
      )
    } finally {
      await client.close()
    }
  },
)
