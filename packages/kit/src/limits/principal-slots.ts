/** Told once when a slot of a principal it waits for became free. */
export interface SlotWaiter {
  slotFree(principalId: string): void
}

/**
 * Calls in flight per principal, counted over all servers. Shared by the fair queues: who is at the cap
 * waits there instead of being refused.
 */
export class PrincipalSlots {
  readonly #slotsMax: number
  readonly #taken = new Map<string, number>()
  readonly #waiting = new Map<string, Set<SlotWaiter>>()

  constructor(slotsMax: number) {
    this.#slotsMax = slotsMax
  }

  /** Slots that the principal holds now. */
  taken(principalId: string): number {
    return this.#taken.get(principalId) ?? 0
  }

  /** Takes a slot if the principal has one left. */
  take(principalId: string): boolean {
    const taken = this.taken(principalId)
    if (taken >= this.#slotsMax) return false
    this.#taken.set(principalId, taken + 1)
    return true
  }

  /** Gives a slot back and offers it to those who wait, the longest waiting first. */
  release(principalId: string): void {
    const taken = this.taken(principalId)
    if (taken > 1) this.#taken.set(principalId, taken - 1)
    else this.#taken.delete(principalId)
    const waiting = this.#waiting.get(principalId)
    if (waiting === undefined) return
    // A waiter without room of its own leaves the slot; then the next is asked.
    for (const waiter of [...waiting]) {
      if (this.taken(principalId) >= this.#slotsMax) return
      waiting.delete(waiter)
      if (waiting.size === 0) this.#waiting.delete(principalId)
      waiter.slotFree(principalId)
    }
  }

  /**
   * Asks to be told of the principal's next free slot, once. Who waits, waits for a slot in use, so that the
   * entry is gone with it at the latest.
   */
  await(principalId: string, waiter: SlotWaiter): void {
    const waiting = this.#waiting.get(principalId)
    if (waiting === undefined) this.#waiting.set(principalId, new Set([waiter]))
    else waiting.add(waiter)
  }
}
