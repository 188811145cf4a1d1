import { expect, test } from 'vitest'
import type { View } from './view.ts'
import { openTestViews, type TestViewsOptions } from './testing-views.ts'

const SCOPE = 'endpoint/e'

async function openEndpoint(endpoint: object, options: TestViewsOptions = {}) {
  const opened = await openTestViews({ ...options, endpoint: { servers: ['a', 'b'], ...endpoint } })
  const { views, page } = opened
  const names = (kind: Parameters<typeof page>[0] = 'tools') =>
    page(kind, undefined, { scope: SCOPE }).names
  return { ...opened, names, view: () => views.get(SCOPE) }
}

const leads = (target: ReturnType<View['tool']>) => target && `${target.server} ${target.name}`

test('what an endpoint does not allow is not listed, counted, called, read or completed [endpoints/hidden]', async () => {
  const { read, names, view, page } = await openEndpoint({
    tools: { allow: ['a__read_*', 'b__*'], deny: ['b__rm*'] },
    resources: { allow: ['file:///docs/*', 'file:///{name}'], deny: ['*secret*'] },
    prompts: { deny: ['*__x'] },
  })
  const lists = {
    tools: ['read_file', 'write_file', 'rm_all'],
    resources: ['file:///docs/a', 'file:///docs/secret', 'file:///etc/passwd'],
    resourceTemplates: ['file:///{name}', 'file:///{+secret}', 'mem:{x}'],
    prompts: ['x', 'y'],
  }
  read('a', lists)
  read('c', lists)
  expect(names()).toEqual(['a__read_file'])
  expect([names('resources'), names('resourceTemplates'), names('prompts')]).toEqual([
    ['file:///docs/a'],
    ['file:///{name}'],
    ['a__y'],
  ])
  expect(page('tools', undefined, { scope: SCOPE }).sources).toMatchObject([
    { server: 'a', tools: 1 },
    { server: 'b', tools: 0 },
  ])
  const hidden = ['a__write_file', 'b__rm_all', 'c__read_file', 'a__missing']
  expect(hidden.map((name) => view().tool(name))).toEqual(hidden.map(() => undefined))
  expect(['a__x', 'c__y', 'a__missing'].map((name) => view().prompt(name))).toEqual(
    [1, 2, 3].map(() => undefined),
  )
  const unreadable = ['file:///docs/secret', 'file:///etc/passwd', 'a+file:///etc/passwd', 'mem:1']
  expect(unreadable.map((uri) => view().resource(uri, 'p'))).toEqual(
    unreadable.map(() => undefined),
  )
  const incomplete = ['file:///{+secret}', 'mem:{x}', 'a+mem:{x}', 'file:///docs/secret']
  expect(incomplete.map((uri) => view().template(uri, 'p'))).toEqual(
    incomplete.map(() => undefined),
  )
  expect(leads(view().resource('file:///docs/a', 'p'))).toBe('a file:///docs/a')
  expect(leads(view().template('file:///{name}', 'p'))).toBe('a file:///{name}')
})

test('a hidden name is hidden before its server was ever asked [endpoints/hidden]', async () => {
  const { view } = await openEndpoint({
    tools: { deny: ['a__rm'] },
    rename: { a__x: 'look' },
    prompts: { allow: [] },
  })
  expect(['a__rm', 'a__x', 'c__y', 'x'].map((name) => leads(view().tool(name)))).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ])
  expect(['look', 'a__y'].map((name) => leads(view().tool(name)))).toEqual(['a x', 'a y'])
  expect(view().prompt('a__p')).toBe(undefined)
})

test('a link that a hidden server or a denied URI is behind leads nowhere [endpoints/hidden]', async () => {
  const { view, views } = await openEndpoint({ resources: { deny: ['*secret*'] } })
  views.learn({ scope: 'endpoint/e', principalId: 'p' }, 'c', ['x:1'])
  views.learn({ scope: 'endpoint/e', principalId: 'p' }, 'a', ['x:secret', 'x:2'])
  expect(['x:1', 'x:secret', 'x:2'].map((uri) => leads(view().resource(uri, 'p')))).toEqual([
    undefined,
    undefined,
    'a x:2',
  ])
  expect(view().resource('x:2', 'another')).toBe(undefined)
})

test('a renamed tool has its new name only, and is described as the operator says [endpoints/rename] [endpoints/override]', async () => {
  const { read, page, view, views } = await openEndpoint({
    rename: { a__x: 'look' },
    describe: { a__x: 'Looks.' },
    annotations: { a__x: { title: 'Look', readOnly: true } },
  })
  read('a', { tools: [{ name: 'x', description: 'old', inputSchema: { n: 1 } }] })
  expect(page('tools', undefined, { scope: SCOPE }).entries).toEqual([
    {
      name: 'look',
      description: 'Looks.',
      inputSchema: { n: 1 },
      annotations: { title: 'Look', readOnlyHint: true },
    },
  ])
  expect([leads(view().tool('look')), view().tool('a__x'), view().tool('x')]).toEqual([
    'a x',
    undefined,
    undefined,
  ])
  expect(page('tools').names).toEqual(['a__x'])
  expect(views.get('').tool('look')).toBe(undefined)
})

test('without their prefix names are plain where nothing else claims them [endpoints/drop-prefix]', async () => {
  const { read, names, view } = await openEndpoint({ dropPrefix: true })
  read('a', { tools: ['one', 'both'], prompts: ['ask'] })
  read('b', { tools: ['two', 'both', 'a__both'], prompts: [] })
  expect(names()).toEqual(['a__both', 'b__a__both', 'b__both', 'one', 'two'])
  expect(names('prompts')).toEqual(['ask'])
  const called = ['one', 'two', 'a__both', 'b__both', 'b__a__both', 'both', 'a__one', 'b__two']
  expect(called.map((name) => leads(view().tool(name)))).toEqual([
    'a one',
    'b two',
    'a both',
    'b both',
    'b a__both',
    undefined,
    undefined,
    undefined,
  ])
})

test('a tool that gains a rival gets its prefix back, which is logged once [endpoints/drop-prefix]', async () => {
  const { read, names, view, warned } = await openEndpoint({ dropPrefix: true })
  read('a', { tools: ['read'] })
  expect([names(), warned]).toEqual([['read'], []])
  read('b', { tools: ['read'] })
  expect(names()).toEqual(['a__read', 'b__read'])
  expect(view().tool('read')).toBe(undefined)
  read('a', { tools: ['read', 'other'] })
  expect(names()).toEqual(['a__read', 'b__read', 'other'])
  expect(warned).toEqual([
    [
      { endpoint: 'e', name: 'read', kept: ['a__read', 'b__read'] },
      'several tools or prompts would have one name, so they keep their prefix',
    ],
  ])
})

test('a new name comes before a plain one, whoever was read first [endpoints/rename] [endpoints/drop-prefix]', async () => {
  const { read, names, view } = await openEndpoint({ dropPrefix: true, rename: { a__x: 'read' } })
  read('b', { tools: ['read'] })
  read('a', { tools: ['x'] })
  expect(names()).toEqual(['b__read', 'read'])
  expect([leads(view().tool('read')), leads(view().tool('b__read'))]).toEqual(['a x', 'b read'])
})

test('a renamed tool does not claim its plain name', async () => {
  const { read, names } = await openEndpoint({ dropPrefix: true, rename: { a__x: 'look' } })
  read('a', { tools: ['x'] })
  read('b', { tools: ['x'] })
  expect(names()).toEqual(['look', 'x'])
})

test('a name that is listed answers to what it is called alone, though its list may be old', async () => {
  const { read, view } = await openEndpoint({ dropPrefix: true })
  read('a', { tools: ['x'], prompts: ['x'] })
  read('a', {})
  expect([leads(view().tool('x')), view().tool('a__x'), leads(view().tool('a__new'))]).toEqual([
    'a x',
    undefined,
    'a new',
  ])
  expect([leads(view().prompt('x')), view().prompt('a__x')]).toEqual(['a x', undefined])
})

test('one server without prefix is asked by plain names before it was read', async () => {
  const { view } = await openEndpoint({
    servers: ['a'],
    dropPrefix: true,
    tools: { deny: ['*rm'] },
  })
  expect([leads(view().tool('x')), view().tool('rm')]).toEqual(['a x', undefined])
})

test('an interface that a shown tool names is readable unless it is denied, that of a hidden one is not [endpoints/ui]', async () => {
  const ui = (name: string) => ({ name, _meta: { ui: { resourceUri: `ui://${name}` } } })
  const { read, view } = await openEndpoint({
    tools: { deny: ['a__hidden'] },
    resources: { allow: ['file:///*'], deny: ['ui://denied'] },
  })
  read('a', { tools: ['shown', 'hidden', 'denied'].map(ui), resources: ['ui://shown'] })
  expect(
    ['ui://shown', 'ui://hidden', 'ui://denied', 'ui://else'].map((uri) =>
      leads(view().resource(uri, 'p')),
    ),
  ).toEqual(['a ui://shown', undefined, undefined, undefined])
})

test('an endpoint says what its operator wrote, other scopes nothing', async () => {
  const { view, views } = await openEndpoint({ instructions: 'Be kind.' })
  expect([view().instructions, views.get('').instructions]).toEqual(['Be kind.', undefined])
})

test('what an endpoint denies is not read under another spelling, nor unlisted where it only denies [endpoints/hidden]', async () => {
  const selecting = await openEndpoint({
    resources: { allow: ['file:///*', 'demo://*'], deny: ['file:///etc/*', 'demo://r/1'] },
  })
  selecting.read('a', { resourceTemplates: ['file:///{+path}', 'demo://r/{id}'] })
  const spellings = [
    'file:///etc/passwd',
    'FILE:///etc/passwd',
    'file://localhost/etc/passwd',
    'file:///x/../etc/passwd',
    'file:///%65tc/passwd',
    'DEMO://r/1',
    'demo://r/./1',
  ]
  const reads = (uri: string) => leads(selecting.view().resource(uri, 'p'))
  expect(spellings.map(reads)).toEqual(spellings.map(() => undefined))
  expect(['file:///docs/a.md', 'demo://r/2'].map(reads)).toEqual([
    'a file:///docs/a.md',
    'a demo://r/2',
  ])
  const denying = await openEndpoint({ resources: { deny: ['demo://r/1'] } })
  denying.read('a', { resourceTemplates: ['demo://r/{id}'] })
  expect(leads(denying.view().resource('demo://r/01', 'p'))).toBe(undefined)
})
