import { AppError } from '../errors.ts'
import type { Log } from '../log/log.ts'
import type { KeyStore } from '../store/store.ts'
import type { Credentials } from './credentials.ts'

const POLL_EVERY_MS = 1_000

/** What the refresher reads from, and whom it tells. */
export interface CredentialsRefresherOptions {
  readonly keys: Pick<KeyStore, 'list' | 'touch'>
  readonly credentials: Credentials
  readonly log: Log
  /** A key was revoked, removed or has expired: end its sessions and streams. Must not throw. */
  readonly onRevoked: (principalId: string) => void
  /** 1,000 by default: a revocation by another process counts within a second. */
  readonly pollEveryMs?: number
}

/**
 * Keeps `Credentials` as the store has them: reads all keys every second and on demand, and reports last
 * uses. While the store cannot be read the known keys stay valid until they expire.
 */
export class CredentialsRefresher implements AsyncDisposable {
  readonly #options: CredentialsRefresherOptions
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined
  #failing = false
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

  /** One round: expiries, last uses, keys. The timer calls it; it never rejects. */
  async poll(): Promise<void> {
    for (const id of this.#options.credentials.sweep()) this.#options.onRevoked(id)
    try {
      await this.#report()
      await this.refresh()
      this.#failing = false
    } catch (error) {
      // Once per outage, not once per second.
      if (!this.#failing) {
        this.#options.log.warn({ err: AppError.from(error) }, 'keys could not be read')
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
    const { keys, credentials, onRevoked } = this.#options
    for (const id of credentials.replaceKeys(await keys.list())) onRevoked(id)
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
