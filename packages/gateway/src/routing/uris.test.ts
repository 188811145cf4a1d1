import { expect, test } from 'vitest'
import { openTestViews, testFacts, type TestViewsOptions } from './testing-views.ts'

async function open(options: TestViewsOptions = {}) {
  const opened = await openTestViews(options)
  const { views } = opened
  const resource = (uri: string, principal = 'p', scope = '') => {
    const target = views.get(scope).resource(uri, principal)
    return target && `${target.server} ${target.name}`
  }
  const template = (uri: string, scope = '') => {
    const target = views.get(scope).template(uri, 'p')
    return target && `${target.server} ${target.name}`
  }
  return { ...opened, resource, template }
}

const UI = 'ui://w/m.html'
const movedUi = (server: string) => UI.replace('ui://', `ui://${server}+`)
const widget = (uri = UI) => ({
  name: 'w',
  _meta: { ui: { resourceUri: uri, csp: { resourceDomains: ['https://x'] } } },
})

test('URIs pass unchanged and lead to the server that lists them [features/uris]', async () => {
  const { read, page, resource, views } = await open()
  read('a', { resources: ['file:///1'] })
  read('b', { resources: ['file:///2'] })
  expect(page('resources').names).toEqual(['file:///1', 'file:///2'])
  expect([resource('file:///1'), resource('file:///2'), resource('file:///3')]).toEqual([
    'a file:///1',
    'b file:///2',
    undefined,
  ])
  expect(views.get('').movedUris('a')).toBe(undefined)
})

test('a URI that two servers list carries the name of each, and leads back [features/uris/collision]', async () => {
  const { read, page, resource, template, views } = await open()
  read('a', { resources: ['file:///1', 'x:1'], resourceTemplates: ['t:{+p}'] })
  read('b', { resources: ['file:///1'], resourceTemplates: ['t:{+p}'] })
  expect(page('resources').names).toEqual(['a+file:///1', 'b+file:///1', 'x:1'])
  expect(page('resourceTemplates').names).toEqual(['a+t:{+p}', 'b+t:{+p}'])
  expect(['file:///1', 'a+file:///1', 'b+file:///1'].map((uri) => resource(uri))).toEqual([
    undefined,
    'a file:///1',
    'b file:///1',
  ])
  expect([resource('b+t:7'), template('b+t:{+p}'), template('b+file:///1')]).toEqual([
    'b t:7',
    'b t:{+p}',
    'b file:///1',
  ])
  const whole = views.get('')
  expect(whole.movedUris('b')?.get('file:///1')).toBe('b+file:///1')
  expect([
    whole.publicUri('b', 'file:///1', 'p'),
    whole.publicUri('c', 'x:1', 'p'),
    whole.publicUri('a', 'x:1', 'p'),
    whole.publicUri('a', 'x:unlisted', 'p'),
    whole.publicUri('a', 'b+x:1', 'p'),
    views.get('b').publicUri('b', 'file:///1', 'p'),
  ]).toEqual(['b+file:///1', 'c+x:1', 'x:1', 'x:unlisted', 'a+b+x:1', 'file:///1'])
  expect(page('resources', undefined, { scope: 'b' }).names).toEqual(['file:///1'])
  expect(resource('file:///1', 'p', 'b')).toBe('b file:///1')
})

test('a collision that ends gives the plain URI back', async () => {
  const { read, page, catalogue } = await open()
  read('a', { resources: ['x:1'] })
  read('b', { resources: ['x:1', 'x:2'] })
  catalogue.onList('b', 'resources', [Buffer.from('{"resources":[{"uri":"x:2"}]}')])
  expect(page('resources').names).toEqual(['x:1', 'x:2'])
})

test('a URI that looks like another server’s carries its own server’s name [features/uris/collision]', async () => {
  const { read, page, resource } = await open()
  read('a', { resources: ['b+x:1', 'git+ssh://h'] })
  read('b', { resources: ['x:1'] })
  expect(page('resources').names).toEqual(['a+b+x:1', 'git+ssh://h', 'x:1'])
  expect(['a+b+x:1', 'b+x:1', 'git+ssh://h'].map((uri) => resource(uri))).toEqual([
    'a b+x:1',
    'b x:1',
    'a git+ssh://h',
  ])
})

test('a link leads back to the server that gave it, for its principal only [features/links]', async () => {
  const { read, resource, views } = await open()
  read('a', { resources: ['x:listed'] })
  read('b', { resources: ['x:other'] })
  views.learn({ scope: '', principalId: 'key:alice' }, 'b', ['x:new', 'x:listed'])
  expect(resource('x:new', 'key:alice')).toBe('b x:new')
  expect(resource('x:new', 'key:bob')).toBe(undefined)
  // What is listed stays where it is listed: its link is shown under the other server's name.
  expect(resource('x:listed', 'key:alice')).toBe('a x:listed')
  expect(views.get('').publicUri('b', 'x:listed', 'key:alice')).toBe('b+x:listed')
  views.learn({ scope: '', principalId: 'key:alice' }, 'a', ['x:new'])
  expect(views.get('').publicUri('a', 'x:new', 'key:alice')).toBe('a+x:new')
})

test('a link that would lead elsewhere is shown under its own server’s name, addresses on the web never are [features/links]', async () => {
  const { read, resource, views, catalogue } = await open()
  read('a', { resources: ['https://x.example/1'], resourceTemplates: ['file:///{+path}'] })
  catalogue.onFacts('b', testFacts({ tools: {} }))
  const shown = (uri: string, server = 'b') => views.get('').publicUri(server, uri, 'p')
  expect(
    ['file:///1', 'x:1', 'https://x.example/1', 'http://y.example'].map((uri) => shown(uri)),
  ).toEqual(['b+file:///1', 'x:1', 'https://x.example/1', 'http://y.example'])
  expect(shown('file:///1', 'a')).toBe('file:///1')
  expect(resource('b+file:///1')).toBe('b file:///1')
})

test('a URI leads to the closest template that it may have come from [features/templates]', async () => {
  const { read, resource } = await open()
  read('a', { resourceTemplates: ['file:///{+path}', 'no template {'] })
  read('b', { resourceTemplates: ['file:///logs/{name}'] })
  read('c', { resources: ['x:1'] })
  expect(['file:///logs/today', 'file:///logs/a/b', 'mem:1'].map((uri) => resource(uri))).toEqual([
    'b file:///logs/today',
    'a file:///logs/a/b',
    undefined,
  ])
})

test('templates of one server that cost too much do not hide those of another [features/template-bomb]', async () => {
  const { read, resource } = await open()
  const bombs = Array.from({ length: 400 }, (_, n) => `${'{+a}b'.repeat(30)}${n}${'z'.repeat(40)}`)
  read('a', { resourceTemplates: bombs })
  read('b', { resourceTemplates: ['{+b}'] })
  const startedMs = performance.now()
  expect(resource(`file:///${'b'.repeat(8_000)}`)).toBe(`b file:///${'b'.repeat(8_000)}`)
  expect(performance.now() - startedMs).toBeLessThan(500)
})

test('what nobody lists goes to the only server that has resources, if there is only one', async () => {
  const { read, resource, catalogue } = await open()
  expect(resource('x:1')).toBe(undefined)
  catalogue.onFacts('a', testFacts({ tools: {} }))
  catalogue.onFacts('b', testFacts({ resources: {} }))
  expect(resource('x:1')).toBe('b x:1')
  read('c', { resourceTemplates: ['t:{x}'] })
  expect(resource('x:1')).toBe(undefined)
  expect([resource('x:1', 'p', 'a'), resource('a+x:1')]).toEqual(['a x:1', 'a x:1'])
})

test('an interface is readable though it is on no list, and moves together with its tool [features/ui]', async () => {
  const { read, page, resource } = await open()
  read('a', { tools: [widget()] })
  read('c', { resources: ['x:1'] })
  expect(resource(UI)).toBe(`a ${UI}`)
  expect(page('tools').entries).toEqual([{ ...widget(), name: 'a__w' }])
  read('b', { tools: [widget()], resources: [UI] })
  expect(page('tools').entries).toEqual([
    { ...widget(movedUi('a')), name: 'a__w' },
    { ...widget(movedUi('b')), name: 'b__w' },
  ])
  expect(page('resources').names).toEqual([movedUi('b'), 'x:1'])
  expect([UI, movedUi('a'), movedUi('b')].map((uri) => resource(uri))).toEqual([
    undefined,
    `a ${UI}`,
    `b ${UI}`,
  ])
  expect(page('tools', undefined, { scope: 'a' }).entries).toEqual([widget()])
})

test('an interface that another server comes to list moves in the list of tools too [features/ui]', async () => {
  const { read, page, catalogue } = await open()
  read('a', { tools: [widget()] })
  expect(page('tools').entries).toEqual([{ ...widget(), name: 'a__w' }])
  catalogue.onList('b', 'resources', [Buffer.from(`{"resources":[{"uri":"${UI}"}]}`)])
  expect(page('tools').entries).toEqual([{ ...widget(movedUi('a')), name: 'a__w' }])
})

test('a tool that names a resource that is no interface gives it no way in', async () => {
  const { read, resource } = await open()
  read('a', { tools: [widget('file:///etc/passwd')] })
  read('b', { resources: ['x:1'] })
  read('c', { resources: ['x:2'] })
  expect(resource('file:///etc/passwd')).toBe(undefined)
})
