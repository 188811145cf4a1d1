import { randomBytes } from 'node:crypto'
import { gatewayConfig } from '@sallyport/contract/config'
import { ManualClock } from '@sallyport/kit/clock'
import { MasterKeys, Sealer } from '@sallyport/kit/crypto'
import { AppError } from '@sallyport/kit/errors'
import { silentLog } from '@sallyport/kit/log'
import { Secret } from '@sallyport/kit/secret'
import type { GenerationRecord, GenerationStore } from '@sallyport/kit/store'
import { expect, test } from 'vitest'
import type { GatewayConfigLoad, RunnableConfig } from '../config/index.ts'
import { History } from './history.ts'
import { Reloader } from './reloader.ts'

const BY_FILE = { cause: 'file', by: '' } as const
const CHANGES = { kept: ['a'], changed: [], added: ['b'], removed: [] }

type Loaded = Extract<GatewayConfigLoad, { ok: true }>

function loadOf(input: object): Loaded {
  const config = { store: 'sqlite:/x', ...gatewayConfig.parse(input) } as RunnableConfig // the store is named
  const placeOf = () => ({ path: '', file: 'f.yaml', line: 7, column: 3 })
  const place = { file: 'f.yaml', stateFolder: '/s', files: ['f.yaml'], commands: [] }
  const text = JSON.stringify(input)
  const load: Loaded = {
    ...{ ok: true, config, problems: [], placeOf, text, ...place },
    withEntries: () => ({ load, leftOut: [] }),
  }
  return load
}

function memoryGenerations(): GenerationStore & { fails?: AppError } {
  const kept: GenerationRecord[] = []
  const store: GenerationStore & { fails?: AppError } = {
    list: async () => kept.toReversed(),
    get: async (id) => kept.find((one) => one.id === id),
    add: async (record, keepMax) => {
      if (store.fails) throw store.fails
      const id = (kept.at(-1)?.id ?? 0) + 1
      kept.push({ ...record, id })
      if (kept.length > keepMax) kept.shift()
      return id
    },
  }
  return store
}

async function open(first: object = {}) {
  const clock = new ManualClock(0)
  const store = memoryGenerations()
  const keys = MasterKeys.parse([new Secret(randomBytes(32).toString('hex'))])
  const history = new History({ store, sealer: new Sealer(keys, 'config') })
  const file: { now: GatewayConfigLoad } = { now: loadOf(first) }
  const inForce = { config: loadOf(first).config, times: 0 }
  const world = { judge: undefined as string | undefined }
  const loaded = loadOf(first)
  await history.begin({ atMs: 0, cause: 'start', by: '', file: 'f.yaml', text: loaded.text })
  const reloader = new Reloader({
    origin: {
      loaded,
      read: (text) => (text === undefined ? file.now : loadOf(JSON.parse(text) as object)), // our own JSON
    },
    ...{ history, clock, log: silentLog },
    entries: { list: () => [], onLeftOut: () => undefined },
    config: () => inForce.config,
    judge: async () => world.judge,
    adopt: async () => undefined,
    apply: (config) => {
      inForce.config = config
      inForce.times += 1
      return { changes: CHANGES, drained: Promise.resolve() }
    },
    onReload: () => undefined,
  })
  return { reloader, file, inForce, world, store, history }
}

const endpoint = (...allow: string[]) => ({
  endpoints: { e: { servers: ['a'], tools: { allow } } },
})

test('a file that is not valid changes nothing and is told with its place [reload/broken]', async () => {
  const { reloader, file, inForce } = await open()
  const fault = { severity: 'error', path: 'x', file: 'f.yaml', line: 2, column: 1 } as const
  file.now = {
    ...{ ok: false, file: 'f.yaml', commands: [] },
    problems: [{ ...fault, message: 'no', remedy: 'yes' }],
  }
  const report = await reloader.reload(BY_FILE)
  expect(report).toMatchObject({ ok: false, changed: false, generation: 1 })
  expect(report.problems[0]).toMatchObject({ line: 2, column: 1, remedy: 'yes' })
  expect([inForce.times, reloader.last]).toEqual([0, report])
})

test('a change that takes a restart refuses the whole file, with the place of its key [reload/restart-keys]', async () => {
  const { reloader, file, inForce } = await open()
  file.now = loadOf({ listen: '127.0.0.1:1', ...endpoint('a__x') })
  const report = await reloader.reload(BY_FILE)
  expect(report.ok).toBe(false)
  expect(report.problems).toMatchObject([{ path: 'listen', line: 7, column: 3 }])
  expect(inForce.times).toBe(0)
})

test('what would leave a listener open to all is refused [reload/open-listener]', async () => {
  const { reloader, file, world, inForce } = await open({ allowedHosts: ['a'] })
  file.now = loadOf({ origins: [] })
  world.judge = '`listen` is not on loopback and has no authentication'
  const report = await reloader.reload(BY_FILE)
  expect(report).toMatchObject({ ok: false, problems: [{ severity: 'error' }] })
  expect(inForce.times).toBe(0)
})

test('a file that says the same as before changes nothing and makes no generation', async () => {
  const { reloader, inForce, history } = await open(endpoint('a__x'))
  expect(await reloader.reload(BY_FILE)).toMatchObject({ ok: true, changed: false })
  expect([inForce.times, (await history.list()).length]).toEqual([0, 1])
})

test('a change is in force, kept, and told [reload/history]', async () => {
  const { reloader, file, inForce } = await open()
  file.now = loadOf(endpoint('a__x'))
  const report = await reloader.reload({ cause: 'api', by: 'key:1' })
  expect(report).toMatchObject({ ok: true, changed: true, generation: 2, servers: CHANGES })
  expect(inForce.config.endpoints['e']?.tools.allow).toEqual(['a__x'])
  expect(await reloader.history()).toMatchObject([
    { id: 2, cause: 'api', by: 'key:1', current: true },
    { id: 1, cause: 'start', current: false },
  ])
})

test('another value of a variable is a change, though the file is the same', async () => {
  const first = { allowedHosts: ['a'] }
  const { reloader, file, inForce, history } = await open(first)
  file.now = { ...loadOf({ allowedHosts: ['b'] }), text: loadOf(first).text }
  expect(await reloader.reload(BY_FILE)).toMatchObject({ ok: true, changed: true, generation: 1 })
  expect([inForce.times, (await history.list()).length]).toEqual([1, 1])
})

test('a history that cannot be written keeps no configuration from coming into force', async () => {
  const { reloader, file, inForce, store } = await open()
  store.fails = new AppError('store_unwritable', 'full')
  file.now = loadOf(endpoint('a__x'))
  expect(await reloader.reload(BY_FILE)).toMatchObject({ ok: true, changed: true, generation: 1 })
  expect(inForce.times).toBe(1)
})

test('a rollback goes to the generation before, or to the one named, and the file stays as it is [reload/rollback]', async () => {
  const { reloader, file, inForce } = await open(endpoint('a__one'))
  for (const name of ['a__two', 'a__three']) {
    file.now = loadOf(endpoint(name))
    await reloader.reload(BY_FILE)
  }
  const allowed = () => inForce.config.endpoints['e']?.tools.allow
  expect(await reloader.rollback(undefined, 'local')).toMatchObject({ ok: true, generation: 4 })
  expect(allowed()).toEqual(['a__two'])
  expect(await reloader.rollback(1, 'local')).toMatchObject({ ok: true, cause: 'rollback' })
  expect(allowed()).toEqual(['a__one'])
  expect((await reloader.diff()).differences).toMatchObject([
    { path: 'endpoints.e.tools.allow[0]', before: '"a__one"', after: '"a__three"' },
  ])
  // A late notice of what was read before undoes nothing; the file counts again once somebody asks for it.
  expect(await reloader.reload(BY_FILE)).toMatchObject({ ok: true, changed: false })
  expect(allowed()).toEqual(['a__one'])
  await reloader.reload({ cause: 'api', by: 'local' })
  expect(allowed()).toEqual(['a__three'])
})

test('a second rollback goes back another step, and what a rollback brought back is told [reload/rollback]', async () => {
  const { reloader, file, inForce } = await open(endpoint('a__one'))
  for (const name of ['a__two', 'a__three']) {
    file.now = loadOf(endpoint(name))
    await reloader.reload(BY_FILE)
  }
  const allowed = () => inForce.config.endpoints['e']?.tools.allow
  expect(await reloader.rollback(undefined, 'local')).toMatchObject({ of: 2, generation: 4 })
  expect(await reloader.rollback(undefined, 'local')).toMatchObject({ of: 1, generation: 5 })
  expect(allowed()).toEqual(['a__one'])
  expect((await reloader.history()).map(({ id, of }) => [id, of])).toEqual([
    [5, 1],
    [4, 2],
    [3, null],
    [2, null],
    [1, null],
  ])
  await expect(reloader.rollback(undefined, 'local')).rejects.toMatchObject({ code: 'not_found' })
})

test.each([{}, { version: 1 }, { $schema: 'x', environment: 'local' }])(
  'a file that says no more than %j is taken for one that is being written [reload/empty]',
  async (said) => {
    const { reloader, file, inForce } = await open(endpoint('a__x'))
    file.now = loadOf(said)
    expect(await reloader.reload(BY_FILE)).toMatchObject({ ok: false, changed: false })
    expect(inForce.times).toBe(0)
    file.now = loadOf({ mcpServers: {} })
    expect(await reloader.reload(BY_FILE)).toMatchObject({ ok: true, changed: true })
  },
)

test('what stands against going back is told of the generation, not of a place in the file', async () => {
  const { reloader, file, world } = await open(endpoint('a__one'))
  file.now = loadOf(endpoint('a__two'))
  await reloader.reload(BY_FILE)
  world.judge = 'no'
  expect((await reloader.rollback(1, 'local')).problems).toMatchObject([
    { file: 'generation 1', line: 0, column: 0, message: 'no' },
  ])
})

test('a rollback to nothing is refused', async () => {
  const { reloader } = await open()
  await expect(reloader.rollback(undefined, 'local')).rejects.toMatchObject({ code: 'not_found' })
  await expect(reloader.rollback(9, 'local')).rejects.toMatchObject({ code: 'not_found' })
  // One that failed keeps nobody waiting.
  expect(await reloader.reload(BY_FILE)).toMatchObject({ ok: true })
})

test('a generation is shown with references, without secrets, and kept sealed [reload/history]', async () => {
  const headers = { 'x-a': 'a-literal-secret', 'x-b': '${env:B}' }
  const { reloader, store } = await open({
    mcpServers: { a: { url: 'http://127.0.0.1:1/mcp', headers } },
  })
  const shown = await reloader.show(1)
  expect(shown).toContain('${env:B}')
  expect(shown).not.toContain('a-literal-secret')
  const kept = await store.get(1)
  expect(kept?.body.toString()).not.toContain('literal')
})

test('wishes are met one after the other, each with the file of its time', async () => {
  const { reloader, file, inForce } = await open()
  file.now = loadOf(endpoint('a__one'))
  const first = reloader.reload(BY_FILE)
  const second = reloader.reload(BY_FILE)
  expect((await first).changed).toBe(true)
  expect((await second).changed).toBe(false)
  expect(inForce.times).toBe(1)
})

test('a start with the same file goes on with the generation it ended with', async () => {
  const { history, store } = await open(endpoint('a__x'))
  const text = JSON.stringify(endpoint('a__x'))
  await history.begin({ atMs: 9, cause: 'start', by: '', file: 'f.yaml', text })
  expect([history.current, (await store.list()).length]).toEqual([1, 1])
  await history.begin({ atMs: 9, cause: 'start', by: '', file: 'f.yaml', text: '{}' })
  expect([history.current, (await store.list()).length]).toEqual([2, 2])
})
