import type { Terminal } from './terminal.ts'
import { durationOf } from './times.ts'

const FIRST_MS = 1_000
const NEXT_MS = 5_000

export interface Progress {
  /** Such as `stopping files`. */
  readonly doing: string
  /** What is told with it; asked for each time. A failure leaves it out. */
  readonly detail?: () => Promise<string>
  /** Programs that read stderr want nothing but errors there. */
  readonly quiet: boolean
}

/** Waits for work and says on stderr what is waited for, after a second and then every five. */
export async function withProgress<Result>(
  terminal: Terminal,
  progress: Progress,
  work: Promise<Result>,
): Promise<Result> {
  if (progress.quiet) return work
  const startedMs = performance.now()
  let over = false
  const tell = async (): Promise<void> => {
    // Without its detail the line still says what is waited for.
    const detail = await progress.detail?.().catch(() => undefined)
    if (over) return
    const parts = [durationOf(performance.now() - startedMs), ...(detail ? [detail] : [])]
    terminal.note(`${progress.doing} ... (${parts.join(', ')})`)
    timer = setTimeout(tell, NEXT_MS)
  }
  let timer = setTimeout(tell, FIRST_MS)
  try {
    return await work
  } finally {
    over = true
    clearTimeout(timer)
  }
}
