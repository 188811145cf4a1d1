import { AppError } from '../errors.ts'

/** Lets few in at once and few wait; for work that costs tens of megabytes each time. */
export class Gate {
  readonly #atOnce: number
  readonly #waitingMax: number
  readonly #waiting = new Set<() => void>()
  #running = 0

  constructor(atOnce: number, waitingMax: number) {
    this.#atOnce = atOnce
    this.#waitingMax = waitingMax
  }

  /**
   * Runs the work once there is room.
   *
   * @throws {AppError} `overloaded` when too many wait already; the signal's reason while it waits
   */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    if (this.#running >= this.#atOnce) await this.#wait(signal)
    else this.#running += 1
    try {
      return await work()
    } finally {
      const [next] = this.#waiting
      // The place goes to who has waited longest, without being free in between.
      if (next === undefined) this.#running -= 1
      else next()
    }
  }

  async #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= this.#waitingMax) {
      throw new AppError('overloaded', 'too many passwords are being checked', {
        retryAfterMs: 1_000,
      })
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const enter = (): void => {
      this.#waiting.delete(enter)
      resolve()
    }
    const leave = (): void => {
      this.#waiting.delete(enter)
      reject(signal.reason)
    }
    this.#waiting.add(enter)
    signal.addEventListener('abort', leave, { once: true })
    try {
      await promise
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }
}
