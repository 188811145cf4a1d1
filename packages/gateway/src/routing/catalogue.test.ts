import { ManualClock } from '@sallyport/kit/clock'
import { silentLog } from '@sallyport/kit/log'
import type { CatalogueRecord, CatalogueStore } from '@sallyport/kit/store'
import { expect, test } from 'vitest'
import { testServer } from '../call/testing-call.ts'
import { type Kind, KINDS } from '../upstreams/upstream.ts'
import { Catalogue } from './catalogue.ts'
import { listPage, memoryStore, testFacts } from './testing-views.ts'

const page = (...names: string[]) => listPage('tools', names)

const RECORD: CatalogueRecord = {
  server: 'files',
  fingerprint: 'print of files',
  pages: [page('read'), page('write')],
  readAtMs: 5,
}

interface Opening {
  readonly records?: readonly CatalogueRecord[]
  readonly store?: CatalogueStore
  readonly shortNames?: () => boolean
}

async function openCatalogue({ records = [], store, shortNames = () => false }: Opening = {}) {
  const memory = memoryStore(records)
  const changes: string[] = []
  const warned: string[] = []
  const catalogue = await Catalogue.open({
    servers: { files: testServer('files'), an: testServer('an') },
    fingerprintOf: ({ name }) => `print of ${name}`,
    store: store ?? memory.store,
    clock: new ManualClock(1_000),
    log: { ...silentLog, warn: (_fields, message) => warned.push(message) },
    shortNames,
  })
  catalogue.onChanged = (server, { kind }) => changes.push(`${server} ${kind}`)
  const names = (server: string, kind: Kind = 'tools') =>
    catalogue.get(server)?.[kind].items.map(({ name }) => name)
  return { catalogue, written: memory.written, changes, warned, names }
}

test.each([
  ['another configuration', { fingerprint: 'print of something else' }],
  ['a server that is no longer configured', { server: 'gone' }],
  ['a server with the name of an object method', { server: 'toString' }],
])('what was kept of %s is ignored', async (_case, change) => {
  const { catalogue } = await openCatalogue({ records: [{ ...RECORD, ...change }] })
  expect(catalogue.list().map(({ server, tools }) => [server, tools.readAtMs])).toEqual([
    ['an', undefined],
    ['files', undefined],
  ])
})

test('what was kept of the same configuration is known at once, and known to be old [tools/list/stored]', async () => {
  const { catalogue, names, changes } = await openCatalogue({ records: [RECORD] })
  expect(names('files')).toEqual(['read', 'write'])
  expect(catalogue.get('files')?.tools).toMatchObject({ readAtMs: 5, fresh: false, shrunk: false })
  expect(catalogue.get('files')?.prompts.readAtMs).toBe(undefined)
  expect(changes).toEqual([])
})

test('every list and what a server said of itself come back from the store, lists it does not have included', async () => {
  const { catalogue, written } = await openCatalogue()
  const big = '{"uri":"x:1","size":12345678901234567890,"deep":{"__proto__":[1 , 2]}}'
  catalogue.onList('files', 'tools', [page('read')])
  catalogue.onList('files', 'resources', [
    Buffer.from(`{"tools":[{"name":"no"}],"resources":[${big}]}`),
  ])
  catalogue.onList('files', 'resourceTemplates', [])
  catalogue.onList('files', 'prompts', [listPage('prompts', ['p']), listPage('prompts', ['q'])])
  const facts = { ...testFacts({ tools: {}, x: { n: 1 } }), instructions: 'be kind' }
  catalogue.onFacts('files', facts)
  await catalogue[Symbol.asyncDispose]()
  const again = await openCatalogue({ records: written.slice(-1) })
  const known = again.catalogue.get('files')
  expect(KINDS.map((kind) => [kind, again.names('files', kind), known?.[kind].readAtMs])).toEqual([
    ['tools', ['read'], 1_000],
    ['resources', ['x:1'], 1_000],
    ['resourceTemplates', [], 1_000],
    ['prompts', ['p', 'q'], 1_000],
  ])
  expect(known?.resources.items[0]?.bytes.toString()).toBe(big)
  expect(known?.facts).toEqual(facts)
  expect([...(known?.offers ?? [])]).toEqual(['tools', 'x'])
})

test.each(KINDS)(
  'a list of %s that comes back empty where it was not keeps its entries, marked [tools/list/never-empty] [features/list/never-empty]',
  async (kind) => {
    const { catalogue, names, written, warned, changes } = await openCatalogue()
    catalogue.onList('files', kind, [listPage(kind, ['x:1'])])
    await catalogue[Symbol.asyncDispose]()
    catalogue.onList('files', kind, [listPage(kind, [])])
    catalogue.onList('files', kind, [])
    expect(names('files', kind)).toEqual(['x:1'])
    expect(catalogue.get('files')?.[kind]).toMatchObject({ shrunk: true })
    expect(written).toHaveLength(1)
    expect([warned.length, changes]).toEqual([1, [`files ${kind}`]])
    catalogue.onList('files', kind, [listPage(kind, ['x:1'])])
    expect(catalogue.get('files')?.[kind]).toMatchObject({ shrunk: false })
  },
)

test('a list that was always empty is no fault and no change', async () => {
  const { catalogue, changes } = await openCatalogue()
  catalogue.onList('files', 'prompts', [listPage('prompts', [])])
  expect(catalogue.get('files')?.prompts).toMatchObject({ shrunk: false, fresh: true, items: [] })
  expect(changes).toEqual([])
})

test('a change that a server announces is told, though its list shows none [tools/list/changed]', async () => {
  const { catalogue, changes } = await openCatalogue({ records: [RECORD] })
  catalogue.onList('files', 'tools', [page('read', 'write')], true)
  expect(changes).toEqual(['files tools'])
})

test('a change is told when entries changed, and only then [tools/list/changed]', async () => {
  const { catalogue, changes } = await openCatalogue({ records: [RECORD] })
  const tell = (...pages: Buffer[]) => {
    catalogue.onList('files', 'tools', pages)
    return changes.splice(0).length
  }
  expect(tell(page('read'), page('write'))).toBe(0)
  expect(tell(page('read', 'write'))).toBe(0)
  expect(tell(page('write', 'read'))).toBe(0)
  const stamped = Buffer.from(
    '{"tools":[{"name":"read"},{"name":"write"}],"nextCursor":"x","ttlMs":5,"_meta":{"at":1}}',
  )
  expect(tell(stamped)).toBe(0)
  expect(tell(page('read'))).toBe(1)
  expect(tell(Buffer.from('{"tools":[{"name":"read","description":"other"}]}'))).toBe(1)
  expect(tell(Buffer.from('{"tools":[{"name":"read","description":"other"}]}'))).toBe(0)
})

test.each(KINDS)(
  'in a list of %s, what has no usable name is left out and a repeated one counts once',
  async (kind) => {
    const { catalogue, names } = await openCatalogue()
    const key = {
      tools: 'name',
      prompts: 'name',
      resources: 'uri',
      resourceTemplates: 'uriTemplate',
    }[kind]
    const list = [
      `{"${key}":7}`,
      '{}',
      '"x"',
      `{"${key}":""}`,
      `{"${key}":"a","n":1}`,
      `{"${key}":"a","n":2}`,
    ]
    const control = `{"${key}":"${'b'.repeat(60)}\u0001"}`
    catalogue.onList('files', kind, [Buffer.from(`{"${kind}":[${list.join()},${control}]}`)])
    expect(names('files', kind)).toEqual(['a'])
    expect(catalogue.get('files')?.[kind].items[0]?.bytes.toString()).toBe(`{"${key}":"a","n":1}`)
  },
)

test('a list is a copy: the buffer it was read from may be reused', async () => {
  const { catalogue, names } = await openCatalogue()
  const bytes = page('read')
  catalogue.onList('files', 'tools', [bytes])
  bytes.fill(0x20)
  expect(names('files')).toEqual(['read'])
  expect(catalogue.get('files')?.tools.items[0]?.bytes.toString()).toBe('{"name":"read"}')
})

test('a reading of a server that is not configured is ignored', async () => {
  const { catalogue, changes } = await openCatalogue()
  catalogue.onList('gone', 'tools', [page('read')])
  catalogue.onFacts('gone', testFacts({}))
  expect([catalogue.get('gone'), changes]).toEqual([undefined, []])
})

test('a store that fails is warned of, and what was read is still there', async () => {
  const store = {
    ...memoryStore().store,
    writeCatalogue: () => Promise.reject(new Error('the disk is full')),
  }
  const { catalogue, names, warned } = await openCatalogue({ store })
  catalogue.onList('files', 'tools', [page('read')])
  await catalogue[Symbol.asyncDispose]()
  expect([names('files'), warned]).toEqual([['read'], ['catalogue not kept']])
})

test('lists that are read while the store writes are one more write after it', async () => {
  const { catalogue, written } = await openCatalogue()
  for (const kind of KINDS) catalogue.onList('files', kind, [listPage(kind, ['x:1'])])
  await catalogue[Symbol.asyncDispose]()
  expect(written.map(({ pages }) => pages.length)).toEqual([1, 4])
})

test('names over 64 characters are warned of when they change, unless they are cut [tools/name/long]', async () => {
  const long = 'x'.repeat(64 - 'files__'.length + 1)
  const full = await openCatalogue()
  full.catalogue.onList('files', 'tools', [page(long.slice(1))])
  expect(full.warned).toEqual([])
  full.catalogue.onList('files', 'tools', [page(long)])
  full.catalogue.onList('files', 'tools', [page(long)])
  expect(full.warned).toHaveLength(1)
  let cuts = true
  const short = await openCatalogue({ shortNames: () => cuts })
  short.catalogue.onList('files', 'tools', [page(long)])
  expect(short.warned).toEqual([])
  // As after a reload.
  cuts = false
  short.catalogue.onList('files', 'tools', [page(`${long}x`)])
  expect(short.warned).toHaveLength(1)
})

test('another set of servers keeps what is known of the same ones, and announces what is shown otherwise [fleet/apply/lists]', async () => {
  const { catalogue, names, changes } = await openCatalogue({ records: [RECORD] })
  catalogue.onList('an', 'tools', [page('one')])
  catalogue.onList('an', 'prompts', [listPage('prompts', ['ask'])])
  changes.length = 0
  const renamed = { ...testServer('files'), tools: { read: { readOnly: true } } }
  catalogue.apply({ files: renamed, late: testServer('late') })
  expect(catalogue.servers).toEqual(['files', 'late'])
  expect(names('files')).toEqual(['read', 'write'])
  expect(names('an')).toBe(undefined)
  expect(names('late')).toEqual([])
  expect(catalogue.get('files')?.config).toBe(renamed)
  expect(changes.toSorted()).toEqual(['an prompts', 'an tools', 'files tools'])
})

test('a server under another command or address is as if never met', async () => {
  const { catalogue, names, changes } = await openCatalogue({ records: [RECORD] })
  catalogue.onFacts('files', testFacts({}))
  catalogue.apply({ files: { ...testServer('files'), name: 'other' }, an: testServer('an') })
  expect(names('files')).toEqual([])
  expect(catalogue.get('files')).toMatchObject({ facts: undefined, tools: { readAtMs: undefined } })
  expect(changes).toEqual(['files tools'])
})

test('what is kept of a server run in another way is no proof that a name does not exist', async () => {
  const { catalogue } = await openCatalogue()
  catalogue.onList('files', 'tools', [page('read')])
  const { an, files } = { an: testServer('an'), files: testServer('files') }
  catalogue.apply({ an, files })
  expect(catalogue.get('files')?.tools.fresh).toBe(true)
  catalogue.apply({ an, files: { ...files, share: files.share === 'all' ? 'none' : 'all' } })
  expect(catalogue.get('files')?.tools).toMatchObject({ fresh: false, items: [{ name: 'read' }] })
})

test('a hidden server lists nothing, may have any name, and comes back as it was [fleet/block/hidden]', async () => {
  const { catalogue, names, changes } = await openCatalogue({ records: [RECORD] })
  const reads: string[] = []
  catalogue.onRead = (server, kind) => reads.push(`${server} ${kind}`)
  catalogue.setHidden('files', true)
  expect(KINDS.flatMap((kind) => names('files', kind))).toEqual([])
  expect(catalogue.get('files')?.tools.fresh).toBe(false)
  expect(catalogue.get('files')?.tools.readAtMs).not.toBe(undefined)
  expect(changes).toEqual(['files tools'])
  expect(reads).toContain('files tools')
  catalogue.setHidden('files', true)
  expect(changes).toHaveLength(1)
  catalogue.apply({ files: testServer('files') })
  expect(names('files')).toEqual([])
  catalogue.setHidden('files', false)
  expect(names('files')).toEqual(['read', 'write'])
  expect(changes).toEqual(['files tools', 'files tools'])
})
