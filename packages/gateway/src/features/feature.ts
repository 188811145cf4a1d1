import type { Clock } from '@sallyport/kit/clock'
import type { FairQueue } from '@sallyport/kit/limits'
import type { AuditKind, AuditLog, AuditOutcome } from '@sallyport/kit/store'
import type { Interceptor } from '../call/call.ts'
import type { Tokens } from '../tokens/tokens.ts'
import type { KeyedCalls } from './once/keyed-calls.ts'
import type { Quotas } from './quota/quotas.ts'
import type { ResultBudgets } from './results/budgets.ts'
import type { GivenBytes } from './results/given-bytes.ts'
import type { KeptResults } from './results/kept-results.ts'

/** What steps may use. A step takes from it only what it names. */
export interface FeatureDeps {
  readonly clock: Clock
  /** Whether an operator suspended that principal, or the session with that label. */
  readonly isSuspended: (kind: 'principal' | 'session', subject: string) => boolean
  /** The challenge for a caller whose token lacks a scope; undefined where no scope would help. */
  readonly stepUp: Tokens['stepUp']
  /** Undefined when auditing is switched off, which is for measuring only. */
  readonly audit: AuditLog | undefined
  /** MAC of argument bytes, hex. */
  readonly argumentsMac: (bytes: Buffer) => string
  /** The queue in front of a server. */
  readonly queueOf: (server: string) => FairQueue
  /** Rates and daily quotas. */
  readonly quotas: Quotas
  /** How large results may be; undefined = nobody looks. */
  readonly budgets: ResultBudgets | undefined
  readonly kept: KeptResults
  readonly given: GivenBytes
  /** Calls with an idempotency key. */
  readonly keyed: KeyedCalls
  readonly onFinished: (finished: FinishedCall) => void
  /** Whether a row is kept of one more call of a principal that a limit refused. */
  readonly keepsRefusal: (principalId: string) => boolean
  /** A row was handed to the audit log. */
  readonly onRecorded: (kind: AuditKind) => void
  /** A row could not be written. */
  readonly onUnrecorded: () => void
}

/** What metrics learn about a call. */
export interface FinishedCall {
  /** Empty when the call concerns no single server. */
  readonly server: string
  /** The server's own name for a tool its list holds; empty otherwise. */
  readonly tool: string
  readonly method: string
  /** Of the caller; null when it has none. */
  readonly tenant: string | null
  readonly outcome: Exclude<AuditOutcome, 'pending'>
  readonly durationMs: number
}

/** A step every call passes through. */
export interface Feature {
  readonly id: string
  open(deps: FeatureDeps): Interceptor
}
