import type { Clock } from '../clock.ts'
import { AppError, type CallOutcome } from '../errors.ts'
import { type Exchange, outcomeOfFailure, slice } from '../mcp/index.ts'
import type { AuditEntry, AuditKind, AuditLog, AuditOutcome } from '../store/store.ts'

/** A call that is over. */
export interface FinishedCall {
  /** Empty where the name leads nowhere for the caller. */
  readonly tool: string
  readonly method: string
  readonly tenant: string | null
  readonly outcome: Exclude<AuditOutcome, 'pending'>
  readonly durationMs: number
}

export interface CallRecordDeps {
  /** What the log calls this server. */
  readonly server: string
  readonly audit: AuditLog
  /** HMAC of the argument bytes, hex: the log tells equal arguments and holds none. */
  readonly argumentsMac: (bytes: Buffer) => string
  readonly clock: Clock
  /** Counts. Must not throw. */
  readonly onFinished: (call: FinishedCall) => void
  readonly onRecorded: (kind: AuditKind) => void
  readonly onUnrecorded: () => void
}

const TOOL_NAME_MAX = 256

/**
 * What the audit log says of one call: an intent before anything is changed, and a row before the answer leaves.
 * A row that cannot be written refuses the call.
 */
export class CallRecord {
  readonly #deps: CallRecordDeps
  readonly #exchange: Exchange
  readonly #tool: string
  readonly #entry: AuditEntry

  /** @param tool empty where the name leads nowhere */
  constructor(deps: CallRecordDeps, exchange: Exchange, tool: string) {
    const { caller, message } = exchange
    this.#deps = deps
    this.#exchange = exchange
    this.#tool = tool
    const { arguments: given, bytes } = message
    this.#entry = {
      atMs: deps.clock.nowMs(),
      kind: 'call',
      requestId: caller.requestId,
      principal: caller.principal.id,
      tenant: caller.principal.tenant,
      address: caller.address,
      method: message.method,
      server: deps.server,
      tool: message.name?.slice(0, TOOL_NAME_MAX) ?? null,
      outcome: 'pending',
      code: null,
      durationUs: null,
      argumentsMac: given.start === -1 ? null : deps.argumentsMac(slice(bytes, given)),
      member: null,
    }
  }

  /** @throws {AppError} `store_unwritable`, outcome `not_sent` */
  intend(): Promise<void> {
    const atMs = this.#deps.clock.nowMs()
    return this.#append({ ...this.#entry, kind: 'intent', atMs }, 'not_sent')
  }

  /** @throws {AppError} `store_unwritable`, outcome `unknown` */
  end(outcome: FinishedCall['outcome'], code: string | null): Promise<void> {
    const { clock, onFinished } = this.#deps
    const { arrivedMs } = this.#exchange
    const durationMs = clock.monotonicMs() - arrivedMs
    const { method, tenant } = this.#entry
    onFinished({ tool: this.#tool, method, tenant, outcome, durationMs })
    const durationUs = Math.round(durationMs * 1_000)
    return this.#append(
      { ...this.#entry, outcome, code, durationUs, atMs: clock.nowMs() },
      'unknown',
    )
  }

  /** @throws {AppError} as `end` */
  fail(error: AppError): Promise<void> {
    return this.end(outcomeOfFailure(error), error.code)
  }

  async #append(entry: AuditEntry, effect: CallOutcome): Promise<void> {
    const { audit, onRecorded, onUnrecorded } = this.#deps
    onRecorded(entry.kind)
    try {
      await audit.append(entry, this.#exchange.controller.signal)
    } catch (cause) {
      onUnrecorded()
      const text = 'the audit log cannot be written, so the call is refused'
      throw new AppError('store_unwritable', text, { cause, outcome: effect })
    }
  }
}
