import type { Footprint, Growth } from '../footprint.ts'

/** One part of the soak. */
export interface PartReport {
  readonly name: string
  /** What was measured, a line each. */
  readonly lines: readonly string[]
  /** What should not have been, a sentence each. */
  readonly problems: readonly string[]
}

export interface PartOptions {
  /** 1 = as much as `npm run soak` does; less for a trial. */
  readonly scale: number
  /** Whether memory is judged: not where less is done than it takes to settle. */
  readonly judgesMemory: boolean
  readonly signal: AbortSignal
  onProgress(line: string): void
}

/** How far a footprint may be above the one at the start, after everything was given back. */
export function fivePercent({ fds, memory }: Footprint, judgesMemory: boolean): Growth {
  const part = judgesMemory ? 0.05 : Infinity
  return {
    ...{ fds: Math.ceil(fds * 0.05), processes: 0 },
    ...{ heapBytes: memory.heapUsed * part, rssBytes: memory.rss * part },
  }
}
