import { isDeepStrictEqual } from 'node:util'
import type { ServerConfig } from '@sallyport/contract/config'
import type { Clock } from '@sallyport/kit/clock'
import { type Log, printable } from '@sallyport/kit/log'
import type { CatalogueRecord, CatalogueStore } from '@sallyport/kit/store'
import { publicName } from '@sallyport/kit/tool-name'
import { isSameServer } from '../upstreams/same-server.ts'
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
import { digestOf, type Listed, NEVER_READ, touchedItems } from './listed.ts'
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
  /** Nothing of it is shown for now; absent = it is. */
  readonly hidden?: boolean
}

/** A change of one of a server's lists. */
export interface ListChange {
  readonly kind: Kind
  /** Entries that came, went or became others, as they were and as they are; none where the server merely said so. */
  readonly items: readonly Item[]
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
  config: ServerConfig
  tools: Listed<Tool>
  resources: Listed<Item>
  resourceTemplates: Listed<TemplateItem>
  prompts: Listed<Item>
  facts: ServerFacts | undefined
  offers: ReadonlySet<string>
  keeping: Promise<void> | undefined
  /** Something changed while it was being kept. */
  keepAgain: boolean
  /** What is shown of it while it is hidden. */
  shadow: ServerCatalogue | undefined
}

export interface CatalogueDeps {
  readonly servers: Readonly<Record<string, ServerConfig>>
  readonly fingerprintOf: (server: ServerConfig) => string
  readonly store: CatalogueStore
  readonly clock: Clock
  readonly log: Log
  /** Whether long names are cut now, so that they need no warning. */
  readonly shortNames: () => boolean
}

/** What all servers list: remembered in the store, renewed by each reading. */
export class Catalogue implements ServerLists, AsyncDisposable {
  readonly #deps: CatalogueDeps
  readonly #entries = new Map<string, Entry>()
  readonly #hidden = new Set<string>()
  #servers: readonly string[]
  /** Writes of what was known of servers that are no more. */
  #lastWrites: Promise<unknown> = Promise.resolve()
  /** Called after the entries of a server's list changed, or it said so. */
  onChanged: ((server: string, change: ListChange) => void) | undefined
  /** Called after each reading, changed or not; `undefined` = the server's facts. Before `onChanged`. */
  onRead: ((server: string, kind: Kind | undefined, changed: boolean) => void) | undefined

  private constructor(deps: CatalogueDeps) {
    this.#deps = deps
    this.#servers = Object.keys(deps.servers).toSorted()
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

  /** Every configured server, sorted. */
  get servers(): readonly string[] {
    return this.#servers
  }

  /** What is known of a server, of a hidden one nothing; undefined for one that is not configured. */
  get(server: string): ServerCatalogue | undefined {
    const entry = this.#entries.get(server)
    if (entry === undefined || !this.#hidden.has(server)) return entry
    return (entry.shadow ??= shadowOf(entry))
  }

  /**
   * Goes over to another set of servers, at once. A server under the same command or address keeps what it
   * lists, read anew under its pins; another one is as if it was never met. Whose lists are shown otherwise is
   * announced.
   */
  apply(servers: Readonly<Record<string, ServerConfig>>): void {
    const before = new Map(this.#entries)
    this.#servers = Object.keys(servers).toSorted()
    const changes: (readonly [string, readonly ListChange[]])[] = []
    for (const [server, config] of Object.entries(servers)) {
      const known = before.get(server)
      before.delete(server)
      if (known !== undefined && this.#isSame(known.config, config)) {
        changes.push([server, takeConfig(known, config)])
      } else {
        this.#entries.set(server, newEntry(server, config))
        this.#awaitKeeping(known)
        changes.push([server, known === undefined ? [] : shownLists(known)])
      }
    }
    for (const [server, known] of before) {
      this.#entries.delete(server)
      this.#hidden.delete(server)
      this.#awaitKeeping(known)
      changes.push([server, shownLists(known)])
    }
    for (const [server, lists] of changes) this.#announce(server, lists)
  }

  /** Shows or hides everything a server lists. A hidden server's names still lead to it. */
  setHidden(server: string, hidden: boolean): void {
    const entry = this.#entries.get(server)
    if (entry === undefined || hidden === this.#hidden.has(server)) return
    if (hidden) this.#hidden.add(server)
    else this.#hidden.delete(server)
    this.onRead?.(server, undefined, true)
    for (const kind of KINDS) this.onRead?.(server, kind, true)
    this.#announce(server, shownLists(entry), [])
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
    entry.shadow = undefined
    this.onRead?.(server, kind, changed)
    // A server that announces a change is believed: it may be one that its list does not show.
    if (changed || announced) {
      this.onChanged?.(server, { kind, items: same ? [] : touchedItems(before, read) })
    }
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
    entry.shadow = undefined
    this.onRead?.(server, undefined, true)
    this.#keep(entry)
  }

  /** Waits until what was read is in the store. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lastWrites
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

  #awaitKeeping(entry: Entry | undefined): void {
    if (entry?.keeping === undefined) return
    this.#lastWrites = Promise.all([this.#lastWrites, entry.keeping])
  }

  #isSame(one: ServerConfig, other: ServerConfig): boolean {
    const { fingerprintOf } = this.#deps
    return fingerprintOf(one) === fingerprintOf(other)
  }

  #announce(server: string, shown: readonly ListChange[], read = shown): void {
    for (const { kind } of read) this.onRead?.(server, kind, true)
    for (const change of shown) this.onChanged?.(server, change)
  }

  #warnOfEmptyList(server: string, list: Kind, before: number): void {
    const sentence = 'a list came back empty where it was not, its entries are kept'
    this.#deps.log.warn({ server, list, before }, sentence)
  }

  #warnOfLongNames({ server, tools }: Entry): void {
    if (this.#deps.shortNames()) return
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
    ...{ prompts: NEVER_READ, keeping: undefined, keepAgain: false, shadow: undefined },
  }
}

/** The lists of a server that show something, whole. */
function shownLists(entry: ServerCatalogue): ListChange[] {
  const lists = KINDS.map((kind): ListChange => ({ kind, items: entry[kind].items }))
  return lists.filter(({ items }) => items.length > 0)
}

/** Takes another configuration over that leaves the lists what they are, but for tools that have other pins. */
function takeConfig(entry: Entry, config: ServerConfig): ListChange[] {
  const repinned = !isDeepStrictEqual(entry.config.tools, config.tools)
  // Run or reached in another way it may list what it did not: unknown names are asked for again.
  if (!isSameServer(entry.config, config)) {
    for (const kind of KINDS) assign(entry, kind, { ...entry[kind], fresh: false })
  }
  entry.config = config
  entry.shadow = undefined
  if (!repinned || entry.tools.readAtMs === undefined) return []
  const { tools } = entry
  entry.tools = { ...tools, ...readListed('tools', tools.page, config) } as Listed<Tool> // of tools
  return [{ kind: 'tools', items: touchedItems(tools, entry.tools) }]
}

/** A hidden server: it lists nothing and may have any name, so that a call by name is still told why. */
function shadowOf(entry: Entry): ServerCatalogue {
  const nothing = { ...NEVER_READ, readAtMs: 0 }
  const { server, config, offers } = entry
  const lists = { tools: nothing, resources: nothing, resourceTemplates: nothing, prompts: nothing }
  return { server, config, offers, facts: undefined, hidden: true, ...lists }
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
