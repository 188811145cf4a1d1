import { randomBytes } from 'node:crypto'
import { Kysely } from 'kysely'
import { AuditAppender } from './audit-appender.ts'
import { registerChain } from './audit-chain.ts'
import { AuditJobs } from './audit-reader.ts'
import { SqliteAuditSink } from './audit-sqlite.ts'
import { SqlBudgetStore } from './budget-store.ts'
import { SqlCatalogueStore } from './catalogue-store.ts'
import { Checkpointer } from './checkpointer.ts'
import { checkMasterKey, toSealKeys, type SealKeys } from './keys.ts'
import { SqlChecklistStore } from './checklist-store.ts'
import { SqlChangeStore } from './changes.ts'
import { SqlEntryStore } from './entry-store.ts'
import { SqlGenerationStore } from './generation-store.ts'
import { SqlInstallStateStore } from './install-state-store.ts'
import { SqlInstallationStore } from './installation-store.ts'
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
import { applyMigrations, copyBeforeMigration, planMigrations, refusePending } from './migrate.ts'
import { openSqlite } from './sqlite-database.ts'
import { sqliteDialect } from './sqlite-dialect.ts'
import { openRing, SqlRingStore } from './ring-store.ts'
import { SqlSealedRowStore } from './sealed-rows.ts'
import { sqliteRunner, type SqlRunner } from './sql-runner.ts'
import { guardStore } from './store-failure.ts'
import type { StoreContext } from './store-context.ts'
import type { AuditLog, Store } from './store.ts'
import type { Tables } from './tables.ts'

const CHECKPOINT_PAGES = 1_000
/** SQLite's own default. */
const PAGE_BYTES = 4_096

/** Opens an embedded store: one file, one process. */
export async function openSqliteStore(path: string, context: StoreContext): Promise<Store> {
  await using opening = new AsyncDisposableStack()
  const database = openSqlite(path, {
    synchronous: 'NORMAL',
    autoCheckpointPages: CHECKPOINT_PAGES,
  })
  const runner = opening.use(sqliteRunner(database))
  const kept = await guardStore(`the store ${path} cannot be prepared`, () =>
    prepare(runner, path, context),
  )
  const keys = toSealKeys(kept.ring)
  const db = new Kysely<Tables>({ dialect: sqliteDialect(database) })
  const keyStore = opening.use(new SqlKeyStore(db, context.log))
  const jobs = opening.use(new AuditJobs({ ...context, location: { kind: 'sqlite', path }, keys }))
  const wal: WalShare = {
    autoCheckpoint: (pages) => {
      if (database.isOpen) database.exec(`pragma wal_autocheckpoint = ${pages}`)
    },
    written: undefined,
  }
  const resources = opening.move()
  return {
    kind: 'sqlite',
    ring: new SqlRingStore(db, context.keys, kept),
    sealed: new SqlSealedRowStore(db),
    erasure: new SqlSubjectErasure(db, 'sqlite', kept.ring),
    keys: keyStore,
    catalogues: new SqlCatalogueStore(db),
    reader: jobs,
    retention: jobs,
    marks: new SqlMarkStore(db),
    generations: new SqlGenerationStore(db),
    outcomes: new SqlOutcomeStore(db, (bytes) => wal.written?.(bytes / PAGE_BYTES)),
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
    openAudit: ({ durability }) =>
      openAudit({ path, context, keys, wal }, durability === 'power' ? 'FULL' : 'NORMAL'),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

async function prepare(
  runner: SqlRunner,
  path: string,
  context: StoreContext,
): ReturnType<typeof openRing> {
  const { version, pending } = await planMigrations(runner, context.migrations)
  // Before anything is changed with the wrong key.
  if (version > 0) await checkMasterKey(runner, context.keys)
  const [first] = pending
  if (first !== undefined) {
    refusePending(pending, context)
    if (version > 0) {
      const copy = await copyBeforeMigration(runner, path, first.id)
      context.log.info({ copy }, 'store copied before its migration')
    }
    await applyMigrations(runner, context)
  }
  return await openRing(runner, { keys: context.keys, nowMs: context.clock.nowMs() })
}

interface AuditParts {
  readonly path: string
  readonly context: StoreContext
  readonly keys: SealKeys
  readonly wal: WalShare
}

/** The store's other connection writes to the same log, and must not checkpoint on the serving thread either. */
interface WalShare {
  readonly autoCheckpoint: (pages: number) => void
  /** Told of pages by that connection; undefined while it checkpoints by itself. */
  written: ((pages: number) => void) | undefined
}

async function openAudit(parts: AuditParts, synchronous: 'NORMAL' | 'FULL'): Promise<AuditLog> {
  const { path, context, keys, wal: share } = parts
  const { clock, log, workerUrl } = context
  await using opening = new AsyncDisposableStack()
  const database = openSqlite(path, { synchronous, autoCheckpointPages: 0 })
  const runner = opening.use(sqliteRunner(database))
  const chain = { writer: randomBytes(8).toString('hex'), key: keys.seals[0] }
  const start = await guardStore('the audit log cannot be written', () =>
    registerChain(runner, { writer: chain.writer, openedAtMs: clock.nowMs() }, chain.key),
  )
  const checkpoints = opening.use(
    new Checkpointer({ path, workerUrl }, log, () =>
      database.exec(`pragma wal_autocheckpoint = ${CHECKPOINT_PAGES}`),
    ),
  )
  share.autoCheckpoint(0)
  share.written = (pages) => checkpoints.written(pages)
  opening.defer(() => {
    share.written = undefined
    share.autoCheckpoint(CHECKPOINT_PAGES)
  })
  // From here on the sink waits, without blocking the thread.
  database.exec('pragma busy_timeout = 0')
  const sink = new SqliteAuditSink(database, chain, checkpoints)
  const appender = new AuditAppender({ sink, start, key: chain.key, clock, log })
  const resources = opening.move()
  // The rows that wait are written first, the rest is closed after the connection.
  resources.use(appender)
  return ownedAudit(appender, resources)
}

/** The audit log with everything that is closed along with it. */
export function ownedAudit(appender: AuditAppender, resources: AsyncDisposableStack): AuditLog {
  return {
    append: (entry, signal) => appender.append(entry, signal),
    probe: () => appender.probe(),
    get writable() {
      return appender.writable
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}
