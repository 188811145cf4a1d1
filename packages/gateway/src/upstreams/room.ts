import type { Slot } from './slot.ts'

/** How many sessions there may be, those that start or end included. */
export interface Room {
  readonly sessionsMax: number
  /** For one group, see `Slot.group`. */
  readonly sessionsPerGroup: number
}

/** The sessions there are: open or starting, and the groups of those that end. */
export interface Occupied {
  readonly slots: readonly Slot[]
  readonly ending: readonly string[]
}

/** Whether one more session of the group fits. */
export function hasRoom(room: Room, { slots, ending }: Occupied, group: string): boolean {
  if (slots.length + ending.length >= room.sessionsMax) return false
  return countOf(slots, ending, group) < room.sessionsPerGroup
}

/**
 * The sessions that leave for those that wait: one for each that waits and has none ending for it yet, the
 * longest idle first; only its own group's where that has too many.
 *
 * @param waiting groups of the sessions wanted, oldest wish first
 * @param isIdle whether a session may be ended at all
 */
export function chooseToEnd(
  room: Room,
  { slots, ending }: Occupied,
  waiting: readonly string[],
  isIdle: (slot: Slot) => boolean,
): Slot[] {
  const idle = slots.filter(isIdle).toSorted((one, other) => one.usedAtMs - other.usedAtMs)
  const promised = [...ending]
  const chosen: Slot[] = []
  for (const group of waiting) {
    const crowded = countOf(slots, ending, group) >= room.sessionsPerGroup
    const fits = (other: string): boolean => !crowded || other === group
    const free = promised.findIndex(fits)
    if (free !== -1) {
      promised.splice(free, 1)
      continue
    }
    const at = idle.findIndex((slot) => fits(slot.group))
    chosen.push(...(at === -1 ? [] : idle.splice(at, 1)))
  }
  return chosen
}

function countOf(slots: readonly Slot[], ending: readonly string[], group: string): number {
  const open = slots.filter((slot) => slot.group === group).length
  return open + ending.filter((other) => other === group).length
}
