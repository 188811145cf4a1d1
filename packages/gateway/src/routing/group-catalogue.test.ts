import { expect, test } from 'vitest'
import type { GroupStatus } from '../groups/group-status.ts'
import { openTestViews, testFacts } from './testing-views.ts'

const G = { groups: { g: { members: ['a', 'b'] } } }
const all = { scope: '' }
const pinned = (tool: string, pin: object) => ({ tools: { [tool]: pin } })

test('a group is listed like a server, with what any member lists, described by the first [groups/name]', async () => {
  const { page, read } = await openTestViews(G)
  read('b', { tools: [{ name: 'x', title: 'of b' }, 'y'], prompts: ['p'] })
  read('a', { tools: ['w', { name: 'x', title: 'of a' }] })
  read('c', { tools: ['z'] })
  const { names, entries, sources } = page('tools')
  expect(names).toEqual(['a__w', 'a__x', 'b__x', 'b__y', 'c__z', 'g__w', 'g__x', 'g__y'])
  expect(entries.find(({ name }) => name === 'g__x')).toEqual({ name: 'g__x', title: 'of a' })
  expect(sources).toContainEqual(expect.objectContaining({ server: 'g', tools: 3 }))
  expect(page('prompts').names).toEqual(['b__p', 'g__p'])
  expect(page('tools', undefined, { scope: 'g' }).names).toEqual(['w', 'x', 'y'])
})

test('with `hideMembers` the members are on no list and at no address [groups/hidden]', async () => {
  const { page, read, views } = await openTestViews({
    groups: { g: { members: ['a', 'b'], hideMembers: true } },
  })
  for (const server of ['a', 'b', 'c']) read(server, { tools: ['x'], resources: ['f:x'] })
  expect(page('tools').names).toEqual(['c__x', 'g__x'])
  expect(page('resources').names).toEqual(['c+f:x', 'g+f:x'])
  expect(['a', 'b', 'c', 'g'].map((scope) => views.has(scope))).toEqual([false, false, true, true])
  expect(views.get('').tool('a__x')).toBeUndefined()
  expect(views.get('').resource('a+f:x', 'key:alice')).toBeUndefined()
  expect(JSON.stringify(page('tools').sources)).not.toMatch(/"[ab]"/)
})

test('a change of what a member lists is a change of its groups', async () => {
  const { page, read, views } = await openTestViews({
    groups: { g: { members: ['a', 'b'], hideMembers: true } },
  })
  read('a', { tools: ['x'] })
  expect(page('tools').names).toEqual(['g__x'])
  read('b', { tools: ['y'] })
  expect(page('tools').names).toEqual(['g__x', 'g__y'])
  expect([views.shows('', 'a'), views.shows('g', 'a'), views.shows('c', 'a')]).toEqual([
    true,
    true,
    false,
  ])
})

test('a group is unseen while some member was never read, and its unknown names may be that one’s', async () => {
  const { read, views } = await openTestViews(G)
  expect(views.unseen('g')).toEqual(['g'])
  read('a', { tools: ['x'] })
  expect(views.unseen('g')).toEqual(['g'])
  expect(views.get('g').tool('y')).toMatchObject({ server: 'g', name: 'y', group: true })
  read('b', {})
  expect([views.unseen('g'), views.get('g').tool('y')]).toEqual([[], undefined])
})

test('what a blocked member lists is not shown; with all of them blocked a name still leads to the group', async () => {
  const { catalogue, page, read, views } = await openTestViews(G)
  read('a', { tools: ['x'] })
  read('b', { tools: ['y'] })
  catalogue.setHidden('a', true)
  expect(page('tools', undefined, { scope: 'g' }).names).toEqual(['y'])
  expect(views.get('g').tool('x')).toBeUndefined()
  catalogue.setHidden('b', true)
  expect(page('tools', undefined, { scope: 'g' }).names).toEqual([])
  expect(page('tools').sources).toMatchObject([
    { server: 'a', at: null },
    { server: 'b', at: null },
    { server: 'c', at: null },
    { server: 'g', at: null },
  ])
  expect(views.get('g').tool('x')).toMatchObject({ group: true })
  catalogue.setHidden('a', false)
  expect(page('tools', undefined, { scope: 'g' }).names).toEqual(['x'])
})

test.each([
  ['pinned at both', pinned('x', { readOnly: true }), pinned('x', { readOnly: true }), 'yes yes'],
  ['pinned at one', pinned('x', { readOnly: true }), {}, 'no no'],
  [
    'pinned otherwise',
    pinned('x', { readOnly: true }),
    pinned('x', { idempotent: true }),
    'no yes',
  ],
  [
    'hinted by one that is trusted',
    pinned('x', { idempotent: true }),
    { trustAnnotations: true },
    'no yes',
  ],
])(
  'a tool %s is read-only and repeatable at a group as far as it is at every member [groups/failover/sent]',
  async (_case, a, b, wanted) => {
    const { read, views } = await openTestViews({ ...G, configs: { a, b } })
    read('a', { tools: ['x'] })
    read('b', { tools: [{ name: 'x', annotations: { idempotentHint: true } }] })
    const { readOnly, repeatable } = views.get('').tool('g__x') ?? {}
    expect(`${readOnly ? 'yes' : 'no'} ${repeatable ? 'yes' : 'no'}`).toBe(wanted)
  },
)

test('a member that was never read may have the tool, so it counts; one without it does not', async () => {
  const { read, views } = await openTestViews({
    ...G,
    configs: { a: pinned('x', { readOnly: true }) },
  })
  read('a', { tools: ['x'] })
  expect(views.get('g').tool('x')?.repeatable).toBe(false)
  read('b', { tools: ['y'] })
  expect(views.get('g').tool('x')?.repeatable).toBe(true)
})

test('a call to a group has the longest deadline of its members', async () => {
  const { read, views } = await openTestViews({
    ...G,
    configs: { a: { callMs: 100 }, b: { callMs: 900 } },
  })
  read('a', { tools: ['x'] })
  expect(views.get('g').tool('x')?.config).toMatchObject({ name: 'g', callMs: 900 })
})

test('a group says of itself what the first member said that was met', async () => {
  const { catalogue, views } = await openTestViews(G)
  expect(views.facts('g').size).toBe(0)
  catalogue.onFacts('b', testFacts({ tools: {} }))
  expect(views.facts('g').get('g')?.capabilities).toBe('{"tools":{}}')
  catalogue.onFacts('a', testFacts({ prompts: {} }))
  expect(views.facts('g').get('g')?.capabilities).toBe('{"prompts":{}}')
})

test('an endpoint shows and selects the tools of a group by its name [groups/name]', async () => {
  const { page, read, views } = await openTestViews({
    ...G,
    endpoint: { servers: ['g'], tools: { allow: ['g__x'] }, rename: { g__x: 'look' } },
  })
  read('a', { tools: ['x', 'y'] })
  read('b', { tools: ['x'] })
  expect(page('tools', undefined, { scope: 'endpoint/e' }).names).toEqual(['look'])
  expect(views.get('endpoint/e').tool('look')).toMatchObject({
    server: 'g',
    name: 'x',
    group: true,
  })
})

test('lists say how a group is, and again when a breaker changed that [groups/shown]', async () => {
  let healthy = true
  const member = { weight: 1, priority: 1, inFlight: 0, reason: null, state: 'ready' } as const
  const status = (): GroupStatus => ({
    ...{ name: 'g', strategy: 'round-robin', breaker: 'closed', hideMembers: false, canary: null },
    ...{ minHealthy: 1, below: 'serve', owner: null, description: null, runbook: null },
    ...{ state: healthy ? 'healthy' : 'partial', healthy: healthy ? 2 : 1 },
    members: [
      { ...member, server: 'a', healthy: true },
      { ...member, server: 'b', healthy },
    ],
  })
  const { page, read } = await openTestViews({ ...G, groupStatus: () => [status()] })
  read('a', { tools: ['x'] })
  const sourceOf = () => (page('tools', undefined, all).sources as object[]).at(-1) // `g` is the last name
  const members = [{ server: 'a', state: 'ready', healthy: true }]
  expect(sourceOf()).toMatchObject({
    ...{ server: 'g', state: 'healthy', healthy: 2, tools: 1 },
    members: [...members, { server: 'b', state: 'ready', healthy: true }],
  })
  healthy = false
  expect(sourceOf()).toMatchObject({
    ...{ server: 'g', state: 'partial', healthy: 1 },
    members: [...members, { server: 'b', state: 'ready', healthy: false }],
  })
})
