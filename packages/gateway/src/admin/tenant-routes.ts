import { tenantItem, type TenantItem } from '@sallyport/contract/admin'
import type { Log } from '@sallyport/kit/log'
import type { FastifyInstance } from 'fastify'
import type { KnownTenant, TenantService } from '../identity/tenant-service.ts'
import type { Operator } from '../operations.ts'
import { addRoutes, Versioned } from './add-routes.ts'
import { toInstant } from './instant.ts'
import { page } from './page.ts'

export interface TenantDeps {
  readonly tenants: TenantService
  readonly log: Log
}

/** Everything under `/api/v1/tenants`. */
export function addTenantRoutes(app: FastifyInstance, { tenants, log }: TenantDeps): void {
  const note = (tenant: string, { principal, requestId }: Operator, message: string): void =>
    log.info({ tenant, principal: principal.id, requestId }, message)
  addRoutes(app, {
    'tenants.list': async ({ query, caller }) =>
      page((await tenants.list(caller)).map(toTenantItem), ({ name }) => name, query),
    'tenants.show': async ({ params, caller }) =>
      versioned(await tenants.find(params.name, caller)),
    'tenants.create': async ({ body, caller, by }) => {
      const made = await tenants.create(body, caller)
      note(made.name, by, 'tenant created')
      return versioned(made)
    },
    'tenants.change': async ({ params: { name }, body, caller, by, version }) => {
      const changed = await tenants.change({ name, version }, body, caller)
      note(name, by, 'tenant changed')
      return versioned(changed)
    },
    'tenants.remove': async ({ params: { name }, caller, by, version }) => {
      await tenants.remove({ name, version }, caller)
      note(name, by, 'tenant removed')
    },
  })
}

/** A tenant as shown. */
export function toTenantItem({ name, title, rule, source, record }: KnownTenant): TenantItem {
  return tenantItem.parse({
    ...{ ...rule, name, title, source },
    createdAt: toInstant(record?.createdAtMs ?? null),
    changedAt: toInstant(record?.changedAtMs ?? null),
    version: record?.version ?? 0,
  })
}

function versioned(tenant: KnownTenant): Versioned<TenantItem> {
  return new Versioned(tenant.record?.version ?? 0, toTenantItem(tenant))
}
