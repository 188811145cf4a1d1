import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { SqliteDialect, type SqliteDatabase } from 'kysely'
import { AppError } from '../errors.ts'
import { reasonOf } from './store-failure.ts'

/** How long a connection waits for another one's write, milliseconds. It blocks its thread meanwhile. */
const BUSY_WAIT_MS = 2_000

export interface SqliteOptions {
  /** `FULL` survives a power cut, `NORMAL` a killed process. */
  readonly synchronous: 'NORMAL' | 'FULL'
  /** WAL pages after which a commit copies them into the file; 0 = a worker does. */
  readonly autoCheckpointPages: number
}

/**
 * Opens the embedded store for writing; makes the file (mode 600) and its folder where they are missing.
 * The caller closes it.
 *
 * @throws {AppError} `store_unwritable`
 */
export function openSqlite(path: string, options: SqliteOptions): DatabaseSync {
  createFile(path)
  try {
    const database = new DatabaseSync(path, { timeout: BUSY_WAIT_MS })
    try {
      database.exec(`pragma journal_mode = wal; pragma synchronous = ${options.synchronous};
        pragma wal_autocheckpoint = ${options.autoCheckpointPages}; pragma foreign_keys = on`)
      return database
    } catch (thrown) {
      database.close()
      throw thrown
    }
  } catch (thrown) {
    throw new AppError(
      'store_unwritable',
      `the store ${path} cannot be opened: ${reasonOf(thrown)}`,
      {
        cause: thrown,
      },
    )
  }
}

/**
 * Opens an existing embedded store for reading. Without a WAL beside it nothing runs on it, and it is
 * read as immutable: reading a WAL store otherwise makes files. The caller closes it.
 */
export function openSqliteReadOnly(path: string, immutable: boolean): DatabaseSync {
  const url = new URL(`file://${path.split('/').map(encodeURIComponent).join('/')}`)
  if (immutable) url.searchParams.set('immutable', '1')
  return new DatabaseSync(url, { readOnly: true, timeout: BUSY_WAIT_MS })
}

/** Presents `node:sqlite` in the shape Kysely's SQLite dialect asks for. */
export function sqliteDialect(database: DatabaseSync): SqliteDialect {
  const adapter: SqliteDatabase = {
    close: () => database.close(),
    prepare: (sql) => {
      // A transaction that first reads and then writes could not wait for another writer.
      const statement = database.prepare(sql === 'begin' ? 'begin immediate' : sql)
      const reader = statement.columns().length > 0
      return {
        reader,
        all: (parameters) => statement.all(...toInput(parameters)),
        run: (parameters) => statement.run(...toInput(parameters)),
        iterate: (parameters) => statement.iterate(...toInput(parameters)),
      }
    },
  }
  return new SqliteDialect({ database: adapter })
}

function toInput(parameters: readonly unknown[]): SQLInputValue[] {
  return [...parameters] as SQLInputValue[] // our tables hold text, integers and blobs only
}

/**
 * The file is made before SQLite does, so that it is never readable by others. An existing file is not
 * touched: closing any descriptor of it would drop the locks this process holds on it.
 */
function createFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'wx', 0o600))
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') return
    throw new AppError(
      'store_unwritable',
      `the store ${path} cannot be made: ${reasonOf(thrown)}`,
      {
        cause: thrown,
      },
    )
  }
}
