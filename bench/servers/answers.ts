import { payloadText, SIZES, toolOf } from '../wire/payload.ts'
import type { Size } from '../wire/payload.ts'
import { VERSIONS } from '../wire/mcp.ts'

/** The part of a JSON-RPC message that a bare server looks at. */
export interface Incoming {
  readonly id?: string | number
  /** Absent in a client's answer. */
  readonly method?: string
  readonly params?: {
    readonly name?: string
    readonly protocolVersion?: string
    /** Of a modern retry: the client's answers. */
    readonly inputResponses?: unknown
  }
}

/** A tool as `tools/list` shows it. */
export interface ListedTool {
  readonly name: string
  readonly description: string
  readonly inputSchema: Readonly<Record<string, unknown>>
}

const SERVER = { name: 'bench-echo', version: '1.0.0' }
const MODERN = {
  resultType: 'complete',
  _meta: { 'io.modelcontextprotocol/serverInfo': SERVER },
}
const CAPABILITIES = { tools: {} }

/** The echo tools, one for each size of result. */
export const ECHO_TOOLS: readonly ListedTool[] = sizes().map((size) => ({
  name: toolOf(size),
  description: `Answers with a text of ${SIZES[size]} bytes.`,
  inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
}))

/**
 * Makes the whole of a bare MCP server: a function from a parsed message to the answer's text, or
 * `undefined` for a notification. Results are encoded once, here; a call only prepends its id.
 */
export function createAnswerer(
  tools: readonly ListedTool[],
): (message: Incoming) => string | undefined {
  const list = JSON.stringify({ tools, ttlMs: 10_000, cacheScope: 'public', ...MODERN })
  const discover = JSON.stringify({
    supportedVersions: [VERSIONS.modern],
    capabilities: CAPABILITIES,
    ttlMs: 10_000,
    cacheScope: 'public',
    ...MODERN,
  })
  const calls = new Map(sizes().map((size) => [toolOf(size), callResult(size)]))
  return (message) => {
    if (message.id === undefined) return undefined
    switch (message.method) {
      case 'tools/call':
        return answer(message, calls.get(message.params?.name ?? ''))
      case 'tools/list':
        return answer(message, list)
      case 'server/discover':
        return answer(message, discover)
      case 'initialize':
        return answer(message, initializeResult(message))
      case 'ping':
        return answer(message, '{}')
      default:
        return refusal(message, -32601, 'method not found')
    }
  }
}

/** The result of a call, encoded. */
export function callResult(size: Size): string {
  return JSON.stringify({ content: [{ type: 'text', text: payloadText(size) }], ...MODERN })
}

/** An answer with this result, or the refusal of a tool that there is not. */
export function answer(message: Incoming, result: string | undefined): string {
  if (result === undefined) return refusal(message, -32602, 'unknown tool')
  return `{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"result":${result}}`
}

/** An answer that is an error. */
export function refusal(message: Incoming, code: number, text: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"error":{"code":${code},"message":"${text}"}}`
}

function initializeResult(message: Incoming): string {
  const protocolVersion = message.params?.protocolVersion ?? VERSIONS.legacy
  return JSON.stringify({ protocolVersion, capabilities: CAPABILITIES, serverInfo: SERVER })
}

function sizes(): Size[] {
  return Object.keys(SIZES) as Size[] // the keys of a constant of this very type
}
