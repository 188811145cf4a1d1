/** The caps of a byte budget. */
export interface ByteBudgetLimits {
  /** Bytes held at once by the whole process. */
  readonly totalBytesMax: number
  /** Bytes held at once for one principal; a quarter of the total by default. */
  readonly principalBytesMax?: number
}

/** Bytes held for one purpose, given back in one go. Releasing again does nothing. */
export interface Reservation {
  readonly bytes: number
  /** Takes more; false, and nothing taken, when a cap would be passed. */
  grow(bytes: number): boolean
  release(): void
}

/**
 * How many bytes are buffered (bodies, results, unread streams), in the whole process and per principal.
 * Beyond a cap the holder answers `overloaded`. Only counts; nothing waits here.
 */
export class ByteBudget {
  readonly #totalBytesMax: number
  readonly #principalBytesMax: number
  readonly #held = new Map<string, number>()
  #total = 0

  constructor(limits: ByteBudgetLimits) {
    this.#totalBytesMax = limits.totalBytesMax
    this.#principalBytesMax = limits.principalBytesMax ?? Math.floor(limits.totalBytesMax / 4)
  }

  /** Bytes held now, by everybody. */
  get total(): number {
    return this.#total
  }

  /** Bytes held now for one principal. */
  held(principalId: string): number {
    return this.#held.get(principalId) ?? 0
  }

  /** Takes bytes if both caps allow it. Whoever takes gives back the same number. */
  take(principalId: string, bytes: number): boolean {
    const held = this.held(principalId) + bytes
    if (held > this.#principalBytesMax || this.#total + bytes > this.#totalBytesMax) return false
    this.#held.set(principalId, held)
    this.#total += bytes
    return true
  }

  release(principalId: string, bytes: number): void {
    const held = this.held(principalId) - bytes
    if (held > 0) this.#held.set(principalId, held)
    else this.#held.delete(principalId)
    this.#total -= bytes
  }

  /** Starts a reservation of no bytes. */
  reserve(principalId: string): Reservation {
    return new BudgetReservation(this, principalId)
  }
}

class BudgetReservation implements Reservation {
  readonly #budget: ByteBudget
  readonly #principalId: string
  #bytes = 0

  constructor(budget: ByteBudget, principalId: string) {
    this.#budget = budget
    this.#principalId = principalId
  }

  get bytes(): number {
    return this.#bytes
  }

  grow(bytes: number): boolean {
    if (!this.#budget.take(this.#principalId, bytes)) return false
    this.#bytes += bytes
    return true
  }

  release(): void {
    if (this.#bytes === 0) return
    const bytes = this.#bytes
    this.#bytes = 0
    this.#budget.release(this.#principalId, bytes)
  }
}
