import { keyCreate, roleCreate, tenantCreate, type KeyList } from '@sallyport/contract/admin'
import {
  type IdentityServices,
  LOCAL_ADMIN,
  toKeyItem,
  toRoleItem,
  toTenantItem,
} from '@sallyport/gateway/admin'
import type { IdentityAdministration } from './identity-administration.ts'

const PAGE = 500

/** The same on the store of a gateway that does not run. */
export function storeIdentity(services: IdentityServices): IdentityAdministration {
  return { ...keysOf(services), ...rolesOf(services), ...tenantsOf(services) }
}

type KeyVerbs = 'createKey' | 'listKeys' | 'rotateKey' | 'revokeKey'

function keysOf({ keys }: IdentityServices): Pick<IdentityAdministration, KeyVerbs> {
  return {
    createKey: async (input) => {
      const { record, text } = await keys.create(keyCreate.parse(input), LOCAL_ADMIN)
      return { id: record.id, name: record.name, key: text.reveal() }
    },
    listKeys: async () => {
      const items: KeyList['items'] = []
      let cursor: string | undefined
      do {
        const page = await keys.page({ limit: PAGE, cursor }, LOCAL_ADMIN)
        items.push(...page.items.map(toKeyItem))
        cursor = page.next
      } while (cursor !== undefined)
      return { items }
    },
    rotateKey: async (idOrName, overlapMs) => {
      const { record, text } = await keys.rotate(idOrName, { overlapMs }, LOCAL_ADMIN)
      return { id: record.id, name: record.name, key: text.reveal() }
    },
    revokeKey: async (idOrName) => {
      await keys.revoke(idOrName, LOCAL_ADMIN)
    },
  }
}

type RoleVerbs = 'listRoles' | 'createRole' | 'changeRole' | 'removeRole'

function rolesOf({ roles }: IdentityServices): Pick<IdentityAdministration, RoleVerbs> {
  const target = async (name: string): Promise<{ name: string; version: number }> => {
    const { record } = await roles.find(name, LOCAL_ADMIN)
    return { name, version: record?.version ?? 0 }
  }
  return {
    listRoles: async () => ({ items: (await roles.list(LOCAL_ADMIN)).map(toRoleItem) }),
    createRole: async (input) =>
      toRoleItem(await roles.create(roleCreate.parse(input), LOCAL_ADMIN)),
    changeRole: async (name, change) =>
      toRoleItem(await roles.change(await target(name), change, LOCAL_ADMIN)),
    removeRole: async (name) => roles.remove(await target(name), LOCAL_ADMIN),
  }
}

type TenantVerbs = 'listTenants' | 'createTenant' | 'changeTenant' | 'removeTenant'

function tenantsOf({ tenants }: IdentityServices): Pick<IdentityAdministration, TenantVerbs> {
  const target = async (name: string): Promise<{ name: string; version: number }> => {
    const { record } = await tenants.find(name, LOCAL_ADMIN)
    return { name, version: record?.version ?? 0 }
  }
  return {
    listTenants: async () => ({ items: (await tenants.list(LOCAL_ADMIN)).map(toTenantItem) }),
    createTenant: async (input) =>
      toTenantItem(await tenants.create(tenantCreate.parse(input), LOCAL_ADMIN)),
    changeTenant: async (name, change) =>
      toTenantItem(await tenants.change(await target(name), change, LOCAL_ADMIN)),
    removeTenant: async (name) => tenants.remove(await target(name), LOCAL_ADMIN),
  }
}
