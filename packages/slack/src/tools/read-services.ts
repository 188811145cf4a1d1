import type { Clock } from '@sallyport/kit/clock'
import type { Cursors } from '../cursors/cursors.ts'
import type { Directories } from '../directory/directories.ts'

/** What tools that read work with besides the call's own context. */
export interface ReadServices {
  readonly cursors: Cursors
  readonly directories: Directories
  readonly clock: Clock
  /** Whether search and unreads may show private channels and direct messages of whoever installed the app. */
  readonly searchPrivate: boolean
  /** The largest file that is handed to a model, bytes. */
  readonly fileBytesMax: number
}
