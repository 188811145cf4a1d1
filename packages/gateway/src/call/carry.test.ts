import { AppError } from '@sallyport/kit/errors'
import { NO_SPAN } from '@sallyport/kit/tracing'
import { expect, test } from 'vitest'
import { openCalls, testTaskIds } from '../questions/testing-questions.ts'
import { readTool } from '../routing/tool.ts'
import type { UpstreamReply, Wire } from '../upstreams/upstream.ts'
import type { Call } from './call.ts'
import {
  FakeUpstreams,
  parsed,
  testCall,
  testDeadline,
  testExchange,
  type TestExchangeOptions,
  testReply,
  testSession,
  testTarget,
} from './testing-call.ts'

const WIRE: Wire = { id: 41, era: 'legacy', version: '2025-11-25' }
const DONE = '{"jsonrpc":"2.0","id":41,"result":{"content":[]}}'

function done(text = DONE): UpstreamReply {
  return { message: testReply(text), era: 'legacy' }
}

function carry(upstreams: FakeUpstreams, call: Omit<Call, 'deadline' | 'span'>) {
  return openCalls(upstreams).carry({ ...call, deadline: testDeadline(), span: NO_SPAN })
}

const lost = (outcome?: 'not_sent' | 'unknown') =>
  new AppError('server_lost', 'gone', outcome === undefined ? {} : { outcome })

/** A tool that carries arguments in headers. */
function headerTool() {
  const inputSchema = { properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } }
  return readTool(Buffer.from(JSON.stringify({ name: 'echo', inputSchema })))
}

test.each([
  ['prompts/get', '{"name":"no__such"}', 'legacy', -32602, 'Unknown prompt: no__such'],
  ['resources/read', '{"uri":"a:b"}', 'legacy', -32002, 'Resource not found'],
  ['resources/read', '{"uri":"a:b"}', 'modern', -32602, 'Resource not found'],
  ['resources/subscribe', '{"uri":"a:b"}', 'legacy', -32002, 'Resource not found'],
  ['completion/complete', '{}', 'modern', -32602, 'Unknown reference'],
  ['tasks/get', '{"taskId":"t"}', 'modern', -32602, 'Unknown task'],
  ['tasks/cancel', '{}', 'legacy', -32602, 'Unknown task'],
] as const)(
  '%s of %s that leads nowhere is refused in words of its own for a %s client [calls/unknown]',
  async (...[method, params, era, code, text]) => {
    const upstreams = new FakeUpstreams()
    const body = `{"jsonrpc":"2.0","id":1,"method":"${method}","params":${params}}`
    const { answer } = await carry(upstreams, {
      exchange: testExchange(body, { era }),
      target: undefined,
    })
    expect(parsed(answer.bytes).error).toMatchObject({ code, message: text })
    expect(upstreams.calls).toEqual([])
  },
)

test.each([
  ['a name that leads nowhere', '{"name":"no__such"}', 'Unknown tool: no__such'],
  ['a name that is no string', '{"name":7}', 'Unknown tool: 7'],
  ['no name', '{}', 'Unknown tool: (no name)'],
])(
  '%s is refused as bad parameters, and no server hears of it [tools/unknown]',
  async (_case, params, text) => {
    const upstreams = new FakeUpstreams()
    const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`
    const { answer, outcome, code } = await carry(upstreams, {
      exchange: testExchange(body),
      target: undefined,
    })
    expect(parsed(answer.bytes).error).toEqual({ code: -32602, message: text })
    expect([outcome, code, upstreams.calls.length]).toEqual(['refused', '-32602', 0])
  },
)

test('a lost server is not asked again for a tool that may change something [upstreams/retry/never]', async () => {
  const upstreams = new FakeUpstreams(() => Promise.reject(lost('unknown')))
  await expect(carry(upstreams, testCall())).rejects.toMatchObject({
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
  expect((await carry(recovering, testCall(REPEATABLE))).outcome).toBe('ok')
  const failing = new FakeUpstreams(() => Promise.reject(lost('unknown')))
  await expect(carry(failing, testCall(REPEATABLE))).rejects.toMatchObject({ code: 'server_lost' })
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
  await expect(carry(upstreams, testCall(REPEATABLE))).rejects.toMatchObject({ code })
  expect(upstreams.calls).toHaveLength(1)
})

test('a call that was aborted meanwhile is not repeated', async () => {
  const call = testCall(REPEATABLE)
  const upstreams = new FakeUpstreams(() => {
    call.exchange.controller.abort(new AppError('cancelled', 'gone'))
    throw lost('unknown')
  })
  await expect(carry(upstreams, call)).rejects.toMatchObject({ code: 'server_lost' })
  expect(upstreams.calls).toHaveLength(1)
})

test('a repeat that is not sent does not make the first attempt unsent', async () => {
  const upstreams = new FakeUpstreams((_request, attempt) => {
    if (attempt === 1) throw lost('unknown')
    throw new AppError('server_start_failed', 'no', { outcome: 'not_sent' })
  })
  await expect(carry(upstreams, testCall(REPEATABLE))).rejects.toMatchObject({
    code: 'server_start_failed',
    outcome: 'unknown',
  })
})

test('an attempt that was never sent may be followed by one that is not either', async () => {
  const upstreams = new FakeUpstreams(() => Promise.reject(lost('not_sent')))
  await expect(carry(upstreams, testCall(REPEATABLE))).rejects.toMatchObject({
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
    await expect(carry(upstreams, testCall())).rejects.toMatchObject({
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
  await expect(carry(upstreams, testCall())).rejects.toMatchObject({ outcome: 'not_sent' })
})

test("the server gets its own tool name, the principal's session and the call's signal", async () => {
  const upstreams = new FakeUpstreams(() => done())
  const call = testCall()
  await carry(upstreams, call)
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
  await carry(upstreams, {
    exchange: testExchange(text, { scope: 'files' }),
    target: testTarget(),
  })
  expect(upstreams.calls[0]?.request.encode(WIRE).toString()).toContain('"name":"\\u0065cho"')
})

test('an answer over the byte budget is refused, and its effect is unknown [limits/bytes/total]', async () => {
  const upstreams = new FakeUpstreams(() => done())
  await expect(
    carry(upstreams, testCall(testTarget(), { budget: DONE.length - 1 })),
  ).rejects.toMatchObject({ code: 'overloaded', outcome: 'unknown' })
  expect((await carry(upstreams, testCall(testTarget(), { budget: DONE.length }))).outcome).toBe(
    'ok',
  )
})

const NOTES = {
  progress: (token: string) =>
    `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1.0,"progressToken":${token},"total":2}}`,
  log: (level: string) =>
    `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":${level},"data":1.0}}`,
  other: '{"jsonrpc":"2.0","method":"notifications/acme/step","params":{"n":1.0}}',
  complete:
    '{"jsonrpc":"2.0","method":"notifications/elicitation/complete","params":{"elicitationId":"e"}}',
}

/** What a client hears of `sent` in a call made with this `_meta`. */
async function relayed(
  meta: string,
  sent: readonly string[],
  options: TestExchangeOptions | 'deaf' = {},
) {
  const got: string[] = []
  const upstreams = new FakeUpstreams((request) => {
    for (const text of sent) request.onNotification?.(testReply(text))
    return done()
  })
  const text = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":${meta},"name":"files__echo"}}`
  const notify = (message: Buffer) => void got.push(message.toString())
  const exchange = testExchange(text, options === 'deaf' ? {} : { notify, ...options })
  await carry(upstreams, { exchange, target: testTarget() })
  return got
}

test.each(['"p-1"', '7', '12345678901234567890', '"\\u0070"', '-0.0', '"41"'])(
  "progress comes under the client's own token %s, byte for byte [wire/progress]",
  async (token) => {
    const { progress } = NOTES
    expect(await relayed(`{"progressToken":${token}}`, [progress('41')])).toEqual([progress(token)])
  },
)

test('a client that asked for no progress, or takes no stream, gets none', async () => {
  const sent = [NOTES.progress('41')]
  expect(await relayed('{}', sent)).toEqual([])
  expect(await relayed('7', sent)).toEqual([])
  expect(await relayed('{"progressToken":"p"}', sent, 'deaf')).toEqual([])
})

test('progress without a token belongs to no request', async () => {
  const sent = [
    '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}',
    '{"jsonrpc":"2.0","method":"notifications/progress"}',
  ]
  expect(await relayed('{"progressToken":"p"}', sent)).toEqual([])
})

const LEVELS = ['"debug"', '"info"', '"error"', '"shout"', '7']
const level = (name: string) => `{"io.modelcontextprotocol/logLevel":${name}}`

test.each([
  ['a modern client that named no level', '{}', 'modern', undefined, []],
  ['a modern client that named none there is', level('"loud"'), 'modern', undefined, []],
  ['a modern client that named info', level('"info"'), 'modern', undefined, LEVELS.slice(1)],
  ['a legacy client that set none', '{}', 'legacy', undefined, LEVELS],
  ['a legacy client that set error', '{}', 'legacy', 'error', LEVELS.slice(2)],
] as const)(
  '%s hears the log messages it asked for [calls/logs]',
  async (...[, meta, era, set, heard]) => {
    const session = testSession('{}', { logLevel: set })
    const sent = LEVELS.map(NOTES.log)
    expect(await relayed(meta, sent, era === 'modern' ? { era } : { era, session })).toEqual(
      heard.map(NOTES.log),
    )
  },
)

test('tasks are named in public in what a server tells, too [tasks/ids]', async () => {
  const shown = testTaskIds().show({ server: 'files', taskId: 't' }, 'key:alice')
  const status = (id: string) =>
    `{"jsonrpc":"2.0","method":"notifications/tasks/status","params":{"taskId":"${id}","n":1.0}}`
  const own = '{"jsonrpc":"2.0","method":"notifications/acme","params":{"taskId":"t"}}'
  expect(await relayed('{}', [status('t'), own])).toEqual([status(shown), own])
})

test('a modern member `task` means nothing to a legacy server, and that of a legacy client all [calls/result-type]', async () => {
  const sentOf = async (era: 'legacy' | 'modern', wireEra: Wire['era']) => {
    const upstreams = new FakeUpstreams(() => done())
    const text =
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"files__echo","task":{"ttl":1.0},"arguments":{"task":1}}}'
    await carry(upstreams, { exchange: testExchange(text, { era }), target: testTarget() })
    const sent = upstreams.calls[0]?.request.encode({ ...WIRE, era: wireEra }).toString() ?? ''
    return [sent.includes('"task":{"ttl":1.0}'), sent.includes('"arguments":{"task":1}')]
  }
  expect(await sentOf('modern', 'legacy')).toEqual([false, true])
  expect(await sentOf('modern', 'modern')).toEqual([true, true])
  expect(await sentOf('legacy', 'legacy')).toEqual([true, true])
})

test("an extension's notification is carried byte for byte; what speaks of removed ids is not", async () => {
  const sent = [NOTES.other, NOTES.complete]
  expect(await relayed('{}', sent, { era: 'modern' })).toEqual([NOTES.other])
  expect(await relayed('{}', sent, { era: 'legacy' })).toEqual(sent)
})

function callWithRegion(
  options: TestExchangeOptions,
  args = '{"region":"eu"}',
): Omit<Call, 'deadline' | 'span'> {
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
    const over = { ...headers, 'mcp-protocol-version': '2026-07-28' }
    const { answer, outcome } = await carry(
      upstreams,
      callWithRegion({ era: 'modern', headers: over }),
    )
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
    await carry(upstreams, callWithRegion({ era, headers }))
    expect(upstreams.calls[0]?.request.paramHeaders).toEqual({
      ...foreign,
      'mcp-param-region': 'eu',
    })
  },
)

test('a modern call that came over stdio has no headers that could disagree', async () => {
  const upstreams = new FakeUpstreams(() => done())
  await carry(upstreams, callWithRegion({ era: 'modern', headers: {} }))
  expect(upstreams.calls[0]?.request.paramHeaders).toEqual({ 'mcp-param-region': 'eu' })
})

test('absent arguments expect no header', async () => {
  const upstreams = new FakeUpstreams(() => done())
  const text = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"files__echo"}}'
  const exchange = testExchange(text, { era: 'modern' })
  await carry(upstreams, { exchange, target: testTarget({}, headerTool()) })
  expect(upstreams.calls[0]?.request.paramHeaders).toEqual({})
})

test('undeclared parameter headers pass to remote servers only, and from modern clients only', async () => {
  const headersOf = async (kind: 'http' | 'stdio', era: 'modern' | 'legacy') => {
    const upstreams = new FakeUpstreams(() => done())
    const target = testTarget({}, undefined, { kind })
    const headers = { 'mcp-param-x': 'y' }
    await carry(upstreams, testCall(target, { era, headers }))
    return upstreams.calls[0]?.request.paramHeaders
  }
  expect(await headersOf('http', 'modern')).toEqual({ 'mcp-param-x': 'y' })
  expect(await headersOf('http', 'legacy')).toEqual({})
  expect(await headersOf('stdio', 'modern')).toEqual({})
})
