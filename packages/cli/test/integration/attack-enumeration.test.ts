import { afterAll, beforeAll, expect, test } from 'vitest'
import { Attacked, type CallerName, shapeOf } from '../fixtures/attack.ts'
import { makePerson, openBrowser } from '../fixtures/attack-person.ts'
import { type Answer, send } from '../fixtures/send.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import { startVaultServer, VAULT, type VaultServer } from '../fixtures/servers/vault-server.ts'
import {
  ACCEPT,
  ask,
  callTool,
  initialize,
  LegacySession,
  type Target,
  textOf,
} from '../fixtures/wire.ts'

let attacked: Attacked
let vault: VaultServer
/** Ids of what is there and is not the attacker's, by what stands for them in a path. */
const ids: Record<string, string> = {}
beforeAll(async () => {
  vault = await startVaultServer()
  attacked = await Attacked.start({
    config: {
      endpoints: { inner: { servers: ['vault'] } },
      groups: { both: { members: ['vault'] } },
      limits: {
        lockout: { failures: 0 },
        perPrincipal: { rate: '100000/s', burst: 1_000_000, concurrent: 64 },
        results: { perCall: '2KiB' },
      },
      mcpServers: {
        own: stdioServer(),
        spy: { url: 'http://127.0.0.1:9/mcp' },
        vault: { url: vault.url },
      },
    },
  })
  const create = (what: string, body: object): Promise<Answer> =>
    attacked.api('root', 'POST', `/api/v1/${what}`, { body })
  const key = await create('keys', { name: 'beta-key', tenant: 'beta' })
  const plain = await create('keys', { name: 'plain-key' })
  const user = await makePerson(attacked, 'beta-person', { tenant: 'beta', roles: ['caller'] })
  const browser = await openBrowser(attacked, 'beta-person')
  await LegacySession.open(attacked.target('beta'))
  const sessions = await attacked.api('root', 'GET', '/api/v1/sessions')
  const [session] = sessions.json['items'] as { id: string }[] // of a list
  Object.assign(ids, {
    keyId: key.json['id'],
    plainId: plain.json['id'],
    userId: user.id,
    loginId: browser.loginId,
    sessionId: session?.id ?? '',
  })
  // Everything the gateway will ever know of the servers, it knows now.
  await callTool(attacked.target('root'), 'vault__open')
})
afterAll(async () => {
  await attacked[Symbol.asyncDispose]()
  await vault[Symbol.asyncDispose]()
})

/** Alike but for what names them: as long, and of the same characters. */
const missing = (name: string): string => name.replaceAll(/[a-z]/g, 'q').replaceAll(/\d/g, '7')

type Rest = readonly [as: CallerName, what: string, body?: object]

/** Addresses of what is there and not to be known; `<x>` is an id. */
const HIDDEN: readonly Rest[] = [
  ['acme-admin', 'GET keys/beta-key'],
  ['acme-admin', 'GET keys/<keyId>'],
  ['acme-admin', 'GET keys/<plainId>'],
  ['acme-admin', 'PATCH keys/beta-key', {}],
  ['acme-admin', 'POST keys/<keyId>/rotate', {}],
  ['acme-admin', 'DELETE keys/beta-key'],
  ['acme-admin', 'DELETE keys/plain-key'],
  ['acme-admin', 'GET users/beta-person'],
  ['acme-admin', 'GET users/<userId>'],
  ['acme-admin', 'PATCH users/beta-person', { disabled: true }],
  ['acme-admin', 'POST users/beta-person/password', {}],
  ['acme-admin', 'DELETE users/<userId>'],
  ['acme-admin', 'DELETE logins/<loginId>'],
  ['acme-admin', 'GET tenants/beta'],
  ['acme-admin', 'GET sessions/<sessionId>'],
  ['acme-admin', 'POST sessions/<sessionId>/suspend', {}],
  ['acme-admin', 'POST sessions/<sessionId>/resume', {}],
  ['acme-admin', 'DELETE sessions/<sessionId>'],
  ['acme-admin', 'GET servers/vault'],
  ['acme-admin', 'GET servers/vault/definition'],
  ['acme-admin', 'GET servers/vault/logs'],
  ['acme-admin', 'POST servers/vault/start', {}],
  ['acme-admin', 'GET groups/both/definition'],
  ['acme-admin', 'GET endpoints/inner/definition'],
  ['acme-admin', 'POST principals/token:t-beta/suspend', {}],
  ['acme-admin', 'GET audit?server=vault'],
  ['acme-admin', 'GET audit?principal=token:t-root'],
  ['acme-admin', 'GET audit?tenant=beta'],
  ['acme-admin', 'GET sessions?principal=token:t-beta'],
  ['narrow', 'GET servers/vault'],
  ['narrow', 'GET servers/vault/logs'],
  ['narrow', 'GET servers/vault/definition'],
  ['narrow', 'POST servers/vault/start', {}],
  ['narrow', 'POST servers/vault/stop', {}],
  ['narrow', 'POST servers/vault/restart', {}],
  ['narrow', 'POST servers/vault/warm', {}],
  ['narrow', 'POST servers/vault/check', {}],
  ['narrow', 'POST servers/vault/drain', {}],
  ['narrow', 'POST servers/vault/undrain', {}],
  ['narrow', 'POST servers/vault/block', {}],
  ['narrow', 'POST servers/vault/unblock', {}],
  ['narrow', 'POST drain', { server: 'vault' }],
  ['narrow', 'DELETE drain?server=vault'],
  ['caller', 'GET keys/beta-key'],
  ['caller', 'GET servers/vault'],
  ['caller', 'GET users/beta-person'],
]

test.each(HIDDEN.map(([as, what, body]) => ({ as, what, body })))(
  '$as: $what is answered as what does not exist [attacks/enumeration]',
  async ({ as, what, body }) => {
    const [method = '', path = ''] = what.split(' ')
    const real = path.replaceAll(/<(\w+)>/g, (_all, name: string) => ids[name] ?? '')
    const at = real.includes('=') ? real.lastIndexOf('=') + 1 : real.indexOf('/') + 1
    const end = real.indexOf('/', at) === -1 ? real.length : real.indexOf('/', at)
    const named = body && 'server' in body ? 'vault' : real.slice(at, end)
    const other = missing(named)
    const headers = { 'if-match': '"1"' }
    const try_ = (name: string): Promise<Answer> => {
      const target =
        named === 'vault' && body && 'server' in body
          ? real
          : `${real.slice(0, at)}${name}${real.slice(end)}`
      const sent = body && 'server' in body ? { ...body, server: name } : body
      return attacked.api(as, method, `/api/v1/${target}`, { headers, ...(sent && { body: sent }) })
    }
    const [hidden, absent] = [await try_(named), await try_(other)]
    expect(shapeOf(hidden, named)).toEqual(shapeOf(absent, other))
  },
)

/** Requests of MCP for something that is there, and for something that is not. */
const MCP: readonly (readonly [name: string, method: string, hidden: object, absent: object])[] = [
  [
    'a tool',
    'tools/call',
    { name: `vault__${VAULT.tool}`, arguments: {} },
    { name: 'qqqqq__qqqq', arguments: {} },
  ],
  [
    'a tool without arguments',
    'tools/call',
    { name: `vault__${VAULT.tool}` },
    { name: 'qqqqq__qqqq' },
  ],
  ['a tool of a group', 'tools/call', { name: `both__${VAULT.tool}` }, { name: 'qqqq__qqqq' }],
  ['a resource', 'resources/read', { uri: VAULT.resource }, { uri: 'qqqqqq://qqq' }],
  [
    'a resource under its server',
    'resources/read',
    { uri: `vault+${VAULT.resource}` },
    { uri: 'qqqqq+qqqqqq://qqq' },
  ],
  ['a resource of a template', 'resources/read', { uri: 'secret://two' }, { uri: 'qqqqqq://qqq' }],
  ['a prompt', 'prompts/get', { name: `vault__${VAULT.prompt}` }, { name: 'qqqqq__qqqqqq' }],
  [
    'a completion of a prompt',
    'completion/complete',
    {
      ref: { type: 'ref/prompt', name: `vault__${VAULT.prompt}` },
      argument: { name: 'a', value: '' },
    },
    { ref: { type: 'ref/prompt', name: 'qqqqq__qqqqqq' }, argument: { name: 'a', value: '' } },
  ],
  [
    'a completion of a template',
    'completion/complete',
    {
      ref: { type: 'ref/resource', uri: 'secret://{name}' },
      argument: { name: 'name', value: '' },
    },
    {
      ref: { type: 'ref/resource', uri: 'qqqqqq://{qqqq}' },
      argument: { name: 'name', value: '' },
    },
  ],
  ['a task', 'tasks/get', { taskId: 'vault' }, { taskId: 'qqqqq' }],
]

const NAMES = ['vault', 'both', 'secret', VAULT.tool, VAULT.prompt, 'two', 'one', 'name']

/** Both names are written alike, so that only what is said of them is left. */
function said(answer: Answer): object {
  const text = NAMES.reduce(
    (all, name) => all.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), missing(name)),
    answer.text,
  )
  const plain = text
    .replaceAll('vault__', 'qqqqq__')
    .replaceAll('both__', 'qqqq__')
    .replaceAll(`__${VAULT.tool}`, '__qqqq')
    .replaceAll(`__${VAULT.prompt}`, '__qqqqqq')
  return shapeOf({
    ...answer,
    text: plain.replaceAll(/"requestId":"[^"]*"/g, '"requestId":"<id>"'),
  })
}

test.each(MCP)(
  '%s that is hidden is answered as one that does not exist, in both eras [attacks/enumeration]',
  async (_name, method, hidden, absent) => {
    const before = vault.asked.length
    for (const caller of ['acme', 'scoped', 'acme-admin'] as const) {
      const target = attacked.target(caller)
      const modern = [await ask(target, method, hidden), await ask(target, method, absent)]
      const session = await LegacySession.open(target)
      const legacy = [await session.request(method, hidden), await session.request(method, absent)]
      for (const [real, none] of [modern, legacy] as [Answer, Answer][]) {
        const numbered = (answer: Answer): Answer => ({
          ...answer,
          text: answer.text.replaceAll(/"id":\d+/g, '"id":0'),
        })
        expect(said(numbered(real))).toEqual(said(numbered(none)))
        expect(real.text).not.toContain(VAULT.text)
      }
    }
    expect(vault.asked.length).toBe(before)
  },
)

test.each(['vault', 'both', 'spy'])(
  'the address of %s, which is hidden, is one where nothing is [attacks/enumeration]',
  async (server) => {
    for (const leaf of ['mcp', 'sse', 'messages']) {
      for (const method of ['POST', 'GET', 'DELETE']) {
        const at = (name: string): Promise<Answer> =>
          send(`${attacked.gateway.data}/servers/${name}/${leaf}`, {
            method,
            headers: { authorization: `Bearer ${attacked.token('acme')}`, accept: ACCEPT },
            ...(method === 'POST' && { body: initialize() }),
          })
        const other = missing(server)
        expect([leaf, method, shapeOf(await at(server), server)]).toEqual([
          leaf,
          method,
          shapeOf(await at(other), other),
        ])
      }
    }
    for (const tool of ['open', 'nothing']) {
      const there = await callTool(attacked.target('acme', `/servers/${server}/mcp`), tool)
      const absent = await callTool(
        attacked.target('acme', `/servers/${missing(server)}/mcp`),
        tool,
      )
      expect(said(there)).toEqual(said(absent))
    }
  },
)

test('whoever has no credential learns of no server or endpoint by metadata or challenges [attacks/enumeration]', async () => {
  const root = `${attacked.gateway.data}/.well-known/oauth-protected-resource`
  for (const [there, absent] of [
    ['/servers/vault/mcp', '/servers/qqqqq/mcp'],
    ['/mcp/inner', '/mcp/qqqqq'],
  ] as const) {
    const ask_ = (url: string, method: string): Promise<Answer> => send(url, { method })
    const [one, other] = [
      await ask_(`${root}${there}`, 'GET'),
      await ask_(`${root}${absent}`, 'GET'),
    ]
    expect(shapeOf(one, there)).toEqual(shapeOf(other, absent))
    const challenged = await Promise.all(
      [there, absent].map((path) => ask_(`${attacked.gateway.data}${path}`, 'POST')),
    )
    const plain = challenged.map((answer, at) =>
      JSON.stringify(shapeOf(answer)).replaceAll([there, absent][at] ?? '', '<path>'),
    )
    expect(plain[0]).toBe(plain[1])
  }
})

test('lists of a scoped caller name nothing that is hidden, in both eras and on the admin API [attacks/enumeration]', async () => {
  for (const caller of ['acme', 'scoped', 'acme-admin'] as const) {
    const target = attacked.target(caller)
    const session = await LegacySession.open(target)
    for (const method of [
      'tools/list',
      'resources/list',
      'resources/templates/list',
      'prompts/list',
    ]) {
      const texts = [(await ask(target, method)).text, (await session.request(method)).text]
      expect([
        caller,
        method,
        texts.filter((text) => /vault|secret|riddle|treasure|spy|both/.test(text)),
      ]).toEqual([caller, method, []])
    }
    const opened = await session.post(initialize())
    expect(opened.text).not.toMatch(/treasure|vault/)
  }
  for (const what of [
    'servers',
    'groups',
    'keys',
    'users',
    'tenants',
    'sessions',
    'logins',
    'usage',
    'audit',
    'roles',
  ]) {
    const { status, text } = await attacked.api('acme-admin', 'GET', `/api/v1/${what}?limit=500`)
    // What the callers of the tenant typed themselves stands in its audit log.
    const shown = text.replaceAll(/(?:vault|both)__\w+/g, '')
    expect([what, status, /beta|vault|spy|plain-key/.test(shown)]).toEqual([what, 200, false])
  }
})

/** What a caller was given, and nobody else may use: possession is not authentication. */
test('a kept result, a session and a page of somebody else are none [attacks/enumeration]', async () => {
  const root = attacked.target('root')
  const kept = await callTool(root, `vault__${VAULT.tool}`)
  const handle = /"([A-Za-z0-9_-]{16,})"/.exec(textOf(kept))?.[1] ?? ''
  const more = (target: Target, given: string): Promise<Answer> =>
    callTool(target, 'sallyport__read_more', { handle: given, offset: 0 })
  expect((await more(root, handle)).text).toContain(VAULT.text)
  for (const caller of ['caller', 'acme', 'beta'] as const) {
    const [theirs, none] = [
      await more(attacked.target(caller), handle),
      await more(attacked.target(caller), missing(handle)),
    ]
    expect(said({ ...theirs, text: theirs.text.replaceAll(handle, missing(handle)) })).toEqual(
      said(none),
    )
  }
  const session = await LegacySession.open(root)
  const tampered = `${session.id.slice(0, -4)}AAAA`
  for (const caller of ['caller', 'acme', 'beta'] as const) {
    const answers = await Promise.all(
      [session.id, tampered].map((id) =>
        send(attacked.gateway.url, {
          headers: {
            ...session.headers,
            authorization: `Bearer ${attacked.token(caller)}`,
            'mcp-session-id': id,
          },
          body: { jsonrpc: '2.0', id: 1, method: 'tools/list' },
        }),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual([404, 404])
    expect(shapeOf(answers[0] as Answer)).toEqual(shapeOf(answers[1] as Answer)) // both were sent
    const ended = await send(attacked.gateway.url, {
      method: 'DELETE',
      headers: { ...session.headers, authorization: `Bearer ${attacked.token(caller)}` },
    })
    expect(ended.status).toBe(404)
  }
  expect(await session.request('tools/list')).toMatchObject({ status: 200 })
})
