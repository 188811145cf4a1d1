import { AppError, type CallOutcome } from '@sallyport/kit/errors'
import { slice } from '@sallyport/kit/mcp'
import type { AuditEntry, AuditOutcome } from '@sallyport/kit/store'
import type { Call, Interceptor } from '../../call/call.ts'
import type { FeatureDeps } from '../feature.ts'

type RecordDeps = Pick<
  FeatureDeps,
  'clock' | 'audit' | 'argumentsMac' | 'onFinished' | 'onRecorded' | 'onUnrecorded'
>

/**
 * Writes every call to the audit log before its answer leaves, and before it goes upstream unless the
 * operator pinned the tool read-only. A row that cannot be written refuses the call.
 *
 * @throws {AppError} `store_unwritable`, or whatever the call ends with
 */
export function recordCalls(deps: RecordDeps): Interceptor {
  return (next) => async (call) => {
    const entry = describe(call, deps)
    if (call.target && !call.target.readOnly) {
      await append(call, { ...entry, kind: 'intent' }, 'not_sent', deps)
    }
    try {
      const result = await next(call)
      await finish(call, entry, { outcome: result.outcome, code: result.code }, deps)
      return result
    } catch (thrown) {
      const error = AppError.from(thrown)
      if (error.code === 'store_unwritable') throw error
      await finish(call, entry, { outcome: failureOutcome(error), code: error.code }, deps)
      throw error
    }
  }
}

interface Ending {
  readonly outcome: Exclude<AuditOutcome, 'pending'>
  readonly code: string | null
}

function finish(call: Call, entry: AuditEntry, ending: Ending, deps: RecordDeps): Promise<void> {
  const { clock, onFinished } = deps
  const durationMs = clock.monotonicMs() - call.exchange.arrivedMs
  const { server, tool } = call.target ?? {}
  const { outcome, code } = ending
  if (server !== undefined) call.span.describe(server, tool?.name)
  call.span.end(outcome, code ?? undefined)
  onFinished({
    server: server ?? '',
    tool: tool?.name ?? '',
    method: entry.method,
    outcome,
    durationMs,
  })
  const durationUs = Math.round(durationMs * 1_000)
  return append(call, { ...entry, ...ending, atMs: clock.nowMs(), durationUs }, 'unknown', deps)
}

/** @param effect what is known about the call when its row cannot be written */
async function append(
  { exchange }: Call,
  entry: AuditEntry,
  effect: CallOutcome,
  { audit, onRecorded, onUnrecorded }: RecordDeps,
): Promise<void> {
  if (!audit) return
  onRecorded(entry.kind)
  try {
    await audit.append(entry, exchange.controller.signal)
  } catch (cause) {
    onUnrecorded()
    const text = 'the audit log cannot be written, so the call is refused'
    throw new AppError('store_unwritable', text, { cause, outcome: effect })
  }
}

function describe(call: Call, { clock, argumentsMac }: RecordDeps): AuditEntry {
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
  }
}

function failureOutcome(error: AppError): Ending['outcome'] {
  if (error.code === 'cancelled') return 'cancelled'
  if (error.outcome === 'unknown') return 'unknown'
  return error.spec.family === 'rejection' || error.code === 'queue_full' ? 'refused' : 'failed'
}
