import { AppError } from '@sallyport/kit/errors'
import {
  type Answer,
  type Edit,
  errorMessage,
  type Exchange,
  findMember,
  insertEdit,
  idOf,
  listMembers,
  type Message,
  readClient,
  RPC,
  splice,
  splicePieces,
} from '@sallyport/kit/mcp'
import type { CallResult } from './call.ts'
import { TASKS_EXTENSION } from './task-ids.ts'

/** Larger answers are sent in pieces instead of being copied. */
const COPIED_BYTES_MAX = 16_384
const COMPLETE = '"resultType":"complete"'
/** For results that the modern era lets clients keep and an older server said nothing of. */
const UNCACHED = { ttlMs: '0', cacheScope: '"private"' } as const

/**
 * A server's answer in the client's bytes: the client's id, `names` as they are shown, and what a modern
 * client needs where an older server gave none.
 *
 * @throws {AppError} `server_protocol` for a kind of result that this client cannot know
 */
export function encodeReply(
  exchange: Exchange,
  reply: Message,
  names: readonly Edit[] = [],
): CallResult {
  const edits: Edit[] = [idEdit(reply, idOf(exchange.message))]
  if (reply.kind === 'error') return encodeError(exchange, reply, edits)
  judgeResultType(exchange, reply)
  if (exchange.era === 'modern' && reply.resultType === undefined) {
    const cached = exchange.message.method === 'resources/read'
    const insert = memberEdit(reply, cached ? uncached(reply) : COMPLETE)
    if (insert) insertEdit(edits, insert)
  }
  for (const edit of names) insertEdit(edits, edit)
  const outcome = reply.isError ? 'tool_error' : 'ok'
  return { answer: toAnswer(reply.bytes, edits), outcome, code: null, reply }
}

/**
 * Only results that the client can know travel: the two of the protocol's own (`input_required` is carried
 * elsewhere), a task for who declared tasks, and others for who declared some extension of its own.
 *
 * Source: MCP 2026-07-28, "Results" (an unrecognised `resultType` is invalid).
 */
function judgeResultType(exchange: Exchange, { resultType = 'complete' }: Message): void {
  if (resultType === 'complete') return
  if (exchange.era === 'modern') {
    const { capabilities } = readClient(exchange)
    const extensions: unknown = Reflect.get(Object(JSON.parse(capabilities)), 'extensions')
    const declared = Object.keys(Object(extensions))
    const isTask = resultType === 'task'
    if (
      isTask
        ? declared.includes(TASKS_EXTENSION)
        : declared.some((name) => name !== TASKS_EXTENSION && resultType !== '')
    )
      return
  }
  const text = `the server answered with a result of type ${JSON.stringify(resultType.slice(0, 40))}, which this client does not know`
  throw new AppError('server_protocol', text, { outcome: 'unknown' })
}

/**
 * A server's error, with the code that the client's era has for it.
 *
 * Source: MCP 2026-07-28, "Error codes" (-32602 for what was -32002).
 */
function encodeError(exchange: Exchange, reply: Message, edits: Edit[]): CallResult {
  const place = findMember(reply.bytes, reply.error, 'code')
  const code = place && reply.bytes.toString('utf8', place.start, place.end).slice(0, 20)
  const modern = exchange.era === 'modern'
  const notFound = String(RPC.resourceNotFound)
  const invalid = String(RPC.invalidParams)
  const names = exchange.message.method.startsWith('resources/')
  let shown = code
  if (modern && code === notFound) shown = invalid
  else if (
    !modern &&
    code === invalid &&
    names &&
    findMember(reply.bytes, reply.error, 'data', 'uri')
  ) {
    shown = notFound
  }
  if (place && shown !== undefined && shown !== code) insertEdit(edits, { ...place, text: shown })
  const status = modern ? (MODERN_STATUS[shown ?? ''] ?? 200) : 200
  return {
    answer: { bytes: splice(reply.bytes, edits), status },
    outcome: 'rpc_error',
    code: shown ?? null,
  }
}

/** Source: MCP 2026-07-28, Streamable HTTP, "Error responses". */
const MODERN_STATUS: Readonly<Record<string, number>> = {
  [RPC.methodNotFound]: 404,
  [RPC.headerMismatch]: 400,
  [RPC.missingCapability]: 400,
  [RPC.unsupportedVersion]: 400,
}

/** Puts a server's bytes and edits together. */
export function toAnswer(bytes: Buffer, edits: readonly Edit[]): Answer {
  if (bytes.length <= COPIED_BYTES_MAX) return { bytes: splice(bytes, edits), status: 200 }
  const [first, ...more] = splicePieces(bytes, edits)
  return { bytes: first, more, status: 200 }
}

/** Puts the client's id in the place of ours; an error may come without one. */
export function idEdit({ bytes, id }: Message, own: Buffer): Edit {
  if (id.start !== -1) return { ...id, text: own }
  const at = bytes.indexOf(0x7b) + 1
  return { start: at, end: at, text: `"id":${own},` }
}

function uncached(reply: Message): string {
  const known = new Set(listMembers(reply.bytes, reply.result).map(({ key }) => key))
  const added = Object.entries(UNCACHED).filter(([key]) => !known.has(key))
  return [COMPLETE, ...added.map(([key, text]) => `"${key}":${text}`)].join()
}

function memberEdit(reply: Message, members: string): Edit | undefined {
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
  return { start: at, end: at, text: bytes[next] === 0x7d ? members : `${members},` }
}

/** A protocol error of the caller's: unknown name, bad cursor, disagreeing header. */
export function encodeRefusal(
  exchange: Exchange,
  code: number,
  message: string,
  { status = 200, data }: { readonly status?: number; readonly data?: unknown } = {},
): CallResult {
  const bytes = errorMessage(idOf(exchange.message), code, message, data)
  return { answer: { bytes, status }, outcome: 'refused', code: String(code) }
}
