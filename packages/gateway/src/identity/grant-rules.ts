import type { GrantResolver } from '@sallyport/kit/door'
import { AppError } from '@sallyport/kit/errors'
import type { Principal, SightRule, SightSelection } from '@sallyport/kit/principal'
import type { LiveGrants } from './live-grants.ts'

/** What somebody would give to a credential. */
export interface Gift {
  readonly roles: readonly string[]
  readonly tenant: string | null
  readonly rule: SightRule | undefined
}

/**
 * That the caller may give that: nobody gives what it lacks.
 *
 * @throws {AppError} `forbidden`; `request_invalid` for a role or tenant that is not there
 */
export function assertMayGive(gift: Gift, caller: Principal, grants: LiveGrants): void {
  if (caller.tenant !== null && gift.tenant !== caller.tenant) {
    throw new AppError('forbidden', 'whoever belongs to a tenant makes keys of that tenant only')
  }
  for (const name of gift.roles) assertMayGiveRole(name, caller, grants)
  if (gift.tenant !== null && grants.tenantRule(gift.tenant) === undefined) {
    throw new AppError(
      'request_invalid',
      `there is no tenant named ${gift.tenant}: make it first, with "sallyport tenants create" or POST /api/v1/tenants`,
    )
  }
  assertSeesAtMost(gift, caller, grants)
}

/**
 * That what somebody would give or take over shows nothing that the caller does not see.
 *
 * @throws {AppError} `forbidden`
 */
export function assertSeesAtMost(
  gift: Gift,
  caller: Principal,
  grants: Pick<GrantResolver, 'resolve'>,
): void {
  assertRulesWithin(grants.resolve(gift).sight?.rules ?? [], caller)
}

/**
 * That what these rules show together is nothing that the caller does not see.
 *
 * @throws {AppError} `forbidden`
 */
export function assertRulesWithin(given: readonly SightRule[], caller: Principal): void {
  for (const bound of caller.sight?.rules ?? []) {
    if (given.some((rule) => isWithin(rule, bound))) continue
    throw new AppError(
      'forbidden',
      'nobody gives what it lacks: you do not see everything yourself, so restrict servers and tools at least as much',
    )
  }
}

/**
 * That the caller may change or turn what has all this: whoever could would have it too, what it sees as well
 * as what it may do.
 *
 * @throws {AppError} `forbidden`
 */
export function assertMayManage(
  { roles, tenant, rule }: Gift,
  caller: Principal,
  grants: Pick<GrantResolver, 'resolve'>,
): void {
  // Without its tenant, which may be gone: then it is allowed nothing now, and may be all that again.
  const { permissions } = grants.resolve({ roles, tenant: null })
  if (![...permissions].every((one) => caller.permissions.has(one))) {
    throw new AppError('forbidden', 'it is allowed more than you are')
  }
  assertSeesAtMost({ roles, tenant, rule }, caller, grants)
}

/** Whether the caller may know that something of that tenant is there. */
export function isInSight(tenant: string | null, caller: Principal): boolean {
  return caller.tenant === null || tenant === caller.tenant
}

function assertMayGiveRole(name: string, caller: Principal, grants: LiveGrants): void {
  const role = grants.role(name)
  if (role === undefined) {
    throw new AppError(
      'request_invalid',
      `there is no role named ${name}: see "sallyport roles list" or GET /api/v1/roles`,
    )
  }
  const lacking = [...role.permissions].find((one) => !caller.permissions.has(one))
  if (lacking === undefined) return
  throw new AppError(
    'forbidden',
    `nobody gives what it lacks: the role ${name} allows ${lacking}, and your own do not`,
  )
}

/** Whether a rule shows nothing that the other one hides, as far as their texts tell. */
function isWithin(rule: SightRule, bound: SightRule): boolean {
  return (
    isSubset(rule.servers, bound.servers) &&
    (bound.readOnly !== true || rule.readOnly === true) &&
    isNarrower(rule.tools, bound.tools) &&
    isNarrower(rule.resources, bound.resources) &&
    isNarrower(rule.prompts, bound.prompts)
  )
}

function isNarrower(selection: SightSelection | undefined, bound: SightSelection | undefined) {
  const denied = bound?.deny ?? []
  return isSubset(selection?.allow, bound?.allow) && isSubset(denied, selection?.deny ?? [])
}

/** Absent = everything. */
function isSubset(some: readonly string[] | undefined, of: readonly string[] | undefined): boolean {
  if (of === undefined) return true
  return some !== undefined && some.every((one) => of.includes(one))
}
