import type { Clock } from '../clock.ts'

const FREE_FAILURES = 5
const HOLD_MS_MAX = 15 * 60_000
const HOLD_MS_MIN = 1_000
/** After that long without a failure a name starts anew. */
const FORGET_MS = 60 * 60_000
const NAMES_MAX = 10_000

interface Tried {
  failures: number
  heldUntilMs: number
  lastMs: number
}

/**
 * Slows down guessing one name's password from many addresses: from the fifth failure on the name is held, twice
 * as long each time, from a second up to a quarter of an hour. Names that nobody has are held alike. At most
 * 10,000 names are kept; the one that was tried longest ago gives way.
 *
 * Source: OWASP ASVS 5.0, 6.3.1.
 */
export class NameThrottle {
  readonly #clock: Clock
  readonly #names = new Map<string, Tried>()
  readonly #namesMax: number

  constructor(clock: Clock, options: { readonly namesMax?: number } = {}) {
    this.#clock = clock
    this.#namesMax = options.namesMax ?? NAMES_MAX
  }

  /** Names in memory. */
  get size(): number {
    return this.#names.size
  }

  /** How long the name is held, in milliseconds; 0 when it is not. */
  heldMs(name: string): number {
    const heldUntilMs = this.#names.get(name)?.heldUntilMs ?? 0
    return Math.max(0, heldUntilMs - this.#clock.monotonicMs())
  }

  /** Counts a failure. */
  fail(name: string): void {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#names.get(name)
    const before = known !== undefined && nowMs - known.lastMs < FORGET_MS ? known.failures : 0
    const failures = before + 1
    const excess = failures - FREE_FAILURES
    const holdMs = excess < 0 ? 0 : Math.min(HOLD_MS_MAX, HOLD_MS_MIN * 2 ** Math.min(excess, 20))
    // Last in the order of the map: what was tried longest ago is first.
    this.#names.delete(name)
    this.#names.set(name, { failures, heldUntilMs: nowMs + holdMs, lastMs: nowMs })
    if (this.#names.size <= this.#namesMax) return
    for (const oldest of this.#names.keys()) {
      this.#names.delete(oldest)
      return
    }
  }

  /** The right password was given. */
  succeed(name: string): void {
    this.#names.delete(name)
  }
}
