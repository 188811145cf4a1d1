import { createHash } from 'node:crypto'

/** What model APIs take as the name of a tool, characters. */
export const NAME_LENGTH_MAX = 64

const HASH_DIGITS = 6

/**
 * A name that fits: one over 64 characters is cut and gets `_` and 6 digits of its SHA-256. Should that be
 * taken, it gets more digits, so the outcome depends on the names alone and not on when they came.
 */
export function shortName(full: string, taken: (name: string) => boolean): string {
  if (full.length <= NAME_LENGTH_MAX) return full
  const hash = createHash('sha256').update(full).digest('hex')
  for (let digits = HASH_DIGITS; digits < NAME_LENGTH_MAX - 1; digits += 2) {
    const cut = full.slice(0, NAME_LENGTH_MAX - digits - 1).replace(/[\uD800-\uDBFF]$/, '')
    const name = `${cut}_${hash.slice(0, digits)}`
    if (!taken(name)) return name
  }
  return full
}
