import type { Clock } from '../clock.ts'
import { RateLimits } from '../limits/index.ts'
import type { AuditKind, AuditLog } from '../store/store.ts'
import type { DoorDeps } from './door.ts'

const ROWS_PER_SECOND = 10

export interface RefusalRowsDeps {
  readonly audit: AuditLog
  readonly clock: Clock
  /** Count. Must not throw. */
  readonly onRecorded: (kind: AuditKind) => void
  readonly onUnrecorded: () => void
}

/** Keeps rows of what the door refuses, at most ten a second and address. */
export function refusalRows(deps: RefusalRowsDeps): DoorDeps['onRefused'] {
  const { audit, clock, onRecorded, onUnrecorded } = deps
  const rows = new RateLimits(clock, {
    capacity: ROWS_PER_SECOND,
    refillPerSecond: ROWS_PER_SECOND,
  })
  return (error, address, principal, requestId) => {
    if (!rows.take(address).allowed) return
    const entry = {
      atMs: clock.nowMs(),
      kind: 'door',
      requestId,
      principal: principal?.id ?? '',
      tenant: principal?.tenant ?? null,
      address,
      method: '',
      server: null,
      tool: null,
      outcome: 'refused',
      code: error.code,
      durationUs: null,
      argumentsMac: null,
      member: null,
    } as const
    onRecorded('door')
    // The refusal stands whether or not its row could be written; the failure shows in readiness.
    audit.append(entry).catch(onUnrecorded)
  }
}
