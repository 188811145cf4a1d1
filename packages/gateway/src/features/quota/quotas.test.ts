import type { CallQuotas, ServerConfig } from '@sallyport/contract/config'
import { ManualClock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { expect, test } from 'vitest'
import { testCall, testServer, testTarget } from '../../call/testing-call.ts'
import { describeOther, describeRead, type Target } from '../../routing/target.ts'
import { countCalls } from './count.ts'
import type { Quotas } from './quotas.ts'
import { callQuotas, MemoryUsage, MORNING_MS, NO_QUOTA, openTestQuotas } from './testing-quotas.ts'

const limited = (limits: CallQuotas, tool?: CallQuotas, readOnly?: boolean): Target =>
  testTarget({ limits: tool, readOnly }, undefined, { limits })

/** Takes until it is refused; gives how often it was not. */
function drain(quotas: Quotas, target: Target, who = 'key:alice', max = 50): number {
  for (let taken = 0; taken < max; taken += 1) if (quotas.take(target, who)) return taken
  return max
}

const used = (quotas: Quotas, who = 'key:alice') => {
  const { calls, writes } = quotas.usage.list().find(({ principal }) => principal === who) ?? {}
  return [calls, writes]
}

test('a rate is of everybody together, and its refusal says how long to wait [quotas/rate]', async () => {
  const clock = new ManualClock(MORNING_MS)
  await using quotas = await openTestQuotas({}, { clock })
  const target = limited(callQuotas({ rate: 2, burst: 3 }))
  expect(drain(quotas, target)).toBe(3)
  expect(quotas.take(target, 'key:bob')).toMatchObject({
    code: 'rate_limited',
    outcome: 'not_sent',
    retryAfterMs: 500,
    remaining: 0,
    message:
      'all callers together may make 2 calls to the server of this call per second; try again in 1 second',
  })
  clock.advance(500)
  expect([drain(quotas, target, 'key:bob'), drain(quotas, target)]).toEqual([1, 0])
})

test('a rate of each principal leaves the others theirs [quotas/rate]', async () => {
  await using quotas = await openTestQuotas()
  const target = limited(callQuotas({}), callQuotas({ each: { rate: 2 } }))
  expect([drain(quotas, target), drain(quotas, target, 'key:bob')]).toEqual([2, 2])
  expect(quotas.take(target, 'key:bob')?.message).toBe(
    'this caller may make 2 calls of this tool per second; try again in 1 second',
  )
})

test('a slow rate allows one call at once [quotas/rate]', async () => {
  await using quotas = await openTestQuotas()
  const target = limited(callQuotas({ rate: 0.01 }))
  expect(drain(quotas, target)).toBe(1)
  expect(quotas.take(target, 'key:alice')?.retryAfterMs).toBe(100_000)
})

test('a daily quota is used up until midnight, UTC [quotas/daily]', async () => {
  const clock = new ManualClock(MORNING_MS)
  await using quotas = await openTestQuotas({ daily: 3 }, { clock })
  const target = testTarget({ readOnly: true })
  expect(drain(quotas, target)).toBe(3)
  expect(quotas.take(target, 'key:alice')).toMatchObject({
    code: 'quota_exceeded',
    outcome: 'not_sent',
    remaining: 0,
    retryAfterMs: 14 * 3_600_000,
    message:
      'the daily quota of 3 calls is used up for this caller; it is renewed at 00:00 UTC, in 50400 seconds',
  })
  expect(drain(quotas, target, 'key:bob')).toBe(3)
  clock.advance(14 * 3_600_000 - 1)
  expect(drain(quotas, target)).toBe(0)
  clock.advance(1)
  expect(drain(quotas, target)).toBe(3)
})

test('daily quotas of servers and tools, of everybody and of each [quotas/daily]', async () => {
  await using quotas = await openTestQuotas()
  const target = limited(callQuotas({ daily: 5 }), callQuotas({ each: { daily: 3 } }))
  expect(drain(quotas, target)).toBe(3)
  expect(quotas.take(target, 'key:alice')?.message).toMatch(
    /^the daily quota of 3 calls of this tool is used up for this caller;/,
  )
  expect(drain(quotas, target, 'key:bob')).toBe(2)
  expect(quotas.take(target, 'key:bob')?.message).toMatch(
    /^the daily quota of 5 calls to the server of this call is used up for all callers together;/,
  )
})

test('bounds on writes count what is not pinned read-only, and it counts in general too [quotas/writes]', async () => {
  await using quotas = await openTestQuotas({
    daily: 6,
    writes: { ...NO_QUOTA, daily: 2 },
  })
  const write = limited(callQuotas({}))
  const read = limited(callQuotas({}), undefined, true)
  expect([drain(quotas, write), drain(quotas, read)]).toEqual([2, 4])
  expect(quotas.take(write, 'key:alice')?.message).toMatch(/^the daily quota of 6 calls is/)
  expect(drain(quotas, write, 'key:bob')).toBe(2)
  expect(quotas.take(write, 'key:bob')?.message).toMatch(
    /^the daily quota of 2 calls that may change something is used up for this caller;/,
  )
  expect(used(quotas)).toEqual([6, 2])
})

test.each([
  ['a server', callQuotas({ writes: { rate: 1, burst: 2 } }), undefined],
  ['each at a server', callQuotas({ eachWrites: { daily: 2 } }), undefined],
  ['a tool', callQuotas({}), callQuotas({ writes: { daily: 2 } })],
  ['each at a tool', callQuotas({}), callQuotas({ eachWrites: { rate: 1, burst: 2 } })],
])('a bound on writes of %s leaves reads alone [quotas/writes]', async (_of, server, tool) => {
  await using quotas = await openTestQuotas()
  expect(drain(quotas, limited(server, tool))).toBe(2)
  expect(drain(quotas, limited(server, tool, true))).toBe(50)
})

test('what merely asks for a task, a resource or a prompt is no write, an extension is [quotas/writes]', async () => {
  await using quotas = await openTestQuotas({ writes: { ...NO_QUOTA, daily: 1 } })
  const config = testServer('files')
  expect(drain(quotas, describeOther(config, 'task', 't1'))).toBe(50)
  expect(drain(quotas, describeRead(config, 'resource', 'file:///a'))).toBe(50)
  expect(drain(quotas, describeOther(config, 'other', ''))).toBe(1)
})

test('what one bound refuses costs no other anything [quotas/whole]', async () => {
  const clock = new ManualClock(MORNING_MS)
  await using quotas = await openTestQuotas({ writes: { ...NO_QUOTA, daily: 5 } }, { clock })
  const tight = testServer('files', {
    limits: callQuotas({ rate: 1, burst: 4, daily: 4, each: { rate: 1, burst: 4 } }),
    tools: { echo: { limits: callQuotas({ rate: 1, burst: 1 }) } },
  })
  const echo = { ...testTarget(), config: tight }
  const other = { ...echo, name: 'other' }
  expect(drain(quotas, echo)).toBe(1)
  for (let again = 0; again < 20; again += 1) {
    expect(quotas.check(echo, 'key:alice')?.code).toBe('rate_limited')
    expect(quotas.take(echo, 'key:alice')?.code).toBe('rate_limited')
  }
  expect(used(quotas)).toEqual([1, 1])
  expect(drain(quotas, other)).toBe(3)
})

test('looking whether a call may be made takes nothing [quotas/whole]', async () => {
  await using quotas = await openTestQuotas()
  const target = limited(callQuotas({ rate: 1, burst: 1, daily: 1 }))
  for (let again = 0; again < 20; again += 1) expect(quotas.check(target, 'key:a')).toBeUndefined()
  expect(drain(quotas, target)).toBe(1)
})

test('another configuration leaves what was used under the bounds it keeps [quotas/reload]', async () => {
  const store = new MemoryUsage()
  const clock = new ManualClock(MORNING_MS)
  await using quotas = await openTestQuotas({ daily: 10 }, { store, clock })
  const server = (): ServerConfig =>
    testServer('files', { limits: callQuotas({ rate: 1, burst: 3 }) })
  const first = { ...testTarget(), config: server() }
  expect(drain(quotas, first)).toBe(3)
  const next = { ...testTarget(), config: server() }
  const limits = { perPrincipal: { daily: 5, writes: NO_QUOTA } }
  quotas.apply({ limits, servers: { files: next.config }, groups: {} })
  expect(quotas.take(next, 'key:alice')?.code).toBe('rate_limited')
  clock.advance(10_000)
  expect(drain(quotas, next)).toBe(2)
  expect(quotas.take(next, 'key:alice')?.message).toMatch(/^the daily quota of 5 calls is/)
})

test('a server that was gone for a while begins anew [quotas/reload]', async () => {
  await using quotas = await openTestQuotas()
  const target = limited(callQuotas({ rate: 1, burst: 3 }))
  const limits = { perPrincipal: { daily: 100, writes: NO_QUOTA } }
  drain(quotas, target)
  quotas.apply({ limits, servers: {}, groups: {} })
  quotas.apply({ limits, servers: { files: target.config }, groups: {} })
  expect(drain(quotas, target)).toBe(3)
})

test('tells of each principal what it did and what is left of today [quotas/usage]', async () => {
  await using quotas = await openTestQuotas({ daily: 10, writes: { ...NO_QUOTA, daily: 2 } })
  drain(quotas, testTarget(), 'key:bob')
  quotas.take(testTarget({ readOnly: true }), 'key:bob')
  quotas.usage.doorRefused('key:alice', 'rate_limited')
  quotas.usage.doorRefused('key:alice', 'rate_limited')
  quotas.usage.doorRefused('key:alice', 'overloaded')
  expect(quotas.usage.list()).toEqual([
    {
      ...{ principal: 'key:alice', day: '2026-11-22', calls: 0, daily: 10, remaining: 10 },
      ...{ writes: 0, writesDaily: 2, writesRemaining: 2, callsTotal: 0, inFlight: 0, queued: 0 },
      ...{ refused: 3, refusals: { overloaded: 1, rate_limited: 2 }, rateLimited: 2 },
    },
    {
      ...{ principal: 'key:bob', day: '2026-11-22', calls: 3, daily: 10, remaining: 7 },
      ...{ writes: 2, writesDaily: 2, writesRemaining: 0, callsTotal: 3, inFlight: 0, queued: 0 },
      ...{ refused: 0, refusals: {}, rateLimited: 0 },
    },
  ])
})

test('keeps at most ten thousand principals, and those with calls in flight [quotas/usage]', async () => {
  await using quotas = await openTestQuotas()
  quotas.usage.of('key:busy').inFlight = 1
  quotas.usage.doorRefused('key:idle', 'rate_limited')
  for (let index = 0; index < 10_000; index += 1) quotas.usage.of(`key:${index}`)
  expect(quotas.usage.of('key:busy').inFlight).toBe(1)
  expect(quotas.usage.of('key:idle').rateLimited).toBe(0)
})

test('no refusal tells the name of a server or tool, which the caller may know by another one [quotas/names]', async () => {
  const bounds = [
    [callQuotas({ daily: 1 }), undefined],
    [callQuotas({ each: { rate: 1 } }), undefined],
    [callQuotas({}), callQuotas({ rate: 1 })],
    [callQuotas({}), callQuotas({ eachWrites: { daily: 1 } })],
  ] as const
  for (const [server, tool] of bounds) {
    await using quotas = await openTestQuotas()
    const target = limited(server, tool)
    drain(quotas, target)
    const ofGroup = quotas.takeAtMember(target, 'key:alice')?.message
    expect(ofGroup).toBe(quotas.take(target, 'key:alice')?.message)
    expect(ofGroup).toMatch(/1 call .*(of this tool|to the server of this call) /)
    expect(ofGroup).not.toMatch(/files|echo/)
  }
})

test.each([
  ['not_sent', 3, 0],
  ['unknown', 1, 1],
] as const)(
  'a call that ended %s leaves room for %i tries a day of one [quotas/unsent]',
  async (outcome, tries, counted) => {
    await using quotas = await openTestQuotas({})
    const target = limited(callQuotas({ daily: 1 }))
    const failing = countCalls({ quotas })(() => {
      return Promise.reject(new AppError('server_unavailable', 'down', { outcome }))
    })
    const codes: string[] = []
    for (let n = 0; n < 3; n += 1) {
      const thrown = await failing(testCall(target)).catch((error: unknown) => error)
      codes.push(AppError.from(thrown).code)
    }
    expect(codes.filter((code) => code === 'server_unavailable')).toHaveLength(tries)
    expect(used(quotas)).toEqual([counted, counted])
  },
)
