import { expect, test } from 'vitest'
import { openTestViews, testFacts, type TestViewsOptions } from './testing-views.ts'

const G = { groups: { g: { members: ['a', 'b'] } } }
const UI = 'ui://w/m.html'
const widget = { name: 'w', _meta: { ui: { resourceUri: UI } } }

async function open(options: TestViewsOptions = G) {
  const opened = await openTestViews(options)
  const { page, views } = opened
  const resource = (uri: string, scope = '') => {
    const target = views.get(scope).resource(uri, 'p')
    return target && `${target.server} ${target.name}`
  }
  const template = (uri: string) => {
    const target = views.get('').template(uri, 'p')
    return target && `${target.server} ${target.name}`
  }
  const uris = (scope = '') => page('resources', undefined, { scope }).names
  const shown = (server: string, uri: string) => views.get('').publicUri(server, uri, 'p')
  return { ...opened, resource, template, uris, shown }
}

test('a group with visible members changes no URI: each is listed once, and read through the group [groups/uris]', async () => {
  const { read, uris, resource, shown, views } = await open()
  read('a', { resources: ['m:a', 'm:both'] })
  read('b', { resources: ['m:b', 'm:both'] })
  read('c', { resources: ['m:c'] })
  expect(uris()).toEqual(['m:a', 'm:b', 'm:both', 'm:c'])
  expect(uris().map((uri) => resource(uri))).toEqual(['g m:a', 'g m:b', 'g m:both', 'c m:c'])
  expect(views.get('').resource('m:a', 'p')).toMatchObject({ group: true })
  expect(['a', 'b', 'g'].map((server) => views.get('').movedUris(server))).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  // Links of members to what is listed pass as they are; those of others are told apart.
  expect([shown('a', 'm:a'), shown('b', 'm:a'), shown('g', 'm:a'), shown('c', 'm:a')]).toEqual([
    'm:a',
    'm:a',
    'm:a',
    'c+m:a',
  ])
})

test('`<member>+<uri>` and `<group>+<uri>` lead to the member and to the group all the same [groups/uris]', async () => {
  const { read, resource, template } = await open()
  read('a', { resources: ['m:a'], resourceTemplates: ['t:{+p}'], tools: [widget] })
  read('b', { tools: [widget] })
  expect(
    ['a+m:a', 'g+m:a', 'ui://a+w/m.html', 'ui://g+w/m.html'].map((uri) => resource(uri)),
  ).toEqual(['a m:a', 'g m:a', `a ${UI}`, `g ${UI}`])
  expect(['t:{+p}', 'a+t:{+p}', 'g+t:{+p}'].map((uri) => template(uri))).toEqual([
    'g t:{+p}',
    'a t:{+p}',
    'g t:{+p}',
  ])
})

test('they do in an endpoint as well, and nothing that it denies is read so [groups/uris]', async () => {
  const { read, uris, resource } = await open({
    ...G,
    endpoint: { servers: ['a', 'g'], resources: { deny: ['m:secret'] } },
  })
  read('a', { resources: ['m:a', 'm:secret'] })
  read('b', { resources: ['m:a'] })
  const at = 'endpoint/e'
  expect(uris(at)).toEqual(['m:a'])
  expect(['m:a', 'a+m:a', 'g+m:a'].map((uri) => resource(uri, at))).toEqual([
    'g m:a',
    'a m:a',
    'g m:a',
  ])
  expect(['m:secret', 'a+m:secret', 'g+m:secret', 'b+m:a'].map((uri) => resource(uri, at))).toEqual(
    [undefined, undefined, undefined, undefined],
  )
})

test('what an unrelated server lists as well carries the name of each as before [groups/uris]', async () => {
  const { read, uris, resource } = await open()
  read('a', { resources: ['m:1'] })
  read('c', { resources: ['m:1'] })
  expect(uris()).toEqual(['a+m:1', 'c+m:1', 'g+m:1'])
  expect(['m:1', ...uris()].map((uri) => resource(uri))).toEqual([
    undefined,
    'a m:1',
    'c m:1',
    'g m:1',
  ])
})

test('two groups of one member do not collide over what it alone lists, but over what others list [groups/uris]', async () => {
  const { read, uris, resource } = await open({
    groups: { g: { members: ['a', 'b'] }, h: { members: ['a', 'c'] } },
  })
  read('a', { resources: ['m:a'] })
  read('b', { resources: ['m:2'] })
  read('c', { resources: ['m:2'] })
  expect(uris()).toEqual(['b+m:2', 'c+m:2', 'g+m:2', 'h+m:2', 'm:a'])
  expect(resource('m:a')).toBe('g m:a')
})

test('the interfaces of tools keep their URI beside a group, and are read through it [groups/uris]', async () => {
  const { read, page, resource } = await open()
  read('a', { tools: [widget], resources: [UI] })
  read('b', { tools: [widget], resources: [UI] })
  const uiOf = (name: string) => page('tools').entries.find((entry) => entry['name'] === name)
  for (const name of ['a__w', 'b__w', 'g__w']) {
    expect(uiOf(name)).toMatchObject({ _meta: { ui: { resourceUri: UI } } })
  }
  expect([page('resources').names, resource(UI)]).toEqual([[UI], `g ${UI}`])
})

test('what fits a template of a member is read through the group, in the order of the servers [groups/uris]', async () => {
  const { read, page, resource, shown } = await open()
  read('a', { resourceTemplates: ['t:{+p}'] })
  read('c', { resourceTemplates: ['t:{+q}'] })
  expect(page('resourceTemplates').names).toEqual(['t:{+p}', 't:{+q}'])
  expect(resource('t:1')).toBe('g t:1')
  expect([shown('a', 't:1'), shown('g', 't:1'), shown('c', 't:1')]).toEqual(['t:1', 't:1', 'c+t:1'])
})

test('a link that a member gave is read where it was given, also beside its group [groups/uris]', async () => {
  const { read, views, resource, shown } = await open()
  for (const server of ['a', 'b', 'c']) read(server, { resources: [`m:${server}`] })
  views.learn({ scope: '', principalId: 'p' }, 'a', ['m:new'])
  expect([resource('m:new'), shown('a', 'm:new'), shown('g', 'm:new')]).toEqual([
    'a m:new',
    'm:new',
    'g+m:new',
  ])
})

test('the only server with resources is asked for what is on no list, also beside its group', async () => {
  const { catalogue, read, resource } = await open()
  catalogue.onFacts('a', testFacts({ resources: {} }))
  read('b', {})
  expect(resource('m:unlisted')).toBe('a m:unlisted')
})

test('at the address of a member or of its group, and in an endpoint with one of them, all is as without the other', async () => {
  const { read, uris, resource } = await open({ ...G, endpoint: { servers: ['b', 'c'] } })
  for (const server of ['a', 'b', 'c']) read(server, { resources: ['m:1'] })
  expect(['a', 'g', 'endpoint/e'].map((scope) => uris(scope))).toEqual([
    ['m:1'],
    ['m:1'],
    ['b+m:1', 'c+m:1'],
  ])
  expect(['a', 'g'].map((scope) => resource('m:1', scope))).toEqual(['a m:1', 'g m:1'])
})

test('when the member is blocked, what it lists is gone under every name', async () => {
  const { catalogue, read, uris, resource } = await open()
  read('a', { resources: ['m:a'] })
  read('b', { resources: ['m:b'] })
  catalogue.setHidden('a', true)
  expect([uris(), resource('m:b')]).toEqual([['m:b'], 'g m:b'])
})
