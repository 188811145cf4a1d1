import { closeSync, existsSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AppError } from '../errors.ts'
import { makeFolder } from '../make-folder.ts'
import { reasonOf } from './store-failure.ts'

/** How long a connection waits for another one's write, milliseconds; its thread is blocked meanwhile. */
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
  createStoreFile(path)
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

/** Whether an embedded store was made at this path: an empty file is none yet. */
export function hasSqliteStore(path: string): boolean {
  return hasContent(path) || hasContent(`${path}-wal`)
}

/** Whether a file is there and not empty. */
export function hasContent(path: string): boolean {
  return existsSync(path) && statSync(path).size > 0
}

/**
 * Makes a file (mode 600) and its folder, before SQLite does and lets others read it. An existing file is
 * not touched: closing any descriptor of it would drop the locks this process holds on it.
 *
 * @throws {AppError} `store_unwritable`
 */
export function createStoreFile(path: string): void {
  try {
    makeFolder(dirname(path))
  } catch (thrown) {
    throw cannotBeMade(path, thrown)
  }
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') return
    throw cannotBeMade(path, thrown)
  }
}

function cannotBeMade(path: string, thrown: unknown): AppError {
  return new AppError(
    'store_unwritable',
    `store: the file ${path} cannot be made (${reasonOf(thrown)}); name a folder that this user may write`,
    {
      cause: thrown,
    },
  )
}
