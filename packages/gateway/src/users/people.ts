import type { Clock } from '@sallyport/kit/clock'
import type { GrantResolver } from '@sallyport/kit/door'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { Principal } from '@sallyport/kit/principal'
import type {
  ChangeStore,
  LoginRecord,
  LoginStore,
  UserRecord,
  UserStore,
} from '@sallyport/kit/store'
import { principalOf } from './user-principal.ts'

const POLL_MS = 1_000
const PRUNE_MS = 10 * 60_000
/** A use is written that late at most, so others may not take a session for idle any sooner. */
const SEEN_LAG_MS = 60_000
const SEEN_SHARE = 4

export interface PeopleOptions {
  readonly users: Pick<UserStore, 'list'>
  readonly logins: Pick<LoginStore, 'list' | 'find' | 'seen' | 'prune'>
  readonly changes: ChangeStore
  readonly grants: GrantResolver
  readonly clock: Clock
  readonly log: Log
  /** `auth.login.idle` of the configuration in force. */
  readonly idleMs: () => number
  /** A login of that principal ended: end its sessions and streams. Must not throw. */
  readonly onEnded: (principalId: string) => void
  /** 1,000 by default: what another process changed counts within a second. */
  readonly pollEveryMs?: number
}

/**
 * Who may log in and who has, in memory, as the store has it: asked on every request. While the store cannot be
 * read, who is known stays so until it expires.
 */
export class People implements AsyncDisposable {
  readonly #options: PeopleOptions
  #users: ReadonlyMap<string, UserRecord> = new Map()
  #logins: ReadonlyMap<string, LoginRecord> = new Map()
  #bySecret: ReadonlyMap<string, LoginRecord> = new Map()
  #versions: { users: number | undefined; logins: number | undefined } = NEVER
  /** By login, last uses that may not be written yet; bounded by the logins. */
  readonly #uses = new Map<string, { writtenMs: number; latestMs: number }>()
  /** Logins that are known and over, whose end was told. */
  #over: ReadonlySet<string> = new Set()
  readonly #cameWith = new WeakMap<Principal, LoginRecord>()
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #prunedMs = Number.NEGATIVE_INFINITY
  #failing = false
  #disposed = false

  private constructor(options: PeopleOptions) {
    this.#options = options
  }

  /** Reads everybody once, then keeps polling. Rejects as the store does when the first reading fails. */
  static async start(options: PeopleOptions): Promise<People> {
    const people = new People(options)
    await people.refresh()
    people.#schedule()
    return people
  }

  /** How many people there are. */
  get size(): number {
    return this.#users.size
  }

  get logins(): Iterable<LoginRecord> {
    return this.#logins.values()
  }

  userOf(id: string): UserRecord | undefined {
    return this.#users.get(id)
  }

  /** The login that a caller came with; undefined for callers who did not log in. */
  loginOf(caller: Principal): LoginRecord | undefined {
    return this.#cameWith.get(caller)
  }

  lastSeenMs({ id, seenAtMs }: LoginRecord): number {
    return Math.max(seenAtMs, this.#uses.get(id)?.latestMs ?? 0)
  }

  /** The live login of that cookie, as far as this process knows. */
  bySecret(secretHash: string): LoginRecord | undefined {
    const login = this.#bySecret.get(secretHash)
    return login?.kind === 'cookie' && this.isOn(login) ? login : undefined
  }

  /** The live login of that token, as far as this process knows. */
  byId(id: string): LoginRecord | undefined {
    const login = this.#logins.get(id)
    return login?.kind === 'bearer' && this.isOn(login) ? login : undefined
  }

  /** As `byId`, after a look into the store: it may have begun at another gateway. */
  async lookUpId(id: string): Promise<LoginRecord | undefined> {
    await this.refresh()
    return this.byId(id)
  }

  /** As `bySecret`, after a look into the store: it may have begun, or been used, at another gateway. */
  async lookUpSecret(secretHash: string): Promise<LoginRecord | undefined> {
    await this.refresh()
    const known = this.#bySecret.get(secretHash)
    if (known === undefined) return undefined
    if (!this.isOn(known)) await this.#readSeen(known)
    return this.bySecret(secretHash)
  }

  /** Notes a use, and gives who came; undefined when the person may not any more. */
  admit(login: LoginRecord): Principal | undefined {
    const user = this.#users.get(login.userId)
    if (user === undefined || user.disabledAtMs !== null) return undefined
    const use = this.#uses.get(login.id) ?? { writtenMs: login.seenAtMs, latestMs: login.seenAtMs }
    use.latestMs = this.#options.clock.nowMs()
    this.#uses.set(login.id, use)
    // Made anew, as what roles and tenants allow may have changed.
    const principal = principalOf(user, login.expiresAtMs, this.#options.grants)
    this.#cameWith.set(principal, login)
    return principal
  }

  /** Reads what was changed. Resolves once a reading that began after this call has taken effect. */
  refresh(): Promise<void> {
    if (this.#running === undefined) return this.#run()
    // The reading under way may have missed it; all who ask meanwhile share the one after it.
    this.#next ??= this.#running
      .catch(() => undefined) // its own caller hears of it
      .then(() => {
        this.#next = undefined
        return this.#run()
      })
    return this.#next
  }

  /** One round: last uses, changes, what is over. The timer calls it; it never rejects. */
  async poll(): Promise<void> {
    try {
      await this.#report(false)
      await this.#prune()
      await this.refresh()
      this.#failing = false
      this.#endOver()
    } catch (error) {
      // Once per outage, not once per second.
      if (!this.#failing) {
        this.#options.log.warn({ err: AppError.from(error) }, 'users could not be read')
      }
      this.#failing = true
    }
  }

  /** Stops polling and writes the last uses. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    clearTimeout(this.#timer)
    await Promise.allSettled([this.#running, this.#next])
    try {
      await this.#report(true)
    } catch (error) {
      const err = AppError.from(error)
      this.#options.log.warn({ err }, 'last uses of logins could not be kept')
    }
  }

  /** Whether it is neither over nor idle too long, as far as this process knows. */
  isOn(login: LoginRecord): boolean {
    const nowMs = this.#options.clock.nowMs()
    if (login.expiresAtMs <= nowMs) return false
    return login.kind === 'bearer' || nowMs - this.lastSeenMs(login) < this.#options.idleMs()
  }

  #run(): Promise<void> {
    const running = this.#read().finally(() => {
      if (this.#running === running) this.#running = undefined
    })
    this.#running = running
    return running
  }

  async #read(): Promise<void> {
    const { changes, users, logins } = this.#options
    // Counts first: what is changed while it is read is read again.
    const counts = await changes.read()
    const versions = { users: counts.get('users') ?? 0, logins: counts.get('logins') ?? 0 }
    if (versions.users !== this.#versions.users) {
      this.#users = new Map((await users.list()).map((user) => [user.id, user]))
    }
    if (versions.logins !== this.#versions.logins) this.#replaceLogins(await logins.list())
    this.#versions = versions
  }

  #replaceLogins(records: readonly LoginRecord[]): void {
    const before = this.#logins
    this.#logins = new Map(records.map((login) => [login.id, login]))
    this.#bySecret = new Map(records.map((login) => [login.secretHash, login]))
    const ended = new Set<string>()
    for (const [id, { userId }] of before) {
      if (this.#logins.has(id)) continue
      this.#uses.delete(id)
      ended.add(userId)
    }
    for (const userId of ended) this.#options.onEnded(`user:${userId}`)
  }

  /** What came to its end by the clock, which nobody else tells. */
  #endOver(): void {
    const over = [...this.#logins.values()].filter((login) => !this.isOn(login))
    for (const { id, userId } of over) {
      if (!this.#over.has(id)) this.#options.onEnded(`user:${userId}`)
    }
    this.#over = new Set(over.map(({ id }) => id))
  }

  /** Another gateway may have seen a use that this one has not. */
  async #readSeen({ id }: LoginRecord): Promise<void> {
    const record = await this.#options.logins.find(id)
    if (record === undefined || !this.#logins.has(id)) return
    this.#logins = new Map(this.#logins).set(id, record)
    this.#bySecret = new Map(this.#bySecret).set(record.secretHash, record)
  }

  async #report(all: boolean): Promise<void> {
    const lagMs = all ? 1 : Math.min(SEEN_LAG_MS, this.#options.idleMs() / SEEN_SHARE)
    const due = [...this.#uses].filter(([, use]) => use.latestMs - use.writtenMs >= lagMs)
    if (due.length === 0) return
    await this.#options.logins.seen(new Map(due.map(([id, { latestMs }]) => [id, latestMs])))
    for (const [, use] of due) use.writtenMs = use.latestMs
  }

  async #prune(): Promise<void> {
    const { clock, logins, idleMs } = this.#options
    if (clock.monotonicMs() - this.#prunedMs < PRUNE_MS) return
    this.#prunedMs = clock.monotonicMs()
    const nowMs = clock.nowMs()
    const idleBeforeMs = nowMs - idleMs() - 2 * SEEN_LAG_MS
    if ((await logins.prune({ nowMs, idleBeforeMs })) > 0) this.#versions = NEVER
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      void this.poll().then(() => {
        if (!this.#disposed) this.#schedule()
      })
    }, this.#options.pollEveryMs ?? POLL_MS)
    this.#timer.unref()
  }
}

const NEVER = { users: undefined, logins: undefined } as const
