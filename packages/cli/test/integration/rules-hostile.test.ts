/** What broken and hostile servers do to a call: a defined error each time, and the other calls go on. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { answerOn, AskedSession, questionOn, said, sendModern } from '../fixtures/asked.ts'
import { callers } from '../fixtures/callers.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { type HttpFixture, listen } from '../fixtures/servers/in-process.ts'
import {
  FORM,
  type ScriptedCall,
  type ScriptedServer,
  startScripted,
  text,
  tool,
} from '../fixtures/servers/scripted-server.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { callTool, failureOf, listToolNames, type Target, textOf } from '../fixtures/wire.ts'

type Json = Readonly<Record<string, unknown>>
type Hostile = (call: ScriptedCall) => unknown
const ERAS = ['legacy', 'modern'] as const
const DONE = { resultType: 'complete' }

let fetched = 0
let trap: HttpFixture
let gateway: TestGateway
let mine: Target
let theirs: Target
const servers: Record<string, ScriptedServer> = {}
const owned = new AsyncDisposableStack()
beforeAll(async () => {
  trap = owned.use(
    await listen((_request, response) => {
      fetched += 1
      response.end('{}')
    }),
  )
  const names = [...Object.keys(HOSTILE), ...Object.keys(HARMLESS), ...Object.keys(STAGED)]
  const tools = [
    ...['echo', ...names].map((name) => tool(name)),
    ...Object.entries(bombs(trap.url)).map(([name, inputSchema]) => tool(name, { inputSchema })),
    tool('promises', { outputSchema: { $ref: `${trap.url}/output` } }),
  ]
  const echo: Hostile = (call) =>
    call.result(text(JSON.stringify(call.params['arguments'] ?? {}), DONE))
  const bombed = Object.fromEntries(Object.keys(bombs('')).map((name) => [name, echo]))
  const promises: Hostile = (call) =>
    call.result({ ...text('kept'), ...DONE, structuredContent: { not: 'as promised' } })
  const call = { echo, promises, ...bombed, ...HOSTILE, ...HARMLESS, ...STAGED }
  for (const era of ERAS) servers[era] = owned.use(await startScripted({ era, tools, call }))
  const { auth, next } = callers()
  gateway = owned.use(
    await startGateway({
      config: {
        auth,
        mcpServers: Object.fromEntries(
          ERAS.map((era) => [era, { url: servers[era]?.url, callTimeout: '2s' }]),
        ),
        limits: { resultBytes: '64KiB' },
      },
    }),
  )
  mine = { url: gateway.url, token: next() }
  theirs = { url: gateway.url, token: next() }
})
afterAll(() => owned.disposeAsync())

/** Whatever a server did to a call, others of both keys and the server itself go on. */
afterEach(async () => {
  for (const era of ERAS) {
    for (const target of [mine, theirs]) {
      expect(textOf(await callTool(target, `${era}__echo`, { still: 'here' }))).toContain('here')
    }
  }
})

function json(call: ScriptedCall, body: string, type = 'application/json', status = 200): void {
  call.response.writeHead(status, { 'content-type': type }).end(body)
}

const good = (call: ScriptedCall, value = 'good'): Json => ({
  jsonrpc: '2.0',
  id: call.id,
  result: text(value, DONE),
})
const line = (message: unknown): string => `data: ${JSON.stringify(message)}\n\n`

/** What no client gets an answer from. */
const HOSTILE: Readonly<Record<string, Hostile>> = {
  'not-json': (call) => json(call, '{"jsonrpc":'),
  nothing: (call) => json(call, ''),
  'no-content': (call) => call.response.writeHead(204).end(),
  accepted: (call) => call.response.writeHead(202).end(),
  html: (call) => json(call, '<html>login</html>', 'text/html'),
  'an-array': (call) => json(call, JSON.stringify([good(call)])),
  'a-text': (call) => json(call, '"good"'),
  'other-id': (call) => json(call, JSON.stringify({ ...good(call), id: 'another' })),
  'id-as-text': (call) => json(call, JSON.stringify({ ...good(call), id: String(call.id) })),
  'result-and-error': (call) =>
    json(call, JSON.stringify({ ...good(call), error: { code: 1, message: 'both' } })),
  neither: (call) => json(call, JSON.stringify({ jsonrpc: '2.0', id: call.id })),
  'twice-named': (call) =>
    json(call, `{"jsonrpc":"2.0","id":${call.id},"result":{"content":[]},"result":{"content":[]}}`),
  'no-utf-8': (call) => {
    const before = `{"jsonrpc":"2.0","id":${call.id},"result":{"content":[{"type":"text","text":"`
    call.response.writeHead(200, { 'content-type': 'application/json' })
    call.response.end(
      Buffer.concat([Buffer.from(before), Buffer.from([0xff, 0xfe]), Buffer.from('"}]}}')]),
    )
  },
  'too-deep': (call) =>
    json(
      call,
      `{"jsonrpc":"2.0","id":${call.id},"result":{"content":[],"x":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`,
    ),
  'status-500': (call) => json(call, 'boom', 'text/plain', 500),
  redirect: (call) => call.response.writeHead(302, { location: trap.url }).end(),
  cut: (call) => {
    call.response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' })
    call.response.write('{"jsonrpc":"2.0"')
    setTimeout(() => call.response.destroy(), 20)
  },
  'stream-ends': (call) => {
    call.raw(': hello\n\n')
    call.end()
  },
  'stream-of-garbage': (call) => {
    call.raw('data: {"jsonrpc":\n\ndata: nonsense\n\nnonsense\n\nid: \0\n\nevent: x\ndata: []\n\n')
    call.end()
  },
  'stream-of-other-ids': (call) => {
    for (const id of ['x', 0, -1, null, 1e300]) call.raw(line({ ...good(call), id }))
    call.end()
  },
  'over-the-cap': (call) => call.result(text('x'.repeat(70_000), DONE)),
  'over-the-cap-on-a-stream': (call) => {
    call.send({ method: 'notifications/x', params: {} })
    call.result(text('x'.repeat(70_000), DONE))
  },
  'a-line-without-end': (call) => {
    call.raw('data: ')
    const timer = setInterval(() => call.response.write('x'.repeat(16_000)), 5)
    call.response.once('close', () => clearInterval(timer))
  },
  'never-answers': () => undefined,
  'never-answers-but-talks': (call) => {
    const timer = setInterval(() => call.raw(': still here\n\n'), 20)
    call.response.once('close', () => clearInterval(timer))
  },
  'never-answers-but-logs': (call) => {
    const params = { level: 'info', data: 'x' }
    const timer = setInterval(() => call.send({ method: 'notifications/message', params }), 5)
    call.response.once('close', () => clearInterval(timer))
  },
}

/** What each of those is called, when it is not a broken protocol. */
const CODES: Readonly<Record<string, string>> = {
  'status-500': 'server_unavailable',
  cut: 'server_lost',
  'stream-ends': 'server_lost',
  'stream-of-garbage': 'server_lost',
  'stream-of-other-ids': 'server_lost',
  'over-the-cap': 'result_too_large',
  'over-the-cap-on-a-stream': 'result_too_large',
  'a-line-without-end': 'result_too_large',
  'never-answers': 'deadline_exceeded',
  'never-answers-but-talks': 'deadline_exceeded',
  'never-answers-but-logs': 'deadline_exceeded',
}

/** What is bad manners, and costs the call nothing. */
const HARMLESS: Readonly<Record<string, Hostile>> = {
  'answers-twice': (call) => {
    call.raw(line(good(call)) + line(good(call, 'second')))
    call.end()
  },
  'answers-and-goes-on': (call) => {
    call.raw(line(good(call)))
    call.send({ method: 'notifications/message', params: { level: 'error', data: 'after' } })
    const timer = setInterval(() => call.raw(line(good(call, 'again'))), 20)
    call.response.once('close', () => clearInterval(timer))
  },
  'garbage-before': (call) => {
    call.raw('data: {"jsonrpc":\n\nnonsense\n\ndata: nonsense\n\n: x\nretry: -1\n\n')
    call.raw(line({ ...good(call, 'wrong'), id: 'x' }) + line(good(call)))
    call.end()
  },
  'odd-lines': (call) => {
    const whole = JSON.stringify(good(call))
    call.raw(`event: message\r\nid: 1\r\ndata: ${whole.slice(0, 20)}`)
    setTimeout(() => {
      call.raw(`${whole.slice(20)}\r\n\r\n`)
      call.end()
    }, 20)
  },
  'unknown-notifications': (call) => {
    call.send({ method: 'notifications/nobody-knows', params: { a: 1 } })
    call.send({ method: 'notifications/cancelled', params: { requestId: 'x' } })
    call.send({ method: 'notifications/progress', params: { progressToken: 'x', progress: 1 } })
    call.result(text('good', DONE))
  },
}

const released: (() => void)[] = []
/** Calls whose end the test decides. */
const STAGED: Readonly<Record<string, Hostile>> = {
  staged: async (call) => {
    await new Promise<void>((resolve) => released.push(resolve))
    call.result(text(`released ${JSON.stringify(call.params['arguments'])}`, DONE))
  },
  late: async (call) => {
    await once(call.response, 'close')
    lates += 1
    call.response.write('data: late\n\n')
  },
  crossed: async (call) => {
    crossed.push(call)
    if (crossed.length < 2) return
    const [one, two] = crossed.splice(0)
    // Each answer comes on the stream of the other call.
    if (one && two) {
      one.raw(line(good(two, 'crossed')))
      two.raw(line(good(one, 'crossed')))
      one.end()
      two.end()
    }
  },
  collide: async (call) => {
    call.send({ id: call.id, method: 'elicitation/create', params: FORM })
    call.send({ id: call.id, method: 'elicitation/create', params: FORM })
    call.send({ id: 1, method: 'ping' })
    await sleep(50)
    call.result(text('good', DONE))
  },
}
let lates = 0
const crossed: ScriptedCall[] = []

/** Schemas that hurt whoever works them out. */
function bombs(url: string): Readonly<Record<string, Json>> {
  const doubling = Object.fromEntries(
    Array.from({ length: 40 }, (_, at) => [
      `d${at}`,
      { allOf: [{ $ref: `#/$defs/d${at + 1}` }, { $ref: `#/$defs/d${at + 1}` }] },
    ]),
  )
  let deep: Json = { type: 'string' }
  for (let level = 0; level < 20; level += 1) deep = { type: 'object', properties: { a: deep } }
  return {
    'ref-remote': { type: 'object', properties: { a: { $ref: `${url}/schema.json` } } },
    'ref-file': { type: 'object', properties: { a: { $ref: 'file:///etc/passwd' } } },
    'ref-dynamic': {
      $schema: `${url}/meta`,
      $id: `${url}/id`,
      type: 'object',
      $dynamicRef: `${url}/d`,
    },
    'ref-itself': { type: 'object', $ref: '#', properties: { a: { $ref: '#' } } },
    doubling: {
      type: 'object',
      $defs: { ...doubling, d40: { type: 'string' } },
      $ref: '#/$defs/d0',
    },
    deep,
    'slow-pattern': { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } },
  }
}

describe.each(ERAS)('a %s server', (era) => {
  test.each(Object.keys(HOSTILE))(
    'that answers with %s fails its call alone, in defined words [upstreams/hostile/stream] [limits/result]',
    async (name) => {
      const before = fetched
      const answer = await callTool(mine, `${era}__${name}`)
      const failure = failureOf(answer)
      expect(failure?.code).toBe(CODES[name] ?? 'server_protocol')
      // Who is sent elsewhere was not served here.
      expect(failure?.outcome).toBe(name === 'redirect' ? 'not_sent' : 'unknown')
      expect(answer.json.result).toMatchObject({ isError: true })
      expect(fetched).toBe(before)
    },
  )

  test.each(Object.keys(HARMLESS))('with bad manners (%s) harms nothing', async (name) => {
    expect(textOf(await callTool(mine, `${era}__${name}`))).toBe('good')
  })

  test('that answers out of order answers each its own', async () => {
    const calls = [0, 1, 2].map(async (at) => {
      const answer = callTool(at === 1 ? theirs : mine, `${era}__staged`, { at }, { id: 1 })
      await waitUntil('the call to wait', () => released.length > at)
      return { answer }
    })
    for (const call of calls) await call
    for (const release of released.splice(0).toReversed()) release()
    const answers = await Promise.all(calls.map(async (call) => (await call).answer))
    expect(answers.map(textOf)).toEqual(
      ['{"at":0}', '{"at":1}', '{"at":2}'].map((one) => `released ${one}`),
    )
  })

  test('that puts the answers of two keys on each other’s streams gives neither to the wrong one [upstreams/request-id]', async () => {
    const answers = await Promise.all([
      callTool(mine, `${era}__crossed`),
      callTool(theirs, `${era}__crossed`),
    ])
    for (const answer of answers) {
      expect(textOf(answer)).not.toBe('crossed')
      expect(failureOf(answer)).toMatchObject({ outcome: 'unknown' })
    }
  })

  test('that answers after cancellation is not heard any more, and the client’s session goes on [upstreams/cancel]', async () => {
    const session = await AskedSession.open(mine)
    const before = lates
    await using stream = await session.beginCall(`${era}__late`)
    await waitUntil('the call to arrive', () => servers[era]?.calls('late').length)
    const params = { requestId: 1 }
    await session.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params })
    await waitUntil('the server to answer late', () => lates === before + 1)
    await sleep(100)
    expect(stream.text).not.toContain('late')
    await using next = await session.beginCall(`${era}__echo`, { a: 1 })
    expect(said(await answerOn(next))).toBe('{"a":1}')
  })

  test.each(Object.keys(bombs('')))(
    'with the schema %s is listed, called and never worked out [features/schema]',
    async (name) => {
      const before = fetched
      const sinceMs = performance.now()
      const own = { ...mine, url: `${gateway.data}/servers/${era}/mcp` }
      expect(await listToolNames(own)).toContain(name)
      const answer = await callTool(own, name, { a: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' })
      expect(textOf(answer)).toContain('aaa')
      expect(performance.now() - sinceMs).toBeLessThan(5_000)
      expect(fetched).toBe(before)
    },
  )

  test('whose result is not what its remote output schema says has it carried, and nothing fetched [features/schema]', async () => {
    const { json: answer } = await callTool(mine, `${era}__promises`)
    expect(answer.result).toMatchObject({ structuredContent: { not: 'as promised' } })
    expect(fetched).toBe(0)
  })
})

test('a legacy server that asks under the id of the call, twice, confuses nobody [upstreams/request-id] [wire/question/once]', async () => {
  const session = await AskedSession.open(mine)
  await using stream = await session.beginCall('legacy__collide')
  const question = await questionOn(stream)
  expect(question.id).not.toBe(1)
  expect(said(await answerOn(stream))).toBe('good')
})

test('a client that uses one id for two calls at once has each answered on its own request, or refused in words [upstreams/request-id]', async () => {
  const session = await AskedSession.open(mine)
  const post = (at: number) =>
    session.post({
      jsonrpc: '2.0',
      id: 'same',
      method: 'tools/call',
      params: { name: 'legacy__echo', arguments: { at } },
    })
  const answers = await Promise.all([0, 1, 2].map(post))
  for (const [at, { json: answer }] of answers.entries()) {
    expect(answer.id).toBe('same')
    if (answer.error) expect(answer.error.code).toBe(-32600)
    else expect(said(answer)).toBe(JSON.stringify({ at }))
  }
  const modern = await Promise.all(
    [0, 1].map((at) =>
      sendModern(mine, 'tools/call', { name: 'legacy__echo', arguments: { at } }, { id: 'same' }),
    ),
  )
  expect(modern.map(textOf)).toEqual(['{"at":0}', '{"at":1}'])
})
