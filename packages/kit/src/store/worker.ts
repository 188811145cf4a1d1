import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { AppError } from '../errors.ts'
import { listAudit } from './audit-list.ts'
import { pruneAudit } from './audit-prune.ts'
import { verifyAudit } from './audit-verify.ts'
import { openSqlite, openSqliteReadOnly } from './sqlite-database.ts'
import { connectPostgres } from './postgres-database.ts'
import { postgresRunner, sqliteRunner, type SqlRunner } from './sql-runner.ts'
import { reasonOf, storeFailure } from './store-failure.ts'
import type {
  CheckpointAnswer,
  CheckpointJob,
  JobAnswer,
  ListJob,
  PruneJob,
  VerifyJob,
  WorkerJob,
} from './worker-jobs.ts'

/** Of one statement, milliseconds: each reads or removes one batch. */
const STATEMENT_MS = 60_000
/** Pages of WAL (32 MiB) from which a checkpoint makes the log start over, with writers waiting. */
const RESTART_PAGES = 8_000
/** Pages (128 MiB) from which it gives the space back too. */
const TRUNCATE_PAGES = 32_000

async function main(port: MessagePort): Promise<void> {
  const job = workerData as WorkerJob // set by our own side of this file
  if (job.kind === 'checkpoint') {
    serveCheckpoints(port, job)
    return
  }
  const answer: JobAnswer = await run(job).then(
    (result) => ({ result }),
    (thrown: unknown) => {
      const error = thrown instanceof AppError ? thrown : storeFailure(thrown, 'the audit log')
      return { error: { code: error.code, message: error.message } }
    },
  )
  port.postMessage(answer)
}

async function run(job: ListJob | VerifyJob | PruneJob): Promise<unknown> {
  await using runner = await openRunner(job)
  switch (job.kind) {
    case 'list':
      return await listAudit(runner, job.query)
    case 'verify':
      return await verifyAudit(runner, job.keys)
    case 'prune':
      return await pruneAudit(runner, job.keys, { limits: job.limits, nowMs: job.nowMs })
  }
}

async function openRunner({ kind, location }: ListJob | VerifyJob | PruneJob): Promise<SqlRunner> {
  if (location.kind === 'postgres') {
    return postgresRunner(await connectPostgres(location, { statementMs: STATEMENT_MS }))
  }
  return sqliteRunner(
    kind === 'prune'
      ? openSqlite(location.path, { synchronous: 'NORMAL', autoCheckpointPages: 1_000 })
      : openSqliteReadOnly(location.path, false),
  )
}

function serveCheckpoints(port: MessagePort, job: CheckpointJob): void {
  // Short waits: a checkpoint that cannot be had now comes with the next message.
  const database = new DatabaseSync(job.path, { timeout: 100 })
  port.on('message', () => {
    port.postMessage(tryCheckpoint(database))
  })
}

/** A disk that fails now may work again: the log only grows meanwhile. */
function tryCheckpoint(database: DatabaseSync): CheckpointAnswer {
  try {
    const { log } = checkpoint(database, 'passive')
    // What came in meanwhile is little, so that writers wait for a moment only.
    if (log >= TRUNCATE_PAGES) checkpoint(database, 'truncate')
    else if (log >= RESTART_PAGES) checkpoint(database, 'restart')
    return {}
  } catch (thrown) {
    return { failed: reasonOf(thrown) }
  }
}

function checkpoint(
  database: DatabaseSync,
  mode: 'passive' | 'restart' | 'truncate',
): { readonly log: number } {
  const row = database.prepare(`pragma wal_checkpoint(${mode})`).get()
  return { log: Number(row?.['log'] ?? 0) }
}

if (parentPort !== null) await main(parentPort)
