import {
  type Edit,
  findMember,
  insertEdit,
  listMembers,
  metaMembers,
  type Message,
  META_CAPABILITIES,
  META_CLIENT_INFO,
  META_LOG_LEVEL,
  META_VERSION,
  scanReply,
  splice,
} from '@sallyport/kit/mcp'
import type { TraceContext } from '@sallyport/kit/tracing'
import type { Wire } from '../upstreams/upstream.ts'

const ENVELOPE_KEYS = new Set([META_VERSION, META_CLIENT_INFO, META_CAPABILITIES, META_LOG_LEVEL])

/** One member of `params` that is written anew. */
export interface ParamEdit {
  /** Names on the way to it, `params` itself left out. Only members of `params` itself can be added. */
  readonly path: readonly [string, ...string[]]
  /** JSON text of its value. */
  readonly text: string
}

/** Members of `params` that only a retry has. Source: MCP 2026-07-28, "Multi round-trip requests". */
export const RETRY_PARAMS: ReadonlySet<string> = new Set(['requestState', 'inputResponses'])

/** What is said otherwise to the server than the client said it. */
export interface RequestEdits {
  readonly params: readonly ParamEdit[]
  /**
   * Members of `_meta` for a modern server beside the revision, as JSON text: who asks and what it can do. Not
   * read for a legacy one.
   */
  readonly envelope: string
  /** Takes the place of the trace that the client named; undefined = that one goes on. */
  readonly trace?: TraceContext | undefined
}

const TRACE_KEYS = new Set(['traceparent', 'tracestate'])

/**
 * The client's request in the bytes of an upstream session: id, names, the answers of a retry and the
 * protocol's own part of `_meta` replaced, everything else as the client wrote it.
 */
export function encodeRequest(message: Message, edits: RequestEdits, wire: Wire): Buffer {
  const { id, bytes } = message
  const all: Edit[] = [{ start: id.start, end: id.end, text: String(wire.id) }]
  const added: string[] = []
  for (const { path, text } of edits.params) {
    const edit = paramEdit(message, path, text)
    if (edit) insertEdit(all, edit)
    else added.push(`${JSON.stringify(path[0])}:${text}`)
  }
  const meta = metaEdit(message, edits, wire, added)
  if (meta) insertEdit(all, meta)
  return splice(bytes, all)
}

function paramEdit(message: Message, path: ParamEdit['path'], text: string): Edit | undefined {
  if (path.length === 1 && path[0] === 'name' && message.nameRange.start !== -1) {
    return { ...message.nameRange, text }
  }
  const range = findMember(message.bytes, message.params, ...path)
  return range && { ...range, text }
}

function metaEdit(
  message: Message,
  { envelope, trace }: RequestEdits,
  wire: Wire,
  added: string[],
): Edit | undefined {
  const parts =
    wire.era === 'modern' ? [`"${META_VERSION}":${JSON.stringify(wire.version)},${envelope}`] : []
  if (trace) parts.push(traceText(trace))
  const own = parts.join()
  if (message.meta.start === -1) {
    if (own !== '') added.unshift(`"_meta":{${own}}`)
    return added.length === 0 ? undefined : insertMembers(message, added.join())
  }
  const { start } = message.meta
  const kept: string[] = []
  let changed = own !== '' || added.length > 0
  for (const member of metaMembers(message)) {
    if (ENVELOPE_KEYS.has(member.key) || (trace && TRACE_KEYS.has(member.key))) {
      changed = true
    } else if (member.key === 'progressToken') {
      // The request's own id is its progress token: unique upstream whatever clients chose.
      kept.push(`"progressToken":${wire.id}`)
      changed = true
    } else {
      kept.push(message.bytes.toString('utf8', start + member.start, start + member.end))
    }
  }
  if (!changed) return undefined
  if (own !== '') kept.push(own)
  return { ...message.meta, text: [`{${kept.join()}}`, ...added].join() }
}

function traceText({ traceparent, tracestate }: TraceContext): string {
  const state = tracestate === undefined ? '' : `,"tracestate":${JSON.stringify(tracestate)}`
  return `"traceparent":"${traceparent}"${state}`
}

function insertMembers(message: Message, members: string): Edit {
  const { bytes, params } = message
  if (params.start === -1) {
    const end = bytes.lastIndexOf(0x7d)
    return { start: end, end, text: `,"params":{${members}}` }
  }
  const [first] = listMembers(bytes, params)
  const at = params.start + 1
  return { start: at, end: at, text: `${members}${first ? ',' : ''}` }
}

/** The same request without some members of its `params`, for servers that must not see them. */
export function withoutParams(message: Message, names: ReadonlySet<string>): Message {
  const { bytes, params } = message
  const kept = listMembers(bytes, params)
    .filter(({ key }) => !names.has(key))
    .map(({ start, end }) => bytes.toString('utf8', params.start + start, params.start + end))
  const stripped = scanReply(splice(bytes, [{ ...params, text: `{${kept.join()}}` }]))
  return stripped ?? message
}
