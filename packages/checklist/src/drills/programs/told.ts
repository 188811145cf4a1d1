import type { Ended } from '../calls/mcp-caller.ts'

/** `3 server_lost, 1 cut`: how many ended with each code. */
export function countsOf(ended: readonly Ended[]): string {
  const counts = new Map<string, number>()
  for (const { code } of ended) counts.set(code, (counts.get(code) ?? 0) + 1)
  return [...counts].map(([code, count]) => `${count} ${code}`).join(', ')
}
