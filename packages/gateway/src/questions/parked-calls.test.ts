import { CallController } from '@sallyport/kit/call-signal'
import { NO_SPAN } from '@sallyport/kit/tracing'
import { expect, test } from 'vitest'
import { testDeadline, testTarget } from '../call/testing-call.ts'
import { Attempt } from '../call/attempt.ts'
import { Conversation } from './conversation.ts'
import type { ParkedCall } from './parked-calls.ts'
import { modernRequest, openCalls, type OpenCallsOptions } from './testing-questions.ts'

const open = (options: OpenCallsOptions = {}) =>
  openCalls(() => Promise.reject(new TypeError('nothing is sent')), options)

function parkable(principalId = 'key:alice', bytes = 10): ParkedCall {
  const exchange = modernRequest('"name":"files__echo"')
  const target = testTarget()
  const call = { exchange, target, span: NO_SPAN, deadline: testDeadline() }
  const attempt = new Attempt(call, target, {
    message: exchange.message,
    params: [],
    paramHeaders: {},
    logLevel: undefined,
    wording: { envelope: () => '', retell: () => [] },
  })
  const conversation = new Conversation(() => new Promise(() => undefined))
  return { conversation, attempt, controller: new CallController(), principalId, bytes }
}

test('one principal may have so many calls parked, and others are not concerned [questions/parked/bounded]', () => {
  const { parked } = open({ perPrincipal: 2 })
  const over = parkable()
  parked.park(parkable())
  const id = parked.park(parkable())
  expect(() => parked.park(over)).toThrow(
    expect.objectContaining({ code: 'overloaded', outcome: 'unknown' }),
  )
  // Nobody could come back for it, so the server need not go on.
  expect(over.controller.signal.reason).toMatchObject({ code: 'overloaded' })
  parked.park(parkable('key:bob'))
  parked.take(id)
  parked.park(parkable())
  expect(parked.size).toBe(3)
})

test('all principals together may have so many calls waiting [questions/parked/bounded]', () => {
  const { parked } = open({ total: 2 })
  parked.park(parkable('key:a'))
  const done = parked.hold('key:b', {})
  expect(() => parked.park(parkable('key:c'))).toThrow(
    expect.objectContaining({ code: 'overloaded' }),
  )
  expect(() => parked.hold('key:d', {})).toThrow(expect.objectContaining({ code: 'overloaded' }))
  done()
  done()
  expect(parked.size).toBe(1)
  parked.park(parkable('key:c'))
  expect(() => parked.hold('key:d', {})).toThrow(expect.objectContaining({ code: 'overloaded' }))
})

test('calls that wait with their request open count with those parked [questions/parked/bounded]', () => {
  const { parked } = open({ perPrincipal: 2 })
  const done = [parked.hold('key:alice', {})]
  parked.park(parkable())
  expect(() => parked.hold('key:alice', {})).toThrow(
    expect.objectContaining({ code: 'overloaded' }),
  )
  expect(() => parked.park(parkable())).toThrow(expect.objectContaining({ code: 'overloaded' }))
  for (const end of done) end()
  parked.park(parkable())
})

test("what is parked counts in its principal's bytes until it is taken", () => {
  const { parked, bytesLeft } = open({ budget: 25 })
  const id = parked.park(parkable())
  parked.park(parkable())
  const over = parkable()
  expect(() => parked.park(over)).toThrow(expect.objectContaining({ code: 'overloaded' }))
  expect([over.controller.signal.aborted, bytesLeft()]).toEqual([true, 5])
  parked.take(id)
  expect(bytesLeft()).toBe(15)
})

test('who does not come back in time has the call ended at the server [questions/parked/expires]', () => {
  const { parked, pass, deadlines, bytesLeft } = open({ timeoutMs: 1_000, budget: 10 })
  const call = parkable()
  const id = parked.park(call)
  pass(999)
  expect(call.controller.signal.aborted).toBe(false)
  pass(51)
  expect(call.controller.signal.reason).toMatchObject({
    code: 'question_unanswered',
    outcome: 'unknown',
  })
  expect([parked.take(id), parked.size, deadlines.size, bytesLeft()]).toEqual([undefined, 0, 0, 10])
})

test('a call is taken once, and then nothing ends it any more', () => {
  const { parked, pass, deadlines } = open({ timeoutMs: 1_000 })
  const call = parkable()
  const id = parked.park(call)
  expect(parked.take(id)).toMatchObject(call)
  expect([parked.take(id), parked.take(''), parked.size, deadlines.size]).toEqual([
    ...[undefined, undefined],
    ...[0, 0],
  ])
  pass(5_000)
  parked.endPrincipal('key:alice')
  parked[Symbol.dispose]()
  expect(call.controller.signal.aborted).toBe(false)
})

test('a revoked key ends the calls of its principal and of nobody else [questions/parked/ended]', () => {
  const { parked } = open()
  const [own, other] = [parkable(), parkable('key:bob')]
  parked.park(own)
  const kept = parked.park(other)
  parked.endPrincipal('key:alice')
  expect(own.controller.signal.reason).toMatchObject({ code: 'credential_invalid' })
  expect([other.controller.signal.aborted, parked.size]).toEqual([false, 1])
  expect(parked.take(kept)).toBeDefined()
})

test('a stop ends every call that is parked [questions/parked/ended]', () => {
  const { parked, deadlines } = open()
  const calls = [parkable(), parkable('key:bob')]
  for (const call of calls) parked.park(call)
  parked[Symbol.dispose]()
  expect(calls.map(({ controller }) => controller.signal.reason)).toMatchObject([
    { code: 'shutting_down' },
    { code: 'shutting_down' },
  ])
  expect([parked.size, deadlines.size]).toEqual([0, 0])
})

test('ids cannot be guessed', () => {
  const { parked } = open({ perPrincipal: 100 })
  const ids = new Set(Array.from({ length: 50 }, () => parked.park(parkable())))
  expect(ids.size).toBe(50)
  for (const id of ids) expect(id).toMatch(/^[\w-]{16}$/)
})
