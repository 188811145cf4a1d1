/** Rules B5, I1, I2, I5, I6 and I13: names, annotations, unknown fields, hidden things and interfaces. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerOn, AskedSession, bare, said, sendModern } from '../fixtures/asked.ts'
import { callers } from '../fixtures/callers.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import type { Answer } from '../fixtures/send.ts'
import {
  type ScriptedCall,
  type ScriptedServer,
  startScripted,
  text,
  tool,
} from '../fixtures/servers/scripted-server.ts'
import {
  failureOf,
  LegacySession,
  listToolNames,
  type Target,
  textOf,
  toolNamesOf,
} from '../fixtures/wire.ts'

type Json = Readonly<Record<string, unknown>>
const ERAS = ['legacy', 'modern'] as const
/** With its server's name this is over the 64 characters that model APIs take. */
const LONG = `route_${'of_a_very_long_name_'.repeat(4)}`
const ROUTE = {
  inputSchema: {
    type: 'object',
    properties: {
      region: { type: 'string', 'x-mcp-header': 'Region' },
      count: { type: 'integer', 'x-mcp-header': 'Count' },
    },
  },
}
const HINTS = { readOnlyHint: true, destructiveHint: false, idempotentHint: true }
const APP = {
  ui: {
    resourceUri: 'ui://app/panel',
    csp: { connectDomains: ['https://api.example.com'], 'x-more': [1.5] },
    permissions: { camera: {} },
  },
}
const HTML = '<!doctype html><script>alert(document.domain)</script>'
/** Tool names that no revision allows, or that say they are another server's. */
const ODD = [
  'a b',
  'ünïcode',
  'x'.repeat(200),
  'legacy__echo',
  '__echo',
  'a/b',
  'a\r\nX-Evil: 1',
  '<b>',
  '',
]

let gateway: TestGateway
let mine: Target
const servers: Record<string, ScriptedServer> = {}
const owned = new AsyncDisposableStack()
beforeAll(async () => {
  const route = tool('route', ROUTE)
  const tools = [
    tool('echo', {
      annotations: { ...HINTS, 'x-future': { kept: [1, null] } },
      'x-unknown': { a: [1, { b: null }] },
    }),
    tool('flaky', { annotations: HINTS }),
    tool('pinned', { annotations: { readOnlyHint: false } }),
    route,
    { ...route, name: LONG },
    tool('panel', { _meta: APP }),
    tool('secret'),
    tool('invalid'),
  ]
  const answerArguments = (call: ScriptedCall): void => {
    call.result(
      text(JSON.stringify(call.params['arguments'] ?? {}), {
        resultType: 'complete',
        'x-unknown': { z: 1, a: 2 },
      }),
    )
  }
  const lose = (call: ScriptedCall): void => void call.response.destroy()
  const call = {
    echo: answerArguments,
    route: answerArguments,
    [LONG]: answerArguments,
    flaky: lose,
    pinned: lose,
    invalid: (one: ScriptedCall) =>
      one.result(text('region must be a string', { resultType: 'complete', isError: true })),
  }
  const on = {
    'resources/list': (one: ScriptedCall) =>
      one.result({
        resultType: 'complete',
        resources: [
          { uri: 'ui://app/panel', name: 'panel', mimeType: 'text/html;profile=mcp-app' },
          { uri: 'secret://a', name: 'secret' },
        ],
      }),
    'resources/templates/list': (one: ScriptedCall) =>
      one.result({ resultType: 'complete', resourceTemplates: [] }),
    'prompts/list': (one: ScriptedCall) =>
      one.result({ resultType: 'complete', prompts: [{ name: 'secret' }, { name: 'open' }] }),
    'resources/read': (one: ScriptedCall) =>
      one.result({
        resultType: 'complete',
        ttlMs: 0,
        cacheScope: 'private',
        contents: [
          { uri: one.params['uri'], mimeType: 'text/html;profile=mcp-app', text: HTML, _meta: APP },
        ],
      }),
  }
  const capabilities = { tools: {}, resources: {}, prompts: {}, completions: {} }
  for (const era of ERAS) {
    servers[era] = owned.use(await startScripted({ era, tools, call, on, capabilities }))
  }
  const odd = ODD.map((name) => tool(name))
  servers['odd'] = owned.use(
    await startScripted({
      era: 'legacy',
      tools: [...odd, tool('echo'), tool('echo', { description: 'again' })],
    }),
  )
  const { auth, next } = callers()
  const pins = { pinned: { readOnly: true } }
  gateway = owned.use(
    await startGateway({
      config: {
        auth,
        names: 'short',
        mcpServers: {
          legacy: { url: servers['legacy']?.url, tools: pins },
          modern: { url: servers['modern']?.url, tools: pins },
          trusted: { url: servers['legacy']?.url, trustAnnotations: true },
          odd: { url: servers['odd']?.url },
        },
        endpoints: {
          renamed: {
            servers: ['legacy', 'modern'],
            rename: { legacy__route: 'old-way', modern__route: 'new-way' },
            tools: { deny: ['*__secret'] },
            resources: { deny: ['secret://*'] },
            prompts: { deny: ['*__secret'] },
          },
          bare: { servers: ['modern', 'odd'], dropPrefix: true },
        },
      },
    }),
  )
  mine = { url: gateway.url, token: next() }
})
afterAll(() => owned.disposeAsync())

const at = (path: string): Target => ({ ...mine, url: `${gateway.data}${path}` })

/** The public name of the long tool on the merged address. */
async function shortNameOf(era: string): Promise<string> {
  const names = await listToolNames(mine)
  const found = names.find((name) => name.startsWith(`${era}__route_of`))
  if (found === undefined) throw new Error(`not listed: ${names.join()}`)
  return found
}

describe.each(['renamed', 'short', 'bare'])('B5: a tool that is %s', (how) => {
  const place = async (): Promise<[Target, string, string]> => {
    if (how === 'renamed') return [at('/mcp/renamed'), 'new-way', 'route']
    if (how === 'bare') return [at('/mcp/bare'), 'route', 'route']
    return [mine, await shortNameOf('modern'), LONG]
  }

  test('is called under its own name in body and Mcp-Name, its declared arguments in headers, from either era [upstreams/header/agree] [endpoints/rename] [tools/name/short]', async () => {
    const [target, name, own] = await place()
    expect(name.length).toBeLessThanOrEqual(64)
    const args = { region: 'zürich', count: 3 }
    const region = `=?base64?${Buffer.from(args.region).toString('base64')}?=`
    const headers = { 'mcp-param-region': region, 'mcp-param-count': '3' }
    const answer = await sendModern(target, 'tools/call', { name, arguments: args }, { headers })
    expect(JSON.parse(textOf(answer))).toEqual(args)
    const session = await AskedSession.open(target)
    await using stream = await session.beginCall(name, args)
    expect(JSON.parse(said(await answerOn(stream)))).toEqual(args)
    const seen = servers['modern']?.calls(own).slice(-2) ?? []
    expect(seen).toHaveLength(2)
    for (const { headers: got, message } of seen) {
      expect(message).toMatchObject({ params: { name: own, arguments: args } })
      expect(got).toMatchObject({
        'mcp-name': own,
        'mcp-method': 'tools/call',
        'mcp-param-region': region,
        'mcp-param-count': '3',
      })
    }
  })

  test('is refused when its declared headers are missing or differ, and the server is not asked [wire/header/param]', async () => {
    const [target, name, own] = await place()
    const before = servers['modern']?.calls(own).length
    const params = { name, arguments: { region: 'eu', count: 3 } }
    for (const headers of [
      {},
      { 'mcp-param-region': 'us', 'mcp-param-count': '3' },
      { 'mcp-param-region': 'eu', 'mcp-param-count': '4' },
    ]) {
      const { status, json } = await sendModern(target, 'tools/call', params, {
        headers: headers as Record<string, string>,
      }) // plain strings
      expect([status, json.error?.code]).toEqual([400, -32020])
    }
    const headers = {
      'mcp-name': own === name ? 'secret' : own,
      'mcp-param-region': 'eu',
      'mcp-param-count': '3',
    }
    const { status, json } = await sendModern(target, 'tools/call', params, { headers })
    expect([status, json.error?.code]).toEqual([400, -32020])
    expect(servers['modern']?.calls(own)).toHaveLength(before ?? 0)
  })

  test('answers to no other name there [endpoints/rename]', async () => {
    const [target, name, own] = await place()
    const others = [`modern__${own}`, own, `${name}x`].filter((one) => one !== name)
    for (const other of how === 'bare' ? [`${name}x`] : others) {
      const { json } = await sendModern(target, 'tools/call', { name: other, arguments: {} })
      expect([other, json.error?.code]).toEqual([other, -32602])
    }
  })
})

test('I1: one tool name on four servers: each is listed once and leads to its own, whatever servers call themselves [tools/name] [tools/same-names]', async () => {
  const names = await listToolNames(mine)
  expect(new Set(names).size).toBe(names.length)
  for (const server of ['legacy', 'modern', 'trusted', 'odd'])
    expect(names).toContain(`${server}__echo`)
  const before = servers['modern']?.calls('echo').length ?? 0
  await sendModern(mine, 'tools/call', { name: 'modern__echo', arguments: { for: 'modern' } })
  expect(servers['modern']?.calls('echo')).toHaveLength(before + 1)
})

test('I1: odd names harm nothing, and one that looks like another server’s leads to the server that has it [tools/name]', async () => {
  const names = await listToolNames(mine)
  expect(names).toContain('odd__legacy__echo')
  expect(names.filter((name) => name === 'legacy__echo')).toHaveLength(1)
  const before = servers['odd']?.calls('legacy__echo').length ?? 0
  await sendModern(mine, 'tools/call', { name: 'odd__legacy__echo', arguments: {} })
  expect(servers['odd']?.calls('legacy__echo')).toHaveLength(before + 1)
  for (const name of names) {
    expect([name, name.length <= 64]).toEqual([name, true])
  }
  // Both of one name would be one: which of them is called must not depend on luck.
  expect(names.filter((name) => name === 'odd__echo')).toHaveLength(1)
  const bareNames = await listToolNames(at('/mcp/bare'))
  expect(new Set(bareNames).size).toBe(bareNames.length)
})

test.each(['legacy', 'modern'])(
  'I2: a %s server that says its tool is read-only is not believed: a lost call is not repeated [tools/hints-untrusted] [upstreams/retry/never]',
  async (era) => {
    const count = (name: string): number => servers[era]?.calls(name).length ?? 0
    const before = count('flaky')
    const answer = await sendModern(mine, 'tools/call', { name: `${era}__flaky`, arguments: {} })
    expect(failureOf(answer)).toMatchObject({ code: 'server_lost', outcome: 'unknown' })
    expect(count('flaky')).toBe(before + 1)
    const pinnedBefore = count('pinned')
    await sendModern(mine, 'tools/call', { name: `${era}__pinned`, arguments: {} })
    expect(count('pinned')).toBe(pinnedBefore + 2)
  },
)

test('I2: with trustAnnotations its word counts, and pins are what clients are shown [tools/pins]', async () => {
  const before = servers['legacy']?.calls('flaky').length ?? 0
  await sendModern(mine, 'tools/call', { name: 'trusted__flaky', arguments: {} })
  expect(servers['legacy']?.calls('flaky')).toHaveLength(before + 2)
  const { json } = await sendModern(mine, 'tools/list', {})
  const tools = json.result?.['tools'] as { name: string; annotations?: Json }[] // shape of tools/list
  const pinned = tools.find(({ name }) => name === 'modern__pinned')
  expect(pinned?.annotations).toMatchObject({ readOnlyHint: true })
})

test('I5: unknown members of tools, annotations and results come out as they went in, under every name [features/bytes]', async () => {
  for (const target of [mine, at('/mcp/renamed'), at('/servers/modern/mcp')]) {
    const { text: list } = await sendModern(target, 'tools/list', {})
    expect(list).toContain('"x-unknown":{"a":[1,{"b":null}]}')
    expect(list).toContain('"x-future":{"kept":[1,null]}')
  }
  const answer = await sendModern(mine, 'tools/call', {
    name: 'modern__echo',
    arguments: { b: 1, a: 2 },
  })
  expect(answer.text).toContain('"x-unknown":{"z":1,"a":2}')
  expect(textOf(answer)).toBe('{"b":1,"a":2}')
})

test('I6: a mistake in the arguments is the server’s tool result, an unknown tool is -32602, and a denial of ours has its own mark [wire/error/protocol] [wire/error/tool-result]', async () => {
  const invalid = await sendModern(mine, 'tools/call', {
    name: 'modern__invalid',
    arguments: { region: 7 },
  })
  expect(invalid.json.result).toMatchObject({
    isError: true,
    content: [{ text: 'region must be a string' }],
  })
  expect(failureOf(invalid)).toBeUndefined()
  const unknown = await sendModern(mine, 'tools/call', { name: 'modern__nothing', arguments: {} })
  expect(unknown.json.error?.code).toBe(-32602)
  const lost = await sendModern(mine, 'tools/call', { name: 'modern__flaky', arguments: {} })
  expect(failureOf(lost)).toMatchObject({ code: 'server_lost', requestId: expect.any(String) })
})

test('I6: what an endpoint hides is byte for byte what never was: tools, prompts, resources, completion; no server is asked [endpoints/hidden]', async () => {
  const target = at('/mcp/renamed')
  const ref = (type: string, more: Json): Json => ({
    ref: { type, ...more },
    argument: { name: 'a', value: '' },
  })
  const pairs: [string, Json, Json][] = [
    [
      'tools/call',
      { name: 'modern__secret', arguments: {} },
      { name: 'modern__never0', arguments: {} },
    ],
    [
      'tools/call',
      { name: 'legacy__route', arguments: {} },
      { name: 'legacy__never', arguments: {} },
    ],
    ['prompts/get', { name: 'modern__secret' }, { name: 'modern__never0' }],
    ['resources/read', { uri: 'modern+secret://a' }, { uri: 'modern+never0://a' }],
    ['resources/read', { uri: 'secret://a' }, { uri: 'never0://a' }],
    [
      'completion/complete',
      ref('ref/prompt', { name: 'modern__secret' }),
      ref('ref/prompt', { name: 'modern__never0' }),
    ],
    [
      'completion/complete',
      ref('ref/resource', { uri: 'secret://a' }),
      ref('ref/resource', { uri: 'never0://a' }),
    ],
  ]
  // Everything was listed before, so nothing is read in between.
  for (const method of ['tools/list', 'prompts/list', 'resources/list']) {
    expect((await sendModern(target, method, {})).text).not.toContain('secret')
  }
  const session = await LegacySession.open(target)
  expect(toolNamesOf(await session.request('tools/list'))).not.toContain('modern__secret')
  const named = (answer: Answer): string =>
    bare(answer).replaceAll(/secret|never0|route|never/g, 'it')
  const before = Object.values(servers).map(({ seen }) => seen.length)
  for (const [method, hidden, never] of pairs) {
    const answers = [
      await sendModern(target, method, hidden),
      await sendModern(target, method, never),
    ]
    const [one, two] = answers.map(named)
    expect([method, one]).toEqual([method, two])
    expect(answers[0]?.json.error?.code).toBe(-32602)
    const [legacyHidden, legacyNever] = [
      await session.request(method, hidden),
      await session.request(method, never),
    ]
    expect([method, named(legacyHidden)]).toEqual([method, named(legacyNever)])
  }
  expect(Object.values(servers).map(({ seen }) => seen.length)).toEqual(before)
})

test.each(ERAS)(
  'I13: the policy of an interface stays as its server wrote it, and its page is data: never HTML of ours (%s) [features/ui] [endpoints/ui]',
  async (era) => {
    for (const target of [at(`/servers/${era}/mcp`), at('/mcp/renamed')]) {
      const { json } = await sendModern(target, 'tools/list', {})
      const tools = json.result?.['tools'] as { name: string; _meta?: { ui: Json } }[] // shape of tools/list
      const panel = tools.find(({ name }) => name === 'panel' || name === `${era}__panel`)
      const { resourceUri, ...policy } = panel?._meta?.ui ?? {}
      const { resourceUri: _own, ...expected } = APP.ui
      expect(policy).toEqual(expected)
      const answer = await sendModern(target, 'resources/read', { uri: resourceUri })
      expect(answer.headers['content-type']).toMatch(/^application\/json/)
      const contents = answer.json.result?.['contents'] as Record<string, unknown>[] | undefined // shape of resources/read
      const content = contents?.[0]
      expect(content).toMatchObject({ text: HTML, mimeType: 'text/html;profile=mcp-app' })
      expect(content?.['_meta']).toMatchObject({ ui: expected })
    }
  },
)
