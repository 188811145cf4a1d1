interface Awaited {
  holds(): boolean
  resolve(): void
}

/** Waits for conditions that can only come true when something ends. */
export class EndWatch {
  readonly #awaited = new Set<Awaited>()

  /** Resolves once it holds. */
  until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve()
    return new Promise((resolve) => void this.#awaited.add({ holds, resolve }))
  }

  /** Something ended. */
  note(): void {
    for (const awaited of this.#awaited) {
      if (!awaited.holds()) continue
      this.#awaited.delete(awaited)
      awaited.resolve()
    }
  }
}
