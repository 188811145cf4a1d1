import { setPriority } from 'node:os'

/**
 * From now on this process runs only when nobody else wants the machine. What takes all the time it can get
 * would otherwise measure how a system with few processors shares them, and not the gateway.
 */
export function stepBack(): void {
  try {
    setPriority(19)
  } catch {
    // A system that does not allow that measures both.
  }
}
