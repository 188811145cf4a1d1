import type { Clock } from '../clock.ts'
import type { Admission, Deadlines } from '../limits/index.ts'
import type { Log } from '../log/log.ts'
import type { StreamLimits } from './event-stream.ts'
import type { Reservation } from './exchange.ts'
import type { LegacySessions } from './sessions.ts'

export interface EdgeLimits extends StreamLimits {
  /** Body size, bytes. */
  readonly requestBytes: number
  /** Nesting of JSON, levels. */
  readonly depth: number
}

/** What an edge works with, on any transport. */
export interface EdgeDeps {
  /** Disposed by the edge. */
  readonly sessions: LegacySessions
  readonly reserve: (principalId: string) => Reservation
  readonly clock: Clock
  readonly log: Log
  readonly limits: EdgeLimits
  readonly deadlines: Deadlines
  /** Whether an operator suspended the session with that label: it may not listen. */
  readonly isSuspended?: (label: string) => boolean
  /** Takes one request from a principal's rate, as the door does. */
  readonly charge: (principalId: string) => Admission
  /** Most requests that the rate ever lets through at once. */
  readonly burst: () => number
}
