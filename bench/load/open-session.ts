import { ID_FIRST, INITIALIZED_TEXT, initializeText, mcpHeaders } from '../wire/mcp.ts'
import type { Abilities } from '../wire/mcp.ts'
import type { HttpConnection } from './connection.ts'
import { postBytes } from './request.ts'

/**
 * Runs the legacy handshake.
 *
 * @returns the headers that carry the session; empty where the server keeps none
 */
export async function openSession(
  connection: HttpConnection,
  url: URL,
  headers: Readonly<Record<string, string>>,
  abilities?: Abilities,
): Promise<Record<string, string>> {
  const text = initializeText(ID_FIRST, abilities)
  const opened = await connection.request(postBytes(url, headers, text))
  if (opened.status !== 200) {
    throw new Error(`initialize: status ${opened.status}: ${opened.body.toString('utf8', 0, 300)}`)
  }
  const id = /^mcp-session-id: *(\S+)/im.exec(opened.head)?.[1]
  const session: Record<string, string> = id === undefined ? {} : { 'Mcp-Session-Id': id }
  const ready = { ...headers, ...mcpHeaders('legacy', '', undefined), ...session }
  const { status } = await connection.request(postBytes(url, ready, INITIALIZED_TEXT))
  if (status !== 202 && status !== 200) throw new Error(`initialized: status ${status}`)
  return session
}
