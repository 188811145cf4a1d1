import type { Clock } from '@sallyport/kit/clock'
import type { FairQueue } from '@sallyport/kit/limits'
import type { AuditLog } from '@sallyport/kit/store'
import type { Interceptor } from '../call/call.ts'

/** What steps may use. A step takes from it only what it names. */
export interface FeatureDeps {
  readonly clock: Clock
  /** Undefined when auditing is switched off, which is for measuring only. */
  readonly audit: AuditLog | undefined
  /** MAC of argument bytes, hex. */
  readonly argumentsMac: (bytes: Buffer) => string
  /** The queue in front of a server. */
  readonly queueOf: (server: string) => FairQueue
  readonly onFinished: (finished: FinishedCall) => void
}

/** What metrics learn about a call. */
export interface FinishedCall {
  readonly server: string
  readonly tool: string
  readonly method: string
  readonly outcome: string
  readonly durationMs: number
}

/** A step every call passes through. */
export interface Feature {
  readonly id: string
  open(deps: FeatureDeps): Interceptor
}
