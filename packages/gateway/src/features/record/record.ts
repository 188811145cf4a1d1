import { AppError, type CallOutcome } from '@sallyport/kit/errors'
import { outcomeOfFailure, slice } from '@sallyport/kit/mcp'
import type { AuditEntry, AuditOutcome } from '@sallyport/kit/store'
import type { Call, CallEntry, Interceptor } from '../../call/call.ts'
import type { FeatureDeps } from '../feature.ts'

type AppendDeps = Pick<FeatureDeps, 'audit' | 'onRecorded' | 'onUnrecorded'>
type RecordDeps = AppendDeps &
  Pick<FeatureDeps, 'clock' | 'argumentsMac' | 'onFinished' | 'keepsRefusal'>

/**
 * Writes every call to the audit log before its answer leaves. Of calls beyond a rate or a quota so many a
 * second and principal. A row that cannot be written refuses the call.
 *
 * @throws {AppError} `store_unwritable`, or whatever the call ends with
 */
export function recordCalls(deps: RecordDeps): Interceptor {
  return (next) => async (call) => {
    const entry = describe(call, deps)
    call.entry = entry
    try {
      const result = await next(call)
      await finish(call, entry, result, deps)
      return result
    } catch (thrown) {
      const error = AppError.from(thrown)
      if (error.code === 'store_unwritable') throw error
      await finish(call, entry, { outcome: outcomeOfFailure(error), code: error.code }, deps)
      throw error
    }
  }
}

/**
 * Writes down that a call is about to go upstream, unless the operator pinned the tool read-only: once nothing
 * can refuse it any more.
 *
 * @throws {AppError} `store_unwritable`, outcome `not_sent`
 */
export function intendCalls(deps: AppendDeps & Pick<FeatureDeps, 'clock'>): Interceptor {
  return (next) => (call) => {
    const { target, entry } = call
    if (!target || !entry || target.readOnly) return next(call)
    const intent = { ...entry, kind: 'intent', atMs: deps.clock.nowMs() } as const
    return append(call, intent, 'not_sent', deps).then(() => next(call))
  }
}

/** What a caller is refused for by its own excess, and so as often as it likes; as 429 at the door. */
const EXCESS: ReadonlySet<string> = new Set(['rate_limited', 'quota_exceeded'])

const DONE = Promise.resolve()

interface Ending {
  readonly outcome: Exclude<AuditOutcome, 'pending'>
  readonly code: string | null
}

function finish(call: Call, entry: AuditEntry, ending: Ending, deps: RecordDeps): Promise<void> {
  const { clock, onFinished } = deps
  const durationMs = clock.monotonicMs() - call.exchange.arrivedMs
  const { server, tool } = call.target ?? {}
  const { outcome, code } = ending
  if (server !== undefined) call.span.describe(server, tool?.name, entry.member)
  call.span.end(outcome, code ?? undefined)
  onFinished({
    server: server ?? '',
    tool: tool?.name ?? '',
    method: entry.method,
    tenant: entry.tenant,
    outcome,
    durationMs,
  })
  const isExcess = code !== null && EXCESS.has(code)
  if (isExcess && !deps.keepsRefusal(entry.principal)) return DONE
  const durationUs = Math.round(durationMs * 1_000)
  const row = { ...entry, outcome, code, atMs: clock.nowMs(), durationUs }
  return append(call, row, 'unknown', deps)
}

/** @param effect what is known about the call when its row cannot be written */
function append(
  { exchange }: Call,
  entry: AuditEntry,
  effect: CallOutcome,
  { audit, onRecorded, onUnrecorded }: AppendDeps,
): Promise<void> {
  if (!audit) return DONE
  onRecorded(entry.kind)
  return audit.append(entry, exchange.controller.signal).catch((cause: unknown) => {
    onUnrecorded()
    const text = 'the audit log cannot be written, so the call is refused'
    throw new AppError('store_unwritable', text, { cause, outcome: effect })
  })
}

function describe(call: Call, { clock, argumentsMac }: RecordDeps): CallEntry {
  const { exchange, target } = call
  const { caller, message } = exchange
  return {
    atMs: clock.nowMs(),
    kind: 'call',
    requestId: caller.requestId,
    principal: caller.principal.id,
    tenant: caller.principal.tenant,
    address: caller.address,
    method: message.method,
    server: target?.server ?? null,
    tool: target?.name ?? message.name?.slice(0, 256) ?? null,
    outcome: 'pending',
    code: null,
    durationUs: null,
    argumentsMac:
      message.arguments.start === -1 ? null : argumentsMac(slice(message.bytes, message.arguments)),
    member: null,
  }
}
