import type { Clock } from '@sallyport/kit/clock'
import type { Slot } from './slot.ts'

export interface IdleWatchOptions {
  idleAfterMs(): number
  readonly clock: Clock
  slots(): readonly Slot[]
  /** Whether something other than a call keeps a session from being idle. */
  isHeld(key: string): boolean
  onIdle(slot: Slot): void
}

/** Looks after sessions that nobody uses, with one timer for all. */
export class IdleWatch {
  readonly #options: IdleWatchOptions
  #timer: NodeJS.Timeout | undefined

  constructor(options: IdleWatchOptions) {
    this.#options = options
  }

  /** A session was opened. */
  arm(): void {
    this.#timer ??= setTimeout(this.#look, this.#options.idleAfterMs()).unref()
  }

  /** The time is another one from now on. */
  rearm(): void {
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#look()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  readonly #look = (): void => {
    const { clock, slots, isHeld, onIdle } = this.#options
    const idleAfterMs = this.#options.idleAfterMs()
    this.#timer = undefined
    const nowMs = clock.monotonicMs()
    let nextMs = Infinity
    for (const slot of slots()) {
      if (slot.session === undefined) continue
      const idleMs = slot.inFlight > 0 || isHeld(slot.key) ? 0 : nowMs - slot.usedAtMs
      const leftMs = idleAfterMs - idleMs
      if (leftMs <= 0) onIdle(slot)
      else nextMs = Math.min(nextMs, leftMs)
    }
    if (nextMs !== Infinity) this.#timer = setTimeout(this.#look, Math.ceil(nextMs)).unref()
  }
}
