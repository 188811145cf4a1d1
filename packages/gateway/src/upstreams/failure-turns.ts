/** Calls that may fail in one turn of the event loop: about 2 ms of work. */
const PER_TURN = 16

/**
 * Ends calls that failed, a few in each turn of the event loop. Whoever waits for one is answered, counted,
 * recorded and perhaps sent again within that same turn, so that a server which fails a thousand calls in the
 * same instant would keep the calls of all others waiting until it is all done.
 */
export class FailureTurns {
  readonly #waiting: (() => void)[] = []
  #left = PER_TURN
  #scheduled = false

  /** Ends one at once, or when its turn comes. In order; `end` never throws. */
  run(end: () => void): void {
    this.#schedule()
    if (this.#left === 0) {
      this.#waiting.push(end)
      return
    }
    this.#left -= 1
    end()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#next)
  }

  readonly #next = (): void => {
    this.#scheduled = false
    const ends = this.#waiting.splice(0, PER_TURN)
    this.#left = PER_TURN - ends.length
    if (ends.length > 0) this.#schedule()
    for (const end of ends) end()
  }
}

/** There is one event loop, so there is one of them. */
export const FAILURE_TURNS = new FailureTurns()
