import { closeSync, existsSync, openSync, renameSync } from 'node:fs'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log/log.ts'
import { SQL_TYPES, type Migration } from './migrations.ts'
import type { SqlRunner } from './sql-runner.ts'

/** A migration that a store still lacks, as `validate` and `up --plan` show it. */
export interface PendingMigration {
  readonly id: number
  readonly name: string
  readonly long: boolean
  readonly destructive: boolean
}

export interface MigrationPlan {
  /** The newest migration the store has; 0 for an empty one. */
  readonly version: number
  readonly pending: readonly Migration[]
}

/** Any number, the same for every gateway on one database. */
const MIGRATION_LOCK = 7_258_371_904

/**
 * Reads which migrations a store lacks; changes nothing.
 *
 * @throws {AppError} `store_newer`
 */
export async function planMigrations(
  runner: SqlRunner,
  known: readonly Migration[],
): Promise<MigrationPlan> {
  const applied = (await hasTable(runner))
    ? await runner.query('select id, name from migrations order by id')
    : []
  const last = applied.at(-1)
  const version = Number(last?.['id'] ?? 0)
  const newest = known.at(-1)?.id ?? 0
  if (version > newest) {
    throw new AppError(
      'store_newer',
      `the store is at schema version ${version} (${String(last?.['name'])}) and this program knows ` +
        `versions up to ${newest}; run the newer program, or restore the copy made before the update`,
      { details: { storeVersion: version, knownVersion: newest } },
    )
  }
  return { version, pending: known.filter(({ id }) => id > version) }
}

/**
 * Refuses to go on where migrations are pending and not wanted.
 *
 * @throws {AppError} `config_invalid`
 */
export function refusePending(
  pending: readonly Migration[],
  options: { readonly migrate: boolean },
): void {
  if (options.migrate) return
  const names = pending.map(({ name }) => name).join(', ')
  throw new AppError(
    'config_invalid',
    `the store lacks the migrations ${names}; "sallyport up" applies them`,
  )
}

/** Brings a store to the newest schema, each migration in a transaction of its own. */
export async function applyMigrations(
  runner: SqlRunner,
  context: {
    readonly clock: Clock
    readonly log: Log
    readonly migrations: readonly Migration[]
  },
): Promise<void> {
  if (runner.kind === 'postgres') await runner.query(`select pg_advisory_lock(${MIGRATION_LOCK})`)
  try {
    await runner.query(
      `create table if not exists migrations (
        id integer primary key, name text not null, at ${SQL_TYPES[runner.kind].int} not null)`,
    )
    const { pending } = await planMigrations(runner, context.migrations)
    for (const migration of pending) {
      const startedMs = context.clock.monotonicMs()
      await applyOne(runner, migration, context.clock.nowMs())
      const durationMs = Math.round(context.clock.monotonicMs() - startedMs)
      context.log.info(
        { migration: migration.name, id: migration.id, durationMs },
        'store migrated',
      )
    }
  } finally {
    if (runner.kind === 'postgres')
      await runner.query(`select pg_advisory_unlock(${MIGRATION_LOCK})`)
  }
}

async function applyOne(runner: SqlRunner, migration: Migration, atMs: number): Promise<void> {
  await runner.transaction(async () => {
    // Another process may have been faster: SQLite is locked only from here on.
    const done = await runner.query('select id from migrations where id = ?', [migration.id])
    if (done.length > 0) return
    for (const statement of migration.statements(SQL_TYPES[runner.kind])) {
      await runner.query(statement)
    }
    await runner.query('insert into migrations (id, name, at) values (?, ?, ?)', [
      migration.id,
      migration.name,
      atMs,
    ])
  })
}

/**
 * Copies an embedded store to `<path>.before-<id>` (mode 600), complete or not at all. A copy of an
 * earlier attempt at the same migration is kept: it shows the same schema, and the older data is safer.
 */
export async function copyBeforeMigration(
  runner: SqlRunner,
  path: string,
  id: number,
): Promise<string> {
  const copy = `${path}.before-${id}`
  if (existsSync(copy)) return copy
  const draft = `${copy}.${process.pid}`
  // SQLite fills an empty file, and leaves its mode alone.
  closeSync(openSync(draft, 'w', 0o600))
  await runner.query('vacuum into ?', [draft])
  renameSync(draft, copy)
  return copy
}

async function hasTable(runner: SqlRunner): Promise<boolean> {
  const rows =
    runner.kind === 'sqlite'
      ? await runner.query(
          "select name from sqlite_master where type = 'table' and name = 'migrations'",
        )
      : await runner.query("select to_regclass('migrations') as name")
  return typeof rows[0]?.['name'] === 'string'
}
