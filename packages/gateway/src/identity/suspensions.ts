import type { SuspensionKind, SuspensionRecord, SuspensionStore } from '@sallyport/kit/store'

/** What a listener is told: that something is suspended from now on, or no longer. */
export interface SuspensionChange {
  readonly kind: SuspensionKind
  readonly subject: string
  readonly suspended: boolean
}

/** Whom operators keep out: at once here, and within a second in every process on the same store. */
export class Suspensions {
  readonly #store: SuspensionStore
  readonly #known = new Map<string, SuspensionRecord>()
  readonly #listeners: ((change: SuspensionChange) => void)[] = []

  constructor(store: SuspensionStore) {
    this.#store = store
  }

  /** Whether calls of that principal, or in that session, are refused. Costs nothing while nobody is. */
  isSuspended(kind: SuspensionKind, subject: string): boolean {
    return this.#known.size > 0 && this.#known.has(keyOf(kind, subject))
  }

  /** Oldest first. */
  list(): readonly SuspensionRecord[] {
    return [...this.#known.values()].toSorted((a, b) => a.atMs - b.atMs)
  }

  /**
   * Refuses the very next call. Counts here once it resolves, and is kept over restarts.
   *
   * @throws {AppError} `request_invalid`, `store_unwritable`; then nothing is suspended
   */
  async suspend(record: SuspensionRecord): Promise<void> {
    await this.#store.set(record)
    this.#set(record)
  }

  /** Lets calls in again; false when it was not suspended. @throws {AppError} `store_unwritable` */
  async resume(kind: SuspensionKind, subject: string): Promise<boolean> {
    const isFound = await this.#store.clear(kind, subject)
    this.#delete(kind, subject)
    return isFound
  }

  /** Hears of every change, whoever made it. Must not throw. */
  onChange(listener: (change: SuspensionChange) => void): void {
    this.#listeners.push(listener)
  }

  /** Reads what the store has now. */
  async refresh(): Promise<void> {
    const now = await this.#store.list()
    const keys = new Set(now.map(({ kind, subject }) => keyOf(kind, subject)))
    for (const [key, { kind, subject }] of [...this.#known]) {
      if (!keys.has(key)) this.#delete(kind, subject)
    }
    for (const record of now) this.#set(record)
  }

  #set(record: SuspensionRecord): void {
    const { kind, subject } = record
    const key = keyOf(kind, subject)
    const isNew = !this.#known.has(key)
    this.#known.set(key, record)
    if (isNew) this.#tell({ kind, subject, suspended: true })
  }

  #delete(kind: SuspensionKind, subject: string): void {
    if (this.#known.delete(keyOf(kind, subject))) this.#tell({ kind, subject, suspended: false })
  }

  #tell(change: SuspensionChange): void {
    for (const listener of this.#listeners) listener(change)
  }
}

function keyOf(kind: SuspensionKind, subject: string): string {
  return `${kind} ${subject}`
}
