/** What a directory keeps of a channel or a person. */
export interface DirectoryEntry {
  readonly id: string
}

/** One page of a list as Slack gave it. */
export interface DirectoryPage<Entry> {
  readonly entries: readonly Entry[]
  /** Slack's cursor of the next page; undefined = this was the last one. */
  readonly next: string | undefined
}

/** Reads the page at a cursor; undefined = the first one. */
export type LoadPage<Entry> = (cursor: string | undefined) => Promise<DirectoryPage<Entry>>

export interface DirectoryRules {
  readonly entriesMax: number
  /** How long what was read is believed, milliseconds. */
  readonly lifeMs: number
}

interface Kept<Entry> {
  readonly entry: Entry
  /** Monotonic, milliseconds. */
  readonly atMs: number
}

interface WalkState {
  readonly beganMs: number
  readonly next: string | undefined
  readonly finishedMs: number | undefined
  /** Whether entries are missing: for want of room, or because they were forgotten. */
  readonly hasGaps: boolean
}

/**
 * What is known of the channels or of the people of one workspace: filled page by page when somebody asks for
 * a name, never ahead of that, and never called complete unless one walk went to its end within its life with
 * room for everything. A walk that was stopped, by a limit of Slack say, goes on where it stood.
 */
export class TeamDirectory<Entry extends DirectoryEntry> {
  readonly #rules: DirectoryRules
  readonly #kept = new Map<string, Kept<Entry>>()
  #walk: WalkState | undefined
  #step: Promise<void> | undefined

  constructor(rules: DirectoryRules) {
    this.#rules = rules
  }

  get size(): number {
    return this.#kept.size
  }

  /** What is known about an id; undefined also where it is older than what is asked for, or believed. */
  get(id: string, nowMs: number, ageMs: number = this.#rules.lifeMs): Entry | undefined {
    const kept = this.#kept.get(id)
    if (kept === undefined || this.#isOld(kept, nowMs)) return undefined
    return nowMs - kept.atMs > ageMs ? undefined : kept.entry
  }

  find(fits: (entry: Entry) => boolean, nowMs: number): Entry | undefined {
    for (const kept of this.#kept.values()) {
      if (!this.#isOld(kept, nowMs) && fits(kept.entry)) return kept.entry
    }
    return undefined
  }

  /** Keeps what was learned by the way; the oldest gives place where there is no room. */
  put(entry: Entry, nowMs: number): void {
    this.#kept.delete(entry.id)
    if (this.#kept.size >= this.#rules.entriesMax) {
      const [oldest] = this.#kept.keys()
      if (oldest !== undefined) this.#kept.delete(oldest)
      this.#missesSomething()
    }
    this.#kept.set(entry.id, { entry, atMs: nowMs })
  }

  /** Forgets an entry: what was read is no longer everything there is. */
  forget(id: string): void {
    if (this.#kept.delete(id)) this.#missesSomething()
  }

  /** Whether everything there is was read, at most `ageMs` ago. */
  isComplete(ageMs: number, nowMs: number): boolean {
    const walk = this.#walk
    if (walk?.finishedMs === undefined || walk.hasGaps) return false
    return nowMs - walk.finishedMs <= Math.min(ageMs, this.#rules.lifeMs)
  }

  /**
   * Looks for an entry, reading on as long as it was not found: what is known, then page after page to the
   * end. Callers at the same time share the pages. Undefined = it is not there, and everything was looked
   * through.
   *
   * @param load reads a page on behalf of this caller; what it throws ends the search of whoever has it run
   * @param ageMs how old a complete look may be that says "there is none"
   */
  async search(
    fits: (entry: Entry) => boolean,
    load: LoadPage<Entry>,
    { ageMs, clock, signal }: SearchRules,
  ): Promise<Entry | undefined> {
    const known = this.find(fits, clock.monotonicMs())
    if (known !== undefined) return known
    const beganMs = clock.monotonicMs()
    while (!this.isComplete(ageMs, clock.monotonicMs())) {
      signal.throwIfAborted()
      const page = await this.#readOn(load, clock)
      const found = page?.find(fits) ?? this.find(fits, clock.monotonicMs())
      if (found !== undefined) return found
      // Where there is no room for all, a walk that began with us and ended has seen everything too.
      const walk = this.#walk
      if (walk?.finishedMs !== undefined && walk.beganMs >= beganMs) return undefined
    }
    return undefined
  }

  /** Entries of the page that was read; undefined when another caller read it, well or not. */
  async #readOn(
    load: LoadPage<Entry>,
    clock: SearchRules['clock'],
  ): Promise<readonly Entry[] | undefined> {
    if (this.#step !== undefined) {
      // Its failure is the other caller's: this one reads that page itself then.
      await this.#step.catch(() => undefined)
      return undefined
    }
    let entries: readonly Entry[] = []
    const step = this.#readPage(load, clock).then((read) => {
      entries = read
    })
    this.#step = step
    try {
      await step
    } finally {
      this.#step = undefined
    }
    return entries
  }

  async #readPage(load: LoadPage<Entry>, clock: SearchRules['clock']): Promise<readonly Entry[]> {
    const startMs = clock.monotonicMs()
    const walk = this.#walkAt(startMs)
    this.#walk = walk
    const page = await load(walk.next)
    const nowMs = clock.monotonicMs()
    for (const entry of page.entries) this.put(entry, nowMs)
    const finishedMs = page.next === undefined ? nowMs : undefined
    const { hasGaps } = this.#walk
    this.#walk = { beganMs: walk.beganMs, next: page.next, finishedMs, hasGaps }
    if (finishedMs !== undefined && !hasGaps) this.#dropOlderThan(walk.beganMs)
    return page.entries
  }

  /** The walk to go on with; a new one where the last has ended or is too old to be one picture. */
  #walkAt(nowMs: number): WalkState {
    const walk = this.#walk
    const isUnderWay = walk !== undefined && walk.finishedMs === undefined
    if (isUnderWay && nowMs - walk.beganMs <= this.#rules.lifeMs) return walk
    return { beganMs: nowMs, next: undefined, finishedMs: undefined, hasGaps: false }
  }

  /** What a whole walk did not meet is gone. */
  #dropOlderThan(beganMs: number): void {
    for (const [id, { atMs }] of this.#kept) if (atMs < beganMs) this.#kept.delete(id)
  }

  #missesSomething(): void {
    if (this.#walk !== undefined) this.#walk = { ...this.#walk, hasGaps: true }
  }

  #isOld({ atMs }: Kept<Entry>, nowMs: number): boolean {
    return nowMs - atMs > this.#rules.lifeMs
  }
}

export interface SearchRules {
  readonly ageMs: number
  readonly clock: { monotonicMs(): number }
  readonly signal: AbortSignal
}
