import type { RoleItem } from '@sallyport/contract/admin'
import type { Log } from '@sallyport/kit/log'
import type { FastifyInstance } from 'fastify'
import type { KnownRole, RoleService } from '../identity/role-service.ts'
import type { Operator } from '../operations.ts'
import { addRoutes, Versioned } from './add-routes.ts'
import { toInstant } from './instant.ts'
import { page } from './page.ts'

export interface RoleDeps {
  readonly roles: RoleService
  readonly log: Log
}

/** Everything under `/api/v1/roles`. */
export function addRoleRoutes(app: FastifyInstance, { roles, log }: RoleDeps): void {
  const note = (role: string, { principal, requestId }: Operator, message: string): void =>
    log.info({ role, principal: principal.id, requestId }, message)
  addRoutes(app, {
    'roles.list': async ({ query, caller }) =>
      page((await roles.list(caller)).map(toRoleItem), ({ name }) => name, query),
    'roles.show': async ({ params, caller }) => versioned(await roles.find(params.name, caller)),
    'roles.create': async ({ body, caller, by }) => {
      const made = await roles.create(body, caller)
      note(made.name, by, 'role created')
      return versioned(made)
    },
    'roles.change': async ({ params: { name }, body, caller, by, version }) => {
      const changed = await roles.change({ name, version }, body, caller)
      note(name, by, 'role changed')
      return versioned(changed)
    },
    'roles.remove': async ({ params: { name }, caller, by, version }) => {
      await roles.remove({ name, version }, caller)
      note(name, by, 'role removed')
    },
  })
}

/** A role as shown. */
export function toRoleItem({
  name,
  description,
  permissions,
  source,
  record,
}: KnownRole): RoleItem {
  return {
    ...{ name, description, permissions: [...permissions], source },
    createdAt: toInstant(record?.createdAtMs ?? null),
    changedAt: toInstant(record?.changedAtMs ?? null),
    version: record?.version ?? 0,
  }
}

function versioned(role: KnownRole): Versioned<RoleItem> {
  return new Versioned(role.record?.version ?? 0, toRoleItem(role))
}
