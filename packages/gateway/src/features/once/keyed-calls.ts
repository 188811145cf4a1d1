import { parseText, paramText } from '@sallyport/kit/mcp'
import { type KeyedRunLimits, KeyedRuns, type KeyedRunsDeps } from '@sallyport/kit/once'
import type { CallHandler, CallResult } from '../../call/call.ts'
import { describeClaim, type ToolCall } from './claim.ts'
import { endingOfFailure, endingOfResult } from './ending.ts'
import { encodeReplay } from './replay.ts'

/** Bounds on what is remembered of calls with a key. */
export interface KeyedCallLimits extends KeyedRunLimits {
  /** Largest answer that is kept, bytes. */
  readonly resultBytes: number
}

export interface KeyedCallsDeps extends KeyedRunsDeps {
  readonly argumentsMac: (bytes: Buffer) => string
  readonly limits: KeyedCallLimits
}

/** Calls of the gateway that are made at most once; see `KeyedRuns`. */
export class KeyedCalls {
  readonly #deps: KeyedCallsDeps
  readonly #runs: KeyedRuns

  constructor(deps: KeyedCallsDeps) {
    this.#deps = deps
    this.#runs = new KeyedRuns(deps)
  }

  /**
   * Makes the call, or answers with what an earlier one with this key came to.
   *
   * @throws {AppError} `idempotency_conflict`, `outcome_unknown`, `quota_exceeded`, `store_unwritable`, the
   *   signal's own reason, or whatever the call ends with
   */
  async run(call: ToolCall, key: string, next: CallHandler): Promise<CallResult> {
    const { argumentsMac, limits } = this.#deps
    const { exchange } = call
    const { controller, message } = exchange
    return await this.#runs.run({
      claim: describeClaim(call, key, argumentsMac),
      signal: controller.signal,
      resumes: parseText(paramText(message, 'requestState')) !== undefined,
      perform: () => {
        // A client that loses its connection comes back for the answer.
        controller.detached = true
        return next(sentOnce(call))
      },
      endingOf: (result, began) => endingOfResult(result, began, limits.resultBytes),
      failed: endingOfFailure,
      replay: (kept) => encodeReplay(exchange, kept),
    })
  }
}

/** A tool that may be repeated is not repeated for a keyed call, unless it changes nothing at all. */
function sentOnce(call: ToolCall): ToolCall {
  const { target } = call
  if (target.readOnly || !target.repeatable) return call
  return { ...call, target: { ...target, repeatable: false } }
}
