import { expect, test } from 'vitest'
import { testFacts, openTestViews } from './testing-views.ts'

const leads = (target: { server: string; name: string } | undefined) =>
  target && `${target.server} ${target.name}`

test.each([
  ['an unknown server', '', 'none__read'],
  ['an object method', '', 'toString__read'],
  ['no separator', '', 'a_read'],
  ['nothing before the separator', '', '__read'],
  ['a public name under a server', 'a', 'a__read'],
  ['a name it does not list', 'a', 'write'],
])('%s leads nowhere, for tools and prompts alike', async (_case, scope, name) => {
  const { views, read } = await openTestViews()
  read('a', { tools: ['read'], prompts: ['read'] })
  expect([views.get(scope).tool(name), views.get(scope).prompt(name)]).toEqual([
    undefined,
    undefined,
  ])
})

test.each(['none', 'endpoint/none', 'endpoint/', 'e', 'toString'])(
  'there is no scope %j',
  async (scope) => {
    const { views } = await openTestViews({ endpoint: { servers: ['a'] } })
    expect([views.has(scope), views.shows(scope, 'a'), views.unseen(scope)]).toEqual([
      false,
      false,
      [],
    ])
    expect(() => views.get(scope)).toThrow(expect.objectContaining({ code: 'not_found' }))
  },
)

test('the whole, each server and each endpoint are scopes, and show their own servers', async () => {
  const { views } = await openTestViews({ endpoint: { servers: ['b', 'a', 'b'] } })
  expect(['', 'a', 'endpoint/e'].map((scope) => views.get(scope).servers)).toEqual([
    ['a', 'b', 'c'],
    ['a'],
    ['a', 'b'],
  ])
  expect(['', 'a', 'endpoint/e'].map((scope) => views.shows(scope, 'b'))).toEqual([
    true,
    false,
    true,
  ])
})

test('a name is split at its first separator [tools/name]', async () => {
  const { views, read } = await openTestViews()
  read('a', { tools: ['b__c', '__d'], prompts: ['b__c'] })
  const whole = views.get('')
  expect([whole.tool('a__b__c'), whole.tool('a____d'), whole.prompt('a__b__c')].map(leads)).toEqual(
    ['a b__c', 'a __d', 'a b__c'],
  )
  expect(leads(views.get('a').tool('b__c'))).toBe('a b__c')
})

test('a name its server did not list leads to the server before a fresh reading, and nowhere after', async () => {
  const { views, read } = await openTestViews()
  const asked = () => [
    leads(views.get('').tool('a__new')),
    leads(views.get('').prompt('a__new')),
    leads(views.get('a').tool('new')),
    leads(views.get('a').prompt('new')),
  ]
  expect(asked()).toEqual(['a new', 'a new', 'a new', 'a new'])
  read('a', { tools: ['read'], prompts: ['ask'] })
  expect(asked()).toEqual([undefined, undefined, undefined, undefined])
  read('a', {})
  expect(asked()).toEqual(['a new', 'a new', 'a new', 'a new'])
})

test('a server is unseen until each of its lists was read [features/never-seen]', async () => {
  const { views, catalogue, read } = await openTestViews({ endpoint: { servers: ['b', 'c'] } })
  read('b', {})
  catalogue.onList('a', 'tools', [])
  expect(['', 'a', 'b', 'endpoint/e'].map((scope) => views.unseen(scope))).toEqual([
    ['a', 'c'],
    ['a'],
    [],
    ['c'],
  ])
})

test('what servers said of themselves is known by scope, and renewed', async () => {
  const { views, catalogue } = await openTestViews({ endpoint: { servers: ['b'] } })
  catalogue.onFacts('a', testFacts({ tools: {} }))
  expect([...views.facts('').keys()]).toEqual(['a'])
  catalogue.onFacts('b', testFacts({ tools: {} }))
  catalogue.onFacts('b', testFacts({ prompts: {} }))
  expect([...views.facts('').keys()]).toEqual(['a', 'b'])
  expect(views.facts('endpoint/e').get('b')?.capabilities).toBe('{"prompts":{}}')
})

const LONG = 'x'.repeat(70)

test('short names are cut, lead to the whole name, and stay apart [tools/name/short]', async () => {
  const { views, read, page } = await openTestViews({ names: 'short' })
  read('a', { tools: [`${LONG}1`, `${LONG}2`, 'read'], prompts: [LONG] })
  const { names } = page('tools')
  expect(names.map((name) => name.length)).toEqual([4 + 3, 64, 64].toSorted((x, y) => x - y))
  expect(names.map((name) => leads(views.get('').tool(name))).toSorted()).toEqual([
    'a read',
    `a ${LONG}1`,
    `a ${LONG}2`,
  ])
  expect(views.get('').tool(`a__${LONG}1`)).toBe(undefined)
  expect(leads(views.get('').prompt(page('prompts').names[0] ?? ''))).toBe(`a ${LONG}`)
  expect(page('tools', undefined, { scope: 'a' }).names).toContain(`${LONG}1`)
})

test('an endpoint may want short names where the gateway does not', async () => {
  const { page, read } = await openTestViews({ endpoint: { servers: ['a'], names: 'short' } })
  read('a', { tools: [LONG] })
  expect(page('tools').names[0]).toHaveLength(73)
  expect(page('tools', undefined, { scope: 'endpoint/e' }).names[0]).toHaveLength(64)
})

test('a tool’s target carries the pins of server and endpoint', async () => {
  const annotations = { a__x: { readOnly: true } }
  const { views, read } = await openTestViews({ endpoint: { servers: ['a'], annotations } })
  read('a', { tools: ['x', 'y'] })
  expect(views.get('').tool('a__x')?.readOnly).toBe(false)
  expect(views.get('endpoint/e').tool('a__x')?.readOnly).toBe(true)
  expect(views.get('endpoint/e').tool('a__y')?.readOnly).toBe(false)
})
