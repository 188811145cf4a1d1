import type { Clock } from '@sallyport/kit/clock'
import type { Log } from '@sallyport/kit/log'
import type { UsageRecord, UsageStore } from '@sallyport/kit/store'

const DAY_MS = 86_400_000
const FLUSH_EVERY_MS = 5_000
/** Days kept in memory, so that a clock that jumps about finds the counters of each again. */
const DAYS_MAX = 3
/** Days kept in the store. */
const DAYS_STORED = 7
const COUNTERS_MAX = 100_000
/** Of that many of the oldest counters the smallest gives way where there are too many. */
const CANDIDATES = 64

/** Calls of one scope on one day. */
export interface Counter {
  calls: number
  /** Those of them that are not known to be in the store. */
  unsaved: number
}

/** The counters of one day. The same object as long as the day lasts. */
export class DayTable {
  /** `2026-11-21`, UTC. */
  readonly day: string
  readonly startMs: number
  /** Whether what the store knew is in it; before that nothing of it is written. */
  loaded = false
  readonly #counters = new Map<string, Counter>()

  constructor(startMs: number) {
    this.day = dayOf(startMs)
    this.startMs = startMs
  }

  get size(): number {
    return this.#counters.size
  }

  /** The counter of a scope, made when there is none. */
  counter(scope: string): Counter {
    const known = this.#counters.get(scope)
    if (known) return known
    if (this.#counters.size >= COUNTERS_MAX) this.#makeRoom()
    const counter = { calls: 0, unsaved: 0 }
    this.#counters.set(scope, counter)
    return counter
  }

  entries(): IterableIterator<[string, Counter]> {
    return this.#counters.entries()
  }

  #makeRoom(): void {
    let smallest: [string, Counter] | undefined
    for (const entry of this.#counters.entries().take(CANDIDATES)) {
      if (entry[1].calls < (smallest?.[1].calls ?? Number.POSITIVE_INFINITY)) smallest = entry
    }
    if (smallest) this.#counters.delete(smallest[0])
  }
}

export interface DailyCountersDeps {
  readonly clock: Clock
  readonly log: Log
  readonly store: UsageStore
}

/**
 * Counts calls per day and scope. What was counted is written every 5 s and at the end, never by a call, and
 * read again at the start; gateways on one store learn of each other's calls as they write. A clock that is
 * set back comes to the counters of a day that it had left, so that nothing is given twice.
 */
export class DailyCounters implements AsyncDisposable {
  readonly #deps: DailyCountersDeps
  /** Oldest first. */
  readonly #tables: DayTable[] = []
  #timer: NodeJS.Timeout | undefined
  #today: DayTable
  #writing: Promise<void> = Promise.resolve()
  #failed = false

  private constructor(deps: DailyCountersDeps) {
    this.#deps = deps
    this.#today = this.#open(deps.clock.nowMs())
  }

  /** Reads what was counted today. The caller disposes. @throws {AppError} `store_unwritable` */
  static async open(deps: DailyCountersDeps): Promise<DailyCounters> {
    const counters = new DailyCounters(deps)
    await counters.#load(counters.#today)
    counters.#timer = setInterval(() => void counters.flush(), FLUSH_EVERY_MS)
    counters.#timer.unref()
    return counters
  }

  /** The counters of the day that it is. */
  today(): DayTable {
    const nowMs = this.#deps.clock.nowMs()
    const sinceMs = nowMs - this.#today.startMs
    if (sinceMs >= 0 && sinceMs < DAY_MS) return this.#today
    const known = this.#tables.find(({ day }) => day === dayOf(nowMs))
    this.#today = known ?? this.#open(nowMs)
    if (!known) void this.flush()
    return this.#today
  }

  /** When the quotas of today are renewed, in milliseconds from now. */
  renewedInMs(): number {
    return this.today().startMs + DAY_MS - this.#deps.clock.nowMs()
  }

  /** Writes what is not in the store yet, after what is being written. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
  }

  #open(nowMs: number): DayTable {
    const table = new DayTable(nowMs - (((nowMs % DAY_MS) + DAY_MS) % DAY_MS))
    this.#tables.push(table)
    if (this.#tables.length > DAYS_MAX) this.#tables.shift()
    return table
  }

  /** A day that begins may have been counted before: by another process, or before the clock was set back. */
  async #load(table: DayTable): Promise<void> {
    for (const { scope, calls } of await this.#deps.store.read(table.day)) {
      table.counter(scope).calls += calls
    }
    table.loaded = true
  }

  async #write(): Promise<void> {
    const { store, clock } = this.#deps
    try {
      for (const table of this.#tables) if (!table.loaded) await this.#load(table)
      const due = this.#tables.flatMap(unsavedOf)
      if (due.length === 0) return
      const records = due.map(({ day, scope, calls }) => ({ day, scope, calls }))
      const sums = await store.add(records, dayOf(clock.nowMs() - DAYS_STORED * DAY_MS))
      for (const { counter, calls } of due) counter.unsaved -= calls
      this.#learn(sums)
      this.#failed = false
    } catch (err) {
      this.#warn(err)
    }
  }

  /** What others count on the same store is known with the next writing. */
  #learn(sums: readonly UsageRecord[]): void {
    for (const { day, scope, calls } of sums) {
      const counter = this.#tables.find((table) => table.day === day)?.counter(scope)
      if (counter) counter.calls = calls + counter.unsaved
    }
  }

  /** Once per trouble: the next attempt comes in five seconds. */
  #warn(err: unknown): void {
    if (!this.#failed) this.#deps.log.warn({ err }, 'daily quotas not kept in the store')
    this.#failed = true
  }
}

function unsavedOf(
  table: DayTable,
): { day: string; scope: string; calls: number; counter: Counter }[] {
  const { day } = table
  return [...table.entries()].flatMap(([scope, counter]) =>
    counter.unsaved > 0 ? [{ day, scope, calls: counter.unsaved, counter }] : [],
  )
}

function dayOf(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 10)
}
