/** A cap that calls must keep besides the server's own. */
export interface SlotBound {
  readonly slots: PrincipalSlots
  /** Whether everybody shares the cap; otherwise each principal has it for itself. */
  readonly shared: boolean
}

/** Told once when a slot it waits for became free. */
export interface SlotWaiter {
  slotFree(): void
}

/**
 * Calls in flight per key, which is a principal, or one key for everybody. Shared by the fair queues: who is
 * at the cap waits there instead of being refused.
 */
export class PrincipalSlots {
  #slotsMax: number
  readonly #taken = new Map<string, number>()
  readonly #waiting = new Map<string, Set<SlotWaiter>>()

  constructor(slotsMax: number) {
    this.#slotsMax = slotsMax
  }

  /** Slots that the key holds now. */
  taken(key: string): number {
    return this.#taken.get(key) ?? 0
  }

  /** Takes a slot if the key has one left. */
  take(key: string): boolean {
    const taken = this.taken(key)
    if (taken >= this.#slotsMax) return false
    this.#taken.set(key, taken + 1)
    return true
  }

  /** Undoes a `take` of the same moment: nobody can have begun to wait for it. */
  undo(key: string): void {
    const taken = this.taken(key)
    if (taken > 1) this.#taken.set(key, taken - 1)
    else this.#taken.delete(key)
  }

  /** Gives a slot back and offers it to those who wait, the longest waiting first. */
  release(key: string): void {
    this.undo(key)
    if (this.#waiting.size > 0) this.#offer(key)
  }

  /** Goes over to another cap. What is held beyond a lower one is given back in its own time. */
  reconfigure(slotsMax: number): void {
    this.#slotsMax = slotsMax
    for (const key of [...this.#waiting.keys()]) this.#offer(key)
  }

  /**
   * Asks to be told of the key's next free slot, once. Who waits, waits for a slot in use, so that the
   * entry is gone with it at the latest.
   */
  await(key: string, waiter: SlotWaiter): void {
    const waiting = this.#waiting.get(key)
    if (waiting === undefined) this.#waiting.set(key, new Set([waiter]))
    else waiting.add(waiter)
  }

  #offer(key: string): void {
    const waiting = this.#waiting.get(key)
    if (waiting === undefined) return
    // A waiter without room of its own leaves the slot; then the next is asked.
    for (const waiter of [...waiting]) {
      if (this.taken(key) >= this.#slotsMax) return
      waiting.delete(waiter)
      if (waiting.size === 0) this.#waiting.delete(key)
      waiter.slotFree()
    }
  }
}

/** The key of what everybody shares; no principal is called that. */
const EVERYBODY = ''

/** Takes a slot of each; or none, and gives the first that has none left. */
export function takeSlots(
  bounds: readonly SlotBound[],
  principalId: string,
): SlotBound | undefined {
  let taken = 0
  for (const bound of bounds) {
    if (!bound.slots.take(slotKey(bound, principalId))) {
      undoSlots(bounds.slice(0, taken), principalId)
      return bound
    }
    taken += 1
  }
  return undefined
}

/** Undoes a `takeSlots` of the same moment. */
export function undoSlots(bounds: readonly SlotBound[], principalId: string): void {
  for (const bound of bounds) bound.slots.undo(slotKey(bound, principalId))
}

/** Gives back what a call had of its bounds, once. */
export function releaseSlots(bounds: readonly SlotBound[], principalId: string): void {
  for (const bound of bounds) bound.slots.release(slotKey(bound, principalId))
}

/** Under which key a call counts. */
export function slotKey({ shared }: SlotBound, principalId: string): string {
  return shared ? EVERYBODY : principalId
}
