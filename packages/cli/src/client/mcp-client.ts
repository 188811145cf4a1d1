import { readHeaderDeclarations, writeParamHeaders } from '@sallyport/gateway/param-headers'
import { AppError, ERRORS, type ErrorCode } from '@sallyport/kit/errors'
import { encodeHeaderValue, LATEST_MODERN, RPC, scanReply, slice } from '@sallyport/kit/mcp'
import type { Secret } from '@sallyport/kit/secret'
import { z } from 'zod'
import { VERSION } from '../version.ts'
import { eventData } from './event-data.ts'
import { exchange, type Incoming, type Target } from './exchange.ts'

/** What a client sees of one tool. Everything the server said stays in the raw list. */
export interface ListedTool {
  readonly name: string
  readonly title?: string
  readonly description?: string
  readonly inputSchema?: unknown
}

/** One server's part in a list, as the gateway tells it. */
export interface ListSource {
  readonly server: string
  readonly state: string
  readonly tools: number
  /** When its list was read; null = never. */
  readonly at: string | null
}

export interface ToolListing {
  readonly tools: readonly ListedTool[]
  /** Undefined where the answer tells none: it is not from a gateway of ours. */
  readonly sources?: readonly ListSource[]
}

interface Asked {
  readonly method: string
  /** JSON text. */
  readonly params: string
  /** Besides those that every request has. */
  readonly headers: Readonly<Record<string, string>>
}

/** Source: design §5. */
const META_SOURCES = 'dev.sallyport/sources'
const LIST_MS = 60_000
const PAGES_MAX = 1_000

const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': LATEST_MODERN,
  'io.modelcontextprotocol/clientInfo': { name: 'sallyport-command', version: VERSION },
  'io.modelcontextprotocol/clientCapabilities': {},
}

/**
 * A client of the gateway that asks one thing at a time, without a session. Results are the server's bytes.
 *
 * Source: MCP 2026-07-28, "Per-request metadata" and Streamable HTTP.
 */
export class McpClient {
  readonly #target: Target
  readonly #path: string
  readonly #key: Secret | undefined

  /** @param key sent as bearer; the local socket needs none */
  constructor(target: Target, key: Secret | undefined) {
    this.#target = target
    this.#path = target.kind === 'socket' ? '/mcp' : mcpPath(target.url)
    this.#key = key
  }

  /** Every tool, over all pages, as parsed JSON, and where they come from as the last page tells it. */
  async listTools(signal: AbortSignal): Promise<ToolListing> {
    const tools: ListedTool[] = []
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(LIST_MS)])
    let cursor: string | undefined
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const params = cursor === undefined ? { _meta: ENVELOPE } : { cursor, _meta: ENVELOPE }
      const asked = { method: 'tools/list', params: JSON.stringify(params), headers: {} }
      const raw = await this.#send(asked, bounded)
      // The gateway answered a `tools/list`; its shape is looked at where it is printed.
      const result = JSON.parse(raw.toString('utf8')) as {
        tools?: ListedTool[]
        nextCursor?: string
        _meta?: unknown
      }
      tools.push(...(Array.isArray(result.tools) ? result.tools : []))
      if (typeof result.nextCursor !== 'string') {
        const sources = sourcesOf(result._meta)
        return sources === undefined ? { tools } : { tools, sources }
      }
      cursor = result.nextCursor
    }
    throw new AppError('server_protocol', `the list of tools did not end after ${PAGES_MAX} pages`)
  }

  /**
   * Calls one tool and returns the bytes of its result.
   *
   * @param argumentsJson JSON text of an object, sent as it is: numbers keep their form
   */
  async callTool(name: string, argumentsJson: string, signal: AbortSignal): Promise<Buffer> {
    const meta = JSON.stringify(ENVELOPE)
    const params = `{"name":${JSON.stringify(name)},"arguments":${argumentsJson},"_meta":${meta}}`
    const nameHeader = { 'mcp-name': encodeHeaderValue(name) }
    try {
      return await this.#send({ method: 'tools/call', params, headers: nameHeader }, signal)
    } catch (thrown) {
      const { details } = AppError.from(thrown)
      if (details['rpcCode'] !== RPC.headerMismatch) throw thrown
      // The tool wants arguments repeated as headers; its schema says which. Nothing ran yet.
      const more = await this.#paramHeaders(name, argumentsJson, signal)
      const headers = { ...nameHeader, ...more }
      return this.#send({ method: 'tools/call', params, headers }, signal)
    }
  }

  /**
   * Asks anything and returns the result as parsed JSON.
   *
   * @throws {AppError} what the gateway answered
   */
  async request(
    method: string,
    params: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<unknown> {
    const { name, uri } = params
    const subject = typeof name === 'string' ? name : uri
    if (method === 'tools/call' && typeof name === 'string') {
      const raw = await this.callTool(name, JSON.stringify(params['arguments'] ?? {}), signal)
      return JSON.parse(raw.toString('utf8'))
    }
    const headers: Record<string, string> =
      typeof subject === 'string' ? { 'mcp-name': encodeHeaderValue(subject) } : {}
    const asked = { method, params: JSON.stringify({ ...params, _meta: ENVELOPE }), headers }
    return JSON.parse((await this.#send(asked, signal)).toString('utf8'))
  }

  async #paramHeaders(
    name: string,
    argumentsJson: string,
    signal: AbortSignal,
  ): Promise<Record<string, string>> {
    const { tools } = await this.listTools(signal)
    const schema = tools.find((tool) => tool.name === name)?.inputSchema
    return writeParamHeaders(readHeaderDeclarations(schema) ?? [], JSON.parse(argumentsJson))
  }

  async #send(asked: Asked, signal: AbortSignal): Promise<Buffer> {
    const body = `{"jsonrpc":"2.0","id":1,"method":"${asked.method}","params":${asked.params}}`
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': LATEST_MODERN,
      'mcp-method': asked.method,
      ...asked.headers,
    }
    if (this.#key !== undefined) headers['authorization'] = `Bearer ${this.#key.reveal()}`
    const outgoing = { method: 'POST', path: this.#path, headers, body: Buffer.from(body) } as const
    return readResult(await exchange(this.#target, outgoing, signal))
  }
}

const listSources = z.array(
  z.object({
    server: z.string(),
    state: z.string(),
    tools: z.number(),
    at: z.string().nullable(),
  }),
)

function sourcesOf(meta: unknown): ListSource[] | undefined {
  if (typeof meta !== 'object' || meta === null) return undefined
  const parsed = listSources.safeParse(
    Object.entries(meta).find(([key]) => key === META_SOURCES)?.[1],
  )
  return parsed.success ? parsed.data : undefined
}

/** A bare origin means its `/mcp`; any other path is taken as it is. */
function mcpPath(url: URL): string {
  return (url.pathname === '/' ? '/mcp' : url.pathname) + url.search
}

function readResult(answer: Incoming): Buffer {
  const candidates =
    answer.mediaType === 'text/event-stream'
      ? eventData(answer.body.toString('utf8')).map((text) => Buffer.from(text))
      : [answer.body]
  for (const bytes of candidates) {
    const message = scanReply(bytes)
    if (message?.kind === 'response') return slice(bytes, message.result)
    if (message?.kind === 'error') throw rpcFailure(slice(bytes, message.error))
  }
  throw httpFailure(answer)
}

interface WireError {
  readonly code?: unknown
  readonly message?: unknown
  readonly data?: { readonly code?: unknown }
}

function rpcFailure(bytes: Buffer): AppError {
  const error = parseError(bytes)
  const known = knownCode(error.data?.code)
  const message = typeof error.message === 'string' ? error.message : 'an error without a message'
  const text = `${message} (${String(error.code)})`
  const details = typeof error.code === 'number' ? { rpcCode: error.code } : {}
  return new AppError(known ?? 'server_protocol', text, { details })
}

/** The door and proxies answer without JSON-RPC. */
function httpFailure(answer: Incoming): AppError {
  const { error } = parseError(answer.body) as { readonly error?: WireError } // Undefined if it is none.
  const message = typeof error?.message === 'string' ? `: ${error.message}` : ''
  const code = knownCode(error?.code) ?? (answer.status === 401 ? 'credential_invalid' : undefined)
  return new AppError(code ?? 'server_protocol', `the answer was HTTP ${answer.status}${message}`)
}

function parseError(bytes: Buffer): WireError {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {} // Not JSON: the status speaks for itself.
  }
}

function knownCode(code: unknown): ErrorCode | undefined {
  return typeof code === 'string' && code in ERRORS ? (code as ErrorCode) : undefined // Just looked up.
}
