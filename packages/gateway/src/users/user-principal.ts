import type { GrantResolver } from '@sallyport/kit/door'
import type { Principal } from '@sallyport/kit/principal'
import type { Permission } from '@sallyport/kit/roles'
import type { UserRecord } from '@sallyport/kit/store'

const NOTHING: ReadonlySet<Permission> = new Set()

/**
 * Who a person is while logged in. Before a password that somebody else knows is changed, nothing is allowed
 * but what every caller may: to change it, to see who it is, to log out.
 */
export function principalOf(
  user: UserRecord,
  expiresAtMs: number,
  grants: GrantResolver,
): Principal {
  const granted = grants.resolve({ roles: user.roles, tenant: user.tenant })
  return {
    id: `user:${user.id}`,
    kind: 'user',
    name: user.name,
    ...granted,
    ...(user.mustChange && { permissions: NOTHING }),
    expiresAtMs,
  }
}
