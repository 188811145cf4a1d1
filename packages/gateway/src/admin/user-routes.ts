import type { UserItem, UserMade } from '@sallyport/contract/admin'
import type { Log } from '@sallyport/kit/log'
import type { UserRecord } from '@sallyport/kit/store'
import type { FastifyInstance } from 'fastify'
import type { Operator } from '../operations.ts'
import type { UserMadeRecord, UserService } from '../users/user-service.ts'
import { addRoutes, Versioned } from './add-routes.ts'
import { toInstant } from './instant.ts'
import { page } from './page.ts'

export interface UserDeps {
  readonly userService: UserService
  readonly log: Log
}

/** Everything under `/api/v1/users`. */
export function addUserRoutes(app: FastifyInstance, { userService: users, log }: UserDeps): void {
  const note = (user: UserRecord, { principal, requestId }: Operator, message: string): void => {
    log.info({ user: user.id, name: user.name, principal: principal.id, requestId }, message)
  }
  addRoutes(app, {
    'users.list': async ({ caller, query }) =>
      page((await users.list(caller)).map(toUserItem), ({ name }) => name, query),
    'users.show': async ({ params, caller }) =>
      versioned(await users.find(params.idOrName, caller)),
    'users.create': async ({ body, caller, by, signal }) => {
      const made = await users.create(body, { caller, signal })
      note(made.user, by, 'user created')
      return new Versioned(made.user.version, toUserMade(made))
    },
    'users.bootstrap': async ({ body, caller, by, signal }) => {
      const made = await users.bootstrap(body, { caller, signal })
      note(made.user, by, 'first admin created')
      return new Versioned(made.user.version, toUserMade(made))
    },
    'users.change': async ({ params, body, caller, by, version }) => {
      const user = await users.find(params.idOrName, caller)
      const changed = await users.change(user, body, { caller, version })
      note(changed, by, 'user changed')
      return versioned(changed)
    },
    'users.reset': async ({ params, body, caller, by, signal }) => {
      const user = await users.find(params.idOrName, caller)
      const made = await users.reset(user, body, { caller, signal })
      note(made.user, by, 'password reset')
      return new Versioned(made.user.version, toUserMade(made))
    },
    'users.remove': async ({ params, caller, by, version }) => {
      const user = await users.find(params.idOrName, caller)
      await users.remove(user, caller, version)
      note(user, by, 'user removed')
    },
  })
}

/** A user as shown; its hash stays inside. */
export function toUserItem(user: UserRecord): UserItem {
  return {
    id: user.id,
    name: user.name,
    roles: [...user.roles],
    tenant: user.tenant,
    mustChange: user.mustChange,
    disabledAt: toInstant(user.disabledAtMs),
    lastLoginAt: toInstant(user.lastLoginAtMs),
    createdAt: toInstant(user.createdAtMs),
    changedAt: toInstant(user.changedAtMs),
    version: user.version,
  }
}

/** The answer to who made or reset a user. */
export function toUserMade({ user, password }: UserMadeRecord): UserMade {
  return {
    user: toUserItem(user),
    ...(password !== undefined && { password: password.reveal() }),
  }
}

function versioned(user: UserRecord): Versioned<UserItem> {
  return new Versioned(user.version, toUserItem(user))
}
