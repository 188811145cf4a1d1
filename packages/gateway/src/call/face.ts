import { type ApplicationFace, type Era, memberTexts, objectText } from '@sallyport/kit/mcp'
import type { Sight } from '@sallyport/kit/principal'
import type { Views } from '../routing/view.ts'
import type { ServerFacts } from '../upstreams/upstream.ts'
import { TASKS_EXTENSION } from './task-ids.ts'

/** How long clients may keep lists and `server/discover`, milliseconds. */
export const LIST_TTL_MS = 10_000
const INSTRUCTIONS_MAX = 32_768
const UI_EXTENSION = 'io.modelcontextprotocol/ui'
/** Extensions that work across servers; others need an address of one server. */
const ROUTED_EXTENSIONS = [TASKS_EXTENSION, UI_EXTENSION]

const EVERYTHING = {
  tools: '{"listChanged":true}',
  resources: '{"listChanged":true,"subscribe":true}',
  prompts: '{"listChanged":true}',
  completions: '{}',
  logging: '{}',
} as const

export interface FaceOf {
  readonly scope: string
  readonly sight: Sight | undefined
  readonly era: Era
  readonly version: string
}

/**
 * How a scope presents itself: one server's own capabilities under its address, the sum of all elsewhere.
 * A server that was never met may do anything, so everything is offered for it. Callers who are shown a part of
 * their servers are offered no more than it has, and are not told what servers say of the whole.
 */
export function describeFace(
  views: Views,
  { scope, sight, era, version }: FaceOf,
): ApplicationFace {
  const view = views.get(scope, sight)
  const facts = views.facts(scope, sight)
  const complete = facts.size === view.servers.length
  const capabilities = new Map<string, string>()
  for (const [server, { capabilities: text }] of facts) {
    for (const [name, own] of memberTexts(text)) {
      const alone = view.passThrough === server
      if (name === 'extensions' || (name === 'tasks' && era === 'modern')) continue
      capabilities.set(name, announced(name, own, alone))
    }
  }
  if (!complete) for (const [name, text] of Object.entries(EVERYTHING)) capabilities.set(name, text)
  for (const name of [...capabilities.keys()]) if (!view.offers(name)) capabilities.delete(name)
  const single = view.passThrough !== undefined
  const extensions = sumExtensions(facts, single && !view.narrowed)
  if (extensions.size > 0) capabilities.set('extensions', objectText(extensions))
  const told = view.narrowed ? undefined : sumInstructions(facts, single)
  const instructions = view.instructions ?? told
  return {
    serverInfo: { name: 'sallyport', title: 'Sallyport', version },
    capabilities: objectText(capabilities),
    ttlMs: LIST_TTL_MS,
    ...(instructions === undefined ? {} : { instructions }),
  }
}

/**
 * The gateway itself announces changes of lists, whether or not the server does, and lists no tasks: a
 * server's list tells nobody's apart.
 */
function announced(name: string, own: string, single: boolean): string {
  if (!single && isKnown(name)) return EVERYTHING[name]
  if (!own.startsWith('{')) return own
  const members = memberTexts(own)
  if (name === 'tools' || name === 'resources' || name === 'prompts')
    members.set('listChanged', 'true')
  else if (name !== 'tasks' || !members.delete('list')) return own
  return objectText(members)
}

function isKnown(name: string): name is keyof typeof EVERYTHING {
  return Object.hasOwn(EVERYTHING, name)
}

function sumExtensions(
  facts: ReadonlyMap<string, ServerFacts>,
  single: boolean,
): Map<string, string> {
  const sum = new Map<string, string>()
  for (const { capabilities } of facts.values()) {
    for (const [name, text] of memberTexts(memberTexts(capabilities).get('extensions'))) {
      if (single || ROUTED_EXTENSIONS.includes(name)) sum.set(name, text)
    }
  }
  return sum
}

function sumInstructions(
  facts: ReadonlyMap<string, ServerFacts>,
  single: boolean,
): string | undefined {
  const parts = [...facts].flatMap(([server, { instructions }]) => {
    if (instructions === undefined || instructions === '') return []
    return single ? instructions : `## ${server}\n${instructions}`
  })
  return parts.length === 0 ? undefined : parts.join('\n\n').slice(0, INSTRUCTIONS_MAX)
}
