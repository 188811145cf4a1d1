import type { AppError } from '@sallyport/kit/errors'
import { RPC, scanReply, slice } from '@sallyport/kit/mcp'
import { type Ending, PAUSED, RELEASED, UNKNOWN } from '@sallyport/kit/once'
import type { CallResult } from '../../call/call.ts'

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
