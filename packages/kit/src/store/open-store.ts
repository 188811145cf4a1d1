import type { Clock } from '../clock.ts'
import type { Log } from '../log/log.ts'
import type { StoreKeys } from './keys.ts'
import { parseStoreLocation } from './location.ts'
import { planMigrations, type PendingMigration } from './migrate.ts'
import { MIGRATIONS } from './migrations.ts'
import { connectPostgres } from './postgres-database.ts'
import { openPostgresStore } from './postgres-store.ts'
import { openSqliteStore } from './sqlite-store.ts'
import { hasContent, openSqliteReadOnly } from './sqlite-database.ts'
import { postgresRunner, sqliteRunner, type SqlRunner } from './sql-runner.ts'
import { guardStore } from './store-failure.ts'
import type { StoreContext } from './store-context.ts'
import type { Store } from './store.ts'

export interface OpenStoreOptions {
  /** `sqlite:<path>` or `postgres://...`. */
  readonly location: string
  readonly keys: StoreKeys
  readonly clock: Clock
  readonly log: Log
  /** PostgreSQL connections for all but the audit log; default 0 to 10. */
  readonly pool?: { readonly min: number; readonly max: number }
  /** Whether pending migrations are applied (default) or refused. */
  readonly migrate?: boolean
  /** Where `@sallyport/kit/audit-worker` lies when it was bundled. */
  readonly workerUrl?: URL
}

const POOL = { min: 0, max: 10 }
const PLAN_MS = 10_000

/**
 * Opens a store, makes it where there is none, and brings it to the newest schema. The caller disposes
 * it, after the audit logs opened from it. An embedded store is for one process at a time: take
 * `acquireStoreLock` first.
 *
 * @throws {AppError} `config_invalid`, `store_unwritable`, `store_newer`, `master_key_wrong`
 */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  const location = parseStoreLocation(options.location)
  const context: StoreContext = {
    keys: options.keys,
    clock: options.clock,
    log: options.log,
    migrate: options.migrate ?? true,
    migrations: MIGRATIONS,
    workerUrl: options.workerUrl ?? new URL('./worker.ts', import.meta.url),
  }
  switch (location.kind) {
    case 'sqlite':
      return await openSqliteStore(location.path, context)
    case 'postgres':
      return await openPostgresStore(location, { ...context, pool: options.pool ?? POOL })
  }
}

/**
 * What `openStore` would migrate. Changes nothing, makes no file, needs no key; a store that does not
 * exist yet has everything pending.
 *
 * @throws {AppError} `config_invalid`, `store_unwritable`, `store_newer`
 */
export async function pendingMigrations(location: string): Promise<readonly PendingMigration[]> {
  const parsed = parseStoreLocation(location)
  const pending = await guardStore('the schema of the store cannot be read', async () => {
    if (parsed.kind === 'sqlite' && !hasContent(parsed.path)) return MIGRATIONS
    await using runner = await openRunner(parsed)
    return (await planMigrations(runner, MIGRATIONS)).pending
  })
  return pending.map(({ id, name, long, destructive }) => ({ id, name, long, destructive }))
}

async function openRunner(location: ReturnType<typeof parseStoreLocation>): Promise<SqlRunner> {
  if (location.kind === 'postgres') {
    return postgresRunner(await connectPostgres(location, { statementMs: PLAN_MS }))
  }
  const wal = `${location.path}-wal`
  return sqliteRunner(openSqliteReadOnly(location.path, !hasContent(wal)))
}
