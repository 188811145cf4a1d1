import type { SlackApp } from '../settings/settings.ts'

/**
 * The app that an address means: `?app=NAME`; without it the one of the environment, else the only one. Undefined when
 * there is none, or the address names two.
 */
export function appNamed(apps: readonly SlackApp[], query: URLSearchParams): SlackApp | undefined {
  const [name, ...more] = query.getAll('app')
  if (more.length > 0) return undefined
  if (name !== undefined) return apps.find((app) => app.name === name)
  return apps.find((app) => app.name === 'default') ?? (apps.length === 1 ? apps[0] : undefined)
}
