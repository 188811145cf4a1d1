import { AppError } from '../errors.ts'
import type { Log } from '../log/log.ts'
import type { ChangeStore, ChangeTopic } from './changes.ts'

const POLL_EVERY_MS = 1_000

export interface ChangeWatchOptions {
  readonly changes: ChangeStore
  readonly log: Log
  /** 1,000 by default: what another process changed counts within a second. */
  readonly pollEveryMs?: number
}

/**
 * Has what was changed by another process read again, within a second: one small query finds out what. While
 * the store cannot be read what is known stays, and reading is tried again every second.
 */
export class ChangeWatch implements AsyncDisposable {
  readonly #options: ChangeWatchOptions
  readonly #rereads = new Map<ChangeTopic, (() => Promise<void>)[]>()
  #seen: ReadonlyMap<string, number> = new Map()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #failing = false
  #disposed = false

  private constructor(options: ChangeWatchOptions) {
    this.#options = options
  }

  /** Notes what is there now, then keeps looking. Rejects as the store does when it cannot be read. */
  static async start(options: ChangeWatchOptions): Promise<ChangeWatch> {
    const watch = new ChangeWatch(options)
    watch.#seen = await options.changes.read()
    watch.#schedule()
    return watch
  }

  /** Has that done whenever the topic was changed. To be told before it was read for the first time, or with it. */
  on(topic: ChangeTopic, reread: () => Promise<void>): void {
    this.#rereads.set(topic, [...(this.#rereads.get(topic) ?? []), reread])
  }

  /** One look; the timer takes it. Never rejects. */
  async check(): Promise<void> {
    try {
      const now = await this.#options.changes.read()
      for (const [topic, rereads] of this.#rereads) {
        const version = now.get(topic)
        if (version === undefined || version === this.#seen.get(topic)) continue
        await Promise.all(rereads.map((reread) => reread()))
        // Not before: what failed is tried again.
        this.#seen = new Map([...this.#seen, [topic, version]])
      }
      this.#failing = false
    } catch (thrown) {
      // Once per outage, not once per second.
      if (!this.#failing) {
        const err = AppError.from(thrown)
        this.#options.log.warn({ err }, 'what other processes changed could not be read')
      }
      this.#failing = true
    }
  }

  /** Stops looking; a look under way ends first. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    clearTimeout(this.#timer)
    await this.#running
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.check().then(() => {
        if (!this.#disposed) this.#schedule()
      })
    }, this.#options.pollEveryMs ?? POLL_EVERY_MS)
    this.#timer.unref()
  }
}
