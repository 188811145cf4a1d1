/** The two protocol families: with a handshake and sessions, or stateless. */
export type Era = 'legacy' | 'modern'

export const VERSIONS = { legacy: '2025-11-25', modern: '2026-07-28' } as const satisfies Record<
  Era,
  string
>

/** First request id of a run. All ids have nine digits, so that a request's length never changes. */
export const ID_FIRST = 100_000_000

const CLIENT = { name: 'sallyport-bench', version: '1.0.0' }

/** What a client says it can do, as it declares it. */
export type Abilities = Readonly<Record<string, unknown>>

/** A client that can be asked by a form. */
export const ASKABLE: Abilities = { elicitation: { form: {} } }

/** One JSON-RPC request as text. Modern requests carry the per-request envelope. */
export function requestText(
  era: Era,
  id: number,
  method: string,
  params: Readonly<Record<string, unknown>>,
): string {
  const full = era === 'modern' ? { ...params, _meta: params['_meta'] ?? metaOf({}) } : params
  return JSON.stringify({ jsonrpc: '2.0', id, method, params: full })
}

/** The per-request envelope of a modern client with these abilities. */
export function metaOf(abilities: Abilities): Readonly<Record<string, unknown>> {
  return {
    'io.modelcontextprotocol/protocolVersion': VERSIONS.modern,
    'io.modelcontextprotocol/clientInfo': CLIENT,
    'io.modelcontextprotocol/clientCapabilities': abilities,
  }
}

/** The legacy handshake's first request. */
export function initializeText(id: number, abilities: Abilities = {}): string {
  return requestText('legacy', id, 'initialize', {
    protocolVersion: VERSIONS.legacy,
    capabilities: abilities,
    clientInfo: CLIENT,
  })
}

/** The notification that ends the legacy handshake. */
export const INITIALIZED_TEXT = '{"jsonrpc":"2.0","method":"notifications/initialized"}'

/** Headers that a Streamable HTTP request of this era carries beside the common ones. */
export function mcpHeaders(
  era: Era,
  method: string,
  name: string | undefined,
): Record<string, string> {
  if (era === 'legacy') {
    return method === 'initialize' ? {} : { 'MCP-Protocol-Version': VERSIONS.legacy }
  }
  const headers: Record<string, string> = {
    'MCP-Protocol-Version': VERSIONS.modern,
    'Mcp-Method': method,
  }
  if (name !== undefined) headers['Mcp-Name'] = name
  return headers
}
