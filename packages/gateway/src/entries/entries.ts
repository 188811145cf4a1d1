import type { Clock } from '@sallyport/kit/clock'
import { configError } from '@sallyport/kit/config'
import { AppError } from '@sallyport/kit/errors'
import type { EntryKind } from '@sallyport/kit/store'
import type { ConfigEntry, LeftOut, MergedConfig } from '../config/index.ts'
import type { Operator } from '../operations.ts'
import type { Amending, Reloader } from '../reload/reloader.ts'
import { type Draft, type Entry, EntryBook, type EntryBookDeps } from './entry-book.ts'
import { keepSecrets, judgeValue } from './entry-value.ts'

/** How often the store is asked whether another process changed something; it counts there within a second. */
const POLL_EVERY_MS = 500
/** So often another process may be faster before a change is given up. */
const TRIES_MAX = 5

export interface EntriesDeps extends EntryBookDeps {
  readonly clock: Clock
}

/** An entry with what became of it. */
export interface EntryStanding {
  readonly entry: Entry
  /** Why it is not in force; undefined where it is. */
  readonly leftOut: LeftOut | undefined
}

/** What is to be changed, of what and by whom. */
export interface EntryWish {
  readonly kind: EntryKind
  readonly name: string
  readonly by: Operator
}

/** Where changes take their turn. */
type Turns = Pick<Reloader, 'amend'>

/**
 * Servers, groups and endpoints that were added over the admin API. A change is tried on the whole
 * configuration first, then stored, then put in force: one after the other, in turn with reloads.
 */
export class Entries implements Disposable {
  readonly #deps: EntriesDeps
  readonly #book: EntryBook
  #leftOut: readonly LeftOut[] = []
  #turns: Turns | undefined
  #timer: NodeJS.Timeout | undefined
  #failing = false
  /** Others changed something that is not in force here. */
  #behind = false

  private constructor(deps: EntriesDeps, book: EntryBook) {
    this.#deps = deps
    this.#book = book
  }

  /** Reads what is in the store; nothing is in force yet. @throws {AppError} `store_unwritable` */
  static async open(deps: EntriesDeps): Promise<Entries> {
    const book = new EntryBook(deps)
    await book.refresh()
    return new Entries(deps, book)
  }

  /** What the next configuration is to have beside its file. */
  list(): readonly ConfigEntry[] {
    return this.#book.entries
  }

  onLeftOut(leftOut: readonly LeftOut[]): void {
    this.#leftOut = leftOut
  }

  /** Takes changes from now on, also those of other processes on the store. */
  begin(turns: Turns): void {
    this.#turns = turns
    this.#schedule()
  }

  [Symbol.dispose](): void {
    this.#turns = undefined
    clearTimeout(this.#timer)
  }

  /** All of them by kind and name, also those that are not in force. */
  standings(): readonly EntryStanding[] {
    const key = ({ kind, name }: Entry): string => `${kind} ${name}`
    const sorted = this.#book.entries.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
    return sorted.map((entry) => this.#standing(entry))
  }

  /** Undefined where none was added under this name. */
  find(kind: EntryKind, name: string): EntryStanding | undefined {
    const entry = this.#book.find(kind, name)
    return entry && this.#standing(entry)
  }

  /**
   * @throws {AppError} `conflict` where the name is taken, by the file too; `config_invalid` with problems,
   *   `command_not_allowed`, `url_not_allowed`, `request_invalid`; `store_unwritable`
   */
  add(wish: EntryWish, value: Entry['value']): Promise<Entry> {
    return this.#change(wish, (before, atMs) => {
      if (before !== undefined) throw taken(wish)
      judgeValue(value)
      return this.#draft(wish, { value, createdAtMs: atMs, changedAtMs: atMs })
    }).then(required)
  }

  /**
   * Secrets that `value` leaves out or shows as `[redacted]` stay as they are.
   *
   * @param version that the caller has seen
   * @throws {AppError} as `add`; `not_found`, `version_conflict`
   */
  replace(wish: EntryWish, version: number, value: Entry['value']): Promise<Entry> {
    return this.#change(wish, (before, atMs) => {
      const seen = requireVersion(wish, before, version)
      const whole = wish.kind === 'server' ? keepSecrets(value, seen.value) : value
      judgeValue(whole)
      const { createdAtMs } = seen
      return this.#draft(wish, { value: whole, createdAtMs, changedAtMs: atMs })
    }).then(required)
  }

  /** @throws {AppError} `not_found`, `version_conflict`; `conflict` where something else needs it */
  async remove(wish: EntryWish, version: number): Promise<void> {
    await this.#change(wish, (before) => {
      requireVersion(wish, before, version)
      return undefined
    })
  }

  /** One look for changes of other processes. The timer calls it; it never rejects. */
  async poll(): Promise<void> {
    try {
      await this.#turns?.amend((amending) => this.#follow(amending))
      this.#failing = false
    } catch (thrown) {
      // Once per outage, not twice a second.
      if (!this.#failing) {
        const err = AppError.from(thrown)
        this.#deps.log.warn({ err }, 'what others added over the admin API could not be read')
      }
      this.#failing = true
    }
  }

  /** Tells of what a start leaves out. */
  warn(): void {
    this.#warn(this.#leftOut)
  }

  /** Puts in force what others changed, if anything. */
  async #follow(amending: Amending): Promise<void> {
    // What could not be put in force is tried again.
    this.#behind = (await this.#book.refresh()) || this.#behind
    if (!this.#behind) return
    const merged = amending.merge(this.#book.entries)
    const changes = amending.enforce(merged)
    this.#behind = false
    this.#warn(merged.leftOut)
    if (changes !== undefined) this.#deps.log.info({}, 'changes of another gateway in force')
  }

  async #change(
    wish: EntryWish,
    decide: (before: Entry | undefined, atMs: number) => Draft | undefined,
  ): Promise<Entry | undefined> {
    if (this.#turns === undefined) throw new AppError('shutting_down', 'the gateway stops')
    return this.#turns.amend(async (amending) => {
      for (let tries = 0; tries < TRIES_MAX; tries += 1) {
        // Also where the change itself is refused then.
        await this.#follow(amending)
        const before = this.#book.find(wish.kind, wish.name)
        const draft = decide(before, this.#deps.clock.nowMs())
        const merged = amending.merge(this.#book.with(wish, draft))
        this.#judge(wish, merged)
        const isWritten = await (draft === undefined
          ? this.#book.remove(wish)
          : this.#book.put(draft))
        if (!isWritten) continue
        await this.#enforce(amending, merged, { wish, before })
        const after = this.#book.find(wish.kind, wish.name)
        this.#tell(wish, before, after)
        return after
      }
      throw new AppError('conflict', 'others change what was added at the same time: try again')
    })
  }

  /** What is wrong with the change itself, or what else it would put out of force. */
  #judge({ kind, name }: EntryWish, { leftOut }: MergedConfig): void {
    const own = leftOut.find(({ entry }) => entry.kind === kind && entry.name === name)
    if (own !== undefined) throw refusalOf(own)
    const lost = leftOut.find(({ entry }) => !this.#isLeftOut(entry))
    if (lost === undefined) return
    const [{ message }] = lost.problems
    const other = `the ${lost.entry.kind} \`${lost.entry.name}\``
    throw new AppError('conflict', `${other} would not work any more: ${message}`)
  }

  /** What cannot be put in force is not kept either. */
  async #enforce(
    amending: Amending,
    merged: MergedConfig,
    { wish, before }: { readonly wish: EntryWish; readonly before: Entry | undefined },
  ): Promise<void> {
    try {
      amending.enforce(merged)
    } catch (cause) {
      const { kind, name } = wish
      const isUndone = await (before === undefined
        ? this.#book.remove(wish)
        : this.#book.put(before))
      if (!isUndone) this.#deps.log.error({ kind, name }, 'a change that failed stays in the store')
      throw cause
    }
  }

  #draft(
    { kind, name, by }: EntryWish,
    rest: Pick<Draft, 'value' | 'createdAtMs' | 'changedAtMs'>,
  ): Draft {
    return { kind, name, by: by.principal.id, ...rest }
  }

  #isLeftOut({ kind, name }: Pick<ConfigEntry, 'kind' | 'name'>): boolean {
    return this.#leftOut.some(({ entry }) => entry.kind === kind && entry.name === name)
  }

  #standing(entry: Entry): EntryStanding {
    const { kind, name } = entry
    const leftOut = this.#leftOut.find((one) => one.entry.kind === kind && one.entry.name === name)
    return { entry, leftOut }
  }

  #tell({ kind, name, by }: EntryWish, before: Entry | undefined, after: Entry | undefined): void {
    const action = after === undefined ? 'removed' : before === undefined ? 'added' : 'changed'
    const version = (after ?? before)?.version ?? 0
    const { principal, requestId } = by
    const fields = { kind, name, version, principal: principal.id, requestId }
    this.#deps.log.info(fields, `${kind} ${action} over the admin API`)
  }

  #warn(leftOut: readonly LeftOut[]): void {
    for (const { entry, problems } of leftOut) {
      const { kind, name } = entry
      for (const { path, message, remedy } of problems) {
        this.#deps.log.warn({ kind, name, path, remedy }, `not in force: ${message}`)
      }
    }
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      void this.poll().then(() => {
        if (this.#turns !== undefined) this.#schedule()
      })
    }, POLL_EVERY_MS)
    this.#timer.unref()
  }
}

function taken({ kind, name }: EntryWish): AppError {
  return new AppError(
    'conflict',
    `there is a ${kind} \`${name}\` already: change it, or choose another name`,
  )
}

function requireVersion(
  { kind, name }: EntryWish,
  before: Entry | undefined,
  version: number,
): Entry {
  if (before === undefined) {
    throw new AppError('not_found', `no ${kind} \`${name}\` was added over the admin API`)
  }
  if (before.version === version) return before
  throw new AppError(
    'version_conflict',
    `\`${name}\` has version ${before.version} by now: read it again`,
  )
}

/** Why it cannot be in force, as the caller hears it. */
function refusalOf({ code, problems }: LeftOut): AppError {
  const [{ message, remedy }] = problems
  if (code !== 'config_invalid') {
    return new AppError(code, remedy === '' ? message : `${message}; ${remedy}`)
  }
  return configError(problems.map((problem) => ({ ...problem, severity: 'error' })))
}

function required(entry: Entry | undefined): Entry {
  if (entry === undefined) throw new AppError('internal', 'a change left no entry behind')
  return entry
}
