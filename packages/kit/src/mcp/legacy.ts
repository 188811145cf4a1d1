import type { IncomingMessage } from 'node:http'
import { RPC } from './envelope.ts'
import type { Answer, ApplicationFace } from './exchange.ts'
import { LATEST_LEGACY, LEGACY_VERSIONS, type Message } from './message.ts'
import { listMembers } from './scan.ts'
import type { LegacySession, LegacySessions } from './sessions.ts'
import { errorMessage, idOf, resultMessage } from './splice.ts'

/** The JSON text of one member of `params`; undefined when absent. */
export function paramText(message: Message, key: string): string | undefined {
  const member = listMembers(message.bytes, message.params).find((one) => one.key === key)
  if (!member) return undefined
  const { start } = message.params
  return message.bytes.toString('utf8', start + member.valueStart, start + member.end)
}

/**
 * Answers `initialize` and opens the session: the asked revision when we speak it, else our latest.
 *
 * Source: MCP 2025-11-25, Lifecycle, "Initialization".
 */
export function answerInitialize(
  message: Message,
  face: ApplicationFace,
  open: (version: string) => LegacySession,
): { answer: Answer; session?: LegacySession } {
  const asked: unknown = JSON.parse(paramText(message, 'protocolVersion') ?? 'null')
  if (typeof asked !== 'string') {
    const text = 'initialize needs params.protocolVersion, a string'
    return { answer: { bytes: errorMessage(idOf(message), RPC.invalidParams, text), status: 400 } }
  }
  const version = LEGACY_VERSIONS.find((known) => known === asked) ?? LATEST_LEGACY
  const session = open(version)
  const result = {
    protocolVersion: version,
    capabilities: face.capabilities,
    serverInfo: face.serverInfo,
    ...(face.instructions === undefined ? {} : { instructions: face.instructions }),
  }
  const bytes = resultMessage(idOf(message), JSON.stringify(result))
  return { answer: { bytes, status: 200 }, session }
}

/** The session a request names: undefined without the header, `unknown` when it is none of this caller's. */
export function findSession(
  request: IncomingMessage,
  principalId: string,
  sessions: LegacySessions,
): LegacySession | undefined | 'unknown' {
  const id = request.headers['mcp-session-id']
  if (id === undefined) return undefined
  return (typeof id === 'string' && sessions.find(id, principalId)) || 'unknown'
}

/** The id literal a legacy `notifications/cancelled` names. Source: MCP 2025-11-25, "Cancellation". */
export function cancelledId(message: Message): string | undefined {
  return message.method === 'notifications/cancelled' ? paramText(message, 'requestId') : undefined
}
