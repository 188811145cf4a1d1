import type { Counter } from 'prom-client'

/** One series of a counter on the path of every call: a plain number until somebody reads. */
export class Tally {
  readonly #counter: Counter.Internal
  #added = 0

  constructor(counter: Counter.Internal) {
    this.#counter = counter
  }

  add(): void {
    this.#added += 1
  }

  /** Hands on what was added; the counter itself looks its labels up anew each time. */
  flush(): void {
    if (this.#added === 0) return
    this.#counter.inc(this.#added)
    this.#added = 0
  }
}

/** All tallies of a registry, to be flushed before it is read. As many as there are series. */
export class Tallies {
  readonly #all: Tally[] = []

  of(counter: Counter.Internal): Tally {
    const tally = new Tally(counter)
    this.#all.push(tally)
    return tally
  }

  flush(): void {
    for (const tally of this.#all) tally.flush()
  }
}
