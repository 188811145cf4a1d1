import { createHash } from 'node:crypto'
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { RunnableConfig } from './config/index.ts'
import type { Clock } from '@sallyport/kit/clock'
import { loadOrCreateKeyFile, MasterKeys } from '@sallyport/kit/crypto'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import { acquireStoreLock, openStore, type Store } from '@sallyport/kit/store'

export interface StateOptions {
  readonly config: RunnableConfig
  /** The state folder of this configuration; holds what a PostgreSQL store cannot: lock and socket. */
  readonly stateFolder: string
  readonly clock: Clock
  readonly log: Log
  /** Where the audit worker lies when bundled. */
  readonly workerUrl?: URL
  /** Whether pending migrations are applied. */
  readonly migrate?: boolean
}

/** An open store with its keys, held under its lock. */
export interface State extends AsyncDisposable {
  readonly store: Store
  readonly keys: MasterKeys
  /** The path that lock and local socket stand beside. */
  readonly base: string
  /** The same for every start on this store and machine; marks child processes. */
  readonly gatewayId: string
}

const FOLDER_MODE = 0o700

/** What lock and local socket stand beside: an embedded store's file, else a name in the state folder. */
export function stateBase(config: RunnableConfig, stateFolder: string): string {
  const path = sqlitePath(config.store)
  return path ?? `${stateFolder}/gateway`
}

function sqlitePath(store: string): string | undefined {
  return store.startsWith('sqlite:') ? store.slice('sqlite:'.length) : undefined
}

/**
 * Takes the lock, finds or makes the master key, opens the store.
 *
 * @throws {AppError} `store_locked` naming the holder's pid, `config_invalid` when PostgreSQL has no master
 *   key, `master_key_wrong`, `store_newer`, `store_unwritable`
 */
export async function openState(options: StateOptions): Promise<State> {
  const { config, clock, log } = options
  const base = stateBase(config, options.stateFolder)
  await using opening = new AsyncDisposableStack()
  try {
    await makeFolder(dirname(base))
  } catch (cause) {
    const text = `store: the folder ${dirname(base)} cannot be made; name one that this user may write`
    throw new AppError('store_unwritable', text, { cause })
  }
  opening.use(await acquireStoreLock(base))
  const keys = await findKeys(config, log)
  const store = opening.use(
    await openStore({
      location: config.store,
      keys,
      clock,
      log,
      pool: { min: config.postgres.poolMin, max: config.postgres.poolMax },
      ...(options.migrate === undefined ? {} : { migrate: options.migrate }),
      ...(options.workerUrl === undefined ? {} : { workerUrl: options.workerUrl }),
    }),
  )
  const gatewayId = createHash('sha256')
    .update(keys.deriveKey('gateway/id'))
    .update(base)
    .digest('hex')
    .slice(0, 24)
  const held = opening.move()
  return { store, keys, base, gatewayId, [Symbol.asyncDispose]: () => held.disposeAsync() }
}

async function findKeys(config: RunnableConfig, log: Log): Promise<MasterKeys> {
  if (config.masterKey) return MasterKeys.parse(config.masterKey)
  const path = sqlitePath(config.store)
  if (path === undefined) {
    throw new AppError(
      'config_invalid',
      'masterKey: PostgreSQL needs one; set masterKey or SALLYPORT_MASTER_KEY to 32 random bytes',
    )
  }
  const file = `${path}.key`
  const { key, created } = await loadOrCreateKeyFile(file)
  if (created) log.info({ file }, 'master key made')
  return MasterKeys.parse([key])
}

/** As `mkdir` with `recursive`, which never returns where a folder can be asked for but not made (`/proc`). */
async function makeFolder(path: string): Promise<void> {
  if (await tryFolder(path)) return
  await makeFolder(dirname(path))
  await mkdir(path, { mode: FOLDER_MODE })
}

/** False when its parent has to be made first. */
async function tryFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: FOLDER_MODE })
    return true
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' && dirname(path) !== path) return false
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return true
    throw error
  }
}
