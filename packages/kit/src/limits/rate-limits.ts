import type { Clock } from '../clock.ts'
import { type Admission, type BucketLimits, type BucketState, takeToken } from './token-bucket.ts'

const SWEEP_EVERY_MS = 1_000

/**
 * One token bucket per principal (or per address, by another key). A full bucket is the same as none, so
 * idle entries are dropped; at most `entriesMax` are kept and the oldest gives way.
 */
export class RateLimits {
  readonly #clock: Clock
  readonly #limits: BucketLimits
  readonly #entriesMax: number
  readonly #buckets = new Map<string, BucketState>()
  #sweptMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, limits: BucketLimits, options: { readonly entriesMax?: number } = {}) {
    this.#clock = clock
    this.#limits = limits
    this.#entriesMax = options.entriesMax ?? 10_000
  }

  /** Tokens of a full bucket. */
  get burst(): number {
    return this.#limits.capacity
  }

  /** Buckets in memory. */
  get size(): number {
    return this.#buckets.size
  }

  /** Takes one token of `id`'s bucket. */
  take(id: string): Admission {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#buckets.get(id)
    if (known === undefined && this.#buckets.size >= this.#entriesMax) this.#makeRoom(nowMs)
    const { state, admission } = takeToken(
      known ?? { tokens: this.#limits.capacity, updatedMs: nowMs },
      this.#limits,
      nowMs,
    )
    this.#buckets.set(id, state)
    return admission
  }

  /** How long until `id`'s bucket has a token, in milliseconds; 0 when it has one. Takes nothing. */
  waitMs(id: string): number {
    const known = this.#buckets.get(id)
    if (known === undefined) return 0
    return takeToken(known, this.#limits, this.#clock.monotonicMs()).admission.retryAfterMs
  }

  #makeRoom(nowMs: number): void {
    if (nowMs - this.#sweptMs >= SWEEP_EVERY_MS) {
      this.#sweptMs = nowMs
      for (const [id, state] of this.#buckets) {
        if (this.#isFull(state, nowMs)) this.#buckets.delete(id)
      }
    }
    for (const id of this.#buckets.keys()) {
      if (this.#buckets.size < this.#entriesMax) return
      this.#buckets.delete(id)
    }
  }

  #isFull(state: BucketState, nowMs: number): boolean {
    const missing = this.#limits.capacity - state.tokens
    return ((nowMs - state.updatedMs) / 1_000) * this.#limits.refillPerSecond >= missing
  }
}
