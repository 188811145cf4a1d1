import { setTimeout as sleep } from 'node:timers/promises'
import type { TestGateway } from '../packages/cli/test/fixtures/gateway.ts'
import { fdCount, type Memory, memoryOf, offspringOf } from './census.ts'

/** What a gateway takes of its machine while nobody calls. */
export interface Footprint {
  readonly memory: Memory
  readonly fds: number
  readonly processes: number
}

/** Whose footprint, and where it writes its memory. */
export interface Measured {
  readonly gateway: TestGateway
  readonly memoryFile: string
}

const MIB = 1_024 * 1_024
const POLL_MS = 2_000

export async function footprintOf({ gateway, memoryFile }: Measured): Promise<Footprint> {
  return {
    memory: await memoryOf(gateway, memoryFile),
    fds: await fdCount(gateway.pid),
    processes: (await offspringOf(gateway)).length,
  }
}

/** Waits, within bounds, until nothing is wrong with the footprint; gives the last one. */
export async function settled(
  measured: Measured,
  problemsOf: (now: Footprint) => readonly string[],
  withinMs = 60_000,
): Promise<Footprint> {
  const untilMs = performance.now() + withinMs
  for (;;) {
    const now = await footprintOf(measured)
    if (problemsOf(now).length === 0 || performance.now() > untilMs) return now
    await sleep(POLL_MS)
  }
}

/** How far a footprint may be above an earlier one. */
export interface Growth {
  readonly fds: number
  readonly processes: number
  readonly heapBytes: number
  readonly rssBytes: number
}

export function judgeGrowth(before: Footprint, after: Footprint, max: Growth): string[] {
  const grown = (what: string, from: number, to: number, most: number): string[] =>
    to - from > most ? [`${what} grew from ${from} to ${to}, by more than ${Math.round(most)}`] : []
  return [
    ...grown('file descriptors', before.fds, after.fds, max.fds),
    ...grown('processes', before.processes, after.processes, max.processes),
    ...grown('the heap', before.memory.heapUsed, after.memory.heapUsed, max.heapBytes),
    ...grown('resident memory', before.memory.rss, after.memory.rss, max.rssBytes),
  ]
}

/** One line of a footprint. */
export function footprintLine({ memory, fds, processes }: Footprint): string {
  const heap = `${(memory.heapUsed / MIB).toFixed(1)} of ${Math.round(memory.heapTotal / MIB)}`
  const outside = ((memory.external + memory.arrayBuffers) / MIB).toFixed(1)
  return `${processes} processes, ${fds} fds, heap ${heap} MiB, buffers ${outside} MiB, rss ${Math.round(memory.rss / MIB)} MiB`
}
