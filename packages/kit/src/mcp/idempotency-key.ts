import type { Exchange } from './exchange.ts'
import { findMember, parseText } from './json-text.ts'
import type { Message, Range } from './message.ts'

/** Where a client without headers of its own puts the key, in `_meta`. */
export const META_IDEMPOTENCY_KEY = 'dev.sallyport/idempotencyKey'

const BACKSLASH = 0x5c
const [LOWER_Y, UPPER_K] = [0x79, 0x4b]
const HEADER = 'Idempotency-Key'
const PRINTABLE = /^[\u0020-\u007e]{1,255}$/
/** An sf-string. Source: RFC 9651 §3.3.3. */
const QUOTED = /^"((?:[\u0020-\u0021\u0023-\u005b\u005d-\u007e]|\\["\\])*)"$/
/** What many clients send instead. */
const BARE = /^[^",;\\\s]+$/

/**
 * The idempotency key of a request, from its header or its `_meta`; undefined without one.
 *
 * Source: draft-ietf-httpapi-idempotency-key-header §2.1.
 */
export function readIdempotencyKey({
  headers,
  message,
}: Pick<Exchange, 'headers' | 'message'>): string | undefined | { readonly fault: string } {
  const header = headers['idempotency-key']
  const text = metaText(message)
  if (header === undefined && text === undefined) return undefined
  const fromHeader = header === undefined ? undefined : readHeader(header)
  const fromMeta = text === undefined ? undefined : readText(text)
  if (typeof fromHeader === 'object') return fromHeader
  if (typeof fromMeta === 'object') return fromMeta
  if (fromHeader !== undefined && fromMeta !== undefined && fromHeader !== fromMeta) {
    return { fault: `${HEADER} and _meta["${META_IDEMPOTENCY_KEY}"] differ; send one of them` }
  }
  return fromHeader ?? fromMeta
}

/** The JSON text of the member. */
function metaText({ bytes, meta }: Message): string | undefined {
  if (meta.start === -1 || !mayHold(bytes, meta)) return undefined
  const place = findMember(bytes, meta, META_IDEMPOTENCY_KEY)
  return place && bytes.toString('utf8', place.start, place.end)
}

/**
 * Whether the name can be in there: every modern request has a `_meta`, and nearly none a key. With a
 * backslash it may be written otherwise.
 */
function mayHold(bytes: Buffer, { start, end }: Range): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at]
    if (byte === BACKSLASH || (byte === UPPER_K && bytes[at - 1] === LOWER_Y)) return true
  }
  return false
}

function readHeader(header: string | string[]): string | { readonly fault: string } {
  const text = typeof header === 'string' ? header.trim() : ''
  const quoted = QUOTED.exec(text)?.[1]?.replaceAll(/\\(.)/g, '$1')
  const key = quoted ?? (BARE.test(text) ? text : '')
  return judge(key, HEADER)
}

function readText(text: string): string | { readonly fault: string } {
  return judge(parseText(text) ?? '', `_meta["${META_IDEMPOTENCY_KEY}"]`)
}

function judge(key: string, where: string): string | { readonly fault: string } {
  if (PRINTABLE.test(key)) return key
  return { fault: `${where} must be one string of 1 to 255 printable ASCII characters` }
}
