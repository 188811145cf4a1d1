import { ID_FIRST, mcpHeaders, requestText } from '../wire/mcp.ts'
import type { Era } from '../wire/mcp.ts'
import type { Ask } from './job.ts'

/** The bytes of one HTTP request that posts a message. */
export function postBytes(
  url: URL,
  headers: Readonly<Record<string, string>>,
  text: string,
): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const head =
    `POST ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n` +
    'Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n' +
    `Content-Length: ${Buffer.byteLength(text)}\r\n${lines.join('')}\r\n`
  return Buffer.from(head + text)
}

/** The message that each call sends, with the first id. */
export function askText(era: Era, ask: Ask): string {
  const params = ask.method === 'tools/call' ? { name: ask.tool, arguments: { text: 'hello' } } : {}
  return requestText(era, ID_FIRST, ask.method, params)
}

/** Headers of each call beside the common ones. */
export function askHeaders(era: Era, ask: Ask): Record<string, string> {
  return mcpHeaders(era, ask.method, ask.method === 'tools/call' ? ask.tool : undefined)
}

/**
 * A request whose id can be changed in place: all ids have the same number of digits, and with one call in
 * flight the previous bytes have left when the next id is written.
 */
export class RequestTemplate {
  readonly bytes: Buffer
  readonly #idAt: number

  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.#idAt = bytes.lastIndexOf(`"id":${ID_FIRST}`) + 5
    if (this.#idAt < 5) throw new Error('the request has no first id to replace')
  }

  /** The request under another id of nine digits. */
  withId(id: number): Buffer {
    this.bytes.write(String(id), this.#idAt, 'latin1')
    return this.bytes
  }
}
