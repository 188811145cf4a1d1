import {
  keyCreated,
  keyList,
  roleItem,
  roleList,
  tenantItem,
  tenantList,
  type RoleItem,
  type TenantItem,
} from '@sallyport/contract/admin'
import type { IdentityAdministration } from './identity-administration.ts'
import type { SocketClient } from './socket-client.ts'

const KEYS = '/api/v1/keys'
const ROLES = '/api/v1/roles'
const TENANTS = '/api/v1/tenants'

/** The same on a running gateway, over its local socket. */
export function socketIdentity(client: SocketClient): IdentityAdministration {
  const role = (name: string): Promise<RoleItem> =>
    client.ask(roleItem, { method: 'GET', url: at(ROLES, name) })
  const tenant = (name: string): Promise<TenantItem> =>
    client.ask(tenantItem, { method: 'GET', url: at(TENANTS, name) })
  return {
    createKey: (body) => client.ask(keyCreated, { method: 'POST', url: KEYS, body }),
    listKeys: () => client.list(keyList, KEYS),
    rotateKey: (key, overlapMs) =>
      client.ask(keyCreated, {
        ...{ method: 'POST', url: `${at(KEYS, key)}/rotate`, body: { overlapMs } },
      }),
    revokeKey: (key) => client.do({ method: 'DELETE', url: at(KEYS, key) }),
    listRoles: () => client.list(roleList, ROLES),
    createRole: (body) => client.ask(roleItem, { method: 'POST', url: ROLES, body }),
    changeRole: async (name, body) => {
      const { version } = await role(name)
      return client.ask(roleItem, { method: 'PATCH', url: at(ROLES, name), body, version })
    },
    removeRole: async (name) => {
      const { version } = await role(name)
      await client.do({ method: 'DELETE', url: at(ROLES, name), version })
    },
    listTenants: () => client.list(tenantList, TENANTS),
    createTenant: (body) => client.ask(tenantItem, { method: 'POST', url: TENANTS, body }),
    changeTenant: async (name, body) => {
      const { version } = await tenant(name)
      return client.ask(tenantItem, { method: 'PATCH', url: at(TENANTS, name), body, version })
    },
    removeTenant: async (name) => {
      const { version } = await tenant(name)
      await client.do({ method: 'DELETE', url: at(TENANTS, name), version })
    },
  }
}

function at(list: string, name: string): string {
  return `${list}/${encodeURIComponent(name)}`
}
