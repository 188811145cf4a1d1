import { CallController } from '@sallyport/kit/call-signal'
import { ManualClock } from '@sallyport/kit/clock'
import { AppError, type ErrorCode } from '@sallyport/kit/errors'
import { silentLog } from '@sallyport/kit/log'
import { expect, test } from 'vitest'
import { testPrincipal } from '../call/testing-call.ts'
import { Quotas } from '../features/quota/quotas.ts'
import { callQuotas, MemoryUsage, MORNING_MS, NO_QUOTA } from '../features/quota/testing-quotas.ts'
import { describeTarget } from '../routing/target.ts'
import type { MemberBounds } from './group-call.ts'
import { countOf, down, openGroup, testRequest } from './testing-groups.ts'

const THREE = { members: ['a', 'b', 'c'] }
const FIRST = { ...THREE, strategy: 'priority' }

test('a call that did not reach its member moves to the next, each once at most [groups/failover/unsent]', async () => {
  const { fleet, call } = openGroup(FIRST)
  fleet.takes.set('a', () => down())
  fleet.takes.set('b', () => new AppError('queue_full', 'full', { outcome: 'not_sent' }))
  expect(await call()).toBe('c')
  fleet.takes.set('c', () => down())
  expect(await call()).toBe('server_unavailable not_sent')
  expect(fleet.called).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
})

test('a call that may have reached its member stays there, and its outcome is unknown [groups/failover/sent]', async () => {
  const { fleet, call } = openGroup(FIRST)
  fleet.takes.set('a', () => down('unknown'))
  expect(await call()).toBe('server_lost unknown')
  expect(fleet.called).toEqual(['a'])
})

test('a repeatable call moves although it was sent, and says so when nobody answers [groups/failover/sent]', async () => {
  const { fleet, call } = openGroup(FIRST)
  fleet.takes.set('a', () => down('unknown'))
  expect(await call({ repeatable: true })).toBe('b')
  fleet.takes.set('b', () => down())
  fleet.takes.set('c', () => down())
  // The last ones were not sent, but the first may have been.
  expect(await call({ repeatable: true })).toBe('server_unavailable unknown')
})

test('what was moved on after a try without a word counts as sent', async () => {
  const { fleet, call } = openGroup(FIRST)
  fleet.takes.set('a', () => new AppError('server_lost', 'gone'))
  expect(await call()).toBe('server_lost unknown')
  expect(await call({ repeatable: true })).toBe('b')
})

test.each<[ErrorCode, 'not_sent' | 'unknown']>([
  ['deadline_exceeded', 'unknown'],
  ['deadline_exceeded', 'not_sent'],
  ['cancelled', 'not_sent'],
  ['shutting_down', 'not_sent'],
  ['result_too_large', 'unknown'],
  ['question_unanswered', 'unknown'],
  ['internal', 'unknown'],
])('%s (%s) moves no call, repeatable or not [groups/failover/never]', async (code, outcome) => {
  const { fleet, call } = openGroup(FIRST)
  fleet.takes.set('a', () => new AppError(code, 'no', { outcome }))
  expect(await call({ repeatable: true })).toBe(`${code} ${outcome}`)
  expect(fleet.called).toEqual(['a'])
})

test('a caller who left is not carried to another member', async () => {
  const { fleet, call } = openGroup(FIRST)
  const signal = new CallController()
  fleet.takes.set('a', () => {
    signal.abort(new AppError('cancelled', 'gone'))
    return down()
  })
  expect(await call({ signal, repeatable: true })).toBe('server_unavailable not_sent')
  expect(fleet.called).toEqual(['a'])
})

test('a pinned call goes to its member alone, whatever the others are like [groups/member]', async () => {
  const { fleet, call } = openGroup({ ...FIRST, minHealthy: 3, below: 'refuse' })
  fleet.states.set('a', 'degraded')
  fleet.takes.set('b', () => down())
  expect(await call({ member: 'c' })).toBe('c')
  expect(await call({ member: 'b', repeatable: true })).toBe('server_unavailable not_sent')
  expect(await call({ member: 'gone' })).toBe('server_unavailable not_sent')
  expect(fleet.called).toEqual(['c', 'b'])
})

test('each try says which member has it, and a place can be given back early [groups/room]', async () => {
  const { fleet, queueOf, call } = openGroup(FIRST)
  const seen: string[] = []
  fleet.takes.set('a', () => {
    seen.push(`a has ${queueOf('a').inFlight}`)
    return down()
  })
  fleet.takes.set(
    'b',
    () => void seen.push(`a has ${queueOf('a').inFlight}, b ${queueOf('b').inFlight}`),
  )
  const departTo = (member: string, leave: () => void): void => {
    seen.push(member)
    if (member === 'b') leave()
  }
  expect(await call({ departTo })).toBe('b')
  expect(seen).toEqual(['a', 'a has 1', 'b', 'a has 0, b 0'])
  expect(queueOf('b').inFlight).toBe(0)
})

test('members with room come first, and with none a call waits its turn [groups/room]', async () => {
  const small = { inFlight: 1, queued: 1 }
  const { fleet, queueOf, call } = openGroup(FIRST, { configs: { a: small, b: small, c: small } })
  const gates = ['a', 'b', 'c'].map((server) => {
    const gate = Promise.withResolvers<undefined>()
    fleet.takes.set(server, () => gate.promise)
    return gate
  })
  const running = [call(), call(), call()]
  expect(fleet.called).toEqual(['a', 'b', 'c'])
  const waiting = call()
  expect(['a', 'b', 'c'].map((server) => queueOf(server).queued)).toEqual([1, 0, 0])
  for (const { resolve } of gates) resolve(undefined)
  expect(await Promise.all([...running, waiting])).toEqual(['a', 'b', 'c', 'a'])
})

test('a full queue is no failure of the group: the next member takes the call', async () => {
  const full = { inFlight: 1, queued: 0 }
  const { fleet, grouped, queueOf, call } = openGroup(
    { members: ['a', 'b'], strategy: 'priority', breaker: { failures: 1 } },
    { configs: { a: full, b: full } },
  )
  const leave = ['a', 'b'].map((server) => queueOf(server).enter('other', new CallController()))
  expect(await call()).toBe('queue_full not_sent')
  expect([fleet.called, grouped.groupStatus()[0]?.breaker]).toEqual([[], 'closed'])
  for (const release of leave) if (typeof release === 'function') release()
  expect(await call()).toBe('a')
})

test('least-in-flight counts calls that wait for their turn, too [groups/strategy]', async () => {
  const { queueOf, call } = openGroup(
    { members: ['a', 'b'], strategy: 'least-in-flight' },
    { configs: { a: { inFlight: 1 }, b: { inFlight: 2 } } },
  )
  const enter = (server: string) => queueOf(server).enter('other', new CallController())
  const inside = [enter('a'), enter('b'), enter('b')]
  const waiting = [enter('a'), enter('a')]
  const answer = call()
  expect([queueOf('a').queued, queueOf('b').queued]).toEqual([2, 1])
  for (const release of inside) if (typeof release === 'function') release()
  for (const turn of waiting) (await turn)()
  expect(await answer).toBe('b')
})

test('least-in-flight sees what is running and waiting at this moment [groups/strategy]', async () => {
  const { fleet, queueOf, call } = openGroup({ ...THREE, strategy: 'least-in-flight' })
  const held = queueOf('a').enter('other', new CallController())
  const gate = Promise.withResolvers<undefined>()
  fleet.takes.set('b', () => gate.promise)
  const running = call()
  expect(await call()).toBe('c')
  expect(await call()).toBe('c')
  if (typeof held === 'function') held()
  expect(await call()).toBe('a')
  gate.resolve(undefined)
  expect(await running).toBe('b')
})

test('who is degraded, draining or behind an open breaker gets a call only when nobody else is left, the blocked never', async () => {
  const { fleet, call, callTimes } = openGroup({ members: ['a', 'b', 'c', 'd', 'e'] })
  fleet.states.set('a', 'degraded').set('b', 'blocked').set('c', 'draining')
  fleet.breakers.set('d', 'open')
  expect(countOf(await callTimes(4))).toEqual({ e: 4 })
  fleet.takes.set('e', () => down())
  fleet.called.length = 0
  for (const server of ['a', 'c', 'd']) fleet.takes.set(server, () => down())
  expect(await call()).toBe('server_unavailable not_sent')
  expect(fleet.called).toEqual(['e', 'a', 'c', 'd'])
})

test('cold, starting and half-open members are in rotation [groups/cold]', async () => {
  const { fleet, callTimes } = openGroup(THREE)
  fleet.states.set('a', 'cold').set('b', 'starting')
  fleet.breakers.set('c', 'half-open')
  expect(await callTimes(3)).toEqual(['a', 'b', 'c'])
})

test('below `minHealthy` a group refuses with the time to retry, or serves, as `below` says [groups/below]', async () => {
  const entry = { members: ['a', 'b'], minHealthy: 2 }
  const everyMs = 5_000
  const configs = { a: { health: { everyMs: 60_000 } }, b: { health: { everyMs } } } as never // what is read of a health configuration
  const refusing = openGroup({ ...entry, below: 'refuse' }, { configs })
  refusing.fleet.states.set('a', 'degraded')
  const asker = { principal: testPrincipal() }
  await expect(refusing.grouped.call('g', asker, testRequest())).rejects.toMatchObject({
    ...{ code: 'group_unhealthy', outcome: 'not_sent', retryAfterMs: everyMs },
  })
  expect(refusing.fleet.called).toEqual([])
  refusing.fleet.states.set('a', 'ready')
  expect(await refusing.call()).toBe('a')
  const serving = openGroup({ ...entry, below: 'serve' }, { configs })
  serving.fleet.states.set('a', 'degraded')
  expect(await serving.callTimes(2)).toEqual(['b', 'b'])
  serving.fleet.states.set('b', 'degraded')
  expect(await serving.callTimes(2)).toEqual(['a', 'b'])
  serving.fleet.states.set('a', 'blocked').set('b', 'blocked')
  expect(await serving.call()).toBe('group_unhealthy not_sent')
})

test('the breaker opens after calls in a row failed at every member, lets one probe through and closes [groups/breaker]', async () => {
  const entry = { members: ['a', 'b'], minHealthy: 2, below: 'refuse' }
  const { fleet, clock, call, grouped } = openGroup({
    ...{ ...entry, breaker: { failures: 3, reset: '2s' } },
  })
  fleet.takes.set('a', () => down())
  fleet.takes.set('b', () => down())
  for (let n = 0; n < 3; n += 1) expect(await call()).toBe('server_unavailable not_sent')
  expect([await call(), fleet.called.length]).toEqual(['breaker_open not_sent', 6])
  expect(grouped.groupStatus()[0]).toMatchObject({ state: 'open', breaker: 'open' })
  // Degraded by now, and fewer than it needs: the probe goes through all the same.
  fleet.states.set('a', 'degraded').set('b', 'degraded')
  clock.advance(2_000)
  const gate = Promise.withResolvers<undefined>()
  fleet.takes.set('a', () => gate.promise)
  const probe = call()
  expect(await call()).toBe('breaker_open not_sent')
  gate.resolve(undefined)
  expect(await probe).toBe('a')
  expect(await call()).toBe('group_unhealthy not_sent')
  fleet.states.clear()
  expect(grouped.groupStatus()[0]).toMatchObject({ state: 'healthy', breaker: 'closed' })
})

test('a probe whose caller left leaves the way free for the next [groups/breaker]', async () => {
  const { fleet, clock, call } = openGroup({
    members: ['a'],
    breaker: { failures: 1, reset: '1s' },
  })
  fleet.takes.set('a', () => down())
  expect(await call()).toBe('server_unavailable not_sent')
  clock.advance(1_000)
  fleet.takes.set('a', () => new AppError('cancelled', 'gone', { outcome: 'unknown' }))
  expect(await call()).toBe('cancelled unknown')
  fleet.takes.delete('a')
  expect([await call(), await call()]).toEqual(['a', 'a'])
})

test('a call that one member answered, or only waited for, opens no breaker [groups/failover/never]', async () => {
  const { fleet, call, grouped } = openGroup({ members: ['a', 'b'], breaker: { failures: 1 } })
  const limited = { details: { status: 429 }, outcome: 'not_sent' } as const
  const said = [
    new AppError('deadline_exceeded', 'late', { outcome: 'unknown' }),
    new AppError('result_too_large', 'large', { outcome: 'unknown' }),
    new AppError('server_protocol', 'garbage', { outcome: 'unknown' }),
    new AppError('server_unavailable', 'the server limits our rate', limited),
  ]
  for (const error of said) {
    for (const [failing, other] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      fleet.takes.set(failing, () => down())
      fleet.takes.set(other, () => error)
      await call()
      expect(grouped.groupStatus()[0]?.breaker).toBe('closed')
    }
  }
})

test('pinned principals get the canary; without one of their side in rotation both sides get what there is [groups/canary]', async () => {
  const { fleet, callTimes } = openGroup({
    ...{ members: ['a', 'b', 'new'], canary: { member: 'new', percent: 0, principals: ['eve'] } },
  })
  expect(countOf(await callTimes(4, 'eve'))).toEqual({ new: 4 })
  expect(countOf(await callTimes(4, 'bob'))).toEqual({ a: 2, b: 2 })
  fleet.states.set('new', 'degraded')
  expect(countOf(await callTimes(4, 'eve'))).toEqual({ a: 2, b: 2 })
  fleet.states.set('new', 'ready').set('a', 'degraded').set('b', 'degraded')
  expect(countOf(await callTimes(4, 'bob'))).toEqual({ new: 4 })
})

test('a member whose own quota is used up is passed over, and where all are the caller is told when to come back [quotas/members]', async () => {
  const clock = new ManualClock(MORNING_MS)
  await using quotas = await Quotas.open({
    ...{ clock, log: silentLog, store: new MemoryUsage() },
    perPrincipal: { daily: 100, writes: { ...NO_QUOTA, daily: 100 } },
  })
  const bounds: MemberBounds = {
    slots: (target) => quotas.bounds.slotsAt(target),
    take: (target, principalId) => quotas.takeAtMember(target, principalId),
    giveBack: (target, principalId) => quotas.giveBackAtMember(target, principalId),
  }
  const limits = callQuotas({ daily: 1 })
  const tools = { echo: { limits: callQuotas({ rate: 1, burst: 1 }) } }
  const { fleet, call } = openGroup(FIRST, { bounds, configs: { a: { limits }, b: { tools } } })
  fleet.takes.set('c', () => down())
  expect([await call(), await call()]).toEqual(['a', 'b'])
  expect(await call()).toBe('server_unavailable not_sent')
  fleet.states.set('c', 'blocked')
  expect(await call()).toBe('rate_limited not_sent')
  // What was refused cost nothing, and no member left the rotation for it.
  clock.advance(1_000)
  expect([await call(), await call({}, 'bob')]).toEqual(['b', 'rate_limited not_sent'])
})

test('what a call costs at a member is counted with the calls that go there by its own name [quotas/members]', async () => {
  await using quotas = await Quotas.open({
    ...{ clock: new ManualClock(MORNING_MS), log: silentLog, store: new MemoryUsage() },
    perPrincipal: { daily: 100, writes: { ...NO_QUOTA, daily: 100 } },
  })
  const bounds: MemberBounds = {
    slots: (target) => quotas.bounds.slotsAt(target),
    take: (target, principalId) => quotas.takeAtMember(target, principalId),
    giveBack: (target, principalId) => quotas.giveBackAtMember(target, principalId),
  }
  const limits = callQuotas({ daily: 2 })
  const { servers, call } = openGroup({ members: ['a'] }, { bounds, configs: { a: { limits } } })
  const config = servers['a']
  if (!config) throw new TypeError('no server')
  expect(quotas.take(describeTarget(config, 'echo', undefined), 'alice')).toBeUndefined()
  expect([await call(), await call()]).toEqual(['a', 'quota_exceeded not_sent'])
  expect(quotas.take(describeTarget(config, 'echo', undefined), 'alice')?.code).toBe(
    'quota_exceeded',
  )
})

test('a member that was not reached costs its daily quota nothing [quotas/unsent]', async () => {
  await using quotas = await Quotas.open({
    ...{ clock: new ManualClock(MORNING_MS), log: silentLog, store: new MemoryUsage() },
    perPrincipal: { daily: 100, writes: { ...NO_QUOTA, daily: 100 } },
  })
  const bounds: MemberBounds = {
    slots: () => [],
    take: (target, principalId) => quotas.takeAtMember(target, principalId),
    giveBack: (target, principalId) => quotas.giveBackAtMember(target, principalId),
  }
  const limits = callQuotas({ daily: 1 })
  const { fleet, call } = openGroup({ members: ['a'] }, { bounds, configs: { a: { limits } } })
  fleet.takes.set('a', () => down())
  expect([await call(), await call()]).toEqual([
    'server_unavailable not_sent',
    'server_unavailable not_sent',
  ])
  fleet.takes.set('a', () => down('unknown'))
  expect([await call(), await call()]).toEqual(['server_lost unknown', 'quota_exceeded not_sent'])
})
