import type { Kysely, Selectable, Transaction } from 'kysely'
import { AppError } from '../errors.ts'
import { changing, countChange } from './changes.ts'
import { guardStore, isUniqueViolation } from './store-failure.ts'
import { assertShort, TEXT_CHARS_MAX } from './text-limits.ts'
import type { Tables } from './tables.ts'

/** A person who may log in, as kept: never the password, only its hash with the cost it was made at. */
export interface UserRecord {
  /** `u_` and eight characters; no name looks like one. */
  readonly id: string
  readonly name: string
  readonly roles: readonly string[]
  readonly tenant: string | null
  /** As `Passwords.hash` made it. */
  readonly password: string
  /** Whether nothing is allowed before the password was changed. */
  readonly mustChange: boolean
  readonly disabledAtMs: number | null
  readonly lastLoginAtMs: number | null
  readonly createdAtMs: number
  readonly changedAtMs: number
  /** Another one after each change; never comes twice. */
  readonly version: number
}

/** A user that is to be made. */
export type NewUser = Pick<
  UserRecord,
  'id' | 'name' | 'roles' | 'tenant' | 'password' | 'mustChange' | 'createdAtMs'
>

/** What is to be different; what is absent stays. */
export type UserChange = Partial<
  Pick<UserRecord, 'name' | 'roles' | 'tenant' | 'password' | 'mustChange' | 'disabledAtMs'>
>

/** What a change is based on. */
export interface UserBasis {
  readonly id: string
  /** Undefined = whatever it is now. */
  readonly version: number | undefined
}

export interface UserStore {
  /** All of them, by name. */
  list(): Promise<readonly UserRecord[]>
  find(idOrName: string): Promise<UserRecord | undefined>
  /**
   * @param onlyFirstAdmin whether another usable admin is a refusal
   * @throws {AppError} `conflict` when the name is taken
   */
  create(user: NewUser, options?: { readonly onlyFirstAdmin?: boolean }): Promise<UserRecord>
  /**
   * Changes a user. A change of password, roles, tenant or of being disabled ends all its logins.
   *
   * @throws {AppError} `not_found`, `version_conflict`, `conflict` for a name that is taken, and where no
   *   usable admin would be left
   */
  change(basis: UserBasis, change: UserChange, nowMs: number): Promise<UserRecord>
  /** @throws {AppError} as `change` */
  remove(basis: UserBasis): Promise<void>
  /** Notes a login; no change of the user. `rehashed` replaces the hash of the same password. */
  loggedIn(user: UserRecord, atMs: number, rehashed?: string): Promise<void>
}

/** Whether that user can administer everything: what at least one must, once there is one. */
export function isUsableAdmin(
  user: Pick<UserRecord, 'roles' | 'tenant' | 'disabledAtMs'>,
): boolean {
  return user.roles.includes('admin') && user.tenant === null && user.disabledAtMs === null
}

type Changing = Transaction<Tables>

/** People. Changes of all processes exclude each other: the count of changes is locked first. */
export class SqlUserStore implements UserStore {
  readonly #db: Kysely<Tables>

  constructor(db: Kysely<Tables>) {
    this.#db = db
  }

  async list(): Promise<readonly UserRecord[]> {
    const rows = await guardStore('users cannot be read', () =>
      this.#db.selectFrom('users').selectAll().orderBy('name').execute(),
    )
    return rows.map(toUserRecord)
  }

  async find(idOrName: string): Promise<UserRecord | undefined> {
    const row = await guardStore('users cannot be read', () =>
      this.#db
        .selectFrom('users')
        .selectAll()
        .where((where) => where.or([where('id', '=', idOrName), where('name', '=', idOrName)]))
        .executeTakeFirst(),
    )
    return row && toUserRecord(row)
  }

  create(
    user: NewUser,
    { onlyFirstAdmin = false }: { readonly onlyFirstAdmin?: boolean } = {},
  ): Promise<UserRecord> {
    assertShort('the name', user.name, TEXT_CHARS_MAX)
    return this.#write(user.name, async (transaction, version) => {
      if (onlyFirstAdmin && (await hasAdminBeside(transaction, user.id))) {
        throw new AppError(
          'conflict',
          'an admin exists; log in as one, or give one a new password with `sallyport admin reset NAME`',
        )
      }
      const { createdAtMs } = user
      const row = {
        ...{ id: user.id, name: user.name, roles: JSON.stringify(user.roles) },
        ...{ tenant: user.tenant, password: user.password, must_change: Number(user.mustChange) },
        ...{ disabled_at: null, last_login_at: null },
        ...{ created_at: createdAtMs, changed_at: createdAtMs, version },
      }
      await transaction.insertInto('users').values(row).execute()
      return toUserRecord(row)
    })
  }

  change(basis: UserBasis, change: UserChange, nowMs: number): Promise<UserRecord> {
    return this.#write(change.name ?? '', async (transaction, version) => {
      const before = await current(transaction, basis)
      const after = { ...before, ...change, changedAtMs: nowMs, version }
      if (isUsableAdmin(before) && !isUsableAdmin(after)) await assertAdmin(transaction, basis.id)
      await transaction
        .updateTable('users')
        .set({ ...toColumns(change), changed_at: nowMs, version })
        .where('id', '=', basis.id)
        .execute()
      if (endsLogins(change)) await endLogins(transaction, basis.id)
      return after
    })
  }

  async remove(basis: UserBasis): Promise<void> {
    await this.#write('', async (transaction) => {
      await current(transaction, basis)
      await removeUser(transaction, basis.id)
    })
  }

  async loggedIn({ id, password }: UserRecord, atMs: number, rehashed?: string): Promise<void> {
    await guardStore('the login cannot be noted', () =>
      this.#db
        .updateTable('users')
        .set({ last_login_at: atMs, ...(rehashed !== undefined && { password: rehashed }) })
        .where('id', '=', id)
        // Not over a password that was set meanwhile.
        .where('password', '=', password)
        .execute(),
    )
  }

  async #write<T>(
    name: string,
    run: (transaction: Changing, version: number) => Promise<T>,
  ): Promise<T> {
    try {
      return await guardStore('the user cannot be written', () => changing(this.#db, 'users', run))
    } catch (thrown) {
      const cause = thrown instanceof AppError ? thrown.cause : thrown
      if (!isUniqueViolation(cause)) throw thrown
      throw new AppError('conflict', `a user named ${JSON.stringify(name)} exists`, { cause })
    }
  }
}

/**
 * Removes a user with all its logins within a change of both; false where there is none.
 *
 * @throws {AppError} `conflict` where no usable admin would be left
 */
export async function removeUser(transaction: Changing, id: string): Promise<boolean> {
  const row = await transaction
    .selectFrom('users')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  if (row === undefined) return false
  if (isUsableAdmin(toUserRecord(row))) await assertAdmin(transaction, id)
  await endLogins(transaction, id)
  await transaction.deleteFrom('users').where('id', '=', id).execute()
  return true
}

function endsLogins({ password, roles, tenant, disabledAtMs }: UserChange): boolean {
  return [password, roles, tenant, disabledAtMs].some((value) => value !== undefined)
}

async function endLogins(transaction: Changing, userId: string): Promise<void> {
  // Always after the users' count: one order of locks for all.
  await countChange(transaction, 'logins')
  await transaction.deleteFrom('logins').where('user_id', '=', userId).execute()
}

async function current(transaction: Changing, { id, version }: UserBasis): Promise<UserRecord> {
  const row = await transaction
    .selectFrom('users')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  if (row === undefined) throw new AppError('not_found', 'there is no such user')
  const user = toUserRecord(row)
  if (version === undefined || version === user.version) return user
  throw new AppError('version_conflict', 'the user was changed meanwhile: read it again')
}

async function assertAdmin(transaction: Changing, exceptId: string): Promise<void> {
  if (await hasAdminBeside(transaction, exceptId)) return
  throw new AppError(
    'conflict',
    'this is the last admin who can log in: make another one first, with the role admin and without a tenant',
  )
}

async function hasAdminBeside(transaction: Changing, exceptId: string): Promise<boolean> {
  const rows = await transaction
    .selectFrom('users')
    .selectAll()
    .where('id', '!=', exceptId)
    .where('tenant', 'is', null)
    .where('disabled_at', 'is', null)
    .execute()
  return rows.some((row) => isUsableAdmin(toUserRecord(row)))
}

function toColumns({ name, roles, tenant, password, mustChange, disabledAtMs }: UserChange) {
  return {
    ...(name !== undefined && { name }),
    ...(roles !== undefined && { roles: JSON.stringify(roles) }),
    ...(tenant !== undefined && { tenant }),
    ...(password !== undefined && { password }),
    ...(mustChange !== undefined && { must_change: Number(mustChange) }),
    ...(disabledAtMs !== undefined && { disabled_at: disabledAtMs }),
  }
}

function toUserRecord(row: Selectable<Tables['users']>): UserRecord {
  return {
    id: row.id,
    name: row.name,
    roles: toNames(row.roles),
    tenant: row.tenant,
    password: row.password,
    mustChange: Number(row.must_change) !== 0,
    disabledAtMs: row.disabled_at,
    lastLoginAtMs: row.last_login_at,
    createdAtMs: row.created_at,
    changedAtMs: row.changed_at,
    version: row.version,
  }
}

/** What is no list of texts gives nothing. */
function toNames(json: string): readonly string[] {
  const value: unknown = JSON.parse(json)
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : []
}
