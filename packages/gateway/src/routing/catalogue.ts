import type { ServerConfig } from '@sallyport/contract/config'
import type { Clock } from '@sallyport/kit/clock'
import { type Log, printable } from '@sallyport/kit/log'
import type { CatalogueRecord, CatalogueStore } from '@sallyport/kit/store'
import { publicName } from '@sallyport/kit/tool-name'
import { type Kind, KINDS, type ServerFacts } from '../upstreams/upstream.ts'
import { factsPage, offersOf, readFactsPage } from './facts-page.ts'
import {
  elementsOf,
  gatherPage,
  type Item,
  membersOf,
  readItem,
  readItems,
  readTemplate,
  type TemplateItem,
} from './item.ts'
import { digestOf, type Listed, NEVER_READ } from './listed.ts'
import { NAME_LENGTH_MAX } from './short-name.ts'
import { readTool, type Tool } from './tool.ts'

/** What is known of one server. */
export interface ServerCatalogue {
  readonly server: string
  readonly config: ServerConfig
  readonly tools: Listed<Tool>
  readonly resources: Listed<Item>
  readonly resourceTemplates: Listed<TemplateItem>
  readonly prompts: Listed<Item>
  /** What it said of itself; undefined = never met. */
  readonly facts: ServerFacts | undefined
  /** Names of its capabilities; empty while it was never met. */
  readonly offers: ReadonlySet<string>
  /** Of a group, in the order of its list; undefined for a server. */
  readonly members?: readonly ServerCatalogue[]
}

/** What views need of a catalogue: the names they show, and what is known of each. */
export interface ServerLists {
  /** Every name that has a scope, sorted. */
  readonly servers: readonly string[]
  /** What is known of a name; undefined for one that there is not. */
  get(server: string): ServerCatalogue | undefined
  /** As `Catalogue.onRead`. */
  onRead: Catalogue['onRead']
}

interface Entry extends ServerCatalogue {
  tools: Listed<Tool>
  resources: Listed<Item>
  resourceTemplates: Listed<TemplateItem>
  prompts: Listed<Item>
  facts: ServerFacts | undefined
  offers: ReadonlySet<string>
  keeping: Promise<void> | undefined
  /** Something changed while it was being kept. */
  keepAgain: boolean
}

export interface CatalogueDeps {
  readonly servers: Readonly<Record<string, ServerConfig>>
  readonly fingerprintOf: (server: ServerConfig) => string
  readonly store: CatalogueStore
  readonly clock: Clock
  readonly log: Log
  /** Whether long names are cut, so that they need no warning. */
  readonly shortNames: boolean
}

/** What all servers list: remembered in the store, renewed by each reading. */
export class Catalogue implements ServerLists, AsyncDisposable {
  readonly #deps: CatalogueDeps
  readonly #entries = new Map<string, Entry>()
  /** Every configured server, sorted. */
  readonly servers: readonly string[]
  /** Called after the entries of a server's list changed, or it said so. */
  onChanged: ((server: string, kind: Kind) => void) | undefined
  /** Called after each reading, changed or not; `undefined` = the server's facts. Before `onChanged`. */
  onRead: ((server: string, kind: Kind | undefined, changed: boolean) => void) | undefined

  private constructor(deps: CatalogueDeps) {
    this.#deps = deps
    this.servers = Object.keys(deps.servers).toSorted()
    for (const [server, config] of Object.entries(deps.servers)) {
      this.#entries.set(server, newEntry(server, config))
    }
  }

  /** Opens the catalogue with what earlier processes read under the same configuration. */
  static async open(deps: CatalogueDeps): Promise<Catalogue> {
    const catalogue = new Catalogue(deps)
    for (const record of await deps.store.readCatalogues()) {
      const entry = catalogue.#entries.get(record.server)
      if (entry && deps.fingerprintOf(entry.config) === record.fingerprint) recall(entry, record)
    }
    return catalogue
  }

  /** What is known of a server; undefined for one that is not configured. */
  get(server: string): ServerCatalogue | undefined {
    return this.#entries.get(server)
  }

  /** Every configured server, in the order of their names. */
  list(): readonly ServerCatalogue[] {
    return this.servers.flatMap((server) => this.#entries.get(server) ?? [])
  }

  /** Takes a new reading of one of a server's lists: pages of raw results; none = it has no such list. */
  onList(server: string, kind: Kind, pages: readonly Buffer[], announced = false): void {
    const entry = this.#entries.get(server)
    if (!entry) return
    const before = entry[kind]
    const page = gatherPage(kind, pages)
    const read = readListed(kind, page, entry.config)
    const readAtMs = this.#deps.clock.nowMs()
    if (read.items.length === 0 && before.items.length > 0) {
      if (!before.shrunk) this.#warnOfEmptyList(server, kind, before.items.length)
      assign(entry, kind, { ...before, shrunk: true, fresh: true, readAtMs })
      this.onRead?.(server, kind, false)
      return
    }
    const same = read.digest === before.digest
    // Views hold on to the entries they were built of: the same ones twice would cost twice.
    assign(entry, kind, { ...(same ? before : read), readAtMs, shrunk: false, fresh: true })
    const changed = !same && read.items.length + before.items.length > 0
    if (changed && kind === 'tools') this.#warnOfLongNames(entry)
    this.onRead?.(server, kind, changed)
    // A server that announces a change is believed: it may be one that its list does not show.
    if (changed || announced) this.onChanged?.(server, kind)
    this.#keep(entry)
  }

  /** Takes what a server said of itself when a session with it was opened. */
  onFacts(server: string, facts: ServerFacts): void {
    const entry = this.#entries.get(server)
    if (!entry) return
    const { facts: before } = entry
    if (before && factsPage(before).equals(factsPage(facts))) return
    entry.facts = facts
    entry.offers = offersOf(facts)
    this.onRead?.(server, undefined, true)
    this.#keep(entry)
  }

  /** Waits until what was read is in the store. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const entry of this.#entries.values()) {
      while (entry.keeping) await entry.keeping
    }
  }

  /** Writes what is known of a server. Further wishes meanwhile are one more write after it. */
  #keep(entry: Entry): void {
    if (entry.keeping) {
      entry.keepAgain = true
      return
    }
    entry.keepAgain = false
    entry.keeping = this.#write(entry).finally(() => {
      entry.keeping = undefined
      if (entry.keepAgain) this.#keep(entry)
    })
  }

  async #write(entry: Entry): Promise<void> {
    const { fingerprintOf, store, log } = this.#deps
    const { server, config, facts } = entry
    const read = KINDS.filter((kind) => entry[kind].readAtMs !== undefined)
    const pages = read.map((kind) => entry[kind].page)
    if (facts) pages.push(factsPage(facts))
    const readAtMs = Math.max(0, ...read.map((kind) => entry[kind].readAtMs ?? 0))
    try {
      await store.writeCatalogue({ server, fingerprint: fingerprintOf(config), pages, readAtMs })
    } catch (err) {
      log.warn({ server, err }, 'catalogue not kept')
    }
  }

  #warnOfEmptyList(server: string, list: Kind, before: number): void {
    const sentence = 'a list came back empty where it was not, its entries are kept'
    this.#deps.log.warn({ server, list, before }, sentence)
  }

  #warnOfLongNames({ server, tools }: Entry): void {
    if (this.#deps.shortNames) return
    const long = tools.items.filter(({ name }) => publicName(server, name).length > NAME_LENGTH_MAX)
    const [first] = long
    if (!first) return
    const example = printable(publicName(server, first.name), 256)
    const sentence =
      'tool names longer than 64 characters, which model APIs refuse; `names: short` cuts them'
    this.#deps.log.warn({ server, tools: long.length, example }, sentence)
  }
}

function newEntry(server: string, config: ServerConfig): Entry {
  return {
    ...{ server, config, facts: undefined, offers: new Set<string>() },
    ...{ tools: NEVER_READ, resources: NEVER_READ, resourceTemplates: NEVER_READ },
    ...{ prompts: NEVER_READ, keeping: undefined, keepAgain: false },
  }
}

type Read = Pick<Listed<Item>, 'items' | 'byName' | 'digest' | 'page'>

/** Reads one list out of a page of our own, which is kept: the entries are slices of it. */
function readListed(kind: Kind, page: Buffer, config: ServerConfig): Read {
  const items = readItems(elementsOf(kind, page), (bytes) => readAny(kind, bytes, config))
  const byName = new Map(items.map((item) => [item.name, item]))
  return { items, byName, digest: digestOf(items), page }
}

function readAny(kind: Kind, bytes: Buffer, config: ServerConfig): Item | undefined {
  if (kind === 'tools') return readTool(bytes, config.tools)
  return kind === 'resourceTemplates' ? readTemplate(bytes) : readItem(kind, bytes)
}

function assign(entry: Entry, kind: Kind, listed: Listed<Item>): void {
  // `readAny` gives each kind its own entries; the compiler cannot follow one key through a union.
  Object.assign(entry, { [kind]: listed })
}

/** Takes what the store kept of a server: each page tells its list by its key. */
function recall(entry: Entry, { pages, readAtMs }: CatalogueRecord): void {
  for (const kind of KINDS) {
    const own = pages.filter((page) => membersOf(page).some(({ key }) => key === kind))
    if (own.length === 0) continue
    const read = readListed(kind, gatherPage(kind, own), entry.config)
    assign(entry, kind, { ...read, readAtMs, shrunk: false, fresh: false })
  }
  entry.facts = pages.map(readFactsPage).findLast((facts) => facts !== undefined)
  if (entry.facts) entry.offers = offersOf(entry.facts)
}
