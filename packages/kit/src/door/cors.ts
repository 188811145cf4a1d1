import type { IncomingMessage, ServerResponse } from 'node:http'
import { toOrigin } from './origin-rules.ts'

const REQUEST_HEADERS = [
  'Authorization',
  'X-API-Key',
  'Content-Type',
  'Accept',
  'Mcp-Session-Id',
  'MCP-Protocol-Version',
  'Mcp-Method',
  'Mcp-Name',
  'Last-Event-ID',
  'Idempotency-Key',
  'traceparent',
  'tracestate',
]
const RESPONSE_HEADERS =
  'Mcp-Session-Id, MCP-Protocol-Version, x-request-id, Retry-After, WWW-Authenticate'
const PARAM_HEADER = /^mcp-param-[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/
const PARAM_HEADERS_MAX = 32
const MAX_AGE_SECONDS = 600

/**
 * Lets pages of the configured origins read our answers. Never a wildcard, and never with credentials that a
 * browser adds by itself: there are no cookies here.
 *
 * Source: Fetch Standard, "CORS protocol"; MCP 2026-07-28, Streamable HTTP (header names).
 */
export class Cors {
  readonly #origins: ReadonlySet<string>

  constructor(origins: readonly string[]) {
    const known = new Set(origins.map(toOrigin))
    known.delete('null')
    this.#origins = known
  }

  /** Sets the headers that an answer to a page needs, refusals included. Before the response begins. */
  apply(req: IncomingMessage, res: ServerResponse): void {
    if (this.#origins.size === 0) return
    // The same address answers differently by origin, so a cache must know.
    res.setHeader('vary', 'Origin')
    const origin = this.#allowed(req)
    if (origin === undefined) return
    res.setHeader('access-control-allow-origin', origin)
    res.setHeader('access-control-expose-headers', RESPONSE_HEADERS)
  }

  /**
   * Answers `OPTIONS`, after the door let it in: 204, with permission for known origins and without a word
   * for others.
   *
   * @param methods what the address takes, such as `POST, GET, DELETE`
   */
  preflight(req: IncomingMessage, res: ServerResponse, methods: string): void {
    this.apply(req, res)
    if (this.#allowed(req) !== undefined) {
      res.setHeader('vary', 'Origin, Access-Control-Request-Headers')
      res.setHeader('access-control-allow-methods', methods)
      res.setHeader('access-control-allow-headers', allowedHeaders(req))
      res.setHeader('access-control-max-age', MAX_AGE_SECONDS)
    }
    res.setHeader('allow', `${methods}, OPTIONS`)
    res.statusCode = 204
    res.end()
  }

  #allowed(req: IncomingMessage): string | undefined {
    const { origin } = req.headers
    return origin !== undefined && this.#origins.has(origin.toLowerCase()) ? origin : undefined
  }
}

/** Our list, and those `Mcp-Param-*` that were asked for: their names are the tools' own. */
function allowedHeaders(req: IncomingMessage): string {
  const asked = req.headers['access-control-request-headers'] ?? ''
  const params = asked
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => PARAM_HEADER.test(name))
  return [...REQUEST_HEADERS, ...params.slice(0, PARAM_HEADERS_MAX)].join(', ')
}
