import { AppError } from '@sallyport/kit/errors'
import { FairQueue } from '@sallyport/kit/limits'
import { NO_SPAN } from '@sallyport/kit/tracing'
import { expect, test } from 'vitest'
import type { CallResult } from '../../call/call.ts'
import {
  testCall,
  testDeadline,
  testExchange,
  testPrincipal,
  testTarget,
} from '../../call/testing-call.ts'
import { admitCalls } from './admit.ts'

const OK: CallResult = {
  answer: { bytes: Buffer.from('{}'), status: 200 },
  outcome: 'ok',
  code: null,
}

/** One server with room for one call; what runs waits until it is let go. */
function gate(queuedMax = 10) {
  const queue = new FairQueue({ inFlightMax: 1, queuedMax })
  const running: { who: string; finish: () => void; fail: (error: Error) => void }[] = []
  const order: string[] = []
  const handle = admitCalls({ queueOf: () => queue })(({ exchange }) => {
    const { promise, resolve, reject } = Promise.withResolvers<CallResult>()
    const who = exchange.caller.principal.name
    order.push(who)
    running.push({ who, finish: () => resolve(OK), fail: reject })
    return promise
  })
  const call = (who: string) => testCall(testTarget(), { principal: testPrincipal(who) })
  return { queue, running, order, handle, call }
}

test('a full queue refuses without running the call [limits/queue/full]', async () => {
  const { handle, call, order } = gate(0)
  void handle(call('alice'))
  await expect(handle(call('alice'))).rejects.toMatchObject({
    code: 'queue_full',
    outcome: 'not_sent',
  })
  expect(order).toEqual(['alice'])
})

test('a call aborted while it waits leaves the queue, and was certainly not sent [limits/queue/abandoned]', async () => {
  const { handle, call, queue, order } = gate()
  void handle(call('alice'))
  const waiting = call('bob')
  const ended = handle(waiting)
  waiting.exchange.controller.abort(new AppError('deadline_exceeded', 'no answer within 5 ms'))
  await expect(ended).rejects.toMatchObject({ code: 'deadline_exceeded', outcome: 'not_sent' })
  expect([queue.queued, order]).toEqual([0, ['alice']])
})

test('a call that fails gives its place back', async () => {
  const { handle, call, queue, running } = gate()
  const failing = handle(call('alice'))
  running[0]?.fail(new AppError('server_lost', 'gone'))
  await expect(failing).rejects.toMatchObject({ code: 'server_lost' })
  expect(queue.inFlight).toBe(0)
})

test('who waits with one call gets its turn among the many of another [limits/queue/fair]', async () => {
  const { handle, call, running, order } = gate()
  const all = ['alice', 'alice', 'alice', 'alice', 'bob'].map((who) => handle(call(who)))
  for (let index = 0; index < all.length; index += 1) {
    running[index]?.finish()
    await new Promise(setImmediate)
  }
  await Promise.all(all)
  expect(order).toEqual(['alice', 'alice', 'bob', 'alice', 'alice'])
})

test('what concerns no server passes without a place', async () => {
  const handle = admitCalls({
    queueOf: () => {
      throw new TypeError('there is no server to wait for')
    },
  })(async () => OK)
  const list = testExchange('{"jsonrpc":"2.0","id":1,"method":"tools/list"}')
  expect(
    await handle({ exchange: list, target: undefined, deadline: testDeadline(), span: NO_SPAN }),
  ).toBe(OK)
})
