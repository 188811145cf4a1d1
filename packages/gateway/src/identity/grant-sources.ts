import type { Store } from '@sallyport/kit/store'
import type { RunnableConfig } from '../config/index.ts'
import type { GrantSource } from './live-grants.ts'

/** Roles and tenants of a configuration. */
export function sourceOf({
  roles,
  tenants,
}: Pick<RunnableConfig, 'roles' | 'tenants'>): GrantSource {
  return { roles: new Map(Object.entries(roles)), tenants: new Map(Object.entries(tenants)) }
}

/** Roles and tenants of a store. */
export async function readGrants({
  roles,
  tenants,
}: Pick<Store, 'roles' | 'tenants'>): Promise<GrantSource> {
  const [ofRoles, ofTenants] = await Promise.all([roles.list(), tenants.list()])
  return {
    roles: new Map(ofRoles.map((role) => [role.name, role])),
    tenants: new Map(ofTenants.map((tenant) => [tenant.name, tenant])),
  }
}
