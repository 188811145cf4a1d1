import { isResourcePath, type OwnAddress, resourcePathOf } from './audience.ts'
import type { IssuerRules } from './issuer-rules.ts'

const PREFIX = '/.well-known/oauth-protected-resource'

/**
 * The metadata of the resource that a well-known address speaks of: the whole gateway, or one of `/mcp`,
 * `/mcp/<endpoint>`, `/servers/<name>/mcp`. Undefined at any other address. A name counts by its form alone,
 * so that nobody learns here which servers and endpoints there are.
 *
 * Source: RFC 9728 §2, §3.1 (the path inserted after the well-known part); MCP 2026-07-28, "Protected
 * Resource Metadata Discovery".
 *
 * @param path of the request, without its query
 */
export function resourceMetadata(
  path: string,
  { base }: OwnAddress,
  issuers: readonly Pick<IssuerRules, 'issuer' | 'scopes'>[],
): string | undefined {
  if (issuers.length === 0 || !path.startsWith(PREFIX)) return undefined
  const rest = path.slice(PREFIX.length)
  // A proxy that takes the path of the public address away may do so here, or not.
  const prefix = pathOf(base)
  const resource = prefix !== '' && rest.startsWith(prefix) ? rest.slice(prefix.length) : rest
  if (resource !== '' && !isResourcePath(resource)) return undefined
  const scopes = new Set(issuers.flatMap((issuer) => Object.keys(issuer.scopes)))
  return JSON.stringify({
    resource: `${base}${resource}`,
    authorization_servers: issuers.map(({ issuer }) => issuer),
    ...(scopes.size === 0 ? {} : { scopes_supported: [...scopes] }),
    bearer_methods_supported: ['header'],
  })
}

/** Where the metadata of what is at a path stands. */
export function metadataUrl(path: string, { base }: OwnAddress): string {
  const { origin } = new URL(base)
  return `${origin}${PREFIX}${pathOf(base)}${resourcePathOf(path) ?? ''}`
}

function pathOf(base: string): string {
  const { pathname } = new URL(base)
  return pathname === '/' ? '' : pathname
}

/** What a challenge says. */
export interface Challenge {
  readonly metadata: string
  /** To ask for; none = the client may know better. */
  readonly scopes: readonly string[]
  /** Undefined where no credential came. */
  readonly error?: 'invalid_token' | 'insufficient_scope' | undefined
}

/**
 * The text of `WWW-Authenticate`. Nothing in it needs escaping: scopes hold no quotes, a URL neither.
 *
 * Source: RFC 6750 §3, §3.1; RFC 9728 §5.1.
 */
export function toChallenge({ metadata, scopes, error }: Challenge): string {
  const parts = [
    ...(error === undefined ? [] : [`error="${error}"`]),
    ...(scopes.length === 0 ? [] : [`scope="${scopes.join(' ')}"`]),
    `resource_metadata="${metadata}"`,
  ]
  return `Bearer ${parts.join(', ')}`
}
