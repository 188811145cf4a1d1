import type { Call } from './call.ts'
import type { Agreement } from './handshake.ts'
import type { Session } from './session.ts'

/** The place of one principal (or of all) with one server: its session, or the calls waiting for it. */
export interface Slot {
  readonly key: string
  session: Session | undefined
  /** What its session agreed on; set with it. */
  agreement: Agreement | undefined
  /** When its session became ready, monotonic. */
  readyAtMs: number
  /** Set while a start runs. */
  starting: Promise<void> | undefined
  /** Calls that wait for the running start. */
  readonly waiting: Set<Call>
  inFlight: number
  /** Whether its session ever answered a call. */
  answered: boolean
  /** When it was last used, monotonic. */
  usedAtMs: number
  /** Probes failed in a row. */
  failures: number
}

export function createSlot(key: string, nowMs: number): Slot {
  return {
    key,
    session: undefined,
    agreement: undefined,
    readyAtMs: nowMs,
    starting: undefined,
    waiting: new Set(),
    inFlight: 0,
    answered: false,
    usedAtMs: nowMs,
    failures: 0,
  }
}
