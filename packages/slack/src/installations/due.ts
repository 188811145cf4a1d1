import type { KeptToken } from './kept-installation.ts'

/** Of the margin: tokens that were issued together are not refreshed together. */
const JITTER_SHARE = 0.2

/**
 * When a token is to be refreshed, wall clock; `Infinity` = never. A margin that is longer than half of a token's
 * life counts as half of it: a new token is never due at once.
 *
 * @param jitter from 0 to 1
 */
export function dueAtMs(token: KeptToken, marginMs: number, jitter: number): number {
  const { expiresAtMs, issuedAtMs } = token
  if (expiresAtMs === null) return Infinity
  const margin = Math.min(marginMs, Math.max(0, expiresAtMs - issuedAtMs) / 2)
  return expiresAtMs - margin * (1 - JITTER_SHARE * jitter)
}

/** Whether it is over. */
export function hasExpired({ expiresAtMs }: KeptToken, nowMs: number): boolean {
  return expiresAtMs !== null && expiresAtMs <= nowMs
}

/** From 0 to 1; of one workspace the same in every process. */
export function jitterOf(app: string, team: string): number {
  let hash = 0x811c9dc5
  for (const char of `${app}/${team}`)
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
  return (hash >>> 0) / 0xffffffff
}
