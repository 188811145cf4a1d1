import type { CallSignal } from '../call-signal.ts'
import { AppError } from '../errors.ts'
import { PrincipalSlots, type SlotWaiter } from './principal-slots.ts'

/** How much one server takes at once, and how much may wait for it. */
export interface FairQueueLimits {
  /** Calls that run at once. */
  readonly inFlightMax: number
  /** Calls that wait, over all principals. */
  readonly queuedMax: number
}

/** Gives the place back. Calling it again does nothing. */
export type Release = () => void

interface Ticket {
  readonly resolve: (release: Release) => void
  readonly reject: (reason: unknown) => void
  readonly signal: CallSignal
  readonly onAbort: () => void
}

/** The waiting calls of one principal, first come first served. */
interface Lane {
  readonly principalId: string
  readonly tickets: Set<Ticket>
}

/**
 * The gate in front of one server. Calls beyond `inFlightMax`, or beyond their principal's own cap, wait;
 * places go round between principals, so that one with a thousand waiting calls delays another by one turn
 * only. When the queue is full, the longest lane gives up its newest call for a principal with a shorter
 * one; otherwise the newcomer is refused.
 *
 * Invariant: while there is room, every waiting principal is at its own cap.
 */
export class FairQueue implements SlotWaiter {
  readonly #limits: FairQueueLimits
  readonly #slots: PrincipalSlots
  readonly #lanes = new Map<string, Lane>()
  /** The lanes that may run, next turn first. */
  readonly #round = new Set<Lane>()
  #inFlight = 0
  #queued = 0

  constructor(limits: FairQueueLimits, slots = new PrincipalSlots(Number.POSITIVE_INFINITY)) {
    this.#limits = limits
    this.#slots = slots
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get queued(): number {
    return this.#queued
  }

  /**
   * Takes a place: at once and without a promise when there is room, otherwise in turn.
   *
   * @throws {AppError} (as a rejection) `queue_full`, outcome `not_sent`; or the signal's own reason
   */
  enter(principalId: string, signal: CallSignal): Release | Promise<Release> {
    if (signal.aborted) return Promise.reject(signal.reason)
    if (this.#inFlight < this.#limits.inFlightMax && this.#slots.take(principalId)) {
      return this.#admit(principalId)
    }
    const lane = this.#lanes.get(principalId)
    if (this.#queued >= this.#limits.queuedMax && !this.#displace(lane?.tickets.size ?? 0)) {
      return Promise.reject(queueFull(this.#limits.queuedMax))
    }
    return this.#wait(lane ?? this.#openLane(principalId), signal)
  }

  slotFree(principalId: string): void {
    const lane = this.#lanes.get(principalId)
    if (lane === undefined) return
    this.#round.add(lane)
    this.#pump()
  }

  #admit(principalId: string): Release {
    this.#inFlight += 1
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#inFlight -= 1
      // The principal's slot first: if it waits elsewhere it may run there while we serve the next here.
      this.#slots.release(principalId)
      if (this.#round.size > 0) this.#pump()
    }
  }

  #openLane(principalId: string): Lane {
    const lane: Lane = { principalId, tickets: new Set() }
    this.#lanes.set(principalId, lane)
    this.#round.add(lane)
    // Room, yet here we wait: the principal is at its own cap, and must hear of its next free slot.
    if (this.#inFlight < this.#limits.inFlightMax) this.#park(lane)
    return lane
  }

  /** Out of the round until a slot is free. */
  #park(lane: Lane): void {
    this.#round.delete(lane)
    this.#slots.await(lane.principalId, this)
  }

  #wait(lane: Lane, signal: CallSignal): Promise<Release> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#drop(lane, ticket)
        reject(signal.reason)
      }
      const ticket: Ticket = { resolve, reject, signal, onAbort }
      lane.tickets.add(ticket)
      this.#queued += 1
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  #drop(lane: Lane, ticket: Ticket): void {
    ticket.signal.removeEventListener('abort', ticket.onAbort)
    lane.tickets.delete(ticket)
    this.#queued -= 1
    if (lane.tickets.size > 0) return
    this.#lanes.delete(lane.principalId)
    this.#round.delete(lane)
  }

  #pump(): void {
    while (this.#inFlight < this.#limits.inFlightMax) {
      const lane = first(this.#round)
      if (lane === undefined) return
      if (!this.#slots.take(lane.principalId)) {
        this.#park(lane)
        continue
      }
      const ticket = first(lane.tickets)
      if (ticket === undefined) throw new AppError('internal', 'a lane without calls was kept')
      this.#round.delete(lane)
      this.#round.add(lane)
      this.#drop(lane, ticket)
      ticket.resolve(this.#admit(lane.principalId))
    }
  }

  /** Makes one place in a full queue, from the longest lane, unless that would only swap the wrong. */
  #displace(length: number): boolean {
    let longest: Lane | undefined
    for (const lane of this.#lanes.values()) {
      if (lane.tickets.size > (longest?.tickets.size ?? length + 1)) longest = lane
    }
    if (longest === undefined) return false
    let newest: Ticket | undefined
    for (const ticket of longest.tickets) newest = ticket
    if (newest === undefined) return false
    this.#drop(longest, newest)
    newest.reject(queueFull(this.#limits.queuedMax))
    return true
  }
}

function first<Item>(items: ReadonlySet<Item>): Item | undefined {
  for (const item of items) return item
  return undefined
}

function queueFull(queuedMax: number): AppError {
  return new AppError('queue_full', `${queuedMax} calls already wait for this server`, {
    outcome: 'not_sent',
  })
}
