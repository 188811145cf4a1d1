import { AppError } from '@sallyport/kit/errors'
import type { Slot } from './slot.ts'
import type { Asker } from './upstream.ts'

export interface RecoveryOptions {
  /** Wait after a failed start that does not say how long, milliseconds. */
  readonly everyMs: number
  /** Ends it. */
  readonly signal: AbortSignal
  /** Whether the session of this slot, now gone, still counts as used. */
  isWanted(slot: Slot): boolean
  open(asker: Asker): Promise<void>
}

/** Starts sessions again that were lost while somebody counts on them, without waiting for a call. */
export class Recovery {
  readonly #options: RecoveryOptions
  /** Starts that failed and are tried again, by the key of their slot. */
  readonly #timers = new Map<string, NodeJS.Timeout>()

  constructor(options: RecoveryOptions) {
    this.#options = options
  }

  recover(slot: Slot): void {
    const { signal, isWanted, open, everyMs } = this.#options
    clearTimeout(this.#timers.get(slot.key))
    this.#timers.delete(slot.key)
    if (signal.aborted || !isWanted(slot)) return
    open(slot.asker).catch((thrown: unknown) => {
      const waitMs = AppError.from(thrown).retryAfterMs ?? everyMs
      clearTimeout(this.#timers.get(slot.key))
      const timer = setTimeout(() => this.recover(slot), waitMs)
      timer.unref()
      this.#timers.set(slot.key, timer)
    })
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }
}
