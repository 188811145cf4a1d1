import { CallController } from '@sallyport/kit/call-signal'
import { AppError } from '@sallyport/kit/errors'
import { expect, test, vi } from 'vitest'
import { testPrincipal } from '../call/testing-call.ts'
import { openTestViews } from '../routing/testing-views.ts'
import type { ServerChanges } from '../upstreams/upstream.ts'
import { GroupedUpstreams } from './grouped-upstreams.ts'
import { down, openGroup, testGroup, testRequest } from './testing-groups.ts'

const TWO = { members: ['a', 'b'], strategy: 'priority' }
const ALICE = { principal: testPrincipal('alice') }
const BOB = { principal: testPrincipal('bob') }
const NONE: ServerChanges = { kept: [], changed: [], added: [], removed: [] }
const never = new CallController()

test('what is no group goes to the server of that name', async () => {
  const { grouped, fleet } = openGroup(TWO)
  const reply = await grouped.call('b', ALICE, testRequest())
  grouped.notify('b', ALICE, 'n')
  await grouped.subscribe('b', ALICE, 'x:1', never)
  expect([reply.member, fleet.called, fleet.notified]).toEqual([undefined, ['b'], ['b n']])
  expect([grouped.keyOf('b', ALICE), fleet.subscribed]).toEqual(['b:key:alice', ['b x:1']])
})

test('warming a group sees to every member that was never read, and fails only with all of them', async () => {
  const { grouped, fleet } = openGroup(TWO)
  fleet.refusing.add('a')
  await grouped.warm('g', ALICE, never)
  expect(fleet.warmed).toEqual(['a', 'b'])
  fleet.refusing.add('b')
  await expect(grouped.warm('g', ALICE, never)).rejects.toMatchObject({
    code: 'server_unavailable',
  })
})

test('a notification of a client goes to every member', () => {
  const { grouped, fleet } = openGroup(TWO)
  grouped.notify('g', ALICE, 'notifications/roots/list_changed')
  expect(fleet.notified).toEqual([
    'a notifications/roots/list_changed',
    'b notifications/roots/list_changed',
  ])
})

test('the status of a group names its members, who gets no calls and why', () => {
  const { grouped, fleet, queueOf } = openGroup({
    ...{ members: ['a', { server: 'b', weight: 3 }], strategy: 'weighted', minHealthy: 2 },
    ...{ canary: { member: 'b', percent: 5 }, owner: 'ops@example.com' },
  })
  fleet.breakers.set('a', 'open')
  queueOf('b').enter('x', never)
  const common = { weight: 1, priority: 1, state: 'ready', inFlight: 0 }
  expect(grouped.groupStatus()).toEqual([
    {
      ...{ name: 'g', strategy: 'weighted', state: 'below', healthy: 1, minHealthy: 2 },
      ...{ below: 'serve', breaker: 'closed', hideMembers: false },
      ...{ owner: 'ops@example.com', description: null, runbook: null },
      canary: { member: 'b', percent: 5 },
      members: [
        { ...common, server: 'a', healthy: false, reason: 'its breaker is open' },
        {
          ...common,
          server: 'b',
          weight: 3,
          priority: 2,
          inFlight: 1,
          healthy: true,
          reason: null,
        },
      ],
    },
  ])
})

test.each([
  ['healthy', {}],
  ['partial', { a: 'degraded' }],
  ['below', { a: 'degraded', b: 'blocked' }],
] as const)('a group is %s', (state, states) => {
  const { grouped, fleet } = openGroup(TWO)
  for (const [server, own] of Object.entries(states)) fleet.states.set(server, own)
  expect(grouped.groupStatus()[0]?.state).toBe(state)
})

test('what a member tells of a resource is told under its own name and that of the group [groups/subscriptions]', async () => {
  const { grouped, fleet, updates } = openGroup(TWO)
  await grouped.subscribe('g', ALICE, 'x:1', never)
  await grouped.subscribe('g', BOB, 'x:1', never)
  expect(fleet.subscribed).toEqual(['a x:1', 'a x:1'])
  grouped.resourceUpdated('a', 'a:key:alice', 'x:1', '{}')
  grouped.resourceUpdated('b', 'b:key:alice', 'x:1', '{}')
  expect(updates).toEqual(['a a:key:alice x:1', 'g key:alice x:1', 'b b:key:alice x:1'])
})

test('what is watched moves away from a member that leaves rotation, and its watchers are told once [groups/subscriptions]', async () => {
  const { grouped, fleet, updates } = openGroup(TWO)
  await grouped.subscribe('g', ALICE, 'x:1', never)
  fleet.states.set('a', 'degraded')
  grouped.noteState()
  await vi.waitFor(() => expect(fleet.subscribed).toEqual(['b x:1']))
  expect(updates).toEqual(['g key:alice x:1'])
  fleet.states.set('a', 'ready')
  grouped.noteState()
  grouped.resourceUpdated('b', 'b:key:alice', 'x:1', '{}')
  expect(updates.slice(1)).toEqual(['b b:key:alice x:1', 'g key:alice x:1'])
  grouped.unsubscribe('g', ALICE, 'x:1')
  expect(fleet.subscribed).toEqual([])
})

test('a member that refuses a watch is passed over; where all do, nothing is left of it', async () => {
  const { grouped, fleet, updates } = openGroup(TWO)
  fleet.refusing.add('a')
  await grouped.subscribe('g', ALICE, 'x:1', never)
  expect(fleet.subscribed).toEqual(['b x:1'])
  fleet.refusing.add('b')
  await expect(grouped.subscribe('g', ALICE, 'x:2', never)).rejects.toMatchObject({
    code: 'server_unavailable',
  })
  grouped.resourceUpdated('b', 'b:key:alice', 'x:2', '{}')
  expect(updates).toEqual(['b b:key:alice x:2'])
})

test('with no other member in rotation a watch stays, and moves when one is back', async () => {
  const { grouped, fleet } = openGroup(TWO)
  await grouped.subscribe('g', ALICE, 'x:1', never)
  fleet.states.set('a', 'degraded').set('b', 'degraded')
  grouped.noteState()
  await new Promise(setImmediate)
  expect(fleet.subscribed).toEqual(['a x:1'])
  fleet.states.set('b', 'ready')
  grouped.noteState()
  await vi.waitFor(() => expect(fleet.subscribed).toEqual(['b x:1']))
})

test('a watcher that leaves while a member is asked leaves nothing behind', async () => {
  const { grouped, fleet } = openGroup(TWO)
  const gate = Promise.withResolvers<void>()
  const subscribe = fleet.subscribe.bind(fleet)
  fleet.subscribe = async (...asked) => {
    await gate.promise
    await subscribe(...asked)
  }
  const leaving = new CallController()
  const first = grouped.subscribe('g', ALICE, 'x:1', leaving)
  leaving.abort(new AppError('cancelled', 'gone'))
  await expect(first).rejects.toMatchObject({ code: 'cancelled' })
  const second = grouped.subscribe('g', ALICE, 'x:1', never)
  gate.resolve()
  await second
  grouped.unsubscribe('g', ALICE, 'x:1')
  await new Promise(setImmediate)
  expect(fleet.subscribed).toEqual([])
})

test('another generation goes on with turns, breakers and watches of groups that are the same [groups/reload]', async () => {
  const before = openGroup({ members: ['a', 'b'], breaker: { failures: 1, reset: '1m' } })
  expect(await before.callTimes(1)).toEqual(['a'])
  await before.grouped.subscribe('g', ALICE, 'x:1', never)
  const next = new GroupedUpstreams(before)
  next.takeOver(before.grouped, NONE)
  expect((await next.call('g', ALICE, testRequest())).member).toBe('a')
  before.fleet.takes.set('a', () => down()).set('b', () => down())
  await expect(next.call('g', ALICE, testRequest())).rejects.toMatchObject({ outcome: 'not_sent' })
  const third = new GroupedUpstreams(before)
  third.takeOver(next, NONE)
  expect(third.groupStatus()[0]?.breaker).toBe('open')
  third.resourceUpdated('b', 'b:key:alice', 'x:1', '{}')
  expect(before.updates).toContain('g key:alice x:1')
})

test('a group that is another begins anew; watches leave members that are gone or new, and groups that are no more [groups/reload]', async () => {
  const before = openGroup({ ...TWO, breaker: { failures: 1 } })
  const { fleet, updates } = before
  await before.grouped.subscribe('g', ALICE, 'x:1', never)
  fleet.takes.set('a', () => down()).set('b', () => down())
  await before.call()
  const other = new GroupedUpstreams({
    ...before,
    groups: { g: testGroup({ members: ['b'] }) },
  })
  other.takeOver(before.grouped, { ...NONE, removed: ['a'] })
  expect(other.groupStatus()[0]?.breaker).toBe('closed')
  await vi.waitFor(() => expect(fleet.subscribed).toContain('b x:1'))
  expect(updates).toEqual(['g key:alice x:1'])
  fleet.subscribed.length = 0
  const changed = new GroupedUpstreams({ ...before, groups: { g: testGroup({ members: ['b'] }) } })
  changed.takeOver(other, { ...NONE, changed: ['b'] })
  await vi.waitFor(() => expect(fleet.subscribed).toEqual(['b x:1']))
  await new Promise(setImmediate)
  const none = new GroupedUpstreams({ ...before, groups: {} })
  none.takeOver(changed, NONE)
  expect(fleet.subscribed).toEqual([])
})

test('a member that becomes another server while it is asked is asked again [groups/reload]', async () => {
  const before = openGroup(TWO)
  const { fleet } = before
  const gate = Promise.withResolvers<void>()
  const subscribe = fleet.subscribe.bind(fleet)
  fleet.subscribe = async (...asked) => {
    await subscribe(...asked)
    await gate.promise
  }
  const watching = before.grouped.subscribe('g', ALICE, 'x:1', never)
  const next = new GroupedUpstreams(before)
  next.takeOver(before.grouped, { ...NONE, changed: ['a'] })
  gate.resolve()
  await watching
  // Once of the server that is gone, and once of the new one.
  expect(fleet.subscribed).toEqual(['a x:1', 'a x:1'])
})

test('a member that nobody met is met before it gets a call that others are known to be able to take [groups/name]', async () => {
  const { catalogue, read } = await openTestViews()
  read('a', { tools: ['echo'] })
  const known = new Map(['a', 'b'].map((server) => [server, catalogue.get(server)]))
  const options = { known: known as never } // every server is known
  const { fleet, callTimes } = openGroup({ members: ['a', 'b'] }, options)
  fleet.onWarm = (server) => read(server, { tools: ['other'] })
  expect(await callTimes(4)).toEqual(['a', 'a', 'a', 'a'])
  expect([fleet.warmed, fleet.called]).toEqual([['b'], ['a', 'a', 'a', 'a']])
})
