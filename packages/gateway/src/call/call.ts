import type { Answer, Exchange, Message } from '@sallyport/kit/mcp'
import type { AuditEntry, AuditOutcome } from '@sallyport/kit/store'
import type { CallSpan } from '@sallyport/kit/tracing'
import type { Target } from '../routing/target.ts'
import type { CallDeadline } from './call-deadline.ts'

/** One request travelling through the gateway. */
export interface Call {
  readonly exchange: Exchange
  /** What a `tools/call` names; undefined for other methods and for names that lead nowhere. */
  readonly target: Target | undefined
  readonly deadline: CallDeadline
  /** Its trace; nothing while tracing is off. */
  readonly span: CallSpan
  /** What the audit log says of it; set by the step that records it. */
  entry?: CallEntry | undefined
}

/** What the audit log is going to say of a call. */
export interface CallEntry extends AuditEntry {
  /** Written as the call goes from member to member. */
  member: string | null
}

/** An answer, and what the record says about it. */
export interface CallResult {
  readonly answer: Answer
  readonly outcome: Exclude<AuditOutcome, 'pending'>
  /** JSON-RPC code as text where the answer is an error; null otherwise. */
  readonly code: string | null
  /** The server's own message where the answer is its result; undefined for what the gateway wrote itself. */
  readonly reply?: Message | undefined
}

/** Answers a call, or rejects with an AppError. */
export type CallHandler = (call: Call) => Promise<CallResult>

/** Wraps a call. The first interceptor of a list is the outermost. */
export type Interceptor = (next: CallHandler) => CallHandler

/** Puts interceptors around a handler, the first one outermost. */
export function applyInterceptors(
  handler: CallHandler,
  interceptors: readonly Interceptor[],
): CallHandler {
  return interceptors.reduceRight((next, wrap) => wrap(next), handler)
}
