import { randomBytes } from 'node:crypto'
import type {
  UserBootstrap,
  UserChangeInput,
  UserCreate,
  UserReset,
} from '@sallyport/contract/admin'
import type { Clock } from '@sallyport/kit/clock'
import type { GrantResolver } from '@sallyport/kit/door'
import { AppError } from '@sallyport/kit/errors'
import type { Principal } from '@sallyport/kit/principal'
import { Secret } from '@sallyport/kit/secret'
import type { UserRecord, UserStore } from '@sallyport/kit/store'
import { createPassword, passwordFault, type Passwords } from '@sallyport/kit/users'
import { assertMayManage, assertSeesAtMost } from '../identity/grant-rules.ts'

const USERS_MAX = 10_000
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

export interface UserServiceDeps {
  readonly users: UserStore
  readonly passwords: Passwords
  readonly grants: GrantResolver
  readonly clock: Clock
  /** Resolves once this process knows of a change. */
  readonly changed: () => Promise<void>
}

/** Who wants it, and how long it may take. */
export interface UserAsk {
  readonly caller: Principal
  readonly signal: AbortSignal
}

/** A user who was made or reset, with the password if one was made. */
export interface UserMadeRecord {
  readonly user: UserRecord
  readonly password: Secret | undefined
}

/**
 * What administrators do to users. Nobody gives or takes what is not its own to give: rights that the caller
 * lacks, and users who have such. Whoever belongs to a tenant finds only its users.
 */
export class UserService {
  readonly #deps: UserServiceDeps

  constructor(deps: UserServiceDeps) {
    this.#deps = deps
  }

  /** By name. */
  async list(caller: Principal): Promise<readonly UserRecord[]> {
    const users = await this.#deps.users.list()
    return users.filter((user) => isInSight(user, caller))
  }

  /** @throws {AppError} `not_found` */
  async find(idOrName: string, caller: Principal): Promise<UserRecord> {
    // What can be neither is not looked for: databases refuse some texts.
    const isText = /^[a-z0-9_.@+-]{1,64}$/.test(idOrName)
    const user = isText ? await this.#deps.users.find(idOrName) : undefined
    if (user !== undefined && isInSight(user, caller)) return user
    throw new AppError('not_found', 'there is no user of that id or name')
  }

  /** @throws {AppError} `request_invalid`, `forbidden`, `conflict` for a name that is taken, `overloaded` */
  async create(input: UserCreate, { caller, signal }: UserAsk): Promise<UserMadeRecord> {
    const { users, clock } = this.#deps
    const tenant = input.tenant === undefined ? caller.tenant : input.tenant
    this.#assertMayGrant(input.roles, tenant, caller)
    if ((await users.list()).length >= USERS_MAX) {
      throw new AppError('conflict', `there are ${USERS_MAX} users, which is the most`)
    }
    const { hash, made } = await this.#newPassword(input, input.name, signal)
    const user = await users.create({
      ...{ id: createUserId(), name: input.name, roles: input.roles, tenant },
      ...{ password: hash, mustChange: made !== undefined || input.mustChange },
      createdAtMs: clock.nowMs(),
    })
    await this.#deps.changed()
    return { user, password: made }
  }

  /**
   * Makes the first admin.
   *
   * @throws {AppError} `conflict` when there is one, `forbidden` but for the local administrator
   */
  async bootstrap(
    { name, password }: UserBootstrap,
    { caller, signal }: UserAsk,
  ): Promise<UserMadeRecord> {
    if (caller.kind !== 'local') {
      throw new AppError('forbidden', 'the first admin is made on the machine of the gateway alone')
    }
    const { hash, made } = await this.#newPassword({ password }, name, signal)
    const user = await this.#deps.users.create(
      {
        ...{ id: createUserId(), name, roles: ['admin'], tenant: null },
        ...{ password: hash, mustChange: made !== undefined },
        createdAtMs: this.#deps.clock.nowMs(),
      },
      { onlyFirstAdmin: true },
    )
    await this.#deps.changed()
    return { user, password: made }
  }

  /** @throws {AppError} `not_found`, `forbidden`, `request_invalid`, `version_conflict`, `conflict` */
  async change(
    user: UserRecord,
    { name, roles, tenant, disabled }: UserChangeInput,
    { caller, version }: Pick<UserAsk, 'caller'> & { readonly version: number },
  ): Promise<UserRecord> {
    this.#assertMayManage(user, caller)
    if (roles !== undefined || tenant !== undefined) {
      this.#assertMayGrant(roles ?? user.roles, tenant === undefined ? user.tenant : tenant, caller)
    }
    const nowMs = this.#deps.clock.nowMs()
    const isDisabled = user.disabledAtMs !== null
    const change = {
      ...(name !== undefined && name !== user.name && { name }),
      ...(roles !== undefined && !isSame(roles, user.roles) && { roles }),
      ...(tenant !== undefined && tenant !== user.tenant && { tenant }),
      ...(disabled !== undefined &&
        disabled !== isDisabled && { disabledAtMs: disabled ? nowMs : null }),
    }
    const changed = await this.#deps.users.change({ id: user.id, version }, change, nowMs)
    await this.#deps.changed()
    return changed
  }

  /** Gives a new password; all logins end. @throws {AppError} as `change` */
  async reset(
    user: UserRecord,
    { password, mustChange, enable }: UserReset,
    { caller, signal }: UserAsk,
  ): Promise<UserMadeRecord> {
    this.#assertMayManage(user, caller)
    const { hash, made } = await this.#newPassword({ password }, user.name, signal)
    const change = {
      ...{ password: hash, mustChange: made !== undefined || mustChange },
      ...(enable && { disabledAtMs: null }),
    }
    const basis = { id: user.id, version: user.version }
    const changed = await this.#deps.users.change(basis, change, this.#deps.clock.nowMs())
    await this.#deps.changed()
    return { user: changed, password: made }
  }

  /** @throws {AppError} as `change` */
  async remove(user: UserRecord, caller: Principal, version: number): Promise<void> {
    this.#assertMayManage(user, caller)
    await this.#deps.users.remove({ id: user.id, version })
    await this.#deps.changed()
  }

  async #newPassword(
    { password }: { readonly password?: string | undefined },
    name: string,
    signal: AbortSignal,
  ): Promise<{ hash: string; made: Secret | undefined }> {
    const made = password === undefined ? createPassword() : undefined
    if (password !== undefined) assertPassword(password, name)
    const text = password ?? made?.reveal() ?? ''
    return { hash: await this.#deps.passwords.hash(text, signal), made }
  }

  #assertMayGrant(roles: readonly string[], tenant: string | null, caller: Principal): void {
    if (caller.tenant !== null && tenant !== caller.tenant) {
      throw new AppError('forbidden', 'whoever belongs to a tenant makes users of that tenant only')
    }
    for (const role of roles) {
      const { permissions } = this.#deps.grants.resolve({ roles: [role], tenant: null })
      if (permissions.size === 0) {
        throw new AppError(
          'request_invalid',
          `there is no role named ${role}: see GET /api/v1/roles`,
        )
      }
      const lacking = [...permissions].find((permission) => !caller.permissions.has(permission))
      if (lacking === undefined) continue
      throw new AppError(
        'forbidden',
        `nobody gives what it lacks: the role ${role} allows ${lacking}, and your own do not`,
      )
    }
    assertSeesAtMost({ roles, tenant, rule: undefined }, caller, this.#deps.grants)
    if (tenant !== null && this.#deps.grants.resolve({ roles, tenant }).permissions.size === 0) {
      throw new AppError(
        'request_invalid',
        `there is no tenant named ${tenant}: see GET /api/v1/tenants`,
      )
    }
  }

  #assertMayManage({ roles, tenant }: UserRecord, caller: Principal): void {
    assertMayManage({ roles, tenant, rule: undefined }, caller, this.#deps.grants)
  }
}

/** @throws {AppError} `request_invalid` for a password that is not good enough */
export function assertPassword(password: string, name: string): void {
  const fault = passwordFault(password, name)
  if (fault !== undefined) throw new AppError('request_invalid', `the password ${fault}`)
}

function isInSight({ tenant }: UserRecord, caller: Principal): boolean {
  return caller.tenant === null || tenant === caller.tenant
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, at) => name === b[at])
}

function createUserId(): string {
  let id = 'u_'
  for (const byte of randomBytes(8)) id += BASE32[byte & 31]
  return id
}
