import type { Sight, SightRule } from '@sallyport/kit/principal'
import { expect, test } from 'vitest'
import { testPrincipal } from '../call/testing-call.ts'
import type { Kind } from '../upstreams/upstream.ts'
import { testSight } from './testing-sights.ts'
import { openTestViews, testFacts, type TestViewsOptions } from './testing-views.ts'

const LISTS = {
  tools: ['read', 'write', { name: 'show', _meta: { ui: { resourceUri: 'ui://show' } } }],
  prompts: ['ask'],
  resources: ['file:///one', 'ui://show', 'ui://other'],
  resourceTemplates: ['file:///{path}'],
}

async function openSeen(sight: Sight, options: TestViewsOptions = {}) {
  const opened = await openTestViews(options)
  const principal = testPrincipal('alice', { sight })
  const names = (kind: Kind, scope = '') => opened.page(kind, undefined, { scope, principal }).names
  const tool = (name: string, scope = '') => opened.views.get(scope, sight).tool(name)
  const resource = (uri: string, scope = '') =>
    opened.views.get(scope, sight).resource(uri, principal.id)
  return { ...opened, principal, names, tool, resource }
}

test('who sees some servers has their lists and no others [tenancy/sight/lists]', async () => {
  const { names, read, tool, resource, page, principal } = await openSeen(
    testSight({ servers: ['a', 'none'] }),
  )
  for (const server of ['a', 'b']) read(server, LISTS)
  expect(names('tools')).toEqual(['a__read', 'a__show', 'a__write'])
  expect(names('prompts')).toEqual(['a__ask'])
  expect(names('resources')).toEqual(['file:///one', 'ui://other', 'ui://show'])
  expect([tool('a__read')?.server, tool('b__read'), tool('c__read')]).toEqual([
    'a',
    undefined,
    undefined,
  ])
  // Of a hidden server's form no less and no more is known than of one that nobody has.
  expect(['file:///one', 'b+file:///one', 'none+file:///one'].map((uri) => resource(uri))).toEqual(
    ['file:///one', 'b+file:///one', 'none+file:///one'].map((name) =>
      expect.objectContaining({ server: 'a', name }),
    ),
  )
  expect(JSON.stringify(page('tools', undefined, { principal }).sources)).not.toMatch(/"[bc]"/)
})

test('a hidden server is no scope, nor is an endpoint all of whose servers are hidden [tenancy/sight/missing]', async () => {
  const options = { endpoint: { servers: ['b', 'c'] } }
  const { views } = await openSeen(testSight({ servers: ['a'] }), options)
  const scopes = ['', 'a', 'b', 'endpoint/e', 'none']
  const seen = (...servers: string[]) =>
    scopes.map((scope) => views.has(scope, testSight({ servers })))
  expect(seen('a')).toEqual([true, true, false, false, false])
  expect(seen('b')).toEqual([true, false, true, true, false])
  expect(seen()).toEqual([true, false, false, false, false])
  expect(() => views.get('b', testSight({ servers: ['a'] }))).toThrow(
    expect.objectContaining({ code: 'not_found', message: 'there is no such server or endpoint' }),
  )
})

test('every rule counts: that of the tenant and that of the key [tenancy/sight/lists]', async () => {
  const sight = testSight(
    { servers: ['a', 'b'], tools: { deny: ['*__write'] } },
    { servers: ['b', 'c'], tools: { allow: ['*__read', '*__write'] } },
  )
  const { names, read } = await openSeen(sight)
  for (const server of ['a', 'b', 'c']) read(server, LISTS)
  expect(names('tools')).toEqual(['b__read'])
})

test('what is both allowed and denied is denied', async () => {
  const sight = testSight({ tools: { allow: ['a__*'], deny: ['a__write'] } })
  const { names, read, tool } = await openSeen(sight)
  read('a', LISTS)
  expect(names('tools')).toEqual(['a__read', 'a__show'])
  expect(tool('a__write')).toBeUndefined()
})

test('whoever is given tools sees their interfaces, and nothing else that is no tool [tenancy/sight/tools]', async () => {
  const { names, read, resource } = await openSeen(testSight({ tools: { allow: ['a__show'] } }))
  read('a', LISTS)
  expect(names('tools')).toEqual(['a__show'])
  expect([names('resources'), names('resourceTemplates'), names('prompts')]).toEqual([
    ['ui://show'],
    [],
    [],
  ])
  for (const scope of ['', 'a']) {
    expect(resource('ui://show', scope)).toMatchObject({ server: 'a', name: 'ui://show' })
    for (const uri of ['ui://other', 'file:///one', 'file:///two', 'a+file:///one']) {
      expect(resource(uri, scope)).toBeUndefined()
    }
  }
})

test('selections of resources and prompts let them through beside tools [tenancy/sight/tools]', async () => {
  const rule: SightRule = {
    tools: { allow: ['a__read'] },
    resources: { allow: ['file:///*'], deny: ['file:///secret*'] },
    prompts: { allow: ['*__ask'] },
  }
  const { names, read, resource, views, principal } = await openSeen(testSight(rule))
  read('a', { ...LISTS, resources: ['file:///one', 'file:///secret', 'x:1'] })
  expect([names('resources'), names('prompts')]).toEqual([['file:///one'], ['a__ask']])
  views.learn({ scope: '', principalId: principal.id }, 'a', ['file:///given', 'x:2'])
  for (const scope of ['', 'a']) {
    const read = (uri: string) => resource(uri, scope)?.name
    expect(['file:///one', 'file:///two', 'file:///given'].map(read)).toEqual([
      'file:///one',
      'file:///two',
      'file:///given',
    ])
    // Other spellings of what is denied, and what is not selected.
    const hidden = ['file:///secret', 'file:///x/../secret', 'FILE:///secret', 'x:1', 'x:2']
    expect(hidden.map(read)).toEqual(hidden.map(() => undefined))
  }
})

test('where URIs are denied one by one, a URI on no list is not read', async () => {
  const { resource, read } = await openSeen(testSight({ resources: { deny: ['file:///secret'] } }))
  read('a', LISTS)
  for (const scope of ['', 'a']) {
    expect(resource('file:///one', scope)?.name).toBe('file:///one')
    expect(resource('file:///%73ecret', scope)).toBeUndefined()
  }
})

const HINTED = { name: 'hinted', annotations: { readOnlyHint: true } }

test.each([
  ['pinned by the operator alone', false, ['a__pinned']],
  ['pinned, or hinted by a server that is trusted', true, ['a__hinted', 'a__pinned']],
] as const)(
  'read-only tools are those %s [tenancy/sight/read-only]',
  async (_case, trust, shown) => {
    const tools = { pinned: { readOnly: true }, denied: { readOnly: false } }
    const configs = { a: { tools, trustAnnotations: trust } }
    const { names, read, tool } = await openSeen(testSight({ readOnly: true }), { configs })
    const denied = { name: 'denied', annotations: { readOnlyHint: true } }
    // Before a list is read its names are only believed where they are pinned.
    expect([tool('a__pinned')?.readOnly, tool('a__hinted')]).toEqual([true, undefined])
    read('a', { tools: ['pinned', HINTED, denied, 'plain'] })
    expect(names('tools')).toEqual(shown)
    expect([tool('a__plain'), tool('a__denied')]).toEqual([undefined, undefined])
  },
)

test('a tool of a group is read-only where it is at every member, an endpoint’s pin counts there [tenancy/sight/read-only]', async () => {
  const pin = { tools: { x: { readOnly: true } } }
  const { names, read } = await openSeen(testSight({ readOnly: true }), {
    groups: { g: { members: ['a', 'b'] }, h: { members: ['a'] } },
    endpoint: { servers: ['b'], annotations: { b__x: { readOnly: true } } },
    configs: { a: pin },
  })
  read('a', { tools: ['x'] })
  read('b', { tools: ['x'] })
  expect(names('tools')).toEqual(['a__x', 'h__x'])
  expect(names('tools', 'endpoint/e')).toEqual(['b__x'])
})

test('a sight names a group or its members, each without the other [tenancy/sight/groups]', async () => {
  const groups = { g: { members: ['a', 'b'] } }
  const members = ['a', 'b'].map((server) => ({ server, state: 'ready', healthy: true }))
  const { page, read, views } = await openTestViews({
    groups,
    groupStatus: () => [
      {
        ...{ name: 'g', strategy: 'priority', state: 'healthy', hideMembers: false },
        ...{ healthy: 2, minHealthy: 1, members },
      } as never, // what a list tells of a group
    ],
  })
  for (const server of ['a', 'b']) read(server, { tools: ['x'], resources: ['f:x'] })
  const seen = (...servers: string[]) => {
    const principal = testPrincipal('p', { sight: testSight({ servers }) })
    const { names, sources } = page('tools', undefined, { principal })
    return { names, sources: JSON.stringify(sources), principal }
  }
  const group = seen('g')
  expect(group.names).toEqual(['g__x'])
  expect(group.sources).not.toMatch(/"[ab]"/)
  expect(seen('a').names).toEqual(['a__x'])
  expect(seen('a', 'g').sources).toContain('"members":[{"server":"a"')
  const { sight } = group.principal
  expect(views.get('', sight).resource('a+f:x', 'key:p')).toMatchObject({
    ...{ server: 'g', name: 'a+f:x' },
  })
  expect(['a', 'g'].map((scope) => views.has(scope, sight))).toEqual([false, true])
  expect(['a', 'b', 'c'].map((server) => views.shows('', server, sight))).toEqual([
    true,
    true,
    false,
  ])
})

test('names and URIs tell nothing of what is hidden: they are as if it were not there [tenancy/sight/missing]', async () => {
  const endpoint = { servers: ['a', 'b'], dropPrefix: true }
  const { names, read, page } = await openSeen(testSight({ servers: ['a'] }), { endpoint })
  for (const server of ['a', 'b']) read(server, { tools: ['x'], resources: ['f:x'] })
  expect(page('tools', undefined, { scope: 'endpoint/e' }).names).toEqual(['a__x', 'b__x'])
  expect(names('tools', 'endpoint/e')).toEqual(['x'])
  expect(names('resources')).toEqual(['f:x'])
})

test('a change concerns who sees something of it [tenancy/sight/news]', async () => {
  const { views, catalogue, read } = await openSeen(testSight({}))
  const told: string[] = []
  const sights: Readonly<Record<string, Sight | undefined>> = {
    all: undefined,
    a: testSight({ servers: ['a'] }),
    reads: testSight({ tools: { allow: ['*__read'] } }),
    'read-only': testSight({ readOnly: true }),
  }
  catalogue.onChanged = (server, change) => {
    for (const [who, sight] of Object.entries(sights)) {
      if (views.shows('', server, sight, change)) told.push(`${who}: ${server} ${change.kind}`)
    }
  }
  read('b', { tools: ['write'] })
  expect(told.splice(0)).toEqual(['all: b tools'])
  read('a', { tools: ['write'] })
  expect(told.splice(0)).toEqual(['all: a tools', 'a: a tools'])
  read('b', { tools: ['write', 'read'], prompts: ['p'] })
  expect(told.splice(0)).toEqual([
    'all: b tools',
    'reads: b tools',
    ...['all: b prompts', 'read-only: b prompts'],
  ])
  catalogue.onList('b', 'tools', [], true)
  expect(told.splice(0)).toEqual([])
  catalogue.setHidden('a', true)
  expect(told.splice(0)).toEqual(['all: a tools', 'a: a tools'])
})

test('equal sights share a view, and of more than are kept the one used longest ago is made anew [tenancy/sight/bounded]', async () => {
  const { views, read, page } = await openTestViews({ restrictedViews: 2 })
  read('a', { tools: ['x'] })
  const [one, two, three] = ['a', 'b', 'c'].map((server) => testSight({ servers: [server] }))
  const first = views.get('', one)
  expect(views.get('', testSight({ servers: ['a'] }))).toBe(first)
  const principal = testPrincipal('p', { sight: one as Sight }) // there are three
  expect(page('tools', undefined, { principal }).names).toEqual(['a__x'])
  views.get('', two)
  views.get('', one)
  views.get('', three)
  expect(views.get('', one)).toBe(first)
  views.get('', two)
  views.get('', three)
  expect(views.get('', one)).not.toBe(first)
  read('a', { tools: ['y'] })
  expect(page('tools', undefined, { principal }).names).toEqual(['a__y'])
  expect(views.get('')).toBe(views.get(''))
})

test('servers that were never met are those that are seen; facts too', async () => {
  const { views, catalogue } = await openSeen(testSight({}))
  const sight = testSight({ servers: ['b'] })
  expect(views.unseen('', sight)).toEqual(['b'])
  for (const server of ['a', 'b']) catalogue.onFacts(server, testFacts({ tools: {} }))
  expect([...views.facts('', sight).keys()]).toEqual(['b'])
})
