import { expect, test } from 'vitest'
import { CallController } from '../call-signal.ts'
import { AppError } from '../errors.ts'
import { META_ERROR } from '../mcp/index.ts'
import { ALICE, BOB } from '../mcp/testing-session.ts'
import type { ToolCall, ToolOutcome } from './tool.ts'
import { testApplication, testCall, testExchange, told } from './testing-tools.ts'

const OK: ToolOutcome<{ said: string }> = { structured: { said: 'hi' }, text: 'hi' }

/** A tool that waits until its call is aborted, and then rejects with what it was given. */
function waiting(thrown?: AppError) {
  const calls: ToolCall[] = []
  const act = (call: ToolCall) => {
    calls.push(call)
    return new Promise<typeof OK>((_resolve, reject) => {
      call.signal.addEventListener('abort', () => reject(thrown ?? call.signal.reason))
    })
  }
  return { act, calls }
}

test('a result has its text, its other content and its structure, in the form of the era [slack/serving/eras]', async () => {
  const block = { type: 'image', data: 'AA==', mimeType: 'image/png' } as const
  const { app } = testApplication({ act: async () => ({ ...OK, blocks: [block] }) })
  const result = {
    content: [{ type: 'text', text: 'hi' }, block],
    structuredContent: { said: 'hi' },
  }
  expect(told(await app.request(testCall('look'))).result).toEqual(result)
  expect(
    told(await app.request(testCall('look', { text: 'a' }, { era: 'modern' }))).result,
  ).toEqual({
    ...{ resultType: 'complete', ...result },
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'test', version: '1' } },
  })
})

test('the list has every schema without a dialect, all four hints, and no second page', async () => {
  const { app } = testApplication()
  const { result } = told(await app.request(testExchange('tools/list', { cursor: null })))
  expect(result.tools.map(({ name }: { name: string }) => name)).toEqual(['look', 'post'])
  expect(result.tools[1]).toMatchObject({
    title: 'Title of post',
    inputSchema: { type: 'object', required: ['text'], additionalProperties: false },
    outputSchema: { type: 'object', required: ['said'] },
    annotations: {
      ...{ title: 'Title of post', readOnlyHint: false, destructiveHint: false },
      ...{ idempotentHint: true, openWorldHint: false },
    },
  })
  expect(JSON.stringify(result)).not.toContain('$schema')
  const paged = told(await app.request(testExchange('tools/list', { cursor: 'AAAA' })))
  expect(paged.error).toEqual({ code: -32602, message: 'Invalid cursor' })
})

test('a tool that is not there for a caller is neither listed nor told from one that does not exist [slack/serving/granted]', async () => {
  const { app } = testApplication({ shows: (tool, { id }) => tool === 'look' || id === ALICE.id })
  const names = async (principal: typeof ALICE) =>
    told(await app.request(testExchange('tools/list', {}, { principal }))).result.tools.length
  expect([await names(ALICE), await names(BOB), await names(ALICE)]).toEqual([2, 1, 2])
  const hidden = told(await app.request(testCall('post', {}, { principal: BOB })))
  const missing = told(await app.request(testCall('pest', {}, { principal: BOB })))
  expect(hidden.error).toEqual({ code: -32602, message: 'Unknown tool: post' })
  expect(hidden.text).toBe(missing.text.replace('pest', 'post'))
})

test('a name that every object has is no tool', async () => {
  const { app } = testApplication()
  for (const name of ['constructor', '__proto__', '', 'LOOK']) {
    expect(told(await app.request(testCall(name))).error).toMatchObject({ code: -32602 })
  }
})

test('a call without the right to it is refused, and so is a list', async () => {
  const { app, rows } = testApplication()
  const nobody = { ...ALICE, roles: ['auditor'], permissions: new Set<never>() }
  const list = told(await app.request(testExchange('tools/list', {}, { principal: nobody })))
  expect(list.error.data.code).toBe('forbidden')
  const call = told(await app.request(testCall('look', {}, { principal: nobody })))
  expect(call.result._meta[META_ERROR]).toMatchObject({ code: 'forbidden', outcome: 'not_sent' })
  expect(rows.map(({ outcome, code }) => [outcome, code])).toEqual([['refused', 'forbidden']])
})

test('a call is recorded before its answer, and what changes something before it runs, without arguments [slack/serving/recorded]', async () => {
  const seen: string[][] = []
  const { app, rows, finished } = testApplication({
    act: async () => {
      seen.push(rows.map(({ kind }) => kind))
      return OK
    },
  })
  await app.request(testCall('look', { text: 'secret' }))
  await app.request(testCall('post', { text: 'secret' }))
  expect(seen).toEqual([[], ['call', 'intent']])
  expect(rows.map(({ kind, tool, outcome }) => [kind, tool, outcome])).toEqual([
    ['call', 'look', 'ok'],
    ['intent', 'post', 'pending'],
    ['call', 'post', 'ok'],
  ])
  expect(rows[2]).toMatchObject({ principal: ALICE.id, server: 'test', requestId: 'r-1' })
  expect(JSON.stringify(rows)).not.toContain('secret')
  expect(finished.map(({ tool, outcome }) => [tool, outcome])).toEqual([
    ['look', 'ok'],
    ['post', 'ok'],
  ])
})

test.each([
  ['look', 1, 'unknown'],
  ['post', 1, 'not_sent'],
  ['post', 2, 'unknown'],
])(
  'a call of %s whose row %i cannot be written is refused, outcome %s [slack/serving/recorded]',
  async (tool, failing, outcome) => {
    let ran = 0
    const { app } = testApplication({
      failAt: [failing],
      act: async () => {
        ran += 1
        return OK
      },
    })
    const answer = await app.request(testCall(tool))
    expect([answer.status, told(answer).error.data]).toMatchObject([
      503,
      { code: 'store_unwritable', outcome },
    ])
    expect(ran).toBe(outcome === 'not_sent' ? 0 : 1)
  },
)

test('a call ends at its deadline, and what it runs is told to stop [slack/serving/deadline]', async () => {
  const { act, calls } = waiting()
  const { app, pass, rows } = testApplication({ act })
  const answer = app.request(testCall('look'))
  await Promise.resolve()
  pass(950)
  expect(calls[0]?.signal.aborted).toBe(false)
  pass(100)
  expect(calls[0]?.signal.aborted).toBe(true)
  expect(told(await answer).result._meta[META_ERROR]).toMatchObject({
    code: 'deadline_exceeded',
    retryable: true,
  })
  expect(rows[0]).toMatchObject({ outcome: 'failed', code: 'deadline_exceeded' })
})

test('a tool that does not hear is left a second after the abort [slack/serving/deadline]', async () => {
  const { app, pass } = testApplication({ act: () => new Promise(() => undefined) })
  const controller = new CallController()
  const answer = app.request(testCall('look', { text: 'a' }, { controller }))
  await Promise.resolve()
  controller.abort(new AppError('cancelled', 'the client cancelled the call'))
  pass(1_050)
  expect(told(await answer).result._meta[META_ERROR].code).toBe('cancelled')
})

test.each([
  ['look', undefined, undefined],
  ['look', new AppError('deadline_exceeded', 'x', { outcome: 'unknown' }), undefined],
  ['post', undefined, 'unknown'],
  ['post', new AppError('slack_unavailable', 'x', { outcome: 'not_sent' }), 'not_sent'],
  ['post', new AppError('slack_outcome_unknown', 'x', { outcome: 'unknown' }), 'unknown'],
] as const)(
  'of %s that is cut off with %s the outcome is %s [slack/serving/deadline]',
  async (tool, thrown, outcome) => {
    const { app, rows } = testApplication(waiting(thrown))
    const controller = new CallController()
    const answer = app.request(testCall(tool, { text: 'a' }, { controller }))
    while (tool === 'post' && rows.length === 0) await new Promise(setImmediate)
    await new Promise(setImmediate)
    controller.abort(new AppError('cancelled', 'the client cancelled the call'))
    expect(told(await answer).result._meta[META_ERROR].outcome).toBe(outcome)
  },
)

test('a call that is cancelled while it waits for its turn never runs', async () => {
  const { act, calls } = waiting()
  const { app, rows } = testApplication({ act, inFlightMax: 1 })
  const [first, second] = [new CallController(), new CallController()]
  const one = app.request(testCall('look', { text: 'a' }, { controller: first }))
  const two = app.request(testCall('post', { text: 'a' }, { controller: second }))
  second.abort(new AppError('cancelled', 'the client cancelled the call'))
  expect(told(await two).result._meta[META_ERROR].code).toBe('cancelled')
  first.abort(new AppError('cancelled', 'the client cancelled the call'))
  await one
  expect(calls).toHaveLength(1)
  expect(rows.map(({ kind, tool }) => [kind, tool])).toEqual([
    ['call', 'post'],
    ['call', 'look'],
  ])
})

test('what a tool throws is told by its code, and a defect by nothing but that', async () => {
  const tell = async (thrown: unknown) => {
    const { app } = testApplication({ act: () => Promise.reject(thrown) })
    return told(await app.request(testCall('look'))).result
  }
  const limited = new AppError('slack_rate_limited', 'Slack asks for a pause', {
    retryAfterMs: 60_000,
  })
  expect(await tell(limited)).toMatchObject({
    isError: true,
    _meta: { [META_ERROR]: { code: 'slack_rate_limited', retryable: true, retryAfterMs: 60_000 } },
  })
  const defect = await tell(new TypeError('cannot read xoxb-1 of undefined'))
  expect(defect._meta[META_ERROR].code).toBe('internal')
  expect(JSON.stringify(defect)).not.toContain('xoxb')
})

test('a result over the limit is an error', async () => {
  const { app } = testApplication({ resultBytes: 20 })
  const { result } = told(await app.request(testCall('look')))
  expect(result._meta[META_ERROR].code).toBe('result_too_large')
})

test('a tool is given the key of an idempotent call; a bad one is refused', async () => {
  const keys: unknown[] = []
  const { app } = testApplication({
    act: async (call) => {
      keys.push(call.idempotencyKey)
      return OK
    },
  })
  await app.request(testCall('post', { text: 'a' }, { headers: { 'idempotency-key': 'k-1' } }))
  await app.request(testCall('post'))
  expect(keys).toEqual(['k-1', undefined])
  const bad = testCall('post', { text: 'a' }, { headers: { 'idempotency-key': 'a, b' } })
  expect(told(await app.request(bad)).result._meta[META_ERROR].code).toBe('request_invalid')
})
