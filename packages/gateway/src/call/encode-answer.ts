import { AppError, publicMessage } from '@sallyport/kit/errors'
import {
  type Answer,
  type Edit,
  errorMessage,
  type Exchange,
  insertEdit,
  idOf,
  listMembers,
  type Message,
  RPC,
  resultMessage,
  splice,
  splicePieces,
} from '@sallyport/kit/mcp'
import type { CallResult } from './call.ts'

/** Where a refusal or failure of ours is described, in results and errors alike. */
export const META_ERROR = 'dev.sallyport/error'

/** Larger answers are sent in pieces instead of being copied. */
const COPIED_BYTES_MAX = 16_384
const COMPLETE = '"resultType":"complete"'

/**
 * A server's answer in the client's bytes: the client's id, and `resultType` where a modern client needs
 * one and an older server gave none.
 *
 * @throws {AppError} `server_protocol` when the server asks a question this client cannot be asked
 */
export function encodeReply(exchange: Exchange, reply: Message): CallResult {
  const edits: Edit[] = [idEdit(reply, idOf(exchange.message))]
  if (reply.kind === 'error') {
    const bytes = splice(reply.bytes, edits)
    return { answer: { bytes, status: 200 }, outcome: 'rpc_error', code: errorCode(reply) }
  }
  if (exchange.era === 'legacy' && (reply.resultType ?? 'complete') !== 'complete') {
    throw new AppError(
      'server_protocol',
      `the server answered ${reply.resultType} to a legacy client`,
      { outcome: 'unknown' },
    )
  }
  if (exchange.era === 'modern' && reply.resultType === undefined) {
    const insert = completeEdit(reply)
    if (insert) insertEdit(edits, insert)
  }
  const outcome = reply.isError ? 'tool_error' : 'ok'
  return { answer: toAnswer(reply.bytes, edits), outcome, code: null }
}

function toAnswer(bytes: Buffer, edits: readonly Edit[]): Answer {
  if (bytes.length <= COPIED_BYTES_MAX) return { bytes: splice(bytes, edits), status: 200 }
  const [first, ...more] = splicePieces(bytes, edits)
  return { bytes: first, more, status: 200 }
}

/** Puts the client's id in the place of ours; an error may come without one. */
function idEdit({ bytes, id }: Message, own: Buffer): Edit {
  if (id.start !== -1) return { ...id, text: own }
  const at = bytes.indexOf(0x7b) + 1
  return { start: at, end: at, text: `"id":${own},` }
}

function completeEdit(reply: Message): Edit | undefined {
  const { bytes, result } = reply
  if (bytes[result.start] !== 0x7b) return undefined
  const at = result.start + 1
  let next = at
  while (
    bytes[next] === 0x20 ||
    bytes[next] === 0x0a ||
    bytes[next] === 0x0d ||
    bytes[next] === 0x09
  ) {
    next += 1
  }
  return { start: at, end: at, text: bytes[next] === 0x7d ? COMPLETE : `${COMPLETE},` }
}

function errorCode(reply: Message): string | null {
  const code = listMembers(reply.bytes, reply.error).find(({ key }) => key === 'code')
  if (!code) return null
  const { start } = reply.error
  return reply.bytes.toString('utf8', start + code.valueStart, start + code.end).slice(0, 20)
}

/** A protocol error of the caller's: unknown name, bad cursor, disagreeing header. */
export function encodeRefusal(
  exchange: Exchange,
  code: number,
  message: string,
  status = 200,
): CallResult {
  const bytes = errorMessage(idOf(exchange.message), code, message)
  return { answer: { bytes, status }, outcome: 'refused', code: String(code) }
}

/**
 * A failure of ours on the wire: HTTP 503 where the specification of the gateway says so, otherwise a
 * tool result with `isError` for `tools/call` and error -31000 for the rest.
 *
 * Source: design, "Errors on the wire".
 */
export function encodeFailure(exchange: Exchange, error: AppError): Answer {
  const { code } = error
  const data = {
    code,
    requestId: exchange.caller.requestId,
    retryable: error.spec.retryable && error.outcome !== 'unknown',
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: Math.ceil(error.retryAfterMs) }),
    ...(error.outcome === undefined ? {} : { outcome: error.outcome }),
  }
  const id = idOf(exchange.message)
  const text = publicMessage(error)
  const refusesEarly = code === 'store_unwritable' || code === 'overloaded'
  if (exchange.message.method !== 'tools/call' || refusesEarly) {
    const bytes = errorMessage(id, RPC.gateway, text, data)
    const retryAfterMs = error.retryAfterMs ?? 1_000
    return refusesEarly ? { bytes, status: 503, retryAfterMs } : { bytes, status: 200 }
  }
  const result = {
    ...(exchange.era === 'modern' ? { resultType: 'complete' } : {}),
    content: [{ type: 'text', text: outcomeSentence(text, error) }],
    isError: true,
    _meta: { [META_ERROR]: data },
  }
  return { bytes: resultMessage(id, JSON.stringify(result)), status: 200 }
}

function outcomeSentence(text: string, error: AppError): string {
  const sentence = text.charAt(0).toUpperCase() + text.slice(1).replace(/\.$/, '')
  if (error.outcome === 'unknown') return `${sentence}; whether the call took effect is unknown.`
  if (error.outcome === 'not_sent') return `${sentence}; the call was not sent.`
  return `${sentence}.`
}
