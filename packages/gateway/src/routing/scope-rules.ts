import type { EndpointConfig, NameLength } from '@sallyport/contract/config'
import type { SightFilter } from './sight-filter.ts'

/** What decides how a scope shows its servers. */
export interface ScopeRules {
  /** Empty for the whole gateway, a server's name, or `endpoint/<name>`. */
  readonly scope: string
  /** Sorted. */
  readonly servers: readonly string[]
  /** The server that this scope is, names unchanged. */
  readonly passThrough: string | undefined
  readonly endpoint: EndpointConfig | undefined
  readonly names: NameLength
  /** What its callers see of it; absent = everything. */
  readonly sight?: SightFilter
}

/**
 * The same for callers who do not see everything. Undefined where they see none of its servers: then it is
 * not there for them, but for the whole gateway, which is then empty.
 */
export function restrictScope(rules: ScopeRules, sight: SightFilter): ScopeRules | undefined {
  const servers = rules.servers.filter((server) => sight.server(server))
  return servers.length === 0 && rules.scope !== '' ? undefined : { ...rules, servers, sight }
}

export interface ScopesConfig {
  /** Sorted. */
  readonly servers: readonly string[]
  readonly endpoints: Readonly<Record<string, EndpointConfig>>
  readonly names: NameLength
}

/** Every scope of a gateway, by its name: the whole, its servers, its endpoints. */
export function listScopes({ servers, endpoints, names }: ScopesConfig): Map<string, ScopeRules> {
  const none = { passThrough: undefined, endpoint: undefined }
  const whole: ScopeRules = { scope: '', servers, ...none, names }
  const alone = servers.map((server): ScopeRules => {
    return { scope: server, servers: [server], passThrough: server, endpoint: undefined, names }
  })
  const selections = Object.values(endpoints).map((endpoint): ScopeRules => {
    const own = [...new Set(endpoint.servers)].toSorted()
    return {
      ...none,
      scope: `endpoint/${endpoint.name}`,
      servers: own,
      endpoint,
      names: endpoint.names,
    }
  })
  return new Map([whole, ...alone, ...selections].map((rules) => [rules.scope, rules]))
}
