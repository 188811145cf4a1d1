import type { CallSignal } from '../call-signal.ts'
import { AppError } from '../errors.ts'
import { Lane, type Release, type Ticket } from './lane.ts'
import { LaneRound, laneToShorten } from './lane-round.ts'
import {
  PrincipalSlots,
  releaseSlots,
  type SlotBound,
  slotKey,
  takeSlots,
  undoSlots,
} from './principal-slots.ts'

/** How much one server takes at once, and how much may wait for it. */
export interface FairQueueLimits {
  /** Calls that run at once. */
  readonly inFlightMax: number
  /** Calls that wait, over all principals. */
  readonly queuedMax: number
}

const NONE: readonly SlotBound[] = []

/**
 * The gate in front of one server. Calls beyond `inFlightMax`, or beyond a cap of their own, wait; places go
 * round between parties, which are tenants and principals without one, and within a tenant between its
 * principals, so that one with a thousand waiting calls delays another by one turn only. A call that its own cap
 * holds back lets those behind it pass. When the queue is full, the longest lane of the longest party gives up
 * its newest call for a shorter one; otherwise the newcomer is refused.
 *
 * Invariant: while there is room, every waiting call is held back by a cap of its own.
 */
export class FairQueue {
  #limits: FairQueueLimits
  /** Caps of every call here: that of its principal over all servers, then this server's own. */
  readonly #slots: PrincipalSlots
  readonly #principal: SlotBound
  #bounds: readonly SlotBound[]
  readonly #lanes = new Map<string, Lane>()
  /** The lanes that may run, next turn first. */
  readonly #round = new LaneRound()
  #inFlight = 0
  #queued = 0
  #arrivals = 0

  /**
   * @param slots what each principal may have in flight, over all queues that share it
   * @param bounds further caps of every call here
   */
  constructor(
    limits: FairQueueLimits,
    slots = new PrincipalSlots(Number.POSITIVE_INFINITY),
    bounds: readonly SlotBound[] = NONE,
  ) {
    this.#limits = limits
    this.#slots = slots
    this.#principal = { slots, shared: false }
    this.#bounds = bounds
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get queued(): number {
    return this.#queued
  }

  /** Goes over to other limits; what runs and waits stays. */
  reconfigure(limits: FairQueueLimits, bounds: readonly SlotBound[] = NONE): void {
    this.#limits = limits
    this.#bounds = bounds
    for (const lane of this.#lanes.values()) this.#round.add(lane)
    this.#pump()
  }

  /** Takes a place if there is one now; undefined when the call would have to wait. */
  tryEnter(principalId: string, bounds: readonly SlotBound[] = NONE): Release | undefined {
    if (this.#inFlight >= this.#limits.inFlightMax) return undefined
    return this.#take(principalId, bounds) ? undefined : this.#admit(principalId, bounds)
  }

  /**
   * Takes a place: at once and without a promise when there is room, otherwise in turn.
   *
   * @param bounds further caps of this call; the same array for calls of one kind, which wait in one line
   * @param party whom it takes turns with others as: its tenant; itself by default
   * @throws {AppError} (as a rejection) `queue_full`, outcome `not_sent`; or the signal's own reason
   */
  enter(
    principalId: string,
    signal: CallSignal,
    bounds: readonly SlotBound[] = NONE,
    party = principalId,
  ): Release | Promise<Release> {
    if (signal.aborted) return Promise.reject(signal.reason)
    const hasRoom = this.#inFlight < this.#limits.inFlightMax
    const full = hasRoom ? this.#take(principalId, bounds) : undefined
    if (hasRoom && !full) return this.#admit(principalId, bounds)
    const own = this.#lanes.get(principalId)?.size ?? 0
    if (this.#queued >= this.#limits.queuedMax && !this.#displace(party, own)) {
      return Promise.reject(queueFull(this.#limits.queuedMax))
    }
    const lane = this.#lanes.get(principalId) ?? this.#openLane(principalId, party)
    // Room, yet here it waits: for a cap of its own, and it must hear of the next free slot there.
    if (full) full.slots.await(slotKey(full, principalId), lane)
    else this.#round.add(lane)
    return this.#wait(lane, bounds, signal)
  }

  /** Takes a slot of every cap; or none, and gives the cap that has no slot left. */
  #take(principalId: string, more: readonly SlotBound[]): SlotBound | undefined {
    if (!this.#slots.take(principalId)) return this.#principal
    const bounds = this.#bounds
    const full = takeSlots(bounds, principalId)
    const blocker = full ?? takeSlots(more, principalId)
    if (!blocker) return undefined
    if (!full) undoSlots(bounds, principalId)
    this.#slots.undo(principalId)
    return blocker
  }

  #admit(principalId: string, more: readonly SlotBound[]): Release {
    this.#inFlight += 1
    const bounds = this.#bounds
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#inFlight -= 1
      // Slots first: who waits elsewhere for one may run there while we serve the next here.
      this.#slots.release(principalId)
      releaseSlots(bounds, principalId)
      releaseSlots(more, principalId)
      if (!this.#round.isEmpty) this.#pump()
    }
  }

  #openLane(principalId: string, party: string): Lane {
    const lane = new Lane(principalId, party, () => {
      if (this.#lanes.get(principalId) !== lane) return
      this.#round.add(lane)
      this.#pump()
    })
    this.#lanes.set(principalId, lane)
    return lane
  }

  #wait(lane: Lane, bounds: readonly SlotBound[], signal: CallSignal): Promise<Release> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#drop(lane, ticket)
        reject(signal.reason)
      }
      this.#arrivals += 1
      const ticket: Ticket = { at: this.#arrivals, bounds, resolve, reject, signal, onAbort }
      lane.add(ticket)
      this.#queued += 1
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  #drop(lane: Lane, ticket: Ticket): void {
    ticket.signal.removeEventListener('abort', ticket.onAbort)
    lane.delete(ticket)
    this.#queued -= 1
    if (lane.size > 0) return
    this.#lanes.delete(lane.principalId)
    this.#round.delete(lane)
  }

  #pump(): void {
    while (this.#inFlight < this.#limits.inFlightMax) {
      const lane = this.#round.next
      if (lane === undefined) return
      const ticket = this.#takeNext(lane)
      if (ticket === undefined) continue
      this.#round.passOn(lane)
      this.#drop(lane, ticket)
      ticket.resolve(this.#admit(lane.principalId, ticket.bounds))
    }
  }

  /** Takes the slots of a lane's first call that may run. Without one the lane leaves the round until a slot is free. */
  #takeNext(lane: Lane): Ticket | undefined {
    const blockers: SlotBound[] = []
    for (const ticket of lane.heads()) {
      const blocker = this.#take(lane.principalId, ticket.bounds)
      if (!blocker) return ticket
      blockers.push(blocker)
    }
    this.#round.delete(lane)
    for (const bound of blockers) bound.slots.await(slotKey(bound, lane.principalId), lane)
    return undefined
  }

  /** Makes one place in a full queue, unless that would only swap the wrong. */
  #displace(party: string, length: number): boolean {
    const longest = laneToShorten(this.#lanes.values(), { party, length })
    const newest = longest?.newest()
    if (longest === undefined || newest === undefined) return false
    this.#drop(longest, newest)
    newest.reject(queueFull(this.#limits.queuedMax))
    return true
  }
}

function queueFull(queuedMax: number): AppError {
  return new AppError('queue_full', `${queuedMax} calls already wait for this server`, {
    outcome: 'not_sent',
  })
}
