import { randomBytes } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { AppError } from '../errors.ts'
import { createStoreFile } from './sqlite-database.ts'
import { isBusy, reasonOf, storeFailure } from './store-failure.ts'

/** Held until disposed, or until the process ends, however it ends. */
export interface StoreLock extends AsyncDisposable {
  /** The lock file: `<store>.lock`. It stays behind; an unheld lock file means nothing. */
  readonly path: string
}

/** For the moment in which a winner writes its name. */
const SETTLE_MS = 50
const ATTEMPTS_MAX = 20

/** A lock that its owner merely forgot must not be released by the garbage collector. */
const held = new Set<DatabaseSync>()

/**
 * Takes the lock beside an embedded store: gateways and offline commands hold it while they use the
 * store. It is a lock of the operating system (SQLite's own, on a file of its own), so a killed holder
 * leaves nothing stale, a reused pid confuses nobody, and containers that share a volume see each other.
 *
 * @param storePath the store's file, which need not exist yet
 * @throws {AppError} `store_locked` naming the holder's pid; `store_unwritable`
 */
export async function acquireStoreLock(storePath: string): Promise<StoreLock> {
  const path = `${canonicalPath(storePath)}.lock`
  createStoreFile(path)
  await using opening = new AsyncDisposableStack()
  try {
    const database = new DatabaseSync(path)
    held.add(database)
    opening.defer(() => {
      held.delete(database)
      database.close()
    })
    await win(database, storePath)
  } catch (thrown) {
    throw storeFailure(thrown, `the lock ${path} cannot be taken`)
  }
  const resources = opening.move()
  return { path, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

/**
 * Writes who we are, then takes the lock for good; the name must be there when we hold it, since nobody
 * sees what an open transaction wrote. Whoever holds the lock and reads its own name has won.
 */
async function win(database: DatabaseSync, storePath: string): Promise<void> {
  const token = randomBytes(8).toString('hex')
  let refusedBy: string | undefined
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    if (tryBegin(database)) {
      database.exec(
        'create table if not exists holder (id integer primary key, pid int, token text)',
      )
      if (readHolder(database)?.token === token) return
      database.prepare('insert or replace into holder values (1, ?, ?)').run(process.pid, token)
      database.exec('commit')
      continue
    }
    const holder = readHolder(database)
    // Twice the same name: it is the holder's, and not that of one before it.
    if (holder !== undefined && holder.token !== token && holder.token === refusedBy) {
      throw locked(storePath, holder.pid)
    }
    refusedBy = holder?.token
    await wait(SETTLE_MS)
  }
  throw locked(storePath, readHolder(database)?.pid ?? 0)
}

/** False when another process holds the lock. */
function tryBegin(database: DatabaseSync): boolean {
  database.exec('pragma busy_timeout = 0; pragma synchronous = off')
  try {
    database.exec('begin immediate')
    return true
  } catch (thrown) {
    if (isBusy(thrown)) return false
    throw thrown
  } finally {
    // To read or write the name is worth a wait.
    database.exec('pragma busy_timeout = 2000')
  }
}

function readHolder(database: DatabaseSync): { pid: number; token: string } | undefined {
  const table = database.prepare("select 1 from sqlite_master where name = 'holder'").get()
  if (table === undefined) return undefined
  const row = database.prepare('select pid, token from holder where id = 1').get()
  return row && { pid: Number(row['pid']), token: String(row['token']) }
}

function locked(storePath: string, pid: number): AppError {
  return new AppError(
    'store_locked',
    `the process with pid ${pid} uses the store ${storePath}; stop it, or set the key "store" (of a Slack server SALLYPORT_STORE) to another file`,
    { details: { pid } },
  )
}

/** One lock per file, whatever path leads to it. */
function canonicalPath(storePath: string): string {
  const path = resolve(storePath)
  try {
    if (existsSync(path)) return realpathSync(path)
    return existsSync(dirname(path)) ? join(realpathSync(dirname(path)), basename(path)) : path
  } catch (thrown) {
    throw new AppError(
      'store_unwritable',
      `the store ${path} cannot be found: ${reasonOf(thrown)}`,
      {
        cause: thrown,
      },
    )
  }
}
