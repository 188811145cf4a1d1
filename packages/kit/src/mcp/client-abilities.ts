import { META_CAPABILITIES, META_LOG_LEVEL } from './envelope.ts'
import type { ClientAbilities, Exchange, LogLevel } from './exchange.ts'
import { parseText } from './json-text.ts'
import { toLogLevel } from './log-level.ts'
import type { Message } from './message.ts'
import { listMembers, metaMembers } from './scan.ts'

const CAPABILITIES_BYTES_MAX = 4_096
/** What is kept of capabilities that are too large, the most telling first. */
const KEPT = ['elicitation', 'sampling', 'roots', 'tasks', 'extensions', 'experimental'] as const
const NONE = '{}'

/**
 * What the client of a request says it can do: a legacy one in its session, a modern one in the request.
 * Reads the message each time; ask once and keep it.
 */
export function readClient({ session, era, message }: Exchange): ClientAbilities {
  if (session) return session.abilities
  return era === 'modern' ? readEnvelope(message) : { capabilities: NONE, logLevel: undefined }
}

function readEnvelope(message: Message): ClientAbilities {
  let capabilities = NONE
  let logLevel: LogLevel | undefined
  const { bytes, meta } = message
  for (const { key, valueStart, end } of metaMembers(message)) {
    if (key !== META_CAPABILITIES && key !== META_LOG_LEVEL) continue
    const text = bytes.toString('utf8', meta.start + valueStart, meta.start + end)
    if (key === META_CAPABILITIES) capabilities = text
    else logLevel = toLogLevel(parseText(text))
  }
  return { capabilities, logLevel }
}

/**
 * A client's capabilities as they are kept in its session: at most 4 KiB. Of more, the members we know and
 * the extensions stay, as far as they fit.
 *
 * @param text JSON text; undefined = the client declared none
 */
export function fitCapabilities(text: string | undefined): string {
  if (text === undefined || !text.startsWith('{')) return NONE
  if (Buffer.byteLength(text) <= CAPABILITIES_BYTES_MAX) return text
  const bytes = Buffer.from(text)
  const members = listMembers(bytes, { start: 0, end: bytes.length })
  const kept: string[] = []
  let length = NONE.length
  for (const key of KEPT) {
    const member = members.find((one) => one.key === key)
    if (!member) continue
    const size = member.end - member.start + 1
    if (length + size > CAPABILITIES_BYTES_MAX) continue
    length += size
    kept.push(bytes.toString('utf8', member.start, member.end))
  }
  return `{${kept.join(',')}}`
}
