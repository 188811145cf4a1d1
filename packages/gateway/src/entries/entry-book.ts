import type { Sealer } from '@sallyport/kit/crypto'
import type { Log } from '@sallyport/kit/log'
import type { EntryKind, EntryReading, EntryRecord, EntryStore } from '@sallyport/kit/store'
import type { ConfigEntry } from '../config/index.ts'

/** A server, group or endpoint that was added over the admin API. */
export interface Entry extends ConfigEntry, Omit<EntryRecord, 'body'> {}

/** What a change is to make of an entry; undefined = nothing is left of it. */
export type Draft = Omit<Entry, 'version'>

export interface EntryBookDeps {
  readonly store: EntryStore
  readonly sealer: Sealer
  readonly log: Log
}

/** The entries of the store, opened, as they were when they were read last. */
export class EntryBook {
  readonly #deps: EntryBookDeps
  #version = -1
  #entries: readonly Entry[] = []

  constructor(deps: EntryBookDeps) {
    this.#deps = deps
  }

  /** The oldest first. */
  get entries(): readonly Entry[] {
    return this.#entries
  }

  find(kind: EntryKind, name: string): Entry | undefined {
    return this.#entries.find((one) => one.kind === kind && one.name === name)
  }

  /** Reads them where another process or an earlier failure changed them; true when it did. */
  async refresh(): Promise<boolean> {
    const { store } = this.#deps
    if ((await store.version()) === this.#version) return false
    this.#take(await store.read())
    return true
  }

  /**
   * Puts an entry into the store, where nothing was changed there since it was read.
   *
   * @throws {AppError} `store_unwritable`
   */
  async put(draft: Draft): Promise<boolean> {
    const { value, ...record } = draft
    const text = Buffer.from(JSON.stringify(value))
    const body = Buffer.from(this.#deps.sealer.seal(text, purposeOf(draft)))
    const version = await this.#deps.store.put({ ...record, body }, this.#version)
    if (version === undefined) return false
    this.#version = version
    this.#replace(draft, { ...draft, version })
    return true
  }

  /** As `put`. */
  async remove(entry: Pick<Entry, 'kind' | 'name'>): Promise<boolean> {
    const version = await this.#deps.store.remove(entry, this.#version)
    if (version === undefined) return false
    this.#version = version
    this.#replace(entry, undefined)
    return true
  }

  /** The entries as they would be with one of them changed. */
  with({ kind, name }: Pick<Entry, 'kind' | 'name'>, next: ConfigEntry | undefined): ConfigEntry[] {
    const others: ConfigEntry[] = this.#entries.filter(
      (one) => one.kind !== kind || one.name !== name,
    )
    return next === undefined ? others : [...others, next]
  }

  #replace({ kind, name }: Pick<Entry, 'kind' | 'name'>, next: Entry | undefined): void {
    const same = (one: Entry): boolean => one.kind === kind && one.name === name
    const others = this.#entries.filter((one) => !same(one))
    const whole = next === undefined ? others : [...others, next]
    this.#entries = whole.toSorted((a, b) => a.createdAtMs - b.createdAtMs)
  }

  #take({ version, entries }: EntryReading): void {
    this.#version = version
    const opened = entries.flatMap((record) => this.#open(record))
    this.#entries = opened.toSorted((a, b) => a.createdAtMs - b.createdAtMs)
  }

  /** One that was sealed with a key that is gone, or is none of ours, is as good as not there. */
  #open({ body, ...record }: EntryRecord): Entry[] {
    const { kind, name } = record
    const plain = this.#deps.sealer.open(body.toString(), purposeOf(record))
    const value: unknown = plain === undefined ? undefined : JSON.parse(plain.toString())
    if (typeof value !== 'object' || value === null) {
      this.#deps.log.error(
        { kind, name },
        'what was added over the admin API was sealed with another key and is left out',
      )
      return []
    }
    return [{ ...record, value: value as Entry['value'] }] // sealed by `put`
  }
}

/** A body moved to another name opens to nothing. */
function purposeOf({ kind, name }: Pick<Entry, 'kind' | 'name'>): string {
  return `entry:${kind}:${name}`
}
