import { ManualClock } from '@sallyport/kit/clock'
import { silentLog } from '@sallyport/kit/log'
import type { CatalogueRecord, CatalogueStore } from '@sallyport/kit/store'
import { expect, test } from 'vitest'
import { testServer } from '../call/testing-call.ts'
import { Catalogue } from './catalogue.ts'

const page = (...names: string[]) =>
  Buffer.from(JSON.stringify({ tools: names.map((name) => ({ name })) }))

const RECORD: CatalogueRecord = {
  server: 'files',
  fingerprint: 'print of files',
  pages: [page('read'), page('write')],
  readAtMs: 5,
}

async function openCatalogue(records: readonly CatalogueRecord[] = [], fails = false) {
  const written: CatalogueRecord[] = []
  const changes: string[] = []
  const warned: string[] = []
  const store: CatalogueStore = {
    readCatalogues: async () => records,
    writeCatalogue: async (record) => {
      if (fails) throw new Error('the disk is full')
      written.push(record)
    },
    readEras: async () => [],
    writeEra: async () => undefined,
  }
  const catalogue = await Catalogue.open({
    servers: { files: testServer('files'), an: testServer('an') },
    fingerprintOf: ({ name }) => `print of ${name}`,
    store,
    clock: new ManualClock(1_000),
    log: { ...silentLog, warn: (_fields, message) => warned.push(message) },
  })
  catalogue.onChanged = (server) => changes.push(server)
  const names = (server: string) => catalogue.get(server)?.tools.map(({ name }) => name)
  return { catalogue, written, changes, warned, names }
}

test.each([
  ['another configuration', { fingerprint: 'print of something else' }],
  ['a server that is no longer configured', { server: 'gone' }],
  ['a server with the name of an object method', { server: 'toString' }],
])('what was kept of %s is ignored', async (_case, change) => {
  const { catalogue } = await openCatalogue([{ ...RECORD, ...change }])
  expect(catalogue.list().map(({ server, readAtMs }) => [server, readAtMs])).toEqual([
    ['an', undefined],
    ['files', undefined],
  ])
})

test('what was kept of the same configuration is known at once, and known to be old [tools/list/stored]', async () => {
  const { catalogue, names, changes } = await openCatalogue([RECORD])
  expect(names('files')).toEqual(['read', 'write'])
  expect(catalogue.get('files')).toMatchObject({ readAtMs: 5, fresh: false, shrunk: false })
  expect(changes).toEqual([])
})

test('a list that comes back empty where it was not keeps the tools, marked [tools/list/never-empty]', async () => {
  const { catalogue, names, written, warned, changes } = await openCatalogue()
  catalogue.replace('files', [page('read')])
  catalogue.replace('files', [page()])
  expect(names('files')).toEqual(['read'])
  expect(catalogue.get('files')).toMatchObject({ shrunk: true })
  expect(catalogue.resolve('', 'files__read')?.tool?.name).toBe('read')
  expect(written.map(({ pages }) => String(pages))).toEqual([String(page('read'))])
  expect([warned, changes]).toEqual([['server lists no tools any more'], ['files']])
})

test('a server that lost its list is asked about names nobody knows, and recovers', async () => {
  const { catalogue } = await openCatalogue()
  catalogue.replace('files', [page('read')])
  catalogue.replace('files', [page()])
  expect(catalogue.resolve('', 'files__new')?.name).toBe('new')
  catalogue.replace('files', [page('read')])
  expect(catalogue.get('files')).toMatchObject({ shrunk: false })
  expect(catalogue.resolve('', 'files__new')).toBe(undefined)
})

test('a list that was always empty is no fault', async () => {
  const { catalogue } = await openCatalogue()
  catalogue.replace('files', [page()])
  expect(catalogue.get('files')).toMatchObject({ shrunk: false, fresh: true, tools: [] })
})

test.each([
  ['an unknown server', '', 'none__read'],
  ['an object method', '', 'toString__read'],
  ['no separator', '', 'files_read'],
  ['nothing before the separator', '', '__read'],
  ['an unknown scope', 'none', 'read'],
  ['a public name under a scope', 'files', 'files__read'],
])('%s leads nowhere', async (_case, scope, name) => {
  const { catalogue } = await openCatalogue()
  catalogue.replace('files', [page('read')])
  expect(catalogue.resolve(scope, name)).toBe(undefined)
})

test('a name is split at its first separator [tools/name]', async () => {
  const { catalogue } = await openCatalogue()
  catalogue.replace('files', [page('a__b', '__c')])
  const { catalogue: kept } = await openCatalogue([RECORD])
  expect(catalogue.resolve('', 'files__a__b')?.name).toBe('a__b')
  expect(catalogue.resolve('', 'files____c')?.name).toBe('__c')
  expect(kept.resolve('files', 'read')?.name).toBe('read')
})

test('a name its server did not list leads to the server before a fresh reading, and nowhere after', async () => {
  const { catalogue } = await openCatalogue([RECORD])
  expect(catalogue.resolve('', 'files__new')).toMatchObject({ name: 'new', tool: undefined })
  expect(catalogue.resolve('', 'an__y')).toMatchObject({ server: 'an', tool: undefined })
  catalogue.replace('files', [page('read', 'write')])
  expect(catalogue.resolve('', 'files__new')).toBe(undefined)
  expect(catalogue.resolve('', 'files__read')?.tool?.name).toBe('read')
})

test('a change is told when tools changed, and only then [tools/list/changed]', async () => {
  const { catalogue, changes } = await openCatalogue([RECORD])
  const tell = (...pages: Buffer[]) => {
    catalogue.replace('files', pages)
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

test('every reading makes lists that were built before out of date', async () => {
  const { catalogue } = await openCatalogue()
  const before = catalogue.generation
  catalogue.replace('files', [page('read')])
  const after = catalogue.generation
  catalogue.replace('files', [page()])
  expect([after > before, catalogue.generation > after]).toEqual([true, true])
})

test('a reading is kept for the next start, and a store that fails stops nothing', async () => {
  const { catalogue, written } = await openCatalogue()
  catalogue.replace('files', [page('read')])
  expect(written).toEqual([
    { server: 'files', fingerprint: 'print of files', pages: [page('read')], readAtMs: 1_000 },
  ])
  const failing = await openCatalogue([], true)
  failing.catalogue.replace('files', [page('read')])
  await new Promise(setImmediate)
  expect([failing.names('files'), failing.warned]).toEqual([['read'], ['catalogue not kept']])
})

test('a reading of a server that is not configured changes nothing', async () => {
  const { catalogue, written, changes } = await openCatalogue()
  catalogue.replace('gone', [page('read')])
  expect([catalogue.generation, written, changes]).toEqual([0, [], []])
})

test('a name of more than 64 characters is carried, with one warning for all of them [tools/name/long]', async () => {
  const { catalogue, warned, names } = await openCatalogue()
  const fits = 'f'.repeat(64 - 'files__'.length)
  catalogue.replace('files', [page(fits)])
  expect(warned).toEqual([])
  catalogue.replace('files', [page(fits, `${fits}x`, `${fits}y`)])
  catalogue.replace('files', [page(fits, `${fits}x`, `${fits}y`)])
  expect(warned).toEqual(['tool names longer than 64 characters, which model APIs refuse'])
  expect(names('files')).toEqual([fits, `${fits}x`, `${fits}y`])
})
