import {
  type Edit,
  insertEdit,
  listMembers,
  type Message,
  META_CAPABILITIES,
  META_CLIENT_INFO,
  META_LOG_LEVEL,
  META_VERSION,
  splice,
} from '@sallyport/kit/mcp'
import type { Wire } from '../upstreams/upstream.ts'

const ENVELOPE_KEYS = new Set([META_VERSION, META_CLIENT_INFO, META_CAPABILITIES, META_LOG_LEVEL])

/** Our side of a modern request's `_meta`: who asks, and that it can answer no questions yet. */
export interface Envelope {
  readonly clientInfo: { readonly name: string; readonly version: string }
}

/**
 * The client's request in the bytes of an upstream session: id, tool name and the protocol's own part of
 * `_meta` replaced, everything else as the client wrote it.
 *
 * @param name the server's own tool name; undefined leaves the client's
 */
export function encodeRequest(
  message: Message,
  name: string | undefined,
  envelope: Envelope,
  wire: Wire,
): Buffer {
  const { id, nameRange, bytes } = message
  const edits: Edit[] = [{ start: id.start, end: id.end, text: String(wire.id) }]
  if (name !== undefined && nameRange.start !== -1) {
    insertEdit(edits, { start: nameRange.start, end: nameRange.end, text: JSON.stringify(name) })
  }
  const meta = metaEdit(message, envelope, wire)
  if (meta) insertEdit(edits, meta)
  return splice(bytes, edits)
}

function metaEdit(message: Message, envelope: Envelope, wire: Wire): Edit | undefined {
  const own = wire.era === 'modern' ? envelopeMembers(envelope, wire.version) : ''
  if (message.meta.start === -1) return own === '' ? undefined : insertMeta(message, own)
  const { start } = message.meta
  const kept: string[] = []
  let changed = own !== ''
  for (const member of listMembers(message.bytes, message.meta)) {
    if (ENVELOPE_KEYS.has(member.key)) {
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
  return { ...message.meta, text: `{${kept.join()}}` }
}

function insertMeta(message: Message, own: string): Edit {
  const { bytes, params } = message
  if (params.start === -1) {
    const end = bytes.lastIndexOf(0x7d)
    return { start: end, end, text: `,"params":{"_meta":{${own}}}` }
  }
  const [first] = listMembers(bytes, params)
  const at = params.start + 1
  return { start: at, end: at, text: `"_meta":{${own}}${first ? ',' : ''}` }
}

const members = new WeakMap<Envelope, Map<string, string>>()

function envelopeMembers(envelope: Envelope, version: string): string {
  let byVersion = members.get(envelope)
  if (!byVersion) members.set(envelope, (byVersion = new Map()))
  let text = byVersion.get(version)
  if (text === undefined) {
    text = [
      `"${META_VERSION}":${JSON.stringify(version)}`,
      `"${META_CLIENT_INFO}":${JSON.stringify(envelope.clientInfo)}`,
      `"${META_CAPABILITIES}":{}`,
    ].join()
    byVersion.set(version, text)
  }
  return text
}
