import { AppError } from '@sallyport/kit/errors'
import { FairQueue } from '@sallyport/kit/limits'
import { NO_SPAN } from '@sallyport/kit/tracing'
import { expect, test, vi } from 'vitest'
import type { CallResult } from '../../call/call.ts'
import {
  testCall,
  testDeadline,
  testExchange,
  testPrincipal,
  testServer,
  testTarget,
} from '../../call/testing-call.ts'
import { describeTarget } from '../../routing/target.ts'
import { callQuotas, NO_QUOTA, openTestQuotas } from '../quota/testing-quotas.ts'
import { countCalls } from '../quota/count.ts'
import { admitCalls } from './admit.ts'
import { ServerQueues } from './server-queues.ts'

const OK: CallResult = {
  answer: { bytes: Buffer.from('{}'), status: 200 },
  outcome: 'ok',
  code: null,
}

/** One server with room for one call; what runs waits until it is let go. */
async function gate(queuedMax = 10) {
  const quotas = await openTestQuotas()
  const queue = new FairQueue({ inFlightMax: 1, queuedMax })
  const running: { who: string; finish: () => void; fail: (error: Error) => void }[] = []
  const order: string[] = []
  const handle = admitCalls({ queueOf: () => queue, quotas })(({ exchange }) => {
    const { promise, resolve, reject } = Promise.withResolvers<CallResult>()
    const who = exchange.caller.principal.name
    order.push(who)
    running.push({ who, finish: () => resolve(OK), fail: reject })
    return promise
  })
  const call = (who: string) => testCall(testTarget(), { principal: testPrincipal(who) })
  return { quotas, queue, running, order, handle, call }
}

test('a full queue refuses without running the call [limits/queue/full]', async () => {
  const { handle, call, order } = await gate(0)
  void handle(call('alice'))
  await expect(handle(call('alice'))).rejects.toMatchObject({
    code: 'queue_full',
    outcome: 'not_sent',
  })
  expect(order).toEqual(['alice'])
})

test('a call aborted while it waits leaves the queue, and was certainly not sent [limits/queue/abandoned]', async () => {
  const { handle, call, queue, order } = await gate()
  void handle(call('alice'))
  const waiting = call('bob')
  const ended = handle(waiting)
  waiting.exchange.controller.abort(new AppError('deadline_exceeded', 'no answer within 5 ms'))
  await expect(ended).rejects.toMatchObject({ code: 'deadline_exceeded', outcome: 'not_sent' })
  expect([queue.queued, order]).toEqual([0, ['alice']])
})

test('a call that fails gives its place back', async () => {
  const { handle, call, queue, running } = await gate()
  const failing = handle(call('alice'))
  running[0]?.fail(new AppError('server_lost', 'gone'))
  await expect(failing).rejects.toMatchObject({ code: 'server_lost' })
  expect(queue.inFlight).toBe(0)
})

test('who waits with one call gets its turn among the many of another [limits/queue/fair]', async () => {
  const { handle, call, running, order } = await gate()
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
    quotas: await openTestQuotas(),
  })(async () => OK)
  const list = testExchange('{"jsonrpc":"2.0","id":1,"method":"tools/list"}')
  expect(
    await handle({ exchange: list, target: undefined, deadline: testDeadline(), span: NO_SPAN }),
  ).toBe(OK)
})

test('a group lets its calls in itself', async () => {
  const handle = admitCalls({
    queueOf: () => {
      throw new TypeError('a group has no queue')
    },
    quotas: await openTestQuotas(),
  })(async () => OK)
  expect(await handle(testCall({ ...testTarget(), group: true }))).toBe(OK)
})

test('tells what is in flight, what waits and what was refused [quotas/usage]', async () => {
  const { handle, call, running, quotas } = await gate(1)
  const first = handle(call('alice'))
  const second = handle(call('alice'))
  await expect(handle(call('alice'))).rejects.toMatchObject({ code: 'queue_full' })
  expect(quotas.usage.list()).toMatchObject([
    { inFlight: 1, queued: 1, refused: 1, refusals: { queue_full: 1 } },
  ])
  running[0]?.finish()
  await first
  await vi.waitFor(() => expect(running).toHaveLength(2))
  running[1]?.fail(new AppError('server_lost', 'gone', { outcome: 'unknown' }))
  await expect(second).rejects.toMatchObject({ code: 'server_lost' })
  expect(quotas.usage.list()).toMatchObject([{ inFlight: 0, queued: 0, refused: 1 }])
})

test('what a quota will refuse does not wait for its turn [quotas/daily]', async () => {
  const quotas = await openTestQuotas({ daily: 1 })
  const queue = new FairQueue({ inFlightMax: 1, queuedMax: 10 })
  const { promise, resolve } = Promise.withResolvers<CallResult>()
  const handle = admitCalls({ queueOf: () => queue, quotas })(countCalls({ quotas })(() => promise))
  const first = handle(testCall())
  await expect(handle(testCall())).rejects.toMatchObject({ code: 'quota_exceeded' })
  expect(queue.queued).toBe(0)
  resolve(OK)
  await first
})

test('a call that is refused behind its turn costs nothing of the quota [quotas/whole]', async () => {
  const quotas = await openTestQuotas({ daily: 1 })
  const queue = new FairQueue({ inFlightMax: 1, queuedMax: 10 })
  const forbidden = new AppError('forbidden', 'not with this role', { outcome: 'not_sent' })
  let refuse = true
  const counted = countCalls({ quotas })(async () => OK)
  const handle = admitCalls({ queueOf: () => queue, quotas })((call) =>
    refuse ? Promise.reject(forbidden) : counted(call),
  )
  for (let again = 0; again < 3; again += 1)
    await expect(handle(testCall())).rejects.toBe(forbidden)
  refuse = false
  expect(await handle(testCall())).toBe(OK)
  expect(quotas.usage.list()).toMatchObject([{ calls: 1, refused: 3 }])
})

test('caps on writes and on tools hold back those calls only, over all servers where they are the principal’s [quotas/concurrent/apart]', async () => {
  const quotas = await openTestQuotas({ writes: { ...NO_QUOTA, concurrent: 2 } })
  const servers = {
    files: testServer('files', {
      tools: { slow: { limits: callQuotas({ concurrent: 1 }) }, look: { readOnly: true } },
    }),
    search: testServer('search'),
  }
  const limits = { perPrincipal: { concurrent: 64 } }
  const queues = new ServerQueues({ limits, servers }, (one) => quotas.bounds.queueSlots(one))
  const running: string[] = []
  const handle = admitCalls({ queueOf: (name) => queues.of(name), quotas })(({ target }) => {
    running.push(`${target?.server} ${target?.name}`)
    return new Promise(() => undefined)
  })
  const call = (server: 'files' | 'search', tool: string): void => {
    void handle(testCall(describeTarget(servers[server], tool, undefined)))
  }
  call('files', 'slow')
  call('files', 'slow')
  call('files', 'write')
  call('search', 'write')
  call('files', 'look')
  await Promise.resolve()
  expect(running).toEqual(['files slow', 'files write', 'files look'])
  expect([queues.of('files').queued, queues.of('search').queued]).toEqual([1, 1])
})

test('caps of a server, and of each principal at it, hold for all its calls [quotas/concurrent/apart]', async () => {
  const quotas = await openTestQuotas()
  const limited = testServer('files', {
    limits: callQuotas({ concurrent: 3, each: { concurrent: 2 } }),
  })
  const config = (own: typeof limited) => ({
    limits: { perPrincipal: { concurrent: 64 } },
    servers: { files: own },
  })
  const queues = new ServerQueues(config(limited), (one) => quotas.bounds.queueSlots(one))
  const queue = queues.of('files')
  const { signal } = new AbortController()
  for (let index = 0; index < 3; index += 1) void queue.enter('a', signal)
  expect([queue.inFlight, queue.queued]).toEqual([2, 1])
  for (let index = 0; index < 2; index += 1) void queue.enter('b', signal)
  expect([queue.inFlight, queue.queued]).toEqual([3, 2])
  queues.apply(config(testServer('files')))
  expect(queues.of('files')).toBe(queue)
  expect([queue.inFlight, queue.queued]).toEqual([5, 0])
})
