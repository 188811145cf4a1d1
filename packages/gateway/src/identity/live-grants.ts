import {
  type Grant,
  type Granted,
  type GrantResolver,
  permissionsOf,
  Sights,
} from '@sallyport/kit/door'
import type { SightRule } from '@sallyport/kit/principal'
import { BUILT_IN_ROLES, isPermission, type Permission, type Role } from '@sallyport/kit/roles'

/** Roles and tenants of one source, by name. */
export interface GrantSource {
  readonly roles: ReadonlyMap<string, { readonly permissions: readonly string[] }>
  readonly tenants: ReadonlyMap<string, { readonly rule: SightRule }>
}

export const NO_GRANTS: GrantSource = { roles: new Map(), tenants: new Map() }

/** What is there for callers of a tenant that is unknown or was removed. */
const NOTHING: SightRule = { servers: [] }
const NO_PERMISSIONS: ReadonlySet<Permission> = new Set()
/** Different lists of roles that are remembered; beyond it all are forgotten. */
const KNOWN_MAX = 1_000

/**
 * What roles and tenants give now: the built-in roles, those of the file and those of the store, in this order
 * of precedence. A role that is not known gives nothing; of a tenant that is not known nobody may or sees
 * anything.
 */
export class LiveGrants implements GrantResolver {
  readonly #sights = new Sights()
  #file: GrantSource
  #store: GrantSource
  #version = 0
  /** Of lists of roles: one set for equal lists. */
  #known = new Map<string, ReadonlySet<Permission>>()

  constructor(file: GrantSource = NO_GRANTS, store: GrantSource = NO_GRANTS) {
    this.#file = file
    this.#store = store
  }

  get version(): number {
    return this.#version
  }

  set file(source: GrantSource) {
    this.#file = source
    this.#changed()
  }

  set store(source: GrantSource) {
    this.#store = source
    this.#changed()
  }

  resolve({ roles, tenant, rule }: Grant): Granted {
    if (tenant === null) {
      return {
        roles,
        tenant,
        permissions: this.#permissions(roles),
        sight: this.#sights.of([rule]),
      }
    }
    const known = this.tenantRule(tenant)
    const permissions = known === undefined ? NO_PERMISSIONS : this.#permissions(roles)
    return { roles, tenant, permissions, sight: this.#sights.of([known ?? NOTHING, rule]) }
  }

  /** What callers of that role may do; undefined when there is no such role. */
  role(name: string): Role | undefined {
    const builtIn: Readonly<Record<string, Role>> = BUILT_IN_ROLES
    if (Object.hasOwn(builtIn, name)) return builtIn[name]
    const own = this.#file.roles.get(name) ?? this.#store.roles.get(name)
    return own && { description: '', permissions: new Set(own.permissions.filter(isPermission)) }
  }

  /** What callers of that tenant see at most; undefined when there is no such tenant. */
  tenantRule(name: string): SightRule | undefined {
    return (this.#file.tenants.get(name) ?? this.#store.tenants.get(name))?.rule
  }

  #permissions(roles: readonly string[]): ReadonlySet<Permission> {
    const key = roles.join(' ')
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const permissions = permissionsOf(roles, (name) => this.role(name))
    if (this.#known.size >= KNOWN_MAX) this.#known.clear()
    this.#known.set(key, permissions)
    return permissions
  }

  #changed(): void {
    this.#version += 1
    this.#known = new Map()
  }
}
