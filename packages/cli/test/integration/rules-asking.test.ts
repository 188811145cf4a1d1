/** Rules C2, C3, C6, C9, C10, I7 and I8: who may be asked what, and who hears what. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  ABLE,
  ACCEPTED,
  answerOn,
  answerTo,
  askedBy,
  AskedSession,
  bare,
  questionOn,
  said,
  sendModern,
} from '../fixtures/asked.ts'
import { callers } from '../fixtures/callers.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import type { HttpFixture } from '../fixtures/servers/in-process.ts'
import { listen } from '../fixtures/servers/in-process.ts'
import {
  FORM,
  type ScriptedCall,
  type ScriptedServer,
  startScripted,
  text,
  tool,
} from '../fixtures/servers/scripted-server.ts'
import { failureOf, type Target, textOf } from '../fixtures/wire.ts'

type Json = Readonly<Record<string, unknown>>
const ERAS = ['legacy', 'modern'] as const
const QUESTIONS: Readonly<Record<string, Json>> = {
  form: { method: 'elicitation/create', params: { mode: 'form', ...FORM } },
  model: {
    method: 'sampling/createMessage',
    params: { messages: [{ role: 'user', content: { type: 'text', text: 'hm?' } }], maxTokens: 9 },
  },
  tools: {
    method: 'sampling/createMessage',
    params: {
      messages: [{ role: 'user', content: { type: 'text', text: 'hm?' } }],
      maxTokens: 9,
      tools: [{ name: 't', inputSchema: { type: 'object' } }],
    },
  },
  roots: { method: 'roots/list', params: {} },
}

let fetched = 0
let trap: HttpFixture
let gateway: TestGateway
let servers: Readonly<Record<'legacy' | 'modern', ScriptedServer>>
let mine: Target
let theirs: Target
const owned = new AsyncDisposableStack()
beforeAll(async () => {
  trap = owned.use(
    await listen((_request, response) => {
      fetched += 1
      response.end()
    }),
  )
  QUESTION_OF_TRAP['url'] = {
    method: 'elicitation/create',
    params: { mode: 'url', message: 'Go there.', url: `${trap.url}?x=1&y=%2F#z` },
  }
  const tools = ['form', 'url', 'model', 'tools', 'roots', 'log', 'echo'].map((name) => tool(name))
  const capabilities = { tools: {}, logging: {}, completions: {}, prompts: {}, resources: {} }
  const common = { tools, capabilities }
  const call = { log, echo: (one: ScriptedCall) => one.result(text('echo')) }
  const asking = Object.fromEntries(KINDS.map((kind) => [kind, asker(kind)]))
  const needing = Object.fromEntries(KINDS.map((kind) => [kind, needer(kind)]))
  servers = {
    legacy: owned.use(
      await startScripted({ ...common, era: 'legacy', call: { ...call, ...asking } }),
    ),
    modern: owned.use(
      await startScripted({
        ...common,
        era: 'modern',
        call: { ...call, ...needing },
        on: {
          'completion/complete': needer('form'),
          'prompts/get': needer('form'),
          'prompts/list': (one) => one.result({ ...HINTS, prompts: [{ name: 'ask' }] }),
          'resources/list': (one) =>
            one.result({ ...HINTS, resources: [{ uri: 'ask://1', name: 'a' }] }),
          'resources/templates/list': (one) => one.result({ ...HINTS, resourceTemplates: [] }),
          'resources/read': (one) => {
            if (one.params['inputResponses'] === undefined) return needer('form')(one)
            one.result({ ...HINTS, contents: [{ uri: 'ask://1', text: String(reads++) }] })
          },
        },
      }),
    ),
  }
  const { auth, next } = callers()
  gateway = owned.use(
    await startGateway({
      config: {
        auth,
        mcpServers: { legacy: { url: servers.legacy.url }, modern: { url: servers.modern.url } },
      },
    }),
  )
  mine = { url: gateway.url, token: next() }
  theirs = { url: gateway.url, token: next() }
})
afterAll(() => owned.disposeAsync())

let reads = 0
const HINTS = { resultType: 'complete', ttlMs: -7, cacheScope: 'public' }
const KINDS = ['form', 'url', 'model', 'tools', 'roots']
const QUESTION_OF_TRAP: Record<string, Json> = {}

function questionOfKind(kind: string): { method: string; params: Json } {
  const question = QUESTION_OF_TRAP[kind] ?? QUESTIONS[kind]
  return question as { method: string; params: Json } // every kind has one
}

function asker(kind: string): (call: ScriptedCall) => Promise<void> {
  return async (call) => {
    const { method, params } = questionOfKind(kind)
    const { result, error } = await call.ask(method, params)
    call.result(text(JSON.stringify(result ?? error)))
  }
}

function needer(kind: string): (call: ScriptedCall) => void {
  return (call) => {
    const { inputResponses } = call.params
    if (inputResponses !== undefined) {
      return call.result(text(JSON.stringify(inputResponses), { resultType: 'complete' }))
    }
    const inputRequests = { q: questionOfKind(kind) }
    call.result({ resultType: 'input_required', inputRequests, requestState: 's' })
  }
}

/** Logs at three levels, and answers. */
function log(call: ScriptedCall): void {
  for (const level of ['debug', 'warning', 'error']) {
    call.send({ method: 'notifications/message', params: { level, data: `said at ${level}` } })
  }
  call.result(text('logged', { resultType: 'complete' }))
}

/** What each kind of question needs, and a client that lacks just that. */
const LACKING: [string, Json][] = [
  ['form', { sampling: {}, roots: {} }],
  ['form', { elicitation: { url: {} } }],
  ['url', { elicitation: {} }],
  ['url', { elicitation: { form: {} } }],
  ['model', { elicitation: {} }],
  ['tools', { sampling: {} }],
  ['form', {}],
]

describe.each(LACKING)(
  'C2: a question of kind %s to a client that declares %j',
  (kind, capabilities) => {
    const elicits = kind === 'form' || kind === 'url'

    test('of a legacy server is declined for an elicitation, else -32021, and no state is left [questions/capability]', async () => {
      const params = { name: `legacy__${kind}`, arguments: {} }
      const answer = await sendModern(mine, 'tools/call', params, { capabilities })
      if (elicits) expect(textOf(answer)).toBe('{"action":"decline"}')
      else {
        expect([answer.status, answer.json.error]).toMatchObject([
          400,
          { code: -32021, data: { requiredCapabilities: { sampling: {} } } },
        ])
      }
      expect(answer.text).not.toContain('requestState')
      const session = await AskedSession.open(mine, capabilities)
      await using stream = await session.beginCall(`legacy__${kind}`)
      const got = await answerOn(stream)
      expect(stream.messages.filter(({ method }) => method !== undefined)).toEqual([])
      if (elicits) expect(said(got)).toBe('{"action":"decline"}')
      else expect(JSON.parse(said(got))).toMatchObject({ code: -32601 })
    })

    test('of a modern server is -32021 with what is missing, for clients of either era [questions/capability]', async () => {
      const name = elicits ? 'elicitation' : 'sampling'
      const params = { name: `modern__${kind}`, arguments: {} }
      const answer = await sendModern(mine, 'tools/call', params, { capabilities })
      const error = { code: -32021, data: { requiredCapabilities: { [name]: {} } } }
      expect([answer.status, answer.json.error]).toMatchObject([400, error])
      const session = await AskedSession.open(mine, capabilities)
      await using stream = await session.beginCall(`modern__${kind}`)
      const got = await answerOn(stream)
      expect(got.error).toMatchObject(error)
      expect(stream.messages.filter(({ method }) => method !== undefined)).toEqual([])
    })
  },
)

test('C2: roots are nobody’s unless configured, whatever clients declare [questions/roots] [upstreams/capabilities]', async () => {
  const legacy = await sendModern(mine, 'tools/call', { name: 'legacy__roots', arguments: {} })
  expect(JSON.parse(textOf(legacy))).toMatchObject({ code: -32601 })
  const session = await AskedSession.open(mine)
  await using stream = await session.beginCall('legacy__roots')
  expect(JSON.parse(said(await answerOn(stream)))).toMatchObject({ code: -32601 })
  await sendModern(mine, 'tools/call', { name: 'modern__echo', arguments: {} })
  const declared = servers.legacy.seen
    .filter(({ message }) => message['method'] === 'initialize')
    .map(({ message }) => (message['params'] as Json)['capabilities']) // by the protocol
  for (const one of declared)
    expect(Object.keys(one as object)).toEqual(['elicitation', 'sampling'])
  const last = servers.modern.calls('echo').at(-1)?.message['params'] as { _meta: Json } // by the protocol
  const told = last._meta['io.modelcontextprotocol/clientCapabilities']
  expect(told).toEqual({ elicitation: ABLE.elicitation, sampling: ABLE.sampling })
})

test('C3: input_required in answer to anything but the three methods is a broken protocol, and nobody is asked [questions/methods]', async () => {
  const params = {
    ref: { type: 'ref/prompt', name: 'modern__ask' },
    argument: { name: 'a', value: 'b' },
  }
  const answer = await sendModern(mine, 'completion/complete', params)
  expect(failureOf(answer)).toMatchObject({ code: 'server_protocol' })
  expect(answer.text).not.toContain('input_required')
  for (const [method, of] of [
    ['prompts/get', { name: 'modern__ask' }],
    ['resources/read', { uri: 'ask://1' }],
  ] as const) {
    const asked = await sendModern(mine, method, of)
    expect(asked.json.result).toMatchObject({ resultType: 'input_required' })
  }
})

test.each(ERAS)(
  'C3: a retry is a new request at the server, and answers to nothing are ignored: %s [questions/rounds/partial]',
  async (era) => {
    const asked = await askedBy(mine, `${era}__form`)
    const inputResponses = {
      ...Object.fromEntries(asked.keys.map((key) => [key, ACCEPTED])),
      'never-asked': { action: 'accept', content: { colour: 'evil' } },
      __proto__x: ACCEPTED,
    }
    const params = {
      name: `${era}__form`,
      arguments: {},
      inputResponses,
      requestState: asked.state,
    }
    const answer = await sendModern(mine, 'tools/call', params, { id: 'another' })
    expect(answer.json.id).toBe('another')
    expect(textOf(answer)).toContain('blue')
    if (era === 'legacy') expect(textOf(answer)).not.toContain('evil')
    const ids = servers[era].calls('form').map(({ message }) => message['id'])
    expect(new Set(ids).size).toBe(ids.length)
  },
)

test('C6: what was read after a question is read anew each time, for everyone [calls/cache]', async () => {
  const read = async (target: Target): Promise<string> => {
    const asked = await sendModern(target, 'resources/read', { uri: 'ask://1' })
    const { requestState, inputRequests } = asked.json.result ?? {}
    const keys = Object.keys(inputRequests as object)
    const inputResponses = Object.fromEntries(keys.map((key) => [key, ACCEPTED]))
    const params = { uri: 'ask://1', inputResponses, requestState }
    const { json } = await sendModern(target, 'resources/read', params)
    const contents = json.result?.['contents'] as { text: string }[] | undefined // shape of resources/read
    return contents?.[0]?.text ?? ''
  }
  const texts = [await read(mine), await read(theirs), await read(mine)]
  expect(new Set(texts).size).toBe(3)
})

test('C6: a time to live below zero never reaches a client in a list [features/cache-hints]', async () => {
  for (const method of [
    'tools/list',
    'prompts/list',
    'resources/list',
    'resources/templates/list',
  ]) {
    const { json } = await sendModern(mine, method, {})
    expect([method, json.result?.['cacheScope']]).toEqual([method, 'private'])
    expect(Number(json.result?.['ttlMs'])).toBeGreaterThanOrEqual(0)
  }
})

test('C9: a modern client hears logs from the level it named, and none when it named none [calls/logs]', async () => {
  const level = 'io.modelcontextprotocol/logLevel'
  const heard = async (era: string, meta: Json): Promise<string[]> => {
    const params = { name: `${era}__log`, arguments: {} }
    const { text: stream } = await sendModern(mine, 'tools/call', params, { meta })
    return [...stream.matchAll(/said at (\w+)/g)].map(([, one = '']) => one)
  }
  for (const era of ERAS) {
    expect([era, await heard(era, {})]).toEqual([era, []])
    expect([era, await heard(era, { [level]: 'warning' })]).toEqual([era, ['warning', 'error']])
    expect([era, await heard(era, { [level]: 'emergency' })]).toEqual([era, []])
  }
})

test('C9: a level that is none asks for nothing, and nobody hears of another key’s calls [calls/logs]', async () => {
  const session = await AskedSession.open(theirs)
  await session.post({
    jsonrpc: '2.0',
    id: 50,
    method: 'logging/setLevel',
    params: { level: 'debug' },
  })
  await using stream = await session.listen()
  const meta = { 'io.modelcontextprotocol/logLevel': 'debug' }
  for (const era of ERAS) {
    const answer = await sendModern(
      mine,
      'tools/call',
      { name: `${era}__log`, arguments: {} },
      { meta },
    )
    expect(answer.text).toContain('said at debug')
  }
  const none = { 'io.modelcontextprotocol/logLevel': 'shout' }
  for (const era of ERAS) {
    const params = { name: `${era}__log`, arguments: {} }
    const answer = await sendModern(mine, 'tools/call', params, { meta: none })
    expect([era, answer.text.includes('said at')]).toEqual([era, false])
  }
  expect(stream.text).not.toContain('said at')
})

test('C10: who a client or a server says it is changes nothing [tools/name] [upstreams/credential]', async () => {
  const spoofed = (name: string): Promise<string> =>
    sendModern(
      mine,
      'tools/list',
      {},
      {
        meta: { 'io.modelcontextprotocol/clientInfo': { name, version: '9', admin: true } },
        headers: { 'user-agent': name, 'x-user': 'root', 'sallyport-caller': 'root' },
      },
    ).then(bare)
  const plain = await spoofed('asked')
  for (const name of ['sallyport', 'operator', 'modern', ''])
    expect(await spoofed(name)).toBe(plain)
  const asked = await askedBy(mine, 'modern__form')
  const meta = { 'io.modelcontextprotocol/clientInfo': { name: 'asked', version: '1.0.0' } }
  const stolen = await answerTo(theirs, 'modern__form', asked, { meta })
  expect(stolen.json.error?.code).toBe(-32602)
  // Both servers say that they are called `scripted`.
  expect(plain).toContain('legacy__echo')
  expect(plain).toContain('modern__echo')
  expect(plain).not.toContain('scripted__')
})

test('I8: who calls is who the credential says, whatever headers claim; nothing of them goes to a server [record/row] [upstreams/credential]', async () => {
  const claims = {
    'x-forwarded-user': 'canary-root',
    'sallyport-caller': 'canary-root',
    'x-user-id': 'canary-root',
    cookie: 'user=canary-root',
  }
  for (const era of ERAS) {
    const params = { name: `${era}__echo`, arguments: {} }
    expect(textOf(await sendModern(mine, 'tools/call', params, { headers: claims }))).toBe('echo')
    expect(JSON.stringify(servers[era].seen)).not.toContain('canary')
    expect(JSON.stringify(servers[era].seen)).not.toContain(mine.token)
  }
  const { items } = await gateway.json<{ items: { principal: string; tool: string | null }[] }>([
    'audit',
    'list',
  ])
  const rows = items.filter(({ tool: name }) => name?.endsWith('echo'))
  expect(rows.length).toBeGreaterThan(0)
  for (const row of rows) expect(row.principal).toBe('token:caller-0')
  expect(JSON.stringify(items)).not.toContain('canary')
})

test('I7: an address to visit is shown whole and fetched by nobody, and finishing it is the starter’s own [questions/who-asks]', async () => {
  const before = fetched
  const url = `${trap.url}?x=1&y=%2F#z`
  for (const era of ERAS) {
    const asked = await askedBy(mine, `${era}__url`)
    const shown = Object.values(asked.answer.json.result?.['inputRequests'] as object)
    expect(shown).toMatchObject([{ params: { mode: 'url', url } }])
    expect((await answerTo(theirs, `${era}__url`, asked)).json.error?.code).toBe(-32602)
    expect(textOf(await answerTo(mine, `${era}__url`, asked))).toContain('accept')
    const session = await AskedSession.open(mine)
    await using stream = await session.beginCall(`${era}__url`)
    const question = await questionOn(stream)
    expect(question).toMatchObject({ params: { mode: 'url', url } })
    await session.answer(question)
    expect(said(await answerOn(stream))).toContain('accept')
  }
  expect(fetched).toBe(before)
})
