import {
  type ClientAbilities,
  type Exchange,
  META_CAPABILITIES,
  META_CLIENT_INFO,
  META_LOG_LEVEL,
  readClient,
  memberTexts,
  objectText,
} from '@sallyport/kit/mcp'
import type { Target } from '../routing/target.ts'
import { TASKS_EXTENSION } from './task-ids.ts'

/** Needs a stream towards the client. */
const ASKED = ['elicitation', 'sampling', 'roots']
/** What a legacy client that named no level is taken to want of a modern server, which else says nothing. */
const LEGACY_LEVEL = '"info"'

/**
 * What a server is told the client can do, as JSON text: what the client declared, but `roots` only where
 * the operator lets them through.
 *
 * Source: design §5 (relayed roots lift a filesystem server's own limit).
 */
export function abilitiesFor(
  exchange: Exchange,
  { config }: Target,
  { capabilities }: ClientAbilities = readClient(exchange),
): string {
  if (exchange.era === 'modern') {
    if (config.roots === 'client') return capabilities
    // Nearly always: nothing to take out.
    if (config.roots === 'none' && !capabilities.includes('"roots"')) return capabilities
  } else if (capabilities === '{}' && !Array.isArray(config.roots)) return capabilities
  const askable = exchange.era === 'modern' || exchange.ask !== undefined
  const members = memberTexts(capabilities)
  if (exchange.era === 'legacy') withoutTasks(members)
  if (config.roots !== 'client') members.delete('roots')
  if (!askable) for (const name of ASKED) members.delete(name)
  if (Array.isArray(config.roots)) members.set('roots', '{}')
  return objectText(members)
}

/** Requests of a legacy client cannot be answered with a task, whatever it declared. */
function withoutTasks(members: Map<string, string>): void {
  const extensions = memberTexts(members.get('extensions'))
  if (extensions.delete(TASKS_EXTENSION)) members.set('extensions', objectText(extensions))
}

/** Members of a modern request's `_meta` that are ours to write: who asks, what it can do, which logs it wants. */
export function envelopeFor(
  exchange: Exchange,
  target: Target,
  clientInfo: string,
  client: ClientAbilities = readClient(exchange),
): string {
  const own = `"${META_CLIENT_INFO}":${clientInfo},"${META_CAPABILITIES}":${abilitiesFor(exchange, target, client)}`
  const level = logLevelText(exchange, client)
  return level === undefined ? own : `${own},"${META_LOG_LEVEL}":${level}`
}

function logLevelText(exchange: Exchange, client: ClientAbilities): string | undefined {
  const { logLevel } = exchange.session ?? client
  if (logLevel !== undefined) return `"${logLevel}"`
  return exchange.era === 'legacy' && exchange.notify ? LEGACY_LEVEL : undefined
}
