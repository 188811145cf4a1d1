import { createHash } from 'node:crypto'
import type { ServerConfig } from '@sallyport/contract/config'
import type { Clock } from '@sallyport/kit/clock'
import { type Log, printable } from '@sallyport/kit/log'
import type { CatalogueStore } from '@sallyport/kit/store'
import { splitName } from '@sallyport/kit/tool-name'
import { describeTarget, type Target } from './target.ts'
import { readTools, type Tool } from './tool.ts'

/** What is known of one server's tools. */
export interface ServerTools {
  readonly server: string
  readonly tools: readonly Tool[]
  /** Wall clock of the reading, milliseconds; undefined = never read. */
  readonly readAtMs: number | undefined
  /** The last reading came back empty where it was not before; the former tools are kept. */
  readonly shrunk: boolean
  /** Read by this process, not only remembered from an earlier one. */
  readonly fresh: boolean
}

/** What model APIs take as the name of a tool. */
const NAME_LENGTH_MAX = 64

interface Entry extends ServerTools {
  readonly byName: ReadonlyMap<string, Tool>
  /** Tells two readings apart. */
  readonly digest: string
}

const NEVER_READ: Omit<Entry, 'server'> = {
  tools: [],
  readAtMs: undefined,
  shrunk: false,
  fresh: false,
  byName: new Map(),
  digest: '',
}

export interface CatalogueDeps {
  readonly servers: Readonly<Record<string, ServerConfig>>
  readonly fingerprintOf: (server: ServerConfig) => string
  readonly store: CatalogueStore
  readonly clock: Clock
  readonly log: Log
}

/** The tools of all servers: remembered in the store, renewed by each reading, looked up by name. */
export class Catalogue {
  readonly #deps: CatalogueDeps
  readonly #entries = new Map<string, Entry>()
  /** Counts changes; what is built from the catalogue is good for one generation. */
  generation = 0
  /** Called after a server's tools changed. */
  onChanged: ((server: string) => void) | undefined

  private constructor(deps: CatalogueDeps) {
    this.#deps = deps
    for (const server of Object.keys(deps.servers)) {
      this.#entries.set(server, { server, ...NEVER_READ })
    }
  }

  /** Opens the catalogue with what earlier processes read under the same configuration. */
  static async open(deps: CatalogueDeps): Promise<Catalogue> {
    const catalogue = new Catalogue(deps)
    for (const record of await deps.store.readCatalogues()) {
      const config = Object.hasOwn(deps.servers, record.server)
        ? deps.servers[record.server]
        : undefined
      if (!config || deps.fingerprintOf(config) !== record.fingerprint) continue
      const tools = readTools(record.server, record.pages, config.tools)
      catalogue.#entries.set(record.server, {
        server: record.server,
        tools,
        readAtMs: record.readAtMs,
        shrunk: false,
        fresh: false,
        byName: byName(tools),
        digest: digest(tools),
      })
    }
    return catalogue
  }

  /** Every configured server with its tools, in the order of their names. */
  list(): readonly ServerTools[] {
    return [...this.#entries.values()].toSorted((a, b) => (a.server < b.server ? -1 : 1))
  }

  get(server: string): ServerTools | undefined {
    return this.#entries.get(server)
  }

  /**
   * Where a name leads under a scope. A name its server did not list when last read by this process leads
   * nowhere; before that the server itself is asked, since it may have gained the tool meanwhile.
   */
  resolve(scope: string, name: string): Target | undefined {
    const parts = scope === '' ? splitName(name) : { server: scope, tool: name }
    const entry = parts && this.#entries.get(parts.server)
    if (!parts || !entry) return undefined
    const tool = entry.byName.get(parts.tool)
    if (!tool && entry.fresh && !entry.shrunk) return undefined
    const config = this.#deps.servers[parts.server]
    return config && describeTarget(config, parts.tool, tool)
  }

  /** Takes a new reading of a server's tools: pages of raw `tools/list` results. */
  replace(server: string, pages: readonly Buffer[]): void {
    const config = this.#deps.servers[server]
    const before = this.#entries.get(server)
    if (!config || !before) return
    const readAtMs = this.#deps.clock.nowMs()
    const tools = readTools(server, pages, config.tools)
    if (tools.length === 0 && before.tools.length > 0) {
      this.#deps.log.warn({ server, before: before.tools.length }, 'server lists no tools any more')
      this.#entries.set(server, { ...before, shrunk: true, fresh: true, readAtMs })
      this.generation += 1
      return
    }
    const entry: Entry = {
      server,
      tools,
      readAtMs,
      shrunk: false,
      fresh: true,
      byName: byName(tools),
      digest: digest(tools),
    }
    this.#entries.set(server, entry)
    this.generation += 1
    if (entry.digest !== before.digest) {
      this.#warnOfLongNames(entry)
      this.onChanged?.(server)
    }
    const fingerprint = this.#deps.fingerprintOf(config)
    this.#deps.store
      .writeCatalogue({ server, fingerprint, pages, readAtMs })
      .catch((err: unknown) => this.#deps.log.warn({ server, err }, 'catalogue not kept'))
  }

  #warnOfLongNames({ server, tools }: Entry): void {
    const long = tools.filter(({ publicName }) => publicName.length > NAME_LENGTH_MAX)
    const [first] = long
    if (!first) return
    const fields = { server, tools: long.length, example: printable(first.publicName, 256) }
    this.#deps.log.warn(fields, 'tool names longer than 64 characters, which model APIs refuse')
  }
}

function byName(tools: readonly Tool[]): Map<string, Tool> {
  return new Map(tools.map((tool) => [tool.name, tool]))
}

/** The same for the same tools, however a server orders and pages them and whatever stamps it adds. */
function digest(tools: readonly Tool[]): string {
  const hash = createHash('sha256')
  for (const tool of tools.toSorted((a, b) => (a.name < b.name ? -1 : 1)))
    hash.update(tool.ownBytes)
  return hash.digest('hex')
}
