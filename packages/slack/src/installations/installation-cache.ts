import { Sealer } from '@sallyport/kit/crypto'
import type { Log } from '@sallyport/kit/log'
import { INSTALLATION_PURPOSE, type InstallationRecord, type Store } from '@sallyport/kit/store'
import type { Installation } from './installation.ts'
import { type KeptInstallation, openRecord, PROVIDER, toValues } from './kept-installation.ts'

/** Which app in which workspace. */
export interface Place {
  readonly app: string
  readonly team: string
}

/** The key of a place in maps; no app has a blank in its name. */
export function placeId({ app, team }: Place): string {
  return `${team} ${app}`
}

/** The installations as this process knows them, opened. */
export class InstallationCache {
  /** Told when an installation is gone, or of no use until it is made anew. */
  onEnded: (place: Place) => void = () => undefined
  readonly #store: Pick<Store, 'installations' | 'ring'>
  readonly #log: Log
  readonly #sealer: Sealer
  readonly #byPlace = new Map<string, KeptInstallation>()
  #list: readonly Installation[] | undefined
  #seen = 0

  constructor(store: Pick<Store, 'installations' | 'ring'>, log: Log) {
    this.#store = store
    this.#log = log
    this.#sealer = new Sealer(store.ring.keys, INSTALLATION_PURPOSE)
  }

  get(place: Place): KeptInstallation | undefined {
    return this.#byPlace.get(placeId(place))
  }

  /** By team and app. */
  list(): readonly Installation[] {
    this.#list ??= [...this.#byPlace.values()]
      .map(({ installation }) => installation)
      .toSorted((a, b) => (placeId(a) < placeId(b) ? -1 : 1))
    return this.#list
  }

  values(): readonly KeptInstallation[] {
    return [...this.#byPlace.values()]
  }

  /** What is written of it. */
  toValues(kept: KeptInstallation, nowMs: number): ReturnType<typeof toValues> {
    return toValues(this.#sealer, kept, nowMs)
  }

  /** Reads what any process changed since the last time. @throws {AppError} `store_unwritable` */
  async reread(): Promise<void> {
    const { version, keys, changed } = await this.#store.installations.read(PROVIDER, this.#seen)
    const there = new Set(keys.map(placeId))
    for (const record of changed) {
      if (there.has(placeId(record))) await this.take(record)
    }
    for (const { installation, version: ours } of this.values()) {
      if (!there.has(placeId(installation)) && ours <= version) this.drop(installation)
    }
    this.#seen = Math.max(this.#seen, version)
  }

  /** Takes over a row. Undefined, and it is not there any more, where it cannot be opened. */
  async take(record: InstallationRecord): Promise<KeptInstallation | undefined> {
    const known = this.get(record)
    if (known !== undefined && known.version >= record.version) return known
    const kept = await this.#open(record)
    if (kept === undefined) this.drop(record)
    else this.put(kept)
    return kept
  }

  /** Takes over what was written. */
  put(kept: KeptInstallation): void {
    const id = placeId(kept.installation)
    const known = this.#byPlace.get(id)
    if (known !== undefined && known.version > kept.version) return
    this.#byPlace.set(id, kept)
    this.#list = undefined
    if (kept.installation.state !== 'active') this.onEnded(kept.installation)
  }

  drop(place: Place): void {
    if (!this.#byPlace.delete(placeId(place))) return
    this.#list = undefined
    this.onEnded(place)
  }

  async #open(record: InstallationRecord): Promise<KeptInstallation | undefined> {
    const opened = openRecord(this.#sealer, record)
    if (opened !== undefined) return opened
    // Sealed with a key that another process has just made.
    await this.#store.ring.refresh()
    const again = openRecord(this.#sealer, record)
    if (again === undefined) {
      const { app, team } = record
      this.#log.error({ app, team }, 'slack installation cannot be opened')
    }
    return again
  }
}
