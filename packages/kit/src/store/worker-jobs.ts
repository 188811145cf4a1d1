import type { KeyObject } from 'node:crypto'
import type { ErrorCode } from '../errors.ts'
import type { StoreLocation } from './location.ts'
import type { AuditLimits, AuditQuery } from './store.ts'

/** Long-lived: answers each message with a `CheckpointAnswer`. */
export interface CheckpointJob {
  readonly kind: 'checkpoint'
  readonly path: string
}

export interface CheckpointAnswer {
  /** What the engine said; the next message tries again. */
  readonly failed?: string
}

interface StoreJob {
  readonly location: StoreLocation
}

export interface ListJob extends StoreJob {
  readonly kind: 'list'
  readonly query: AuditQuery
}

export interface VerifyJob extends StoreJob {
  readonly kind: 'verify'
  readonly keys: readonly KeyObject[]
}

export interface PruneJob extends StoreJob {
  readonly kind: 'prune'
  readonly keys: readonly [KeyObject, ...KeyObject[]]
  readonly limits: AuditLimits
  readonly nowMs: number
}

/** One worker thread does one job. All but `checkpoint` end with one `JobAnswer`. */
export type WorkerJob = CheckpointJob | ListJob | VerifyJob | PruneJob

export type JobAnswer =
  | { readonly result: unknown }
  | { readonly error: { readonly code: ErrorCode; readonly message: string } }
