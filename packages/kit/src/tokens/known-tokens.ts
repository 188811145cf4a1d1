/** Verified tokens by their SHA-256, the one that was used longest ago giving way. */
export class KnownTokens<Entry> {
  readonly #entriesMax: number
  readonly #entries = new Map<string, Entry>()

  /** @param entriesMax at least 1 */
  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax
  }

  get size(): number {
    return this.#entries.size
  }

  get(digest: string): Entry | undefined {
    const entry = this.#entries.get(digest)
    if (entry === undefined) return undefined
    // A map lists in the order of insertion.
    this.#entries.delete(digest)
    this.#entries.set(digest, entry)
    return entry
  }

  set(digest: string, entry: Entry): void {
    this.#entries.delete(digest)
    if (this.#entries.size >= this.#entriesMax) {
      const [oldest] = this.#entries.keys()
      if (oldest !== undefined) this.#entries.delete(oldest)
    }
    this.#entries.set(digest, entry)
  }

  /** Puts another entry in the place of one that is there. */
  replace(digest: string, entry: Entry): void {
    if (this.#entries.has(digest)) this.#entries.set(digest, entry)
  }

  entries(): Iterable<[string, Entry]> {
    return this.#entries
  }

  clear(): void {
    this.#entries.clear()
  }

  /** Forgets all entries of which that holds. */
  forget(isOver: (entry: Entry) => boolean): void {
    for (const [digest, entry] of this.#entries) {
      if (isOver(entry)) this.#entries.delete(digest)
    }
  }
}
