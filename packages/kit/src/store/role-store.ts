import type { Kysely, Selectable } from 'kysely'
import { AppError } from '../errors.ts'
import { changing } from './changes.ts'
import { guardStore, isUniqueViolation } from './store-failure.ts'
import type { Tables } from './tables.ts'
import { assertShort, REASON_CHARS_MAX, TEXT_CHARS_MAX } from './text-limits.ts'

/** What an operator says about a role. */
export interface RoleValues {
  /** For people; at most 1,000 characters. */
  readonly description: string
  /** Names of permissions; those that are not known give nothing. */
  readonly permissions: readonly string[]
}

/** A role that an operator added over the API. */
export interface RoleRecord extends RoleValues {
  readonly name: string
  readonly createdAtMs: number
  readonly changedAtMs: number
  /** Another one with every change, never again one that it had. */
  readonly version: number
}

export interface RoleStore {
  /** By name. */
  list(): Promise<readonly RoleRecord[]>
  get(name: string): Promise<RoleRecord | undefined>
  /** @throws {AppError} `conflict` when there is one of that name */
  create(name: string, values: RoleValues, atMs: number): Promise<RoleRecord>
  /** @throws {AppError} `not_found`; `version_conflict` when its version is another one */
  change(target: VersionedName, values: Partial<RoleValues>, atMs: number): Promise<RoleRecord>
  /** @throws {AppError} as `change` */
  remove(target: VersionedName): Promise<void>
}

/** What is changed, as the one who changes it knows it. */
export interface VersionedName {
  readonly name: string
  readonly version: number
}

/** The roles of the store. */
export class SqlRoleStore implements RoleStore {
  readonly #db: Kysely<Tables>

  constructor(db: Kysely<Tables>) {
    this.#db = db
  }

  async list(): Promise<readonly RoleRecord[]> {
    const rows = await guardStore('roles cannot be read', () =>
      this.#db.selectFrom('roles').selectAll().orderBy('name').execute(),
    )
    return rows.map(toRecord)
  }

  async get(name: string): Promise<RoleRecord | undefined> {
    const row = await guardStore('the role cannot be read', () =>
      this.#db.selectFrom('roles').selectAll().where('name', '=', name).executeTakeFirst(),
    )
    return row && toRecord(row)
  }

  async create(name: string, values: RoleValues, atMs: number): Promise<RoleRecord> {
    assertShort('the name of the role', name, TEXT_CHARS_MAX)
    const row = { name, ...toColumns(values), created_at: atMs, changed_at: atMs }
    return await guardStore('the role cannot be written', async () => {
      try {
        return await changing(this.#db, 'roles', async (db, version) => {
          const record = await db
            .insertInto('roles')
            .values({ ...row, version })
            .returningAll()
            .executeTakeFirstOrThrow()
          return toRecord(record)
        })
      } catch (thrown) {
        if (isUniqueViolation(thrown)) throw taken('role', name, thrown)
        throw thrown
      }
    })
  }

  async change(
    { name, version: known }: VersionedName,
    values: Partial<RoleValues>,
    atMs: number,
  ): Promise<RoleRecord> {
    return await guardStore('the role cannot be written', () =>
      changing(this.#db, 'roles', async (db, version) => {
        const before = await db
          .selectFrom('roles')
          .selectAll()
          .where('name', '=', name)
          .executeTakeFirst()
        assertVersion('role', before, known)
        const columns = toColumns({ ...toRecord(before), ...values })
        const row = await db
          .updateTable('roles')
          .set({ ...columns, changed_at: atMs, version })
          .where('name', '=', name)
          .returningAll()
          .executeTakeFirstOrThrow()
        return toRecord(row)
      }),
    )
  }

  async remove({ name, version: known }: VersionedName): Promise<void> {
    await guardStore('the role cannot be removed', () =>
      changing(this.#db, 'roles', async (db) => {
        const before = await db
          .selectFrom('roles')
          .select('version')
          .where('name', '=', name)
          .executeTakeFirst()
        assertVersion('role', before, known)
        await db.deleteFrom('roles').where('name', '=', name).execute()
      }),
    )
  }
}

function toColumns({ description, permissions }: RoleValues) {
  assertShort('the description', description, REASON_CHARS_MAX)
  return { description, permissions: JSON.stringify(permissions) }
}

function toRecord(row: Selectable<Tables['roles']>): RoleRecord {
  const { name, description, permissions, created_at, changed_at, version } = row
  const names: unknown = JSON.parse(permissions)
  return {
    ...{ name, description, version },
    permissions: Array.isArray(names) ? names.filter((one) => typeof one === 'string') : [],
    ...{ createdAtMs: created_at, changedAtMs: changed_at },
  }
}

/** What is refused when there is one of that name. */
export function taken(what: string, name: string, cause: unknown): AppError {
  const sentence = `a ${what} named ${JSON.stringify(name)} exists; choose another name or change it`
  return new AppError('conflict', sentence, { cause })
}

/**
 * That what is to be changed is there, and as the one who changes it knows it.
 *
 * @throws {AppError} `not_found`, `version_conflict`
 */
export function assertVersion<Row extends { readonly version: number }>(
  what: string,
  row: Row | undefined,
  known: number,
): asserts row is Row {
  if (row === undefined) throw new AppError('not_found', `there is no ${what} of that name`)
  if (row.version === known) return
  throw new AppError(
    'version_conflict',
    `the ${what} was changed meanwhile; read it again and change what it is now`,
  )
}
