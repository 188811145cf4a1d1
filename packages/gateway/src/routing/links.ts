const LINKS_MAX = 10_000
const URI_LENGTH_MAX = 2_048

/**
 * Which server gave a principal a link, so that reading it leads back there. The first server that gave it
 * keeps it. At most 10,000 links of all principals together, each of at most 2,048 characters; the oldest
 * are forgotten first.
 */
export class Links {
  readonly #half: number
  /** Two halves instead of one table with deletions: what comes and goes in one table chains old ones. */
  #recent = new Map<string, string>()
  #older: ReadonlyMap<string, string> = new Map()

  constructor(linksMax = LINKS_MAX) {
    this.#half = Math.max(1, Math.floor(linksMax / 2))
  }

  learn(reader: string, server: string, uris: readonly string[]): void {
    for (const uri of uris) {
      if (uri.length > URI_LENGTH_MAX) continue
      const key = keyOf(reader, uri)
      if (this.#recent.has(key)) continue
      const owner = this.#older.get(key) ?? server
      if (this.#recent.size >= this.#half) {
        this.#older = this.#recent
        this.#recent = new Map()
      }
      this.#recent.set(key, owner)
    }
  }

  serverOf(reader: string, uri: string): string | undefined {
    const key = keyOf(reader, uri)
    return this.#recent.get(key) ?? this.#older.get(key)
  }
}

/** Who reads: a principal at one address. No scope holds a space. */
export function linkKey(scope: string, principalId: string): string {
  return `${scope} ${principalId}`
}

/** No principal's id holds a line break, so no two pairs make the same text. */
function keyOf(reader: string, uri: string): string {
  return `${reader}\n${uri}`
}
