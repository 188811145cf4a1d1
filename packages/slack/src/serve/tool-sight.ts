import type { Principal } from '@sallyport/kit/principal'
import type { ShowsTool } from '@sallyport/kit/tool-server'
import type { SlackAccess } from '../access/slack-access.ts'
import type { SlackSettings } from '../settings/settings.ts'
import { grantAsked, grantOf, visibleTools } from '../tools/catalogue.ts'
import type { SlackTool } from '../tools/slack-tool.ts'

type Sighted = ReturnType<SlackAccess['of']>

/**
 * Which tools are there for a caller: those of the toolsets that are on which a token of a workspace it may use can
 * use. Where it may use none, what the apps will ask for decides.
 */
export function createToolSight(
  tools: readonly SlackTool[],
  { toolsets, apps }: Pick<SlackSettings, 'toolsets' | 'apps'>,
  access: Pick<SlackAccess, 'of'>,
): ShowsTool {
  const on = [...toolsets]
  const asked = apps.map(grantAsked)
  // Callers keep the same object while nothing about them changed.
  const known = new WeakMap<Sighted, ReadonlySet<string>>()
  const namesOf = (sighted: Sighted): ReadonlySet<string> => {
    const working = sighted.usable.filter(({ installation }) => installation.state === 'active')
    const grants = working.map(({ installation }) => grantOf(installation))
    const visible = visibleTools(tools, on, grants.length === 0 ? asked : grants)
    const names = new Set(visible.map(({ tool }) => tool.name))
    known.set(sighted, names)
    return names
  }
  return (name: string, principal: Principal) => {
    const sighted = access.of(principal)
    return (known.get(sighted) ?? namesOf(sighted)).has(name)
  }
}
