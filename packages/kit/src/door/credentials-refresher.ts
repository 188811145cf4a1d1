import { AppError } from '../errors.ts'
import type { Log } from '../log/log.ts'
import type { KeyRecord, KeyStore } from '../store/key-record.ts'
import type { CredentialChanges } from './credential-holder.ts'
import type { Credentials } from './credentials.ts'

const POLL_EVERY_MS = 1_000

/** What the refresher reads from, and whom it tells. */
export interface CredentialsRefresherOptions {
  readonly keys: Pick<KeyStore, 'list' | 'changedSince' | 'touch'>
  readonly credentials: Credentials
  readonly log: Log
  /** Keys were revoked, removed or changed, or have expired. Must not throw. */
  readonly onChanged: (changes: CredentialChanges) => void
  /** 1,000 by default: the most that an expiry is noticed late. */
  readonly pollEveryMs?: number
}

/**
 * Keeps `Credentials` as the store has them: reads what was changed when asked to, lets go what has expired
 * and reports last uses. While the store cannot be read the known keys stay valid until they expire.
 */
export class CredentialsRefresher implements AsyncDisposable {
  readonly #options: CredentialsRefresherOptions
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined
  #failing = false
  /** Of the newest change that was read; undefined before the first reading. */
  #version: number | undefined
  /** Ids of all keys that were read. */
  readonly #known = new Set<string>()
  #disposed = false

  private constructor(options: CredentialsRefresherOptions) {
    this.#options = options
  }

  /** Reads the keys once, then keeps polling. Rejects as the store does when the first reading fails. */
  static async start(options: CredentialsRefresherOptions): Promise<CredentialsRefresher> {
    const refresher = new CredentialsRefresher(options)
    await refresher.refresh()
    refresher.#schedule()
    return refresher
  }

  /** Reads the keys now. Resolves once a reading that began after this call has taken effect. */
  refresh(): Promise<void> {
    if (this.#running === undefined) return this.#run()
    // The reading under way may have missed the change; all who ask meanwhile share the one after it.
    this.#next ??= this.#running
      .catch(() => undefined) // its own caller hears of it
      .then(() => {
        this.#next = undefined
        return this.#run()
      })
    return this.#next
  }

  /** One round: expiries and last uses. The timer calls it; it never rejects. */
  async poll(): Promise<void> {
    this.#options.onChanged(this.#options.credentials.sweep())
    try {
      await this.#report()
      this.#failing = false
    } catch (error) {
      // Once per outage, not once per second.
      if (!this.#failing) {
        this.#options.log.warn({ err: AppError.from(error) }, 'last uses of keys could not be kept')
      }
      this.#failing = true
    }
  }

  /** Stops polling and reports the last uses. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    clearTimeout(this.#timer)
    try {
      await this.#running
      await this.#report()
    } catch (error) {
      this.#options.log.warn({ err: AppError.from(error) }, 'last uses of keys could not be kept')
    }
  }

  #run(): Promise<void> {
    const running = this.#read().finally(() => {
      if (this.#running === running) this.#running = undefined
    })
    this.#running = running
    return running
  }

  async #read(): Promise<void> {
    const { keys, credentials, onChanged } = this.#options
    if (this.#version !== undefined) {
      const { changed, count } = await keys.changedSince(this.#version)
      const added = changed.filter(({ id }) => !this.#known.has(id)).length
      if (count === this.#known.size + added) {
        this.#note(changed)
        onChanged(credentials.changeKeys(changed))
        return
      }
    }
    // The first time, and when some were removed.
    const all = await keys.list()
    this.#known.clear()
    this.#note(all)
    onChanged(credentials.replaceKeys(all))
  }

  #note(records: readonly KeyRecord[]): void {
    for (const { id, version } of records) {
      this.#known.add(id)
      this.#version = Math.max(this.#version ?? 0, version)
    }
    this.#version ??= 0
  }

  async #report(): Promise<void> {
    for (const [id, atMs] of this.#options.credentials.takeUsed()) {
      await this.#options.keys.touch(id, atMs)
    }
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      void this.poll().then(() => {
        if (!this.#disposed) this.#schedule()
      })
    }, this.#options.pollEveryMs ?? POLL_EVERY_MS)
    this.#timer.unref()
  }
}
