import type { GrantResolver } from '../door/grants.ts'
import type { Permission } from '../roles.ts'
import type { IssuerRules } from './issuer-rules.ts'

/** What scopes of one issuer give. */
export type ScopeRules = Pick<IssuerRules, 'scopes'>

/**
 * The scopes to ask for so that a token allows something: of each issuer the one that gives least beside it.
 * None where no scope gives it.
 *
 * Source: RFC 6750 §3 (`scope`); MCP 2026-07-28, "Scope Challenge Handling".
 */
export function scopesFor(
  permission: Permission,
  issuers: readonly ScopeRules[],
  grants: GrantResolver,
): readonly string[] {
  const found = issuers.flatMap(({ scopes }) => leastScope(permission, scopes, grants) ?? [])
  return [...new Set(found)]
}

function leastScope(
  permission: Permission,
  scopes: ScopeRules['scopes'],
  grants: GrantResolver,
): string | undefined {
  let least: { readonly scope: string; readonly weight: number } | undefined
  for (const [scope, roles] of Object.entries(scopes)) {
    const { permissions } = grants.resolve({ roles, tenant: null })
    if (!permissions.has(permission)) continue
    const weight = weigh(permissions)
    if (least === undefined || weight < least.weight) least = { scope, weight }
  }
  return least?.scope
}

/** What reaches servers weighs more than any number of looks at the gateway. */
function weigh(permissions: ReadonlySet<Permission>): number {
  const reaching = [...permissions].filter((one) => one.startsWith('mcp.')).length
  return reaching * 1_000 + permissions.size
}
