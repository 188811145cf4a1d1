import { randomBytes } from 'node:crypto'
import { Kysely, PostgresDialect } from 'kysely'
import type { Client } from 'pg'
import { AuditAppender } from './audit-appender.ts'
import { registerChain } from './audit-chain.ts'
import { AUDIT_STATEMENT_MS, PostgresAuditSink } from './audit-postgres.ts'
import { AuditJobs } from './audit-reader.ts'
import { SqlBudgetStore } from './budget-store.ts'
import { SqlCatalogueStore } from './catalogue-store.ts'
import { checkMasterKey, toSealKeys, type SealKeys } from './keys.ts'
import { SqlChecklistStore } from './checklist-store.ts'
import { SqlChangeStore } from './changes.ts'
import { SqlEntryStore } from './entry-store.ts'
import { SqlGenerationStore } from './generation-store.ts'
import { SqlInstallStateStore } from './install-state-store.ts'
import { SqlInstallationStore } from './installation-store.ts'
import { endPostgres, GuardedPool } from './guarded-pool.ts'
import { SqlKeyStore } from './key-store.ts'
import { SqlLoginStore } from './login-store.ts'
import { SqlMarkStore } from './mark-store.ts'
import { SqlOutcomeStore } from './outcome-store.ts'
import { SqlRoleStore } from './role-store.ts'
import { SqlSubjectErasure } from './subject-erasure.ts'
import { SqlSubjectStore } from './subject-store.ts'
import { SqlSuspensionStore } from './suspension-store.ts'
import { SqlTenantStore } from './tenant-store.ts'
import { SqlUsageStore } from './usage-store.ts'
import { SqlUserStore } from './user-store.ts'
import { applyMigrations, planMigrations, refusePending } from './migrate.ts'
import {
  checkEncoding,
  connectPostgres,
  createPostgresPool,
  type PostgresLocation,
} from './postgres-database.ts'
import { openRing, SqlRingStore } from './ring-store.ts'
import { SqlSealedRowStore } from './sealed-rows.ts'
import { postgresRunner } from './sql-runner.ts'
import { guardStore } from './store-failure.ts'
import type { StoreContext } from './store-context.ts'
import type { AuditLog, Store } from './store.ts'
import type { Tables } from './tables.ts'

/** Of all but the audit log; each takes milliseconds. */
const STATEMENT_MS = 5_000
/** Of a migration, and of the wait for another gateway's. */
const MIGRATION_MS = 30 * 60_000

/** Opens a store in PostgreSQL, which any number of gateways share. */
export async function openPostgresStore(
  location: PostgresLocation,
  context: StoreContext & { readonly pool: { readonly min: number; readonly max: number } },
): Promise<Store> {
  await using opening = new AsyncDisposableStack()
  const kept = await guardStore(`the store ${location.label} cannot be prepared`, () =>
    prepare(location, context),
  )
  const keys = toSealKeys(kept.ring)
  const pool = await createPostgresPool(location, {
    ...context.pool,
    log: context.log,
    statementMs: STATEMENT_MS,
  })
  // Kysely would not end a pool that it has not used yet: it is ours.
  const guarded = new GuardedPool(pool)
  opening.defer(() => guarded.end())
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: guarded }) })
  const keyStore = opening.use(new SqlKeyStore(db, context.log))
  const jobs = opening.use(new AuditJobs({ ...context, location, keys }))
  const resources = opening.move()
  return {
    kind: 'postgres',
    ring: new SqlRingStore(db, context.keys, kept),
    sealed: new SqlSealedRowStore(db),
    erasure: new SqlSubjectErasure(db, 'postgres', kept.ring),
    keys: keyStore,
    catalogues: new SqlCatalogueStore(db),
    reader: jobs,
    retention: jobs,
    marks: new SqlMarkStore(db),
    generations: new SqlGenerationStore(db),
    outcomes: new SqlOutcomeStore(db),
    usage: new SqlUsageStore(db),
    subjects: new SqlSubjectStore(db),
    changes: new SqlChangeStore(db),
    users: new SqlUserStore(db),
    logins: new SqlLoginStore(db),
    roles: new SqlRoleStore(db),
    tenants: new SqlTenantStore(db),
    suspensions: new SqlSuspensionStore(db),
    entries: new SqlEntryStore(db),
    installations: new SqlInstallationStore(db),
    installStates: new SqlInstallStateStore(db),
    budgets: new SqlBudgetStore(db),
    checklist: new SqlChecklistStore(db),
    openAudit: ({ durability }) => openAudit(location, { ...context, seals: keys }, durability),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

async function prepare(
  location: PostgresLocation,
  context: StoreContext,
): ReturnType<typeof openRing> {
  const client = await connectPostgres(location, { statementMs: MIGRATION_MS })
  await using runner = postgresRunner(client)
  await checkEncoding(client, location)
  const { version, pending } = await planMigrations(runner, context.migrations)
  if (version > 0) await checkMasterKey(runner, context.keys)
  if (pending.length > 0) {
    refusePending(pending, context)
    await applyMigrations(runner, context)
  }
  return await openRing(runner, { keys: context.keys, nowMs: context.clock.nowMs() })
}

async function openAudit(
  location: PostgresLocation,
  context: StoreContext & { readonly seals: SealKeys },
  durability: 'process' | 'power',
): Promise<AuditLog> {
  const { clock, log, seals } = context
  const key = seals.seals[0]
  const writer = randomBytes(8).toString('hex')
  await using opening = new AsyncDisposableStack()
  const connect = async (): Promise<Client> => {
    const client = await connectPostgres(location, { statementMs: AUDIT_STATEMENT_MS })
    // Otherwise the server decides; its default survives a power cut too.
    if (durability === 'power') await client.query('set synchronous_commit = on')
    return client
  }
  const client = await connect()
  opening.defer(() => endPostgres(client))
  const start = await guardStore('the audit log cannot be written', () =>
    registerChain(postgresRunner(client), { writer, openedAtMs: clock.nowMs() }, key),
  )
  const sink = new PostgresAuditSink({ writer, key }, client, connect)
  opening.move() // the sink owns the connection from here on
  return new AuditAppender({ sink, start, key, clock, log })
}
