import { type EndpointConfig, gatewayConfig, type ServerConfig } from '@sallyport/contract/config'
import { ManualClock } from '@sallyport/kit/clock'
import { MasterKeys, Sealer } from '@sallyport/kit/crypto'
import { silentLog } from '@sallyport/kit/log'
import { wholeAnswer } from '@sallyport/kit/mcp'
import { Secret } from '@sallyport/kit/secret'
import type { CatalogueRecord, CatalogueStore } from '@sallyport/kit/store'
import { parsed, testExchange, type TestExchangeOptions, testServer } from '../call/testing-call.ts'
import { type Kind, KINDS, type ServerFacts, type ServerStatus } from '../upstreams/upstream.ts'
import type { GroupStatus } from '../groups/group-status.ts'
import { Catalogue } from './catalogue.ts'
import { GroupCatalogue } from './group-catalogue.ts'
import { NAME_KEYS } from './item.ts'
import { Links } from './links.ts'
import { OpenViews } from './views.ts'

export const SEALER = new Sealer(MasterKeys.parse([new Secret('ab'.repeat(32))]), 'mcp')

const METHODS = {
  tools: 'tools/list',
  resources: 'resources/list',
  resourceTemplates: 'resources/templates/list',
  prompts: 'prompts/list',
} as const satisfies Record<Kind, string>

/** A list as text: names, or whole entries. */
export type Entries = readonly (string | object)[]

/** A result page of a list. */
export function listPage(kind: Kind, entries: Entries): Buffer {
  const described = entries.map((entry) =>
    typeof entry === 'string' ? { [NAME_KEYS[kind]]: entry } : entry,
  )
  return Buffer.from(JSON.stringify({ [kind]: described }))
}

/** An endpoint as the file would give it; @throws when it would not. */
export function testEndpoint(entry: object): EndpointConfig {
  const { endpoints } = gatewayConfig.parse({ endpoints: { e: entry } })
  const { e } = endpoints
  if (!e) throw new TypeError('no endpoint came out')
  return e
}

/** A catalogue store in memory. */
export function memoryStore(records: readonly CatalogueRecord[] = []) {
  const written: CatalogueRecord[] = []
  const store: CatalogueStore = {
    readCatalogues: async () => records,
    writeCatalogue: async (record) => void written.push(record),
    readEras: async () => [],
    writeEra: async () => undefined,
  }
  return { store, written }
}

export interface TestViewsOptions {
  readonly servers?: readonly string[]
  readonly configs?: Readonly<Record<string, Partial<ServerConfig>>>
  /** Served as `endpoint/e`. */
  readonly endpoint?: object
  readonly names?: 'full' | 'short'
  readonly pageItems?: number
  readonly states?: Readonly<Record<string, ServerStatus['state']>>
  /** As in the file. */
  readonly groups?: Readonly<Record<string, object>>
  readonly groupStatus?: () => readonly GroupStatus[]
  readonly restrictedViews?: number
}

/** One page of a list, taken apart. */
export interface ListedPage {
  readonly names: readonly string[]
  readonly entries: readonly Readonly<Record<string, unknown>>[]
  readonly code: number | undefined
  readonly next: string | undefined
  readonly sources: unknown
  readonly rest: Readonly<Record<string, unknown>>
  readonly text: string
}

/** A catalogue and its views, fed by hand. */
export async function openTestViews(options: TestViewsOptions = {}) {
  const { servers = ['a', 'b', 'c'], configs = {}, names = 'full', pageItems = 100 } = options
  const warned: [fields: object, message: string][] = []
  const log = {
    ...silentLog,
    warn: (fields: object, text: string) => void warned.push([fields, text]),
  }
  const catalogue = await Catalogue.open({
    servers: Object.fromEntries(servers.map((name) => [name, testServer(name, configs[name])])),
    fingerprintOf: ({ name }) => name,
    store: memoryStore().store,
    clock: new ManualClock(0),
    log,
    shortNames: () => names === 'short',
  })
  const states = { ...options.states }
  const { groups } = gatewayConfig.parse({ groups: options.groups ?? {} })
  const known = new GroupCatalogue(catalogue, groups)
  const views = new OpenViews({
    catalogue: known,
    groupStatus: options.groupStatus ?? (() => []),
    endpoints: options.endpoint ? { e: testEndpoint(options.endpoint) } : {},
    names,
    status: () => servers.map((name) => status(name, states[name] ?? 'ready')),
    sealer: SEALER,
    links: new Links(),
    pageItems,
    restrictedViews: options.restrictedViews ?? 100,
    serverInfo: { name: 'sallyport', version: '1' },
    log,
  })
  const read = (server: string, lists: Partial<Record<Kind, Entries>>): void => {
    for (const kind of KINDS) catalogue.onList(server, kind, [listPage(kind, lists[kind] ?? [])])
  }
  const page = (kind: Kind, cursor?: unknown, exchange?: TestExchangeOptions): ListedPage => {
    const params = cursor === undefined ? '' : `,"params":${JSON.stringify({ cursor })}`
    const text = `{"jsonrpc":"2.0","id":1,"method":"${METHODS[kind]}"${params}}`
    const { answer } = views.answerList(testExchange(text, exchange), kind, 10_000)
    return takeApart(kind, wholeAnswer(answer))
  }
  return { catalogue, known, views, read, page, warned, states }
}

/** What a server said of itself. */
export function testFacts(capabilities: object): ServerFacts {
  return { era: 'legacy', capabilities: JSON.stringify(capabilities), instructions: undefined }
}

function takeApart(kind: Kind, bytes: Buffer): ListedPage {
  const { error, result = {} } = parsed(bytes)
  const { [kind]: listed = [], nextCursor, ...rest } = result
  const entries = listed as Record<string, unknown>[] // an answer of the list; a test that errs fails
  const meta = rest['_meta'] as Record<string, unknown> | undefined // as above
  return {
    names: entries.map((entry) => String(entry[NAME_KEYS[kind]])),
    entries,
    code: error?.code,
    next: typeof nextCursor === 'string' ? nextCursor : undefined,
    sources: meta?.['dev.sallyport/sources'],
    rest,
    text: bytes.toString(),
  }
}

function status(name: string, state: ServerStatus['state']): ServerStatus {
  return {
    name,
    kind: 'stdio',
    state,
    reason: null,
    pids: [],
    era: 'legacy',
    inFlight: 0,
    breaker: 'closed',
    check: null,
  }
}
