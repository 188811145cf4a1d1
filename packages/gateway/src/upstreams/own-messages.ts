import { errorMessage, type Era, type Message, idOf, resultMessage } from '@sallyport/kit/mcp'
import type { Wire } from './upstream.ts'

export interface ClientInfo {
  readonly name: string
  readonly version: string
}

/** A request of our own in either era; modern ones carry the per-request envelope. */
export function ownRequest(
  method: string,
  params: object | undefined,
  clientInfo: ClientInfo,
): (wire: Wire) => Buffer {
  return ({ id, era, version }) => {
    const message =
      era === 'modern'
        ? {
            jsonrpc: '2.0',
            id,
            method,
            params: { ...params, _meta: envelope(version, clientInfo) },
          }
        : { jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) }
    return Buffer.from(JSON.stringify(message))
  }
}

/** Source: MCP 2026-07-28, "Per-request metadata". We ask servers for nothing in this part. */
function envelope(version: string, clientInfo: ClientInfo): object {
  return {
    'io.modelcontextprotocol/protocolVersion': version,
    'io.modelcontextprotocol/clientInfo': clientInfo,
    'io.modelcontextprotocol/clientCapabilities': {},
  }
}

/** Source: MCP 2025-11-25 and 2026-07-28, "Cancellation". */
export function cancelParams(id: number): object {
  return { requestId: id, reason: 'the caller no longer waits' }
}

const METHOD_NOT_FOUND = -32601

/**
 * Our answer to a request that a server sent us: `ping` is answered, anything else does not exist here.
 * Undefined in the modern era, which has no requests from servers.
 *
 * Source: MCP 2025-11-25, "Ping"; JSON-RPC 2.0 §5.1.
 */
export function answerTo(message: Message, era: Era): Buffer | undefined {
  if (era === 'modern') return undefined
  // A copy of the id: the message is a view of a buffer that is reused for nothing else, but large.
  if (message.method === 'ping') return resultMessage(idOf(message), '{}')
  return errorMessage(idOf(message), METHOD_NOT_FOUND, 'method not found')
}
