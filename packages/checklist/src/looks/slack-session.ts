import { AppError } from '@sallyport/kit/errors'
import type { SlackView } from '../deployment.ts'
import { ask, type HttpAnswer, isAnswer, jsonOf, type Reply } from './exact-request.ts'

const REVISION = '2025-11-25'
/** Needs no session: every request says who calls. */
const STATELESS = '2026-07-28'
const CLIENT = { name: 'sallyport-check', version: '1' } as const
const ACCEPT = 'application/json, text/event-stream'

interface McpRequest {
  readonly message: object
  /** Besides those that every request has. */
  readonly headers: Readonly<Record<string, string>>
  readonly deadlineMs?: number | undefined
}

/** A request to the MCP endpoint of a Slack server. */
export function askMcp(
  url: string,
  { message, headers, deadlineMs }: McpRequest,
  signal: AbortSignal,
): Promise<Reply> {
  const own = { accept: ACCEPT, 'content-type': 'application/json' }
  const body = JSON.stringify({ jsonrpc: '2.0', ...message })
  const options = { method: 'POST', headers: { ...own, ...headers }, body }
  return ask(url, { ...options, ...(deadlineMs !== undefined && { deadlineMs }) }, signal)
}

/** The first message of a session. */
export const INITIALIZE = {
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: REVISION,
    capabilities: {},
    clientInfo: CLIENT,
  },
} as const

/** Calls a tool by its own name, without a session. */
export async function callSlack(
  view: SlackView,
  {
    tool,
    args,
    deadlineMs,
  }: { readonly tool: string; readonly args: object; readonly deadlineMs: number },
  signal: AbortSignal,
): Promise<Reply> {
  const token = await view.token(signal)
  const meta = {
    'io.modelcontextprotocol/protocolVersion': STATELESS,
    'io.modelcontextprotocol/clientInfo': CLIENT,
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const message = {
    id: 1,
    method: 'tools/call',
    params: { name: tool, arguments: args, _meta: meta },
  }
  const headers = {
    authorization: `Bearer ${token.reveal()}`,
    'mcp-protocol-version': STATELESS,
    'mcp-method': 'tools/call',
    'mcp-name': tool,
  }
  return askMcp(view.mcpUrl, { message, headers, deadlineMs }, signal)
}

/** A session with a Slack server. Dispose ends it. */
export class SlackSession implements AsyncDisposable {
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>
  #isOpen = true

  private constructor(url: string, headers: Readonly<Record<string, string>>) {
    this.#url = url
    this.#headers = headers
  }

  /** @throws {AppError} `server_unavailable` where none is given */
  static async open(view: SlackView, signal: AbortSignal): Promise<SlackSession> {
    const token = await view.token(signal)
    const authorization = `Bearer ${token.reveal()}`
    const opened = await askMcp(
      view.mcpUrl,
      { message: INITIALIZE, headers: { authorization } },
      signal,
    )
    const id = isAnswer(opened) ? opened.headers['mcp-session-id'] : undefined
    if (id === undefined) {
      const why = isAnswer(opened) ? `it answered ${opened.status}` : opened.unreached
      throw new AppError('server_unavailable', `the Slack server opens no session: ${why}`)
    }
    const headers = { authorization, 'mcp-session-id': id, 'mcp-protocol-version': REVISION }
    await using opening = new AsyncDisposableStack()
    const session = opening.use(new SlackSession(view.mcpUrl, headers))
    await session.#send({ method: 'notifications/initialized' }, signal)
    opening.move()
    return session
  }

  /** What a request within the session is answered. */
  list(signal: AbortSignal): Promise<Reply> {
    return this.#send({ id: 3, method: 'tools/list', params: {} }, signal)
  }

  /** Ends the session; a server that does not let go of it is found out by what it answers next. */
  async end(signal: AbortSignal): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    await ask(this.#url, { method: 'DELETE', headers: this.#headers }, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end(AbortSignal.timeout(2_000))
  }

  #send(message: object, signal: AbortSignal, deadlineMs?: number): Promise<Reply> {
    return askMcp(this.#url, { message, headers: this.#headers, deadlineMs }, signal)
  }
}

/** The result of a call, as far as the checklist reads it. */
export interface CallResult {
  readonly isError: boolean
  /** Of the error; undefined where it has none. */
  readonly code: string | undefined
}

/** The result that an answer carries; undefined where it carries none. */
export function resultOf(answer: HttpAnswer): CallResult | undefined {
  const message = jsonOf(answer)
  if (typeof message !== 'object' || message === null || !('result' in message)) return undefined
  const { result } = message as { result: { isError?: unknown; _meta?: Record<string, unknown> } } // as MCP has it; each member is looked at
  const error = result._meta?.['dev.sallyport/error']
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return { isError: result.isError === true, code: typeof code === 'string' ? code : undefined }
}
