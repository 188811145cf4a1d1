import { postBytes } from '../../bench/load/request.ts'
import { LEGACY, MODERN, modernMeta } from '../../packages/cli/test/fixtures/wire.ts'
import {
  callMessage,
  type CallReport,
  type ClientKind,
  judgeAnswer,
  type PlannedCall,
  strange,
} from './call.ts'
import { HttpLine, type Response } from './http-line.ts'

/** Where and as whom to call, and how long an answer is waited for, milliseconds. */
export interface Caller {
  readonly url: URL
  readonly token: string
  readonly withinMs: number
}

let ids = 0

/** Makes one call on a line of its own session or none. */
export async function callOverHttp(
  line: HttpLine,
  caller: Caller,
  call: PlannedCall,
  session?: HttpSession,
): Promise<CallReport> {
  const id = (ids += 1)
  const kind: ClientKind = session?.kind ?? 'modern'
  const message = callMessage(call, id, session ? undefined : modernMeta())
  const name = `${call.server}__${call.tool}`
  const headers = session?.headers ?? modernHeaders(caller.token, name)
  const sentMs = performance.now()
  const response = await line.send(
    postBytes(caller.url, headers, JSON.stringify(message)),
    caller.withinMs,
  )
  const ms = performance.now() - sentMs
  return { call, client: kind, ms, ...judge(call, id, response) }
}

function judge(
  call: PlannedCall,
  id: number,
  response: Response,
): Pick<CallReport, 'outcome' | 'what'> {
  if ('cut' in response) return strange(response.cut)
  if (!/^x-request-id: *\S/im.test(response.head)) return strange('an answer without request id')
  if (response.status !== 200 && response.status !== 503) {
    return strange(`${response.status} ${response.body}`)
  }
  return judgeAnswer(call, id, response.body)
}

function modernHeaders(token: string, name: string): Record<string, string> {
  return {
    Authorization: `Bearer ${token}`,
    'MCP-Protocol-Version': MODERN,
    'Mcp-Method': 'tools/call',
    'Mcp-Name': name,
  }
}

/** A legacy session. */
export interface HttpSession {
  readonly kind: 'legacy' | 'asked'
  readonly headers: Readonly<Record<string, string>>
}

/** Shakes hands. @throws when the gateway does not give a session */
export async function openHttpSession(
  line: HttpLine,
  { url, token, withinMs }: Caller,
  kind: HttpSession['kind'],
): Promise<HttpSession> {
  const capabilities = kind === 'asked' ? { elicitation: { form: {} } } : {}
  const clientInfo = { name: 'chaos', version: '1.0.0' }
  const params = { protocolVersion: LEGACY, capabilities, clientInfo }
  const bare = { Authorization: `Bearer ${token}` }
  const hello = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params })
  const response = await line.send(postBytes(url, bare, hello), withinMs)
  if ('cut' in response || response.status !== 200) {
    throw new Error(`no session: ${JSON.stringify(response)}`)
  }
  const id = /^mcp-session-id: *(\S+)/im.exec(response.head)?.[1] ?? ''
  const headers = { ...bare, 'Mcp-Session-Id': id, 'MCP-Protocol-Version': LEGACY }
  const ready = '{"jsonrpc":"2.0","method":"notifications/initialized"}'
  await line.send(postBytes(url, headers, ready), withinMs)
  return { kind, headers }
}
