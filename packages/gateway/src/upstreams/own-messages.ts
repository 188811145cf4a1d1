import type { ServerConfig } from './server-config.ts'
import type { ListenFilter } from '@sallyport/kit/mcp'
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

/** Source: MCP 2026-07-28, "Per-request metadata". Our own requests cannot be answered by questions. */
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

/** The part of what is listened to that a modern server is asked for. Source: MCP 2026-07-28, "Subscriptions". */
export function listenParams({ tools, prompts, resources, uris }: ListenFilter): object {
  return {
    notifications: {
      ...(tools ? { toolsListChanged: true } : {}),
      ...(prompts ? { promptsListChanged: true } : {}),
      ...(resources ? { resourcesListChanged: true } : {}),
      ...(uris.length > 0 ? { resourceSubscriptions: uris } : {}),
    },
  }
}

/** The result of `roots/list` where the operator listed them, as JSON text; undefined otherwise. */
export function listedRoots(roots: ServerConfig['roots']): string | undefined {
  return typeof roots === 'object'
    ? JSON.stringify({ roots: roots.map((uri) => ({ uri })) })
    : undefined
}
