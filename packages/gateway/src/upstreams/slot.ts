import type { Call } from './call.ts'
import type { Agreement } from './handshake.ts'
import type { SessionLogLevel } from './session-log-level.ts'
import type { RootsGate } from './roots-gate.ts'
import type { Session } from './session.ts'
import type { Asker } from './upstream.ts'

/** The place of one key with one server: its session, or the calls waiting for it. */
export interface Slot {
  readonly key: string
  /** Whom it counts for where each may have some only. */
  readonly group: string
  /** For whom it was opened first. */
  readonly asker: Asker
  session: Session | undefined
  /** What its session agreed on; set with it. */
  agreement: Agreement | undefined
  /** Of its session; undefined while none was asked for. */
  logLevel: SessionLogLevel | undefined
  /** Holds calls back until the server has its client's roots; undefined unless `roots: client`. */
  roots: RootsGate | undefined
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
  /** Nobody will use it any more: it ends with the calls that wait. */
  unwanted: boolean
  /** It takes no new call, and its session ends with its last one. */
  leaving: boolean
  /** What is said of its end then. */
  endReason: string
}

/** A place without a session, in which nobody waits yet. */
export function createSlot(
  who: { readonly key: string; readonly group: string; readonly asker: Asker },
  nowMs: number,
): Slot {
  return {
    key: who.key,
    group: who.group,
    asker: who.asker,
    session: undefined,
    agreement: undefined,
    logLevel: undefined,
    roots: undefined,
    readyAtMs: nowMs,
    starting: undefined,
    waiting: new Set(),
    inFlight: 0,
    answered: false,
    usedAtMs: nowMs,
    failures: 0,
    unwanted: false,
    leaving: false,
    endReason: '',
  }
}
