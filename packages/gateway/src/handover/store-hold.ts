import { acquireStoreLock, type StoreLock } from '@sallyport/kit/store'

/** The lock of a store, which a handover lets go and may take back. */
export class StoreHold implements AsyncDisposable {
  readonly #base: string
  #lock: StoreLock | undefined

  private constructor(base: string, lock: StoreLock) {
    this.#base = base
    this.#lock = lock
  }

  /**
   * @param base what the lock stands beside
   * @throws {AppError} `store_locked` naming the holder's pid; `store_unwritable`
   */
  static async take(base: string): Promise<StoreHold> {
    return new StoreHold(base, await acquireStoreLock(base))
  }

  /** Lets another process take the lock, while this one goes on using the store. */
  async release(): Promise<void> {
    const lock = this.#lock
    this.#lock = undefined
    await lock?.[Symbol.asyncDispose]()
  }

  /** @throws {AppError} as `take` */
  async takeBack(): Promise<void> {
    this.#lock ??= await acquireStoreLock(this.#base)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release()
  }
}
