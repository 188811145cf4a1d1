const PAUSE_MS = 5_000
const PAUSE_MAX_MS = 5 * 60_000
const DOUBLINGS_MAX = 10

/** Until when Slack is not asked for an installation's tokens again, as far as this process knows. */
export class RenewalPauses {
  readonly #pauses = new Map<string, { readonly untilMs: number; readonly failures: number }>()
  readonly #random: () => number

  /** @param random from 0 to below 1 */
  constructor(random: () => number = Math.random) {
    this.#random = random
  }

  /** Wall clock; 0 = it is not paused. */
  untilMs(id: string, nowMs: number): number {
    const untilMs = this.#pauses.get(id)?.untilMs ?? 0
    return untilMs > nowMs ? untilMs : 0
  }

  /**
   * One more failure: the pause doubles, and no two processes end theirs together.
   *
   * @returns until when, wall clock
   */
  fail(id: string, nowMs: number, retryAfterMs: number): number {
    const failures = this.#pauses.get(id)?.failures ?? 0
    const fullMs = Math.min(PAUSE_MAX_MS, PAUSE_MS * 2 ** Math.min(failures, DOUBLINGS_MAX))
    const pauseMs = Math.max(retryAfterMs, fullMs * (0.75 + this.#random() / 2))
    const untilMs = Math.ceil(nowMs + pauseMs)
    this.#pauses.set(id, { untilMs, failures: failures + 1 })
    return untilMs
  }

  /** Somebody else paused it, or is at it. */
  learn(id: string, untilMs: number): void {
    this.#pauses.set(id, { untilMs, failures: this.#pauses.get(id)?.failures ?? 0 })
  }

  /** It went well, or it is another installation by now. */
  clear(id: string): void {
    this.#pauses.delete(id)
  }
}
