import type { Quota, Quotas as Limits } from '@sallyport/contract/config'
import { ManualClock } from '@sallyport/kit/clock'
import { FairQueue, type Release } from '@sallyport/kit/limits'
import { expect, test } from 'vitest'
import { testServer, testTarget } from '../../call/testing-call.ts'
import { NO_QUOTA, MORNING_MS, MemoryUsage, openTestQuotas } from './testing-quotas.ts'

const limits = (own: Partial<Quota>, writes: Partial<Quota> = {}): Limits => ({
  ...{ ...NO_QUOTA, ...own },
  writes: { ...NO_QUOTA, ...writes },
})
const codes = (...results: readonly ({ readonly code: string } | undefined)[]) =>
  results.map((result) => result?.code)

test('the daily quota of a tenant is that of all its principals, and nobody else’s [tenancy/limits/apart]', async () => {
  const clock = new ManualClock(MORNING_MS)
  await using quotas = await openTestQuotas({}, { perTenant: limits({ daily: 2 }), clock })
  const target = testTarget()
  const take = (who: string, tenant: string | null) => quotas.take(target, `key:${who}`, tenant)
  expect(codes(take('a', 'acme'), take('b', 'acme'), take('c', 'acme'))).toEqual([
    undefined,
    undefined,
    'quota_exceeded',
  ])
  expect(quotas.check(target, 'key:a', 'acme')?.message).toMatch(
    /^the daily quota of 2 calls is used up for this tenant;/,
  )
  expect(codes(take('d', 'other'), take('a', null))).toEqual([undefined, undefined])
  quotas.giveBack(target, 'key:a', 'acme')
  expect(codes(take('c', 'acme'), take('c', 'acme'))).toEqual([undefined, 'quota_exceeded'])
})

test('rates and bounds on writes of a tenant hold apart from others, through groups too [tenancy/limits/apart]', async () => {
  const perTenant = limits({ rate: 1, burst: 3 }, { daily: 1 })
  await using quotas = await openTestQuotas({}, { perTenant })
  const write = testTarget()
  const read = testTarget({ readOnly: true })
  const group = { ...read, group: true }
  expect(codes(quotas.take(write, 'key:a', 'acme'), quotas.take(write, 'key:b', 'acme'))).toEqual([
    undefined,
    'quota_exceeded',
  ])
  expect(
    codes(
      ...[read, group, read].map((target) => quotas.take(target, 'key:b', 'acme')),
      quotas.take(group, 'key:c', 'other'),
    ),
  ).toEqual([undefined, undefined, 'rate_limited', undefined])
})

test('a tenant’s calls in flight are capped over all servers and principals [tenancy/limits/apart]', async () => {
  await using quotas = await openTestQuotas({}, { perTenant: limits({ concurrent: 2 }) })
  const targets = ['files', 'search'].map((name) => ({
    ...testTarget(),
    config: testServer(name),
  }))
  const queues = targets.map(() => new FairQueue({ inFlightMax: 10, queuedMax: 10 }))
  const enter = (at: number, who: string, tenant: string): Release | undefined =>
    queues[at]?.tryEnter(who, quotas.bounds.of(targets[at] ?? testTarget(), tenant).slots)
  const first = enter(0, 'a', 'acme')
  expect(first).toBeDefined()
  // As at a member of a group.
  expect(
    queues[1]?.tryEnter('b', quotas.bounds.slotsAt(targets[1] ?? testTarget(), 'acme')),
  ).toBeDefined()
  expect([enter(0, 'c', 'acme'), enter(1, 'c', 'acme')]).toEqual([undefined, undefined])
  expect(enter(0, 'd', 'other')).toBeDefined()
  first?.()
  expect(enter(1, 'c', 'acme')).toBeDefined()
})

test('what a tenant used stays used under another configuration, and calls of one kind have one array of bounds', async () => {
  const perTenant = limits({ rate: 0.001, burst: 1 })
  await using quotas = await openTestQuotas({}, { perTenant })
  const target = testTarget()
  expect(quotas.bounds.of(target, 'acme')).toBe(quotas.bounds.of(target, 'acme'))
  quotas.take(target, 'key:a', 'acme')
  const perPrincipal = { daily: 100, writes: NO_QUOTA }
  quotas.apply({
    ...{ limits: { perPrincipal, perTenant }, servers: { files: target.config }, groups: {} },
  })
  expect(quotas.take(target, 'key:a', 'acme')?.code).toBe('rate_limited')
  quotas.apply({ limits: { perPrincipal }, servers: { files: target.config }, groups: {} })
  expect(quotas.take(target, 'key:a', 'acme')).toBeUndefined()
})

test('usage is told of each tenant, with what is left of its day, also after a restart [tenancy/usage]', async () => {
  const store = new MemoryUsage()
  const clock = new ManualClock(MORNING_MS)
  const perTenant = limits({ daily: 10 }, { daily: 4 })
  {
    await using quotas = await openTestQuotas({}, { perTenant, store, clock })
    quotas.take(testTarget(), 'key:a', 'acme')
    quotas.take(testTarget({ readOnly: true }), 'key:b', 'acme')
    quotas.take(testTarget(), 'key:c', null)
    expect(quotas.usage.list().map(({ principal, calls }) => [principal, calls])).toEqual([
      ['key:a', 1],
      ['key:b', 1],
      ['key:c', 1],
      ['tenant:acme', 2],
    ])
  }
  await using quotas = await openTestQuotas({}, { perTenant, store, clock })
  expect(quotas.usage.list().at(-1)).toMatchObject({
    ...{ principal: 'tenant:acme', calls: 2, daily: 10, remaining: 8 },
    ...{ writes: 1, writesDaily: 4, writesRemaining: 3, callsTotal: 0 },
  })
})
