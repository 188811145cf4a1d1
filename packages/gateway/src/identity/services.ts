import type { Clock } from '@sallyport/kit/clock'
import type { Store } from '@sallyport/kit/store'
import type { RunnableConfig } from '../config/index.ts'
import { readGrants, sourceOf } from './grant-sources.ts'
import { KeyService } from './key-service.ts'
import { LiveGrants } from './live-grants.ts'
import { RoleService } from './role-service.ts'
import { TenantService } from './tenant-service.ts'

/** What administrators do to those who call. */
export interface IdentityServices {
  readonly grants: LiveGrants
  readonly keys: KeyService
  readonly roles: RoleService
  readonly tenants: TenantService
}

export interface IdentityServicesDeps {
  readonly store: Pick<Store, 'keys' | 'roles' | 'tenants'>
  readonly grants: LiveGrants
  readonly clock: Clock
  readonly config: () => Pick<RunnableConfig, 'roles' | 'tenants'>
  readonly keysChanged: () => Promise<void>
  readonly grantsChanged: () => Promise<void>
}

export function openServices(deps: IdentityServicesDeps): IdentityServices {
  const { store, grants, clock, config } = deps
  return {
    grants,
    keys: new KeyService({ keys: store.keys, grants, clock, changed: deps.keysChanged }),
    roles: new RoleService({
      ...{ roles: store.roles, clock, file: () => config().roles },
      changed: deps.grantsChanged,
    }),
    tenants: new TenantService({
      ...{ tenants: store.tenants, clock, file: () => config().tenants },
      changed: deps.grantsChanged,
    }),
  }
}

/** The same on the store of a gateway that does not run. */
export async function openStoreServices(
  store: IdentityServicesDeps['store'],
  config: Pick<RunnableConfig, 'roles' | 'tenants'>,
  clock: Clock,
): Promise<IdentityServices> {
  const grants = new LiveGrants(sourceOf(config), await readGrants(store))
  return openServices({
    ...{ store, grants, clock, config: () => config },
    keysChanged: async () => undefined,
    grantsChanged: async () => {
      grants.store = await readGrants(store)
    },
  })
}
