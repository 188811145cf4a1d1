import type { Era } from '@sallyport/kit/mcp'
import type { View } from '../routing/view.ts'
import type { Kind } from '../upstreams/upstream.ts'
import { TASK_METHODS } from './task-ids.ts'

/** Which list a method asks for. */
const LISTS: Readonly<Record<string, Kind>> = {
  'tools/list': 'tools',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
  'prompts/list': 'prompts',
}

const BOTH_ERAS = new Set([
  ...Object.keys(LISTS),
  'tools/call',
  'prompts/get',
  'resources/read',
  'completion/complete',
  'tasks/get',
  'tasks/cancel',
])
const LEGACY_ONLY = new Set([
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
  'tasks/result',
])
const MODERN_ONLY = new Set(['tasks/update'])
const NAMED = new Set([
  'tools/call',
  'prompts/get',
  'resources/read',
  'resources/subscribe',
  'completion/complete',
])
/**
 * What an extension's name may never stand for: removed methods must not come back through a permissive
 * fallback, and a server's task list tells nobody's tasks apart.
 */
const NEVER_PASSED = new Set([
  ...LEGACY_ONLY,
  ...MODERN_ONLY,
  'initialize',
  'ping',
  'server/discover',
  'subscriptions/listen',
  'tasks/list',
  'sampling/createMessage',
  'elicitation/create',
  'roots/list',
])

/**
 * Whether a method is answered under a scope. What we do not know goes to the server that the scope is, for
 * callers who see all of it.
 *
 * @param tasks whether some server of the scope has tasks, or was never met
 */
export function handlesMethod(method: string, era: Era, view: View, tasks: boolean): boolean {
  if (TASK_METHODS.has(method) && !tasks) return false
  if (BOTH_ERAS.has(method)) return true
  if ((era === 'legacy' ? LEGACY_ONLY : MODERN_ONLY).has(method)) return true
  return isExtension(method) && view.passThrough !== undefined && !view.narrowed
}

/** Whether a method is none of the protocol's own. */
export function isExtension(method: string): boolean {
  return !BOTH_ERAS.has(method) && !NEVER_PASSED.has(method) && !method.startsWith('notifications/')
}

/** The list that a method asks for; undefined for other methods. */
export function listOf(method: string): Kind | undefined {
  return Object.hasOwn(LISTS, method) ? LISTS[method] : undefined
}

/** Whether a method names what a server never met may have. */
export function isNamed(method: string): boolean {
  return NAMED.has(method)
}

export function isTaskMethod(method: string): boolean {
  return TASK_METHODS.has(method)
}
