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
  readonly signal: AbortSignal
  onProgress(line: string): void
}

/** How far a footprint may be above the one at the start, after everything was given back. */
export function fivePercent(before: {
  readonly fds: number
  readonly memory: { readonly rss: number; readonly heapUsed: number }
}): { fds: number; processes: number; heapBytes: number; rssBytes: number } {
  return {
    fds: before.fds * 0.05,
    processes: 0,
    heapBytes: before.memory.heapUsed * 0.05,
    rssBytes: before.memory.rss * 0.05,
  }
}
