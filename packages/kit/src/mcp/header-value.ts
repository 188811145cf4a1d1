const SENTINEL_START = '=?base64?'
const SENTINEL_END = '?='
const PLAIN = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/
const SENTINELS_LENGTH = SENTINEL_START.length + SENTINEL_END.length

/**
 * The form in which a name or argument travels in an HTTP header: as it is when it is printable ASCII
 * without outer spaces and does not look like the sentinel, else Base64 between the sentinels. The result
 * never holds CR, LF or non-ASCII.
 *
 * Source: MCP 2026-07-28, Streamable HTTP, "Standard request headers".
 */
export function encodeHeaderValue(text: string): string {
  if (PLAIN.test(text) && !text.startsWith(SENTINEL_START)) return text
  return `${SENTINEL_START}${Buffer.from(text, 'utf8').toString('base64')}${SENTINEL_END}`
}

/**
 * The text behind a header value; undefined when it carries the sentinel around anything but canonical
 * Base64 of valid UTF-8. Outer spaces and tabs are stripped first.
 *
 * Source: as `encodeHeaderValue`.
 */
export function decodeHeaderValue(value: string): string | undefined {
  const stripped = value.replace(/^[ \t]+|[ \t]+$/g, '')
  const wrapped = stripped.startsWith(SENTINEL_START) && stripped.endsWith(SENTINEL_END)
  if (!wrapped || stripped.length < SENTINELS_LENGTH) return stripped
  const encoded = stripped.slice(SENTINEL_START.length, -SENTINEL_END.length)
  const bytes = Buffer.from(encoded, 'base64')
  // Decoding skips foreign characters and loose bits; only the canonical text is taken.
  if (bytes.toString('base64') !== encoded) return undefined
  const text = bytes.toString('utf8')
  return Buffer.from(text, 'utf8').equals(bytes) ? text : undefined
}
