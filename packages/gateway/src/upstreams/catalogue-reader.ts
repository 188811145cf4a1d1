import type { Capabilities, Family } from './era.ts'
import { ListReader, type ListReaderOptions } from './list-reader.ts'
import type { Session } from './session.ts'
import { type Kind, KINDS } from './upstream.ts'

/** Which lists change together: a server announces resources and their templates in one. */
const FAMILY: Readonly<Record<Kind, Family>> = {
  tools: 'tools',
  resources: 'resources',
  resourceTemplates: 'resources',
  prompts: 'prompts',
}

/** A list that was read. */
export interface ListRead {
  /** Raw `result` values. */
  readonly pages: readonly Buffer[]
  readonly entries: number
  /** Because the server said that it changed. */
  readonly announced: boolean
}

export interface CatalogueReaderOptions extends Omit<ListReaderOptions, 'kind' | 'onRead'> {
  /** A whole list was read: raw `result` values, and how many entries they hold. */
  onRead(kind: Kind, read: ListRead): void
  /** A list could not be read; the others are none the worse for it. */
  onFailed(kind: Kind, session: Session, thrown: unknown): void
}

/** Reads all that a server lists, each list by itself. */
export class CatalogueReader {
  readonly #options: CatalogueReaderOptions
  readonly #readers: ReadonlyMap<Kind, ListReader>
  /** Whether each list was asked for once, with whatever outcome. */
  #asked = false
  /** Lists that a server said have changed, until they are read. */
  readonly #announced = new Set<Kind>()

  constructor(options: CatalogueReaderOptions) {
    this.#options = options
    const reader = (kind: Kind): ListReader =>
      new ListReader({
        ...options,
        kind,
        onRead: (pages, entries) => {
          options.onRead(kind, { pages, entries, announced: this.#announced.delete(kind) })
        },
      })
    this.#readers = new Map(KINDS.map((kind) => [kind, reader(kind)]))
  }

  /** Whether the tools were ever read, and the rest at least asked for. */
  get hasRead(): boolean {
    return this.#asked && this.#readers.get('tools')?.hasRead === true
  }

  /** The reads that run now. Settles with how the one of the tools ended, which nobody needs to hear. */
  get running(): Promise<void> | undefined {
    const running = [...this.#readers.values()].map((reader) => reader.running)
    if (running.every((one) => one === undefined)) return undefined
    const all = Promise.allSettled(running).then(() => running[0])
    // Whoever only asks whether something runs must not leave a rejection behind, which would end the process.
    all.catch(ignore)
    return all
  }

  /** Reads every list anew that the server has. */
  readAll(session: Session, capabilities: Capabilities): Promise<void> {
    const { lists } = capabilities
    const reads = KINDS.map((kind) => {
      if (lists[FAMILY[kind]]) return this.#read(kind, session)
      this.#readers.get(kind)?.skip()
      return Promise.resolve()
    })
    this.#asked = true
    return Promise.allSettled(reads).then(() => reads[0])
  }

  /** Reads what an announcement of a change is about. */
  readFamily(family: Family, session: Session): void {
    this.#announced.add(family)
    for (const kind of KINDS) if (FAMILY[kind] === family) this.#read(kind, session).catch(ignore)
  }

  /** Reads again what was never read. */
  readMissing(session: Session, { lists }: Capabilities): void {
    for (const [kind, { hasRead }] of this.#readers) {
      if (!hasRead && lists[FAMILY[kind]]) this.#read(kind, session).catch(ignore)
    }
  }

  /** Never leaves a rejection unheard; whoever waits hears of it too. */
  #read(kind: Kind, session: Session): Promise<void> {
    const reading = this.#readers.get(kind)?.read(session) ?? Promise.resolve()
    reading.catch((thrown: unknown) => this.#options.onFailed(kind, session, thrown))
    return reading
  }
}

/** Told to `onFailed` already. */
function ignore(): void {}
