import type { Principal, Sight, SightRule } from '../principal.ts'
import { BUILT_IN_ROLES, type Permission, type Role } from '../roles.ts'

/** What a credential was given, by name. */
export interface Grant {
  /** One that is not known gives nothing. */
  readonly roles: readonly string[]
  readonly tenant: string | null
  /** Restrictions of this credential alone. */
  readonly rule?: SightRule | undefined
}

/** The part of a principal that follows from its grant. */
export type Granted = Pick<Principal, 'roles' | 'permissions' | 'tenant' | 'sight'>

/** Turns what a credential was given into what its principal may do and see. Total. */
export interface GrantResolver {
  resolve(grant: Grant): Granted
  /** Counts up whenever a role or tenant changed: what was resolved before is to be resolved again. */
  readonly version: number
}

const NOTHING: ReadonlySet<Permission> = new Set()

/** What the roles of these names allow together. */
export function permissionsOf(
  names: readonly string[],
  roleOf: (name: string) => Role | undefined,
): ReadonlySet<Permission> {
  const sets = names.map((name) => roleOf(name)?.permissions ?? NOTHING)
  const [only = NOTHING] = sets
  return sets.length === 1 ? only : new Set(sets.flatMap((set) => [...set]))
}

/** One object for equal rules; undefined where nothing is restricted. */
export class Sights {
  readonly #known = new Map<string, WeakRef<Sight>>()

  of(rules: readonly (SightRule | undefined)[]): Sight | undefined {
    const real = rules.filter((rule) => rule !== undefined && restricts(rule))
    if (real.length === 0) return undefined
    const key = JSON.stringify(real)
    const known = this.#known.get(key)?.deref()
    if (known) return known
    const sight: Sight = { key, rules: real.filter((rule) => rule !== undefined) }
    this.#forgetUnused()
    this.#known.set(key, new WeakRef(sight))
    return sight
  }

  #forgetUnused(): void {
    if (this.#known.size < FORGET_FROM) return
    for (const [key, sight] of this.#known) {
      if (sight.deref() === undefined) this.#known.delete(key)
    }
  }
}

const FORGET_FROM = 1_000

/** The built-in roles, and no tenants. */
export function builtInGrants(): GrantResolver {
  const sights = new Sights()
  const roles: Readonly<Record<string, Role>> = BUILT_IN_ROLES
  const roleOf = (name: string): Role | undefined =>
    Object.hasOwn(roles, name) ? roles[name] : undefined
  return {
    version: 0,
    resolve: ({ roles: names, tenant, rule }) => ({
      roles: names,
      permissions: permissionsOf(names, roleOf),
      tenant,
      sight: sights.of([rule]),
    }),
  }
}

function restricts(rule: SightRule): boolean {
  return Object.values(rule).some((value) => value !== undefined && value !== false)
}

/** Whether two grants allow and show the same. */
export function isSameGrant(one: Granted, other: Granted): boolean {
  return (
    one.tenant === other.tenant &&
    one.sight?.key === other.sight?.key &&
    isSameList(one.roles, other.roles) &&
    isSameSet(one.permissions, other.permissions)
  )
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return (
    one === other || (one.length === other.length && one.every((name, at) => name === other[at]))
  )
}

function isSameSet(one: ReadonlySet<Permission>, other: ReadonlySet<Permission>): boolean {
  return one === other || (one.size === other.size && [...one].every((each) => other.has(each)))
}
