import { BUILT_IN_ROLES, type Permission } from './roles.ts'

/** What passes: a text that some `allow` glob fits (absent = every text does) and no `deny` glob. */
export interface SightSelection {
  readonly allow?: readonly string[] | undefined
  readonly deny?: readonly string[] | undefined
}

/** One restriction of what is there for a caller: whatever it leaves out is as if it did not exist. */
export interface SightRule {
  /** Names of servers and groups; absent = all. */
  readonly servers?: readonly string[] | undefined
  /** Judged on `<server>__<tool>`. */
  readonly tools?: SightSelection | undefined
  /** Judged on the server's own URI. */
  readonly resources?: SightSelection | undefined
  /** Judged on `<server>__<prompt>`. */
  readonly prompts?: SightSelection | undefined
  /** Only tools that are known to change nothing. */
  readonly readOnly?: boolean | undefined
}

/** What a caller sees: what passes every rule. Callers with equal rules share one object. */
export interface Sight {
  /** Equal for equal rules; never empty. */
  readonly key: string
  readonly rules: readonly SightRule[]
}

/** How a caller showed who it is. */
export type PrincipalKind =
  | 'key'
  | 'token'
  | 'subject'
  | 'user'
  | 'certificate'
  | 'anonymous'
  | 'local'

/**
 * Who is calling. `id` is part of the key of every pool, cache and session: `key:<id>`, `token:<name>`,
 * `subject:<issuer>:<digest>`, `user:<id>`, `certificate:<name>`, `anonymous` or `local` (the local
 * administrator socket). The object changes whenever anything about it does.
 */
export interface Principal {
  readonly id: string
  readonly kind: PrincipalKind
  /** For people: the name given to the key, token or user. */
  readonly name: string
  /** Names of its roles, for people and servers; decisions are taken by `permissions`. */
  readonly roles: readonly string[]
  readonly permissions: ReadonlySet<Permission>
  readonly tenant: string | null
  /** Undefined = everything. */
  readonly sight: Sight | undefined
  /** Wall clock, milliseconds since 1970; null = never. */
  readonly expiresAtMs: number | null
}

/**
 * Tells holders of what is kept apart: a principal, as a member of which tenant. One subject of an identity
 * provider may be of several, and what it holds in one is not there in another. No id holds a line break.
 */
export function holderOf({ id, tenant }: Pick<Principal, 'id' | 'tenant'>): string {
  return tenant === null ? id : `${id}\n${tenant}`
}

/** Whether two are the same principal of the same tenant. */
export function isSameHolder(
  one: Pick<Principal, 'id' | 'tenant'>,
  other: Pick<Principal, 'id' | 'tenant'>,
): boolean {
  return one.id === other.id && one.tenant === other.tenant
}

/** What a principal is of which nothing else is said: a caller who sees everything, of no tenant, for ever. */
export const CALLER = {
  roles: ['caller'],
  permissions: BUILT_IN_ROLES.caller.permissions,
  tenant: null,
  sight: undefined,
  expiresAtMs: null,
} as const satisfies Partial<Principal>

/** The same with every permission. */
export const ADMINISTRATOR = {
  ...CALLER,
  roles: ['admin'],
  permissions: BUILT_IN_ROLES.admin.permissions,
} as const satisfies Partial<Principal>
