import type { ServerResponse } from 'node:http'
import { RPC, type RpcRefusal } from './envelope.ts'
import type { Answer } from './exchange.ts'
import type { ScanFault } from './json-walker.ts'
import type { Message } from './message.ts'
import { errorMessage, idOf } from './splice.ts'

const ONE_WRITE_BYTES_MAX = 16_384

/** Sends an answer as plain JSON. */
export function sendJson(response: ServerResponse, answer: Answer, requestId: string): void {
  if (response.destroyed) return
  const { bytes, more, status, retryAfterMs, challenge } = answer
  const length = more === undefined ? bytes.length : wholeLength(bytes, more)
  const headers = ['content-type', 'application/json', 'content-length', String(length)]
  headers.push('x-request-id', requestId)
  if (retryAfterMs !== undefined) {
    headers.push('retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1_000))))
  }
  if (challenge !== undefined) headers.push('www-authenticate', challenge)
  response.writeHead(status, headers)
  // As text a small body leaves in one write with the headers; latin1 keeps every byte as it is.
  if (length <= ONE_WRITE_BYTES_MAX) response.end(wholeAnswer(answer).toString('latin1'), 'latin1')
  else if (more === undefined) response.end(bytes)
  else endWith(response, [bytes, ...more])
}

/** Sends pieces without putting them together. */
function endWith(response: ServerResponse, pieces: readonly Buffer[]): void {
  response.cork()
  for (const piece of pieces) response.write(piece)
  response.end()
  response.uncork()
}

function wholeLength(bytes: Buffer, more: readonly Buffer[]): number {
  return more.reduce((sum, piece) => sum + piece.length, bytes.length)
}

/** An answer in one buffer. */
export function wholeAnswer({ bytes, more }: Answer): Buffer {
  return more === undefined ? bytes : Buffer.concat([bytes, ...more])
}

/** Answers what needs no answer: a notification, or a client's response. Source: Streamable HTTP. */
export function sendAccepted(response: ServerResponse, requestId: string): void {
  if (response.destroyed) return
  response.writeHead(202, { 'content-length': 0, 'x-request-id': requestId })
  response.end()
}

export interface Accepts {
  readonly json: boolean
  readonly stream: boolean
}

const EITHER: Accepts = { json: true, stream: true }
/** What a client without `Accept` takes. */
export const JSON_ONLY: Accepts = { json: true, stream: false }
const remembered = new Map<string, Accepts>()
const REMEMBERED_MAX = 64

/**
 * What a client takes as answer. A missing `Accept` means JSON, and so does one that takes anything.
 *
 * Source: RFC 9110 §12.5.1, as far as two media types need it.
 */
export function judgeAccept(header: string | undefined): Accepts {
  if (header === undefined || header === '') return JSON_ONLY
  const known = remembered.get(header)
  if (known) return known
  const types = header
    .toLowerCase()
    .split(',')
    .filter((part) => !/;\s*q=0(?:\.0*)?\s*(?:;|$)/.test(part))
    .map((part) => part.split(';', 1)[0]?.trim())
  const has = (...wanted: string[]) => types.some((type) => wanted.includes(type ?? ''))
  const judged: Accepts = {
    json: has('application/json', 'application/*', '*/*'),
    stream: has('text/event-stream', 'text/*'),
  }
  if (remembered.size < REMEMBERED_MAX) remembered.set(header, judged)
  return judged.json && judged.stream ? EITHER : judged
}

/** Whether a body may be read as JSON. Source: RFC 9110 §8.3.1. */
export function isJsonType(header: string | undefined): boolean {
  if (header === 'application/json') return true
  const type = header?.split(';', 1)[0]?.trim().toLowerCase()
  return type === 'application/json'
}

/** The answer to what is no message. Its id is null: there is none to be trusted. */
export function faultAnswer(fault: ScanFault): Answer {
  const code = fault.fault === 'parse' ? RPC.parse : RPC.invalidRequest
  return { bytes: errorMessage(Buffer.from('null'), code, fault.reason), status: 400 }
}

/** The answer to a message that is refused before it means anything. */
export function refusalAnswer(message: Message, refusal: RpcRefusal): Answer {
  const bytes = errorMessage(idOf(message), refusal.code, refusal.message, refusal.data)
  return { bytes, status: refusal.status }
}

/** The answer to a method that is not carried. Source: JSON-RPC 2.0 §5.1. */
export function unknownMethod(message: Message, status: number): Answer {
  return { bytes: errorMessage(idOf(message), RPC.methodNotFound, 'Method not found'), status }
}
