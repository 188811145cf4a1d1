/** Time as a dependency. Stamps and expiry use `nowMs`, durations, buckets and deadlines `monotonicMs`. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump. */
  nowMs(): number
  /** Never goes back, milliseconds from an arbitrary start, with fractions. */
  monotonicMs(): number
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
}

/** A clock that moves only when told to, for tests. */
export class ManualClock implements Clock {
  #nowMs: number
  #monotonicMs = 0

  constructor(nowMs = 1_700_000_000_000) {
    this.#nowMs = nowMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  advance(byMs: number): void {
    this.#nowMs += byMs
    this.#monotonicMs += byMs
  }
}
