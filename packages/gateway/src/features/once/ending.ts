import type { AppError } from '@sallyport/kit/errors'
import { RPC, scanReply, slice } from '@sallyport/kit/mcp'
import type { CallResult } from '../../call/call.ts'

/** An answer of the server: JSON text of `result` or `error`, undefined where it was too large to keep. */
export interface KeptAnswer {
  readonly kind: 'answer'
  readonly outcome: 'ok' | 'tool_error' | 'rpc_error'
  readonly text: Buffer | undefined
}

/** What a keyed call came to. */
export type Ending =
  | KeptAnswer
  /** The server may have acted, and nobody knows. */
  | { readonly kind: 'unknown' }
  /** Nothing was done: a repeat is a first call. */
  | { readonly kind: 'released' }
  /** It waits for its client, which comes back with answers. */
  | { readonly kind: 'paused' }

/** As in `Ending`. */
export const UNKNOWN: Ending = { kind: 'unknown' }
export const RELEASED: Ending = { kind: 'released' }
export const PAUSED: Ending = { kind: 'paused' }

/** @param began whether earlier rounds of the call reached the server */
export function endingOfFailure({ outcome }: AppError, began: boolean): Ending {
  if (outcome !== 'not_sent') return UNKNOWN
  return began ? PAUSED : RELEASED
}

/**
 * An answer of the server is an outcome, also where it is an error. What the gateway refused before anything
 * was sent is none.
 *
 * @param keepMax bytes of the largest answer that is kept
 */
export function endingOfResult(result: CallResult, began: boolean, keepMax: number): Ending {
  const { outcome, code, answer } = result
  if (code === 'input_required') return PAUSED
  // That the client lacks an ability shows only when the server asks: the call was under way.
  if (outcome === 'refused' && code !== String(RPC.missingCapability)) {
    return began ? PAUSED : RELEASED
  }
  const isError = outcome !== 'ok' && outcome !== 'tool_error'
  return {
    kind: 'answer',
    outcome: isError ? 'rpc_error' : outcome,
    text: textOf(answer, keepMax),
  }
}

function textOf({ bytes, more }: CallResult['answer'], keepMax: number): Buffer | undefined {
  const length = (more ?? []).reduce((sum, piece) => sum + piece.length, bytes.length)
  if (length > keepMax) return undefined
  const whole = more === undefined ? bytes : Buffer.concat([bytes, ...more], length)
  const message = scanReply(whole)
  if (message === undefined) return undefined
  // A copy, so that it does not hold on to more than it is.
  return Buffer.from(slice(whole, message.kind === 'error' ? message.error : message.result))
}
