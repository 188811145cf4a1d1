import type { Installation } from '../installations/installation.ts'
import type { SlackApp, Toolset } from '../settings/settings.ts'
import type { ScopeGrant, ScopeNeed, SlackTool } from './slack-tool.ts'

/**
 * The tools that are there: of the toolsets that are switched on, those that at least one of the grants can
 * use. A tool that no token could use is not listed rather than failing when it is called.
 */
export function visibleTools(
  tools: readonly SlackTool[],
  toolsets: readonly Toolset[],
  grants: readonly ScopeGrant[],
): readonly SlackTool[] {
  return tools.filter(({ toolset, needs }) => {
    if (!toolsets.includes(toolset)) return false
    return needs.length === 0 || grants.some((grant) => isEnough(grant, needs))
  })
}

/** Whether that grant is enough for one of the needs. */
export function isEnough(grant: ScopeGrant, needs: readonly ScopeNeed[]): boolean {
  return needs.some(({ as, anyOf }) => {
    if (anyOf.length === 0) return true
    return anyOf.some((scope) => grant[as].includes(scope))
  })
}

/** What an installation was given. */
export function grantOf({ botScopes, user }: Pick<Installation, 'botScopes' | 'user'>): ScopeGrant {
  return { bot: botScopes, user: user?.scopes ?? [] }
}

/** What an app will ask for: decides while it is installed nowhere yet. */
export function grantAsked({ scopes, userScopes }: SlackApp): ScopeGrant {
  return { bot: scopes, user: userScopes }
}
