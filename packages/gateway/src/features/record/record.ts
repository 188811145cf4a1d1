import { AppError } from '@sallyport/kit/errors'
import { slice } from '@sallyport/kit/mcp'
import type { AuditEntry, AuditOutcome } from '@sallyport/kit/store'
import type { Call, Interceptor } from '../../call/call.ts'
import type { FeatureDeps } from '../feature.ts'

/**
 * Writes every call to the audit log before its answer leaves, and before it goes upstream unless the
 * operator pinned the tool read-only. A row that cannot be written refuses the call.
 */
export function recordCalls(deps: FeatureDeps): Interceptor {
  const { audit, clock, onFinished } = deps
  return (next) => async (call) => {
    const base = describe(call, deps)
    const changes = call.target !== undefined && !call.target.readOnly
    if (audit && changes) await audit.append({ ...base, kind: 'intent' })
    let outcome: AuditOutcome = 'failed'
    let code: string | null = null
    try {
      const result = await next(call)
      outcome = result.outcome
      code = result.code
      return result
    } catch (thrown) {
      const error = AppError.from(thrown)
      outcome = failureOutcome(error)
      code = error.code
      throw error
    } finally {
      const durationMs = clock.monotonicMs() - call.exchange.arrivedMs
      onFinished({
        server: base.server ?? '',
        tool: base.tool ?? '',
        method: base.method,
        outcome,
        durationMs,
      })
      if (audit) {
        const durationUs = Math.round(durationMs * 1_000)
        await audit.append({ ...base, atMs: clock.nowMs(), outcome, code, durationUs })
      }
    }
  }
}

function describe(call: Call, { clock, argumentsMac }: FeatureDeps): AuditEntry {
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

function failureOutcome(error: AppError): AuditOutcome {
  if (error.code === 'cancelled') return 'cancelled'
  if (error.outcome === 'unknown') return 'unknown'
  return error.spec.family === 'rejection' || error.code === 'queue_full' ? 'refused' : 'failed'
}
