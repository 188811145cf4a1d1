import { ManualClock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { errorMessage, idOf, RPC } from '@sallyport/kit/mcp'
import { expect, test, vi } from 'vitest'
import { encodeRefusal } from '../../call/encode-answer.ts'
import { testExchange, testTarget } from '../../call/testing-call.ts'
import { answerOf, fail, keyed, LIMITS, ok, Process } from './testing-process.ts'

test('a call without a key passes untouched, however often it is made', async () => {
  const one = new Process()
  const call = { ...keyed(), exchange: testExchange() }
  await one.call(call)
  await one.call(call)
  expect(one.sent).toEqual([call, call])
  expect(one.store.done).toEqual([])
  expect(one.decided).toEqual([])
})

test('each keyed call is counted once, by what became of it', async () => {
  const one = new Process()
  await one.call(keyed())
  await one.call(keyed())
  await one.call(keyed({ args: '{"a":2}' })).catch(() => undefined)
  one.respond = fail('unknown')
  await one.call(keyed({ key: 'lost' })).catch(() => undefined)
  await one.call(keyed({ key: 'lost' })).catch(() => undefined)
  expect(one.decided).toEqual(['ran', 'replayed', 'conflict', 'ran', 'unknown'])
})

test('a repeat gets the answer of the first with its own id, marked, and nothing is sent [once/repeat]', async () => {
  const one = new Process()
  one.respond = async (call) => ok(call, '{"content":[{"n":12345678901234567890}],"_meta":{"x":1}}')
  expect(answerOf(await one.call(keyed())).result).toMatchObject({ _meta: { x: 1 } })
  const second = await one.call(keyed({ id: '7' }))
  expect(second).toMatchObject({ outcome: 'ok', code: 'replayed' })
  expect(second.answer.bytes.toString()).toBe(
    '{"jsonrpc":"2.0","id":7,"result":{"content":[{"n":12345678901234567890}],"_meta":{"dev.sallyport/replayed":true,"x":1}}}',
  )
  expect(one.sent).toHaveLength(1)
})

test('a repeat is answered in its own era [once/repeat]', async () => {
  const one = new Process()
  one.respond = async (call) => ok(call, '{}')
  await one.call(keyed())
  expect(answerOf(await one.call(keyed({ era: 'modern' }))).result).toEqual({
    resultType: 'complete',
    _meta: { 'dev.sallyport/replayed': true },
  })
})

test('an error of the tool and an error of the server are outcomes too [once/repeat]', async () => {
  const one = new Process()
  one.respond = async (call) => {
    const bytes = errorMessage(idOf(call.exchange.message), -32_602, 'bad argument')
    return { answer: { bytes, status: 200 }, outcome: 'rpc_error', code: '-32602' }
  }
  await one.call(keyed())
  one.respond = async (call) => ({ ...ok(call, '{"isError":true}'), outcome: 'tool_error' })
  await one.call(keyed({ key: 'k2' }))
  const again = await one.call(keyed({ id: '9' }))
  expect(again).toMatchObject({ outcome: 'rpc_error', code: 'replayed' })
  expect(answerOf(again)).toEqual({
    ...{ jsonrpc: '2.0', id: 9 },
    error: { code: -32_602, message: 'bad argument' },
  })
  expect(await one.call(keyed({ key: 'k2' }))).toMatchObject({ outcome: 'tool_error' })
  expect(one.sent).toHaveLength(2)
})

test('another principal, tool or server has keys of its own [once/whose]', async () => {
  const one = new Process()
  await one.call(keyed())
  await one.call(keyed({ principal: 'bob' }))
  await one.call(keyed({}, { ...testTarget(), name: 'other' }))
  await one.call(keyed({}, { ...testTarget(), server: 'other' }))
  expect(one.sent).toHaveLength(4)
})

test('other arguments under the same key are refused, while the first runs and after [once/conflict]', async () => {
  const one = new Process()
  const held = Promise.withResolvers<void>()
  one.respond = async (call) => {
    await held.promise
    return ok(call, '{}')
  }
  const first = one.call(keyed())
  const conflict = { code: 'idempotency_conflict', outcome: 'not_sent' }
  await expect(one.call(keyed({ args: '{"a":2}' }))).rejects.toMatchObject(conflict)
  held.resolve()
  await first
  await expect(one.call(keyed({ args: '{"a":2}' }))).rejects.toMatchObject(conflict)
  expect(one.sent).toHaveLength(1)
})

test('of fifty calls at once one is made, and all get its answer [once/together]', async () => {
  const one = new Process()
  const held = Promise.withResolvers<void>()
  one.respond = async (call) => {
    await held.promise
    return ok(call, '{"content":["done"]}')
  }
  const calls = Array.from({ length: 50 }, (_, i) => one.call(keyed({ id: String(i) })))
  await vi.waitFor(() => expect(one.sent).toHaveLength(1))
  held.resolve()
  const answers = (await Promise.all(calls)).map(answerOf)
  expect(answers.map(({ id }) => id)).toEqual(answers.map((_, i) => i))
  expect(answers.every(({ result }) => result?.['content'])).toBe(true)
  expect([one.sent.length, one.keeper.size]).toEqual([1, 0])
})

test('a call that was certainly not sent is made when it is repeated, also by who waited [once/not-sent]', async () => {
  const one = new Process()
  one.respond = fail('not_sent')
  await expect(one.call(keyed())).rejects.toMatchObject({ outcome: 'not_sent' })
  expect(one.store.rows.size).toBe(0)
  const held = Promise.withResolvers<void>()
  one.respond = async () => {
    await held.promise
    one.respond = async (call) => ok(call, '{}')
    return fail('not_sent')()
  }
  const [first, waiting] = [one.call(keyed()), one.call(keyed())]
  held.resolve()
  await expect(first).rejects.toMatchObject({ outcome: 'not_sent' })
  expect(await waiting).toMatchObject({ outcome: 'ok', code: null })
})

test('what the gateway refuses before anything is sent may be repeated', async () => {
  const one = new Process()
  one.respond = async ({ exchange }) => encodeRefusal(exchange, RPC.invalidParams, 'no')
  await one.call(keyed())
  expect(one.store.rows.size).toBe(0)
})

test('a call whose outcome nobody knows is never made again [once/unknown]', async () => {
  const one = new Process()
  one.respond = fail('unknown')
  await expect(one.call(keyed())).rejects.toMatchObject({ code: 'server_lost' })
  const unknown = { code: 'outcome_unknown', outcome: 'unknown' }
  await expect(one.call(keyed())).rejects.toMatchObject(unknown)
  await expect(new Process(one.store, one.clock).call(keyed())).rejects.toMatchObject(unknown)
  expect(one.sent).toHaveLength(1)
})

test('a store that cannot be written refuses the call before it is sent [once/unwritable]', async () => {
  const one = new Process()
  one.store.broken.add('claim')
  await expect(one.call(keyed())).rejects.toMatchObject({
    code: 'store_unwritable',
    outcome: 'not_sent',
  })
  one.store.broken.clear()
  await one.call(keyed())
  expect([one.sent.length, one.keeper.size]).toEqual([1, 0])
})

test('a store that hangs does not hold a call beyond its deadline, and its late claim is given back', async () => {
  const one = new Process()
  const held = Promise.withResolvers<void>()
  one.store.held.set('claim', held.promise)
  const call = keyed()
  const calling = one.call(call)
  call.exchange.controller.abort(new AppError('deadline_exceeded', 'late'))
  await expect(calling).rejects.toMatchObject({ code: 'deadline_exceeded', outcome: 'not_sent' })
  held.resolve()
  await vi.waitFor(() => expect(one.store.done).toEqual(['claim', 'release']))
  expect([one.store.rows.size, one.keeper.size, one.sent.length]).toEqual([0, 0, 0])
})

test('an outcome that cannot be written is written later, and repeats get it meanwhile', async () => {
  const one = new Process()
  one.store.broken.add('finish')
  await one.call(keyed())
  expect(one.store.row).toMatchObject({ state: 'pending' })
  expect(await one.call(keyed())).toMatchObject({ code: 'replayed' })
  one.store.broken.clear()
  await vi.waitFor(() => expect(one.store.row).toMatchObject({ state: 'done' }), 5_000)
  expect(one.keeper.size).toBe(0)
  expect(await one.call(keyed())).toMatchObject({ code: 'replayed' })
})

test('a claim that cannot be given back is refused until it is, and then free', async () => {
  const one = new Process()
  one.respond = fail('not_sent')
  one.store.broken.add('release')
  await expect(one.call(keyed())).rejects.toMatchObject({ code: 'server_lost' })
  await expect(one.call(keyed())).rejects.toMatchObject({ code: 'store_unwritable' })
  one.store.broken.clear()
  await vi.waitFor(() => expect(one.keeper.size).toBe(0), 5_000)
  one.respond = async (call) => ok(call, '{}')
  expect(await one.call(keyed())).toMatchObject({ code: null })
})

test('a repeat stops waiting at its own deadline, and the first goes on', async () => {
  const one = new Process()
  const held = Promise.withResolvers<void>()
  one.respond = async (call) => {
    await held.promise
    return ok(call, '{}')
  }
  const first = one.call(keyed())
  const repeated = keyed()
  const waiting = one.call(repeated)
  repeated.exchange.controller.abort(new AppError('deadline_exceeded', 'late'))
  await expect(waiting).rejects.toMatchObject({ code: 'deadline_exceeded' })
  held.resolve()
  expect(await first).toMatchObject({ outcome: 'ok' })
})

test('who loses the connection finds the answer when it comes back [once/lost-connection]', async () => {
  const one = new Process()
  const call = keyed()
  const calling = one.call(call)
  await vi.waitFor(() => expect(one.sent).toHaveLength(1))
  expect(call.exchange.controller.detached).toBe(true)
  await calling
})

test('a key is forgotten when its time is over [once/kept]', async () => {
  const one = new Process()
  await one.call(keyed())
  one.clock.advance(LIMITS.keepMs - 1)
  expect(await one.call(keyed())).toMatchObject({ code: 'replayed' })
  one.clock.advance(1)
  expect(await one.call(keyed())).toMatchObject({ code: null })
})

test('an answer too large to keep is not given again, and the repeat says that the call was made [once/too-large]', async () => {
  const one = new Process()
  one.respond = async (call) => ok(call, JSON.stringify({ text: 'x'.repeat(1_000) }))
  expect(answerOf(await one.call(keyed())).result).toHaveProperty('text')
  for (const process of [one, new Process(one.store, one.clock)]) {
    const { result } = answerOf(await process.call(keyed()))
    expect(result).toMatchObject({ isError: true, _meta: { 'dev.sallyport/replayed': true } })
    expect(JSON.stringify(result)).toContain('was made before')
  }
  expect(one.sent).toHaveLength(1)
})

test('what was kept is sealed, and a repeat is counted against the bytes of its principal', async () => {
  const one = new Process()
  one.respond = async (call) => ok(call, '{"secret":"tea"}')
  await one.call(keyed())
  expect(one.store.row?.result?.includes('tea')).toBe(false)
  expect(one.store.row?.result?.includes(Buffer.from('tea').toString('base64url'))).toBe(false)
  await expect(one.call(keyed({ budget: 5 }))).rejects.toMatchObject({ code: 'overloaded' })
})

test('a repeat in another process waits for the first while that lives [once/elsewhere]', async () => {
  const clock = new ManualClock()
  const one = new Process(undefined, clock)
  const other = new Process(one.store, clock, 'two')
  const held = Promise.withResolvers<void>()
  one.respond = async (call) => {
    await held.promise
    return ok(call, '{"content":["once"]}')
  }
  const first = one.call(keyed())
  await vi.waitFor(() => expect(one.sent).toHaveLength(1))
  const repeated = other.call(keyed())
  await vi.waitFor(() =>
    expect(other.store.done.filter((done) => done === 'claim')).toHaveLength(3),
  )
  held.resolve()
  await first
  expect(answerOf(await repeated).result).toMatchObject({ content: ['once'] })
  expect(other.sent).toEqual([])
})

test('a call of a process that is gone has no known outcome [once/gone]', async () => {
  const clock = new ManualClock()
  const one = new Process(undefined, clock)
  one.respond = () => new Promise(() => undefined)
  void one.call(keyed())
  await vi.waitFor(() => expect(one.sent).toHaveLength(1))
  await one.keeper[Symbol.asyncDispose]() // it renews nothing any more
  const other = new Process(one.store, clock, 'two')
  const repeated = other.call(keyed())
  const verdict = expect(repeated).rejects.toMatchObject({ code: 'outcome_unknown' })
  await vi.waitFor(() =>
    expect(other.store.done.filter((done) => done === 'claim')).toHaveLength(3),
  )
  clock.advance(5_000)
  await verdict
  clock.advance(60_000)
  await expect(other.call(keyed())).rejects.toMatchObject({ code: 'outcome_unknown' })
  expect(other.sent).toEqual([])
})

test('a call that runs for long is renewed, so that others know that it lives', async () => {
  const one = new Process()
  one.respond = () => new Promise(() => undefined)
  void one.call(keyed())
  await vi.waitFor(() => expect(one.sent).toHaveLength(1))
  one.clock.advance(2_000)
  await vi.waitFor(() => expect(one.store.row?.seenAtMs).toBe(one.clock.nowMs()), 5_000)
})

test('rounds of questions are one call: who comes back with answers goes on [once/rounds]', async () => {
  const one = new Process()
  one.respond = async (call) => ({
    ...ok(call, '{"resultType":"input_required","requestState":"s1"}'),
    code: 'input_required',
  })
  await one.call(keyed({ era: 'modern' }))
  expect(one.store.row).toMatchObject({ state: 'waiting' })
  one.respond = async (call) => ok(call, '{"resultType":"complete","content":["paid"]}')
  const other = new Process(one.store, one.clock, 'two')
  other.respond = one.respond
  const answer = await other.call(keyed({ era: 'modern', state: 's1' }))
  expect(answerOf(answer).result).toMatchObject({ content: ['paid'] })
  expect(await one.call(keyed({ era: 'modern' }))).toMatchObject({ code: 'replayed' })
  expect([one.sent.length, other.sent.length]).toEqual([1, 1])
})

test('a state that is refused leaves the call waiting for the right one [once/rounds]', async () => {
  const one = new Process()
  one.respond = async (call) => ({ ...ok(call, '{}'), code: 'input_required' })
  await one.call(keyed())
  one.respond = async ({ exchange }) => encodeRefusal(exchange, RPC.invalidParams, 'bad state')
  await one.call(keyed({ state: 'bad' }))
  expect(one.store.row).toMatchObject({ state: 'waiting' })
  one.respond = fail('not_sent')
  await expect(one.call(keyed({ state: 's1' }))).rejects.toMatchObject({ outcome: 'not_sent' })
  expect(one.store.row).toMatchObject({ state: 'waiting' })
})

test('a client that never came back with answers leaves an unknown outcome', async () => {
  const one = new Process()
  one.respond = async (call) => ({ ...ok(call, '{}'), code: 'input_required' })
  await one.call(keyed())
  one.clock.advance(LIMITS.waitingMs + 60_001)
  await expect(one.call(keyed())).rejects.toMatchObject({ code: 'outcome_unknown' })
})

test('a client without the ability a server asks for ended its call', async () => {
  const one = new Process()
  one.respond = async ({ exchange }) => encodeRefusal(exchange, RPC.missingCapability, 'cannot')
  await one.call(keyed())
  expect(await one.call(keyed())).toMatchObject({ outcome: 'rpc_error', code: 'replayed' })
})

test('a tool that may be repeated is not for a keyed call, unless it changes nothing [once/repeatable]', async () => {
  const one = new Process()
  await one.call(keyed({ key: 'a' }, testTarget({ idempotent: true })))
  await one.call(keyed({ key: 'b' }, testTarget({ readOnly: true })))
  expect(one.sent.map(({ target }) => target?.repeatable)).toEqual([false, true])
})

test('a key that is none is refused as invalid params before anything else [once/key/invalid]', async () => {
  const one = new Process()
  const result = await one.call(keyed({ key: '"open' }))
  expect(answerOf(result).error).toMatchObject({
    code: -32_602,
    data: { code: 'request_invalid', outcome: 'not_sent', requestId: 'r-1', retryable: false },
  })
  expect([one.sent, one.store.done]).toEqual([[], []])
})

test('a principal with too many keys is refused a new one and keeps the old', async () => {
  const one = new Process()
  for (let i = 0; i < LIMITS.perPrincipal; i += 1) await one.call(keyed({ key: `k${i}` }))
  await expect(one.call(keyed({ key: 'more' }))).rejects.toMatchObject({ code: 'quota_exceeded' })
  expect(await one.call(keyed({ key: 'k3' }))).toMatchObject({ code: 'replayed' })
})
