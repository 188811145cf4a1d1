import type { Call } from './call.ts'
import { chooseToEnd, hasRoom, type Occupied, type Room } from './room.ts'
import type { Slot } from './slot.ts'
import type { Asker } from './upstream.ts'

export interface RoomQueueOptions {
  room(): Room
  occupied(): Occupied
  /** As `Slot.group`. */
  groupOf(asker: Asker): string
  /** Whether there is a session under this key, or one is starting. */
  hasSlot(key: string): boolean
  /** Whether a session may be ended for another. */
  isIdle(slot: Slot): boolean
  end(slot: Slot): void
  /** Takes a call on that has room now; it is in the queue no more. */
  admit(call: Call): void
}

/** The calls of one server for which there is no room yet, and who leaves for them. */
export class RoomQueue {
  readonly #options: RoomQueueOptions
  /** Oldest first. */
  readonly #calls = new Set<Call>()

  constructor(options: RoomQueueOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#calls.size
  }

  /** Whether a session for the asker may be opened at once. */
  fits(asker: Asker): boolean {
    const { room, occupied, groupOf } = this.#options
    return hasRoom(room(), occupied(), groupOf(asker))
  }

  add(call: Call): void {
    this.#calls.add(call)
    this.makeRoom()
  }

  /** Whether it was in here. */
  delete(call: Call): boolean {
    return this.#calls.delete(call)
  }

  /** Ends idle sessions for those who wait, and for one more asker. */
  makeRoom(also?: Asker): void {
    const { room, occupied, groupOf, isIdle, end } = this.#options
    const wanted = new Map([...this.#calls].map((call) => [call.key, groupOf(call.asker)]))
    if (also !== undefined) wanted.set('', groupOf(also))
    for (const slot of chooseToEnd(room(), occupied(), [...wanted.values()], isIdle)) end(slot)
  }

  /** Room may have become free. */
  admitAll(): void {
    const { hasSlot, admit } = this.#options
    for (const call of [...this.#calls]) {
      if (!hasSlot(call.key) && !this.fits(call.asker)) continue
      this.#calls.delete(call)
      admit(call)
    }
  }

  /** Empties it. */
  takeAll(): Call[] {
    const calls = [...this.#calls]
    this.#calls.clear()
    return calls
  }
}
