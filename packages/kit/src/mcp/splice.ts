import type { Message, Range } from './message.ts'

/** One range to be replaced. Edits do not overlap and are given in order. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string | Buffer
}

/** Puts an edit in its place among edits that are in order. */
export function insertEdit(edits: Edit[], edit: Edit): void {
  let at = edits.length
  while (at > 0 && (edits[at - 1]?.start ?? 0) > edit.start) at -= 1
  edits.splice(at, 0, edit)
}

/** Copies `bytes` with each edit's range replaced. */
export function splice(bytes: Buffer, edits: readonly Edit[]): Buffer {
  let length = bytes.length
  for (const { start, end, text } of edits) length += Buffer.byteLength(text) - (end - start)
  const out = Buffer.allocUnsafe(length)
  let from = 0
  let to = 0
  for (const { start, end, text } of edits) {
    to += bytes.copy(out, to, from, start)
    to += typeof text === 'string' ? out.write(text, to) : text.copy(out, to)
    from = end
  }
  bytes.copy(out, to, from)
  return out
}

/** The same as `splice`, as pieces that share the bytes: for messages too large to be copied. */
export function splicePieces(bytes: Buffer, edits: readonly Edit[]): [Buffer, ...Buffer[]] {
  const pieces: Buffer[] = []
  let from = 0
  for (const { start, end, text } of edits) {
    pieces.push(bytes.subarray(from, start), typeof text === 'string' ? Buffer.from(text) : text)
    from = end
  }
  return [pieces.shift() ?? bytes, ...pieces, ...(edits.length > 0 ? [bytes.subarray(from)] : [])]
}

/** The bytes of a range, without a copy. */
export function slice(bytes: Buffer, range: Range): Buffer {
  return bytes.subarray(range.start, range.end)
}

const NULL_ID = Buffer.from('null')

/** The literal of a message's id; `null` when it has none. */
export function idOf(message: Message): Buffer {
  return message.id.start === -1 ? NULL_ID : slice(message.bytes, message.id)
}

/** A response of our own. `result` is JSON text. */
export function resultMessage(id: Buffer, result: string | Buffer): Buffer {
  return Buffer.concat([
    Buffer.from('{"jsonrpc":"2.0","id":'),
    id,
    Buffer.from(',"result":'),
    typeof result === 'string' ? Buffer.from(result) : result,
    Buffer.from('}'),
  ])
}

/** An error of our own. Source: JSON-RPC 2.0 §5.1. */
export function errorMessage(id: Buffer, code: number, message: string, data?: unknown): Buffer {
  const error = data === undefined ? { code, message } : { code, message, data }
  return Buffer.concat([
    Buffer.from('{"jsonrpc":"2.0","id":'),
    id,
    Buffer.from(`,"error":${JSON.stringify(error)}}`),
  ])
}

/** A notification of our own. */
export function notificationMessage(method: string, params?: unknown): Buffer {
  return Buffer.from(
    JSON.stringify(
      params === undefined ? { jsonrpc: '2.0', method } : { jsonrpc: '2.0', method, params },
    ),
  )
}

/** The same with its params, an object, as JSON text. */
export function notificationText(method: string, params?: string): Buffer {
  const tail = params === undefined ? '' : `,"params":${params}`
  return Buffer.from(`{"jsonrpc":"2.0","method":${JSON.stringify(method)}${tail}}`)
}

const LINE_BREAK = /[\r\n]/

/**
 * The same JSON on one line, for line-framed wires. Line breaks of valid JSON stand between values only,
 * so a space for each changes nothing; in anything else they cannot smuggle a second message.
 */
export function onOneLine(bytes: Buffer): Buffer {
  if (bytes.indexOf(0x0a) === -1 && bytes.indexOf(0x0d) === -1) return bytes
  return Buffer.from(
    bytes.toString('latin1').replaceAll(new RegExp(LINE_BREAK, 'g'), ' '),
    'latin1',
  )
}
