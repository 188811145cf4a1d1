import type { Clock } from '@sallyport/kit/clock'
import type { Terminal } from './terminal.ts'

/** What every verb gets from the process, so that a test can give it something else. */
export interface Context {
  readonly terminal: Terminal
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The folder relative paths start at. */
  readonly cwd: string
  readonly clock: Clock
  /** Reads stdin to its end; at most 1 MiB. */
  readStdin(): Promise<string>
}
