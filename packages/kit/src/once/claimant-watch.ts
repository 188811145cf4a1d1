import type { Clock } from '../clock.ts'
import type { OutcomeRecord } from '../store/store.ts'

/** How often a process renews what it has claimed, milliseconds. */
export const BEAT_MS = 1_000
/** A claimant that did not renew its claim for so long is gone, milliseconds. */
const GONE_MS = 5_000
/** More than the clocks of two machines differ: what was renewed before that needs no watching. */
const SKEW_MS = 60_000

/** Tells whether the process that runs a call still lives, from when it renewed its claim. */
export class ClaimantWatch {
  readonly #clock: Clock
  #seenAtMs: number | undefined
  #sinceMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether the claimant of what was read just now is gone; needs several readings to say so of a young claim. */
  isGone({ seenAtMs }: Pick<OutcomeRecord, 'seenAtMs'>): boolean {
    if (this.#clock.nowMs() - seenAtMs > SKEW_MS) return true
    const nowMs = this.#clock.monotonicMs()
    if (this.#seenAtMs !== seenAtMs) {
      this.#seenAtMs = seenAtMs
      this.#sinceMs = nowMs
    }
    return nowMs - this.#sinceMs >= GONE_MS
  }
}
