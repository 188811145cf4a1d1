import type { Grant } from '../door/grants.ts'
import type { IssuerRules } from './issuer-rules.ts'

const VALUES_MAX = 1_000
const NAME_CHARS_MAX = 200
const TENANT = /^[\x21-\x7e]{1,200}$/

/** What the claims of a good token come to. */
export interface ClaimedGrant {
  readonly grant: Grant
  /** Scopes of the token that this gateway knows. */
  readonly scopes: readonly string[]
  /** For people; undefined where no claim says it. */
  readonly name: string | undefined
}

/**
 * Turns claims into what their subject is granted: the union of what its scopes, the claims that name roles,
 * and the issuer give. Undefined when a tenant is asked for and the token names none.
 *
 * Source: RFC 9068 §2.2.3 (`scope`), §2.2.3.1 (roles and groups); RFC 8693 §4.2.
 */
export function grantOf(
  claims: Readonly<Record<string, unknown>>,
  rules: Pick<IssuerRules, 'claims' | 'roles' | 'scopes' | 'defaultRoles'>,
): ClaimedGrant | undefined {
  const tenant = rules.claims.tenant === undefined ? null : tenantAt(claims, rules.claims.tenant)
  if (tenant === undefined) return undefined
  const scopes = scopesOf(claims).filter((scope) => Object.hasOwn(rules.scopes, scope))
  const named = (rules.claims.roles ?? []).flatMap((path) => textsOf(claimAt(claims, path)))
  const roles = [
    ...rules.defaultRoles,
    ...scopes.flatMap((scope) => rules.scopes[scope] ?? []),
    ...named.flatMap((value) =>
      Object.hasOwn(rules.roles, value) ? (rules.roles[value] ?? []) : [],
    ),
  ]
  const name = rules.claims.name === undefined ? undefined : claimAt(claims, rules.claims.name)
  return {
    grant: { roles: [...new Set(roles)], tenant },
    scopes,
    name: typeof name === 'string' && name !== '' ? printable(name) : undefined,
  }
}

/** A claim that is null names no tenant; it must not pass for a caller who needs none. */
function tenantAt(claims: Readonly<Record<string, unknown>>, path: string): string | undefined {
  const tenant = claimAt(claims, path)
  return typeof tenant === 'string' && TENANT.test(tenant) ? tenant : undefined
}

/** The claim of that whole name (names may hold dots: `https://example.com/roles`), else the one inside. */
function claimAt(claims: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path]
  let found: unknown = claims
  for (const part of path.split('.')) {
    if (typeof found !== 'object' || found === null || Array.isArray(found)) return undefined
    found = Object.hasOwn(found, part) ? Reflect.get(found, part) : undefined
  }
  return found
}

/** Of `scope`, one text; some providers write a list, or call it `scp`. */
function scopesOf({ scope, scp }: Readonly<Record<string, unknown>>): readonly string[] {
  const said = scope ?? scp
  return textsOf(typeof said === 'string' ? said.split(' ') : said)
}

function textsOf(value: unknown): readonly string[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  return items
    .slice(0, VALUES_MAX)
    .filter((item) => typeof item === 'string' && item !== '') as string[] // filtered
}

function printable(text: string): string {
  return text
    .replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
    .slice(0, NAME_CHARS_MAX)
}
