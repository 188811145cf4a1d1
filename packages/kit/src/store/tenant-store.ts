import type { Kysely, Selectable } from 'kysely'
import type { SightRule } from '../principal.ts'
import { changing } from './changes.ts'
import { assertVersion, taken, type VersionedName } from './role-store.ts'
import { guardStore, isUniqueViolation } from './store-failure.ts'
import type { Tables } from './tables.ts'
import { assertShort, TEXT_CHARS_MAX } from './text-limits.ts'

/** What an operator says about a tenant. */
export interface TenantValues {
  /** For people. */
  readonly title: string
  /** What its callers see at most. */
  readonly rule: SightRule
}

/** A tenant that an operator added over the API. */
export interface TenantRecord extends TenantValues {
  readonly name: string
  readonly createdAtMs: number
  readonly changedAtMs: number
  /** Another one with every change, never again one that it had. */
  readonly version: number
}

export interface TenantStore {
  /** By name. */
  list(): Promise<readonly TenantRecord[]>
  get(name: string): Promise<TenantRecord | undefined>
  /** @throws {AppError} `conflict` when there is one of that name */
  create(name: string, values: TenantValues, atMs: number): Promise<TenantRecord>
  /** @throws {AppError} `not_found`; `version_conflict` when its version is another one */
  change(target: VersionedName, values: Partial<TenantValues>, atMs: number): Promise<TenantRecord>
  /** @throws {AppError} as `change` */
  remove(target: VersionedName): Promise<void>
}

/** What nobody sees anything by: of a tenant whose rule cannot be read. */
const NOTHING: SightRule = { servers: [] }

/** The tenants of the store. */
export class SqlTenantStore implements TenantStore {
  readonly #db: Kysely<Tables>

  constructor(db: Kysely<Tables>) {
    this.#db = db
  }

  async list(): Promise<readonly TenantRecord[]> {
    const rows = await guardStore('tenants cannot be read', () =>
      this.#db.selectFrom('tenants').selectAll().orderBy('name').execute(),
    )
    return rows.map(toRecord)
  }

  async get(name: string): Promise<TenantRecord | undefined> {
    const row = await guardStore('the tenant cannot be read', () =>
      this.#db.selectFrom('tenants').selectAll().where('name', '=', name).executeTakeFirst(),
    )
    return row && toRecord(row)
  }

  async create(name: string, values: TenantValues, atMs: number): Promise<TenantRecord> {
    assertShort('the name of the tenant', name, TEXT_CHARS_MAX)
    const row = { name, ...toColumns(values), created_at: atMs, changed_at: atMs }
    return await guardStore('the tenant cannot be written', async () => {
      try {
        return await changing(this.#db, 'tenants', async (db, version) => {
          const record = await db
            .insertInto('tenants')
            .values({ ...row, version })
            .returningAll()
            .executeTakeFirstOrThrow()
          return toRecord(record)
        })
      } catch (thrown) {
        if (isUniqueViolation(thrown)) throw taken('tenant', name, thrown)
        throw thrown
      }
    })
  }

  async change(
    { name, version: known }: VersionedName,
    values: Partial<TenantValues>,
    atMs: number,
  ): Promise<TenantRecord> {
    return await guardStore('the tenant cannot be written', () =>
      changing(this.#db, 'tenants', async (db, version) => {
        const before = await db
          .selectFrom('tenants')
          .selectAll()
          .where('name', '=', name)
          .executeTakeFirst()
        assertVersion('tenant', before, known)
        const columns = toColumns({ ...toRecord(before), ...values })
        const row = await db
          .updateTable('tenants')
          .set({ ...columns, changed_at: atMs, version })
          .where('name', '=', name)
          .returningAll()
          .executeTakeFirstOrThrow()
        return toRecord(row)
      }),
    )
  }

  async remove({ name, version: known }: VersionedName): Promise<void> {
    await guardStore('the tenant cannot be removed', () =>
      changing(this.#db, 'tenants', async (db) => {
        const before = await db
          .selectFrom('tenants')
          .select('version')
          .where('name', '=', name)
          .executeTakeFirst()
        assertVersion('tenant', before, known)
        await db.deleteFrom('tenants').where('name', '=', name).execute()
      }),
    )
  }
}

function toColumns({ title, rule }: TenantValues) {
  assertShort('the title', title, TEXT_CHARS_MAX)
  return { title, rule: JSON.stringify(rule) }
}

function toRecord(row: Selectable<Tables['tenants']>): TenantRecord {
  const { name, title, rule, created_at, changed_at, version } = row
  return {
    ...{ name, title, version },
    rule: toRule(rule),
    ...{ createdAtMs: created_at, changedAtMs: changed_at },
  }
}

function toRule(text: string): SightRule {
  const rule: unknown = JSON.parse(text)
  // Written by this product after its schema was checked.
  return typeof rule === 'object' && rule !== null ? (rule as SightRule) : NOTHING
}
