import { ManualClock } from '@sallyport/kit/clock'
import { ByteBudget, Deadlines } from '@sallyport/kit/limits'
import { holderOf } from '@sallyport/kit/principal'
import { expect, test } from 'vitest'
import type { Call, CallHandler, CallResult } from '../../call/call.ts'
import { encodeReply } from '../../call/encode-answer.ts'
import {
  testCall,
  testExchange,
  testPrincipal,
  testReply,
  testSession,
  testTarget,
} from '../../call/testing-call.ts'
import { readTool } from '../../routing/tool.ts'
import { budgetsOf, type ResultBudgets } from './budgets.ts'
import { GivenBytes } from './given-bytes.ts'
import { keepResults } from './keep.ts'
import { KeptResults } from './kept-results.ts'

const BUDGETS: ResultBudgets = {
  ...{ perCallBytes: 2_000, perSessionBytes: undefined },
  ...{ keepMs: 300_000, idleMs: 900_000, totalMs: 86_400_000 },
}

const replyOf = (result: object) => testReply(JSON.stringify({ jsonrpc: '2.0', id: 1, result }))

/** The step over a server that answers each call with as many bytes as its turn says. */
function setUp(budgets: Partial<ResultBudgets> = {}, totalBytesMax = 1_000_000) {
  const clock = new ManualClock()
  const deadlines = new Deadlines(clock)
  const budget = new ByteBudget({ totalBytesMax })
  const kept = new KeptResults({
    clock,
    deadlines,
    reserve: (id) => budget.reserve(id),
    bytesMax: totalBytesMax / 2,
  })
  const given = new GivenBytes(clock)
  const step = keepResults({ budgets: { ...BUDGETS, ...budgets }, kept, given })
  const ask = async (call: Call, result: object | CallResult): Promise<Record<string, unknown>> => {
    const next: CallHandler = async ({ exchange }) =>
      'answer' in result ? result : encodeReply(exchange, replyOf(result))
    const { answer } = await step(next)(call)
    const text = Buffer.concat([answer.bytes, ...(answer.more ?? [])]).toString()
    return JSON.parse(text).result
  }
  const isKept = async (call: Call, bytes: number): Promise<boolean> => {
    const { _meta: meta } = await ask(call, {
      content: [{ type: 'text', text: 'x'.repeat(bytes) }],
    })
    return Object.hasOwn(Object(meta), 'dev.sallyport/more')
  }
  return { clock, deadlines, budget, kept, ask, isKept }
}

const large = { content: [{ type: 'text', text: 'x'.repeat(5_000) }] }

test('without any budget a call passes as it is', () => {
  const { kept } = setUp()
  const next: CallHandler = () => Promise.reject(new TypeError('never called'))
  const given = new GivenBytes(new ManualClock())
  expect(keepResults({ budgets: undefined, kept, given })(next)).toBe(next)
})

test('budgets are off until some key sets one, for all tools or for one', () => {
  const session = { idleMs: 1, totalMs: 2, perPrincipalMax: 1, totalMax: 1 }
  const limits = (perCallBytes?: number, perSessionBytes?: number) => ({
    session,
    results: { perCallBytes, perSessionBytes, keepMs: 3 },
  })
  const servers = { files: testTarget({ resultBytes: 5 }).config }
  expect(budgetsOf({ limits: limits(), servers: {} })).toBeUndefined()
  const rest = { keepMs: 3, idleMs: 1, totalMs: 2 }
  expect([
    budgetsOf({ limits: limits(7), servers: {} }),
    budgetsOf({ limits: limits(undefined, 9), servers: {} }),
    budgetsOf({ limits: limits(), servers }),
  ]).toEqual([
    { perCallBytes: 7, perSessionBytes: undefined, ...rest },
    { perCallBytes: undefined, perSessionBytes: 9, ...rest },
    { perCallBytes: undefined, perSessionBytes: undefined, ...rest },
  ])
})

test('a result of exactly its budget is given whole, one byte more is kept [quotas/results/kept]', async () => {
  const overhead = JSON.stringify({ content: [{ type: 'text', text: '' }] }).length
  const { isKept } = setUp()
  expect(await isKept(testCall(), 2_000 - overhead)).toBe(false)
  expect(await isKept(testCall(), 2_001 - overhead)).toBe(true)
})

test('what is kept is the text as the server wrote it [quotas/results/exact]', async () => {
  const { ask, kept } = setUp()
  const written = `{ "content" :[],\n"small": 1.0e+2, "big": 12345678901234567890, "pad":"${'é'.repeat(1_500)}" }`
  const reply = testReply(`{"result":${written},"id":1,"jsonrpc":"2.0"}`)
  const call = testCall(testTarget(), { era: 'modern' })
  const { _meta: meta } = await ask(call, encodeReply(call.exchange, reply))
  const { handle } = Reflect.get(Object(meta), 'dev.sallyport/more')
  expect(kept.find('key:alice', handle)?.text.toString()).toBe(written)
})

test('an error of the tool stays one [quotas/results/kept]', async () => {
  const { ask } = setUp()
  expect(await ask(testCall(), { ...large, isError: true })).toMatchObject({ isError: true })
  expect(await ask(testCall(), large)).not.toHaveProperty('isError')
})

test('where the tool promises a form of its result, its stand-in is an error, which nobody checks [quotas/results/kept]', async () => {
  const { ask } = setUp()
  const tool = readTool(
    Buffer.from('{"name":"echo","inputSchema":{},"outputSchema":{"type":"object"}}'),
  )
  expect(await ask(testCall(testTarget({}, tool)), large)).toMatchObject({ isError: true })
})

test.each([
  ['questions of the server', { outcome: 'ok', code: 'input_required' }],
  ['an error of the protocol', { outcome: 'rpc_error', code: '-32000' }],
  ['a refusal', { outcome: 'refused', code: '-32602' }],
] as const)('%s are never kept', async (_what, how) => {
  const { ask, kept } = setUp()
  const bytes = Buffer.from(`{"result":{"note":"${'x'.repeat(5_000)}"}}`)
  await ask(testCall(), { answer: { bytes, status: 200 }, ...how })
  expect(kept.size).toBe(0)
})

test('an answer whose parts nobody knows is read for its result, as a replay is', async () => {
  const { ask, kept } = setUp()
  const pieces = [Buffer.from('{"jsonrpc":"2.0","id":1,"result":'), JSON.stringify(large), '}']
  const [bytes = Buffer.alloc(0), ...more] = pieces.map((piece) => Buffer.from(piece))
  const answer = { bytes, more, status: 200 }
  const { _meta: meta } = await ask(testCall(), { answer, outcome: 'ok', code: null })
  const { handle } = Reflect.get(Object(meta), 'dev.sallyport/more')
  expect(kept.find('key:alice', handle)?.text.toString()).toBe(JSON.stringify(large))
})

test('a session that was given its bytes gets further results above 1 KiB in parts [quotas/results/session]', async () => {
  const { isKept } = setUp({ perCallBytes: undefined, perSessionBytes: 10_000 })
  const session = testSession()
  const call = () => testCall(testTarget(), { session })
  const other = () => testCall(testTarget(), { session: testSession('{}', { id: 's-2' }) })
  expect([await isKept(call(), 4_000), await isKept(call(), 4_000)]).toEqual([false, false])
  expect([await isKept(call(), 4_000), await isKept(call(), 900)]).toEqual([true, false])
  expect(await isKept(call(), 2_000)).toBe(true)
  expect(await isKept(other(), 4_000)).toBe(false)
})

test('the session of a client without one is its key, and is over when a session would be [quotas/results/session]', async () => {
  const { clock, isKept } = setUp({ perCallBytes: undefined, perSessionBytes: 5_000 })
  const call = (name = 'alice') =>
    testCall(testTarget(), { era: 'modern', principal: testPrincipal(name) })
  expect([await isKept(call(), 4_000), await isKept(call(), 4_000)]).toEqual([false, true])
  expect(await isKept(call('bob'), 4_000)).toBe(false)
  clock.advance(899_999)
  expect(await isKept(call(), 4_000)).toBe(true)
  clock.advance(900_000)
  expect(await isKept(call(), 4_000)).toBe(false)
})

test('every byte that was kept is given back: at expiry, with its principal, at the end [quotas/results/room]', async () => {
  const { clock, deadlines, budget, kept, isKept } = setUp()
  const call = (name: string) => testCall(testTarget(), { principal: testPrincipal(name) })
  for (const name of ['alice', 'bob', 'carol']) expect(await isKept(call(name), 5_000)).toBe(true)
  expect(budget.held('key:alice')).toBe(budget.total / 3)
  kept.endPrincipal('key:bob')
  expect([kept.size, budget.held('key:bob')]).toEqual([2, 0])
  clock.advance(300_050)
  deadlines.expireDue()
  expect([kept.size, budget.total]).toEqual([0, 0])
  expect(await isKept(call('alice'), 5_000)).toBe(true)
  kept[Symbol.dispose]()
  expect([kept.size, budget.total]).toEqual([0, 0])
})

test('room that became free is used again [quotas/results/room]', async () => {
  const { clock, deadlines, isKept } = setUp({}, 100_000)
  for (let round = 0; round < 20; round += 1) {
    expect(await isKept(testCall(), 9_000)).toBe(true)
    clock.advance(300_050)
    deadlines.expireDue()
  }
})

test('without room it is too large, and nothing is kept [quotas/results/room]', async () => {
  const { budget, isKept } = setUp({}, 4_000)
  await expect(isKept(testCall(), 5_000)).rejects.toMatchObject({
    code: 'result_too_large',
    message: expect.stringMatching(/^the result has 50\d\d bytes, more than the 2000 .*; ask for/),
  })
  expect(budget.total).toBe(0)
})

test('what was read to its end can be read again, and gives way when there is no room [quotas/results/room]', async () => {
  const { kept, ask, isKept } = setUp({}, 80_000)
  const handleOf = async (): Promise<string> => {
    const { _meta: meta } = await ask(testCall(), { content: [{ text: 'x'.repeat(9_000) }] })
    return Reflect.get(Object(meta), 'dev.sallyport/more').handle
  }
  const read = (handle: string, offset: number) => {
    const params = { name: 'sallyport__read_more', arguments: { handle, offset } }
    const message = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
    const exchange = testExchange(message)
    return ask({ ...testCall(), exchange }, {})
  }
  const handle = await handleOf()
  const total = kept.find('key:alice', handle)?.text.length ?? 0
  await read(handle, 0)
  await expect(isKept(testCall(), 9_000)).rejects.toMatchObject({ code: 'result_too_large' })
  for (const _turn of [1, 2]) {
    expect(await read(handle, total - 10)).toMatchObject({ structuredContent: { next: null } })
  }
  const other = await handleOf()
  expect(kept.find('key:alice', handle)).toBe(undefined)
  expect(kept.find('key:alice', other)).toBeDefined()
  await expect(isKept(testCall(), 9_000)).rejects.toMatchObject({ code: 'result_too_large' })
})

test('who has results to read has room left to make calls [quotas/results/room]', async () => {
  const { budget, isKept } = setUp({}, 80_000)
  expect(await isKept(testCall(), 9_000)).toBe(true)
  await expect(isKept(testCall(), 9_000)).rejects.toMatchObject({ code: 'result_too_large' })
  const { total } = budget
  expect(total).toBeLessThan(10_000)
  expect(budget.take('key:alice', 20_000 - total)).toBe(true)
})

test('other methods are not looked at', async () => {
  const { kept } = setUp()
  const given = new GivenBytes(new ManualClock())
  const result = {
    answer: { bytes: Buffer.alloc(9_000), status: 200 },
    outcome: 'ok',
    code: null,
  } as const
  const step = keepResults({ budgets: BUDGETS, kept, given })(async () => result)
  const exchange = testExchange('{"jsonrpc":"2.0","id":1,"method":"tools/list"}')
  expect(await step({ ...testCall(), exchange })).toBe(result)
})

test('what is kept for a principal of one tenant is not there for it as a member of another [tenancy/shared/nothing]', async () => {
  const { ask, kept } = setUp()
  const principal = testPrincipal('alice', { tenant: 'acme' })
  const { _meta: meta } = await ask(testCall(testTarget(), { principal }), large)
  const { handle } = Reflect.get(Object(meta), 'dev.sallyport/more')
  const found = [principal, { ...principal, tenant: 'globex' }, { ...principal, tenant: null }].map(
    (one) => kept.find(holderOf(one), handle) !== undefined,
  )
  expect(found).toEqual([true, false, false])
})
