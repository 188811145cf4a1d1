import { AppError } from '@sallyport/kit/errors'
import { expect, test } from 'vitest'
import { readTools } from '../routing/tool.ts'
import type { UpstreamReply, Wire } from '../upstreams/upstream.ts'
import type { Call } from './call.ts'
import { createInvoke } from './invoke.ts'
import {
  FakeUpstreams,
  parsed,
  testCall,
  testExchange,
  type TestExchangeOptions,
  testReply,
  testTarget,
} from './testing-call.ts'

const ENVELOPE = { clientInfo: { name: 'sallyport', version: '1' } }
const WIRE: Wire = { id: 41, era: 'legacy', version: '2025-11-25' }
const DONE = '{"jsonrpc":"2.0","id":41,"result":{"content":[]}}'

function done(text = DONE): UpstreamReply {
  return { message: testReply(text), era: 'legacy' }
}

function invoke(upstreams: FakeUpstreams, call: Call) {
  return createInvoke(upstreams, ENVELOPE)(call)
}

const lost = (outcome?: 'not_sent' | 'unknown') =>
  new AppError('server_lost', 'gone', outcome === undefined ? {} : { outcome })

/** A tool that carries arguments in headers. */
function headerTool() {
  const inputSchema = { properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } }
  const page = Buffer.from(JSON.stringify({ tools: [{ name: 'echo', inputSchema }] }))
  return readTools('files', [page], {})[0]
}

test.each([
  ['a name that leads nowhere', '{"name":"no__such"}', 'Unknown tool: no__such'],
  ['a name that is no string', '{"name":7}', 'Unknown tool: 7'],
  ['no name', '{}', 'Unknown tool: (no name)'],
])(
  '%s is refused as bad parameters, and no server hears of it [tools/unknown]',
  async (_case, params, text) => {
    const upstreams = new FakeUpstreams()
    const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`
    const { answer, outcome, code } = await invoke(upstreams, {
      exchange: testExchange(body),
      target: undefined,
    })
    expect(parsed(answer.bytes).error).toEqual({ code: -32602, message: text })
    expect([outcome, code, upstreams.calls.length]).toEqual(['refused', '-32602', 0])
  },
)

test('a lost server is not asked again for a tool that may change something [upstreams/retry/never]', async () => {
  const upstreams = new FakeUpstreams(() => Promise.reject(lost('unknown')))
  await expect(invoke(upstreams, testCall())).rejects.toMatchObject({
    code: 'server_lost',
    outcome: 'unknown',
  })
  expect(upstreams.calls).toHaveLength(1)
})

const REPEATABLE = testTarget({ readOnly: true })

test('a lost server is asked once more, never twice, for a tool pinned read-only [upstreams/retry/pinned]', async () => {
  const recovering = new FakeUpstreams((_request, attempt) => {
    if (attempt === 1) throw lost('unknown')
    return done()
  })
  expect((await invoke(recovering, testCall(REPEATABLE))).outcome).toBe('ok')
  const failing = new FakeUpstreams(() => Promise.reject(lost('unknown')))
  await expect(invoke(failing, testCall(REPEATABLE))).rejects.toMatchObject({ code: 'server_lost' })
  expect([recovering.calls.length, failing.calls.length]).toEqual([2, 2])
})

test.each([
  'deadline_exceeded',
  'server_protocol',
  'server_start_failed',
  'server_unauthorized',
  'overloaded',
  'cancelled',
] as const)('%s is not repeated, whatever the tool', async (code) => {
  const upstreams = new FakeUpstreams(() => Promise.reject(new AppError(code, 'no')))
  await expect(invoke(upstreams, testCall(REPEATABLE))).rejects.toMatchObject({ code })
  expect(upstreams.calls).toHaveLength(1)
})

test('a call that was aborted meanwhile is not repeated', async () => {
  const call = testCall(REPEATABLE)
  const upstreams = new FakeUpstreams(() => {
    call.exchange.controller.abort(new AppError('cancelled', 'gone'))
    throw lost('unknown')
  })
  await expect(invoke(upstreams, call)).rejects.toMatchObject({ code: 'server_lost' })
  expect(upstreams.calls).toHaveLength(1)
})

test('a repeat that is not sent does not make the first attempt unsent', async () => {
  const upstreams = new FakeUpstreams((_request, attempt) => {
    if (attempt === 1) throw lost('unknown')
    throw new AppError('server_start_failed', 'no', { outcome: 'not_sent' })
  })
  await expect(invoke(upstreams, testCall(REPEATABLE))).rejects.toMatchObject({
    code: 'server_start_failed',
    outcome: 'unknown',
  })
})

test('an attempt that was never sent may be followed by one that is not either', async () => {
  const upstreams = new FakeUpstreams(() => Promise.reject(lost('not_sent')))
  await expect(invoke(upstreams, testCall(REPEATABLE))).rejects.toMatchObject({
    outcome: 'not_sent',
  })
})

test.each([
  ['before its bytes were made', false, 'not_sent'],
  ['after its bytes were made', true, 'unknown'],
] as const)(
  'a failure without a verdict %s has the effect %s [upstreams/lost/outcome]',
  async (_case, encodes, outcome) => {
    const upstreams = new FakeUpstreams((request) => {
      if (encodes) request.encode(WIRE)
      throw new AppError('deadline_exceeded', 'late', { retryAfterMs: 5, details: { a: 1 } })
    })
    await expect(invoke(upstreams, testCall())).rejects.toMatchObject({
      code: 'deadline_exceeded',
      outcome,
      retryAfterMs: 5,
      details: { a: 1 },
    })
  },
)

test("a session's own verdict on the effect stands", async () => {
  const upstreams = new FakeUpstreams((request) => {
    request.encode(WIRE)
    throw new AppError('overloaded', 'no', { outcome: 'not_sent' })
  })
  await expect(invoke(upstreams, testCall())).rejects.toMatchObject({ outcome: 'not_sent' })
})

test("the server gets its own tool name, the principal's session and the call's signal", async () => {
  const upstreams = new FakeUpstreams(() => done())
  const call = testCall()
  await invoke(upstreams, call)
  const { server, principal, request } = upstreams.calls[0] ?? expect.unreachable('one call')
  expect([server, principal.id, request.name, request.method]).toEqual([
    'files',
    'key:alice',
    'echo',
    'tools/call',
  ])
  expect(request.signal).toBe(call.exchange.controller.signal)
  expect(parsed(request.encode(WIRE))).toMatchObject({ id: 41, params: { name: 'echo' } })
})

test("under a server's own address the name is left as the client wrote it", async () => {
  const upstreams = new FakeUpstreams(() => done())
  const text = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\\u0065cho"}}'
  await invoke(upstreams, {
    exchange: testExchange(text, { scope: 'files' }),
    target: testTarget(),
  })
  expect(upstreams.calls[0]?.request.encode(WIRE).toString()).toContain('"name":"\\u0065cho"')
})

test('an answer over the byte budget is refused, and its effect is unknown [limits/bytes/total]', async () => {
  const upstreams = new FakeUpstreams(() => done())
  await expect(
    invoke(upstreams, testCall(testTarget(), { budget: DONE.length - 1 })),
  ).rejects.toMatchObject({ code: 'overloaded', outcome: 'unknown' })
  expect((await invoke(upstreams, testCall(testTarget(), { budget: DONE.length }))).outcome).toBe(
    'ok',
  )
})

/** Relays notifications of a call made with this `_meta`; undefined when nothing listens. */
async function relayed(meta: string, sent: readonly string[], notified = true) {
  const got: string[] = []
  const upstreams = new FakeUpstreams((request) => {
    for (const text of sent) request.onNotification?.(testReply(text))
    return done()
  })
  const text = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":${meta},"name":"files__echo"}}`
  const options: TestExchangeOptions = notified
    ? { notify: (message) => void got.push(message.toString()) }
    : {}
  await invoke(upstreams, { exchange: testExchange(text, options), target: testTarget() })
  return upstreams.calls[0]?.request.onNotification === undefined ? undefined : got
}

const progress = (token: string) =>
  `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1.0,"progressToken":${token},"total":2}}`

test.each(['"p-1"', '7', '12345678901234567890', '"\\u0070"', '-0.0', '"41"'])(
  "progress comes under the client's own token %s, byte for byte [wire/progress]",
  async (token) => {
    expect(await relayed(`{"progressToken":${token}}`, [progress('41')])).toEqual([progress(token)])
  },
)

test('nothing but progress under a token is relayed', async () => {
  const others = [
    '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}',
    progress('41').replace('progress"', 'message"'),
    '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}',
    '{"jsonrpc":"2.0","method":"notifications/progress"}',
  ]
  expect(await relayed('{"progressToken":"p"}', others)).toEqual([])
})

test('a client that asked for no progress, or takes none, gets none', async () => {
  expect(await relayed('{}', [progress('41')])).toBe(undefined)
  expect(await relayed('7', [progress('41')])).toBe(undefined)
  expect(await relayed('{"progressToken":"p"}', [progress('41')], false)).toBe(undefined)
})

function callWithRegion(options: TestExchangeOptions, args = '{"region":"eu"}'): Call {
  const text = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"files__echo","arguments":${args}}}`
  const target = testTarget({}, headerTool(), { kind: 'http', url: 'http://x/' })
  return { exchange: testExchange(text, options), target }
}

test.each([
  ['no header', {}],
  ['another value', { 'mcp-param-region': 'us' }],
  ['another case', { 'mcp-param-region': 'EU' }],
])(
  'a modern call with %s for a declared argument is refused unsent [wire/header/param]',
  async (_case, headers) => {
    const upstreams = new FakeUpstreams()
    const { answer, outcome } = await invoke(upstreams, callWithRegion({ era: 'modern', headers }))
    expect([answer.status, parsed(answer.bytes).error?.code, outcome]).toEqual([
      400,
      -32020,
      'refused',
    ])
    expect(upstreams.calls).toEqual([])
  },
)

test.each([
  ['modern', { 'mcp-param-region': 'eu', 'mcp-param-x': 'y', cookie: 'z' }, { 'mcp-param-x': 'y' }],
  ['legacy', { 'mcp-param-region': 'us', 'mcp-param-x': 'y' }, {}],
] as const)(
  'a %s call carries declared arguments as headers [upstreams/header/agree]',
  async (era, headers, foreign) => {
    const upstreams = new FakeUpstreams(() => done())
    await invoke(upstreams, callWithRegion({ era, headers }))
    expect(upstreams.calls[0]?.request.paramHeaders).toEqual({
      ...foreign,
      'mcp-param-region': 'eu',
    })
  },
)

test('absent arguments expect no header', async () => {
  const upstreams = new FakeUpstreams(() => done())
  const text = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"files__echo"}}'
  const exchange = testExchange(text, { era: 'modern' })
  await invoke(upstreams, { exchange, target: testTarget({}, headerTool()) })
  expect(upstreams.calls[0]?.request.paramHeaders).toEqual({})
})

test('undeclared parameter headers pass to remote servers only, and from modern clients only', async () => {
  const headersOf = async (kind: 'http' | 'stdio', era: 'modern' | 'legacy') => {
    const upstreams = new FakeUpstreams(() => done())
    const target = testTarget({}, undefined, { kind })
    const headers = { 'mcp-param-x': 'y' }
    await invoke(upstreams, testCall(target, { era, headers }))
    return upstreams.calls[0]?.request.paramHeaders
  }
  expect(await headersOf('http', 'modern')).toEqual({ 'mcp-param-x': 'y' })
  expect(await headersOf('http', 'legacy')).toEqual({})
  expect(await headersOf('stdio', 'modern')).toEqual({})
})
