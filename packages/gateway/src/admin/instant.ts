/** A moment as the API writes it, ISO 8601 in UTC; null stays null. */
export function toInstant(atMs: number): string
export function toInstant(atMs: number | null): string | null
export function toInstant(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString()
}
