const WAIT_MS_FIRST = 500
const WAIT_MS_MAX = 30_000

/** How long to leave a server alone after failed starts: doubling, with jitter, 30 s at most. */
export class BackOff {
  readonly #random: () => number
  #failures = 0
  #untilMs = 0

  /** @param random 0 to 1, as `Math.random` */
  constructor(random: () => number) {
    this.#random = random
  }

  /** Notes a failed start. Gives the wait until the next one, milliseconds. */
  failed(nowMs: number): number {
    const fullMs = Math.min(WAIT_MS_MAX, WAIT_MS_FIRST * 2 ** this.#failures)
    this.#failures = Math.min(this.#failures + 1, 16)
    const waitMs = Math.ceil(fullMs * (0.5 + this.#random() / 2))
    this.#untilMs = nowMs + waitMs
    return waitMs
  }

  succeeded(): void {
    this.#failures = 0
    this.#untilMs = 0
  }

  /** Milliseconds until a start is allowed again; 0 = now. */
  remainingMs(nowMs: number): number {
    return Math.max(0, Math.ceil(this.#untilMs - nowMs))
  }
}
