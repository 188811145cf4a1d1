import { STANDS_MS } from '@sallyport/contract/checklist'
import { AppError } from '@sallyport/kit/errors'

const DAY_MS = 86_400_000
/** How far the clock of who attests may be ahead. */
const AHEAD_MS = 60_000
const LONGEST_MS = Math.max(...Object.values(STANDS_MS))

interface Times {
  /** When it was given. */
  readonly atMs: number
  readonly expiresAtMs: number
  readonly nowMs: number
}

/**
 * Refuses what would stand for longer than it may, or not at all.
 *
 * @param longestMs of that item; a year where that is not known
 * @throws {AppError} `request_invalid`
 */
export function assertStands({ atMs, expiresAtMs, nowMs }: Times, longestMs = LONGEST_MS): void {
  if (atMs > nowMs + AHEAD_MS) {
    throw new AppError('request_invalid', 'at lies in the future: give the time of attesting')
  }
  if (expiresAtMs <= nowMs) {
    throw new AppError('request_invalid', 'expiresAt is over already: give a time to come')
  }
  if (expiresAtMs - nowMs > longestMs + AHEAD_MS) {
    const days = Math.floor(longestMs / DAY_MS)
    const latest = new Date(nowMs + longestMs).toISOString()
    throw new AppError(
      'request_invalid',
      `expiresAt is too far away: this stands for ${days} days at most, until ${latest}`,
    )
  }
}
