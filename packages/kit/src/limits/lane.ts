import type { CallSignal } from '../call-signal.ts'
import type { SlotBound, SlotWaiter } from './principal-slots.ts'

/** Gives the place back. Calling it again does nothing. */
export type Release = () => void

/** One waiting call. */
export interface Ticket {
  /** Its place in the order of arrival. */
  readonly at: number
  readonly bounds: readonly SlotBound[]
  readonly resolve: (release: Release) => void
  readonly reject: (reason: unknown) => void
  readonly signal: CallSignal
  readonly onAbort: () => void
}

/**
 * The waiting calls of one principal: a line for each kind of call, so that a kind which its own cap holds
 * back stands in nobody's way. First come, first served among those that may run.
 */
export class Lane implements SlotWaiter {
  readonly principalId: string
  /** Whom it takes turns with: its tenant's lanes, or it is alone. */
  readonly party: string
  readonly #lines = new Map<readonly SlotBound[], Set<Ticket>>()
  readonly #onFree: () => void
  #size = 0

  constructor(principalId: string, party: string, onFree: () => void) {
    this.principalId = principalId
    this.party = party
    this.#onFree = onFree
  }

  /** Calls in it, of all kinds. */
  get size(): number {
    return this.#size
  }

  slotFree(): void {
    this.#onFree()
  }

  add(ticket: Ticket): void {
    this.#size += 1
    const line = this.#lines.get(ticket.bounds)
    if (line === undefined) this.#lines.set(ticket.bounds, new Set([ticket]))
    else line.add(ticket)
  }

  delete(ticket: Ticket): void {
    const line = this.#lines.get(ticket.bounds)
    if (line?.delete(ticket) !== true) return
    this.#size -= 1
    if (line.size === 0) this.#lines.delete(ticket.bounds)
  }

  /** The first call of each line, in the order in which they came. */
  heads(): Ticket[] {
    const heads: Ticket[] = []
    for (const line of this.#lines.values())
      for (const ticket of line.values().take(1)) heads.push(ticket)
    return heads.length < 2 ? heads : heads.toSorted((a, b) => a.at - b.at)
  }

  /** The call that came last. */
  newest(): Ticket | undefined {
    let newest: Ticket | undefined
    for (const line of this.#lines.values()) {
      for (const ticket of line) if (ticket.at > (newest?.at ?? 0)) newest = ticket
    }
    return newest
  }
}
