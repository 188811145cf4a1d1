import { AppError } from '@sallyport/kit/errors'
import { type Edit, type Exchange, type Message, RPC, scanReply, splice } from '@sallyport/kit/mcp'
import type { KeptAnswer } from '@sallyport/kit/once'
import type { CallResult } from '../../call/call.ts'
import { encodeReply } from '../../call/encode-answer.ts'

/** Marks, in a result's `_meta`, that it is of an earlier call with the same key. */
export const META_REPLAYED = 'dev.sallyport/replayed'

const MARK = `"${META_REPLAYED}":true`
const OPEN = 0x7b
const CLOSE = 0x7d
const SPACES: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0a, 0x0d])

/**
 * The kept answer once more, with the id and in the era of who repeats.
 *
 * @throws {AppError} `overloaded` when too many bytes are buffered for this principal
 */
export function encodeReplay(exchange: Exchange, kept: KeptAnswer): CallResult {
  const reply = marked(rebuilt(kept.outcome, kept.text ?? notKept(kept.outcome)))
  if (!exchange.reservation.grow(reply.bytes.length)) {
    throw new AppError('overloaded', 'too many bytes are buffered for this key')
  }
  return { ...encodeReply(exchange, reply), outcome: kept.outcome, code: 'replayed' }
}

function rebuilt(outcome: KeptAnswer['outcome'], text: Buffer): Message {
  const member = outcome === 'rpc_error' ? 'error' : 'result'
  const head = Buffer.from(`{"jsonrpc":"2.0","id":0,"${member}":`)
  return scanned(Buffer.concat([head, text, Buffer.from('}')]))
}

/** With the mark in the result's `_meta`; a result that is no object, and an error, stay as they are. */
function marked(reply: Message): Message {
  const { bytes, meta, result } = reply
  const within = meta.start === -1 ? result : meta
  if (within.start === -1 || bytes[within.start] !== OPEN) return reply
  const at = within.start + 1
  let next = at
  while (SPACES.has(bytes[next])) next += 1
  const member = meta.start === -1 ? `"_meta":{${MARK}}` : MARK
  const edit: Edit = { start: at, end: at, text: bytes[next] === CLOSE ? member : `${member},` }
  return scanned(splice(bytes, [edit]))
}

function scanned(bytes: Buffer): Message {
  const message = scanReply(bytes)
  if (message === undefined) throw new AppError('internal', 'a kept answer is no message')
  return message
}

/** An error for whoever looks at `isError`: clients hold results to the tool's schema. */
function notKept(outcome: KeptAnswer['outcome']): Buffer {
  const how = {
    ok: 'succeeded',
    tool_error: 'ended with an error of the tool',
    rpc_error: 'was answered with an error',
  }[outcome]
  const text = `The call was made before with this idempotency key and ${how}; its answer was too large to be kept. Do not make it again.`
  const own =
    outcome === 'rpc_error'
      ? { code: RPC.gateway, message: text }
      : { content: [{ type: 'text', text }], isError: true }
  return Buffer.from(JSON.stringify(own))
}
