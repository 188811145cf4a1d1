import { createHash, randomBytes } from 'node:crypto'
import type { RunnableConfig } from './config/index.ts'
import type { Clock } from '@sallyport/kit/clock'
import {
  type FileKeys,
  type KeyRing,
  loadOrCreateKeyFile,
  MasterKeys,
  readKeyFile,
  replaceKeyFile,
} from '@sallyport/kit/crypto'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import { hasSqliteStore, openStore, type Store } from '@sallyport/kit/store'
import { StoreHold } from './handover/store-hold.ts'
import type { Succession } from './handover/succession.ts'

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
  /** Takes the lock, also from a gateway that runs; by default only a free one is taken. */
  readonly succession?: Pick<Succession, 'take' | 'instances'>
}

/** An open store with its keys, held under its lock. */
export interface State extends AsyncDisposable {
  readonly store: Store
  /** What its data are sealed with. */
  readonly keys: KeyRing
  readonly master: MasterKeys
  /** The file the master key came from; undefined when it is configured. */
  readonly keyFile: string | undefined
  /** Its lock. */
  readonly hold: StoreHold
  /** The path that lock and local socket stand beside. */
  readonly base: string
  /** The same for every start on this store and machine; marks child processes. */
  readonly gatewayId: string
  /** Of this process alone: marks its child processes among those of `gatewayId`. */
  readonly instance: string
  /** The same of other processes on this store that still run: their child processes are theirs. */
  living(): readonly string[]
}

/** What lock and local socket stand beside: an embedded store's file, else a name in the state folder. */
export function stateBase(config: Pick<RunnableConfig, 'store'>, stateFolder: string): string {
  const path = sqlitePath(config.store)
  return path ?? `${stateFolder}/gateway`
}

function sqlitePath(store: string): string | undefined {
  return store.startsWith('sqlite:') ? store.slice('sqlite:'.length) : undefined
}

/** The file of the master key of an embedded store; undefined for PostgreSQL, whose key is configured. */
export function keyFileOf(store: string): string | undefined {
  const path = sqlitePath(store)
  return path === undefined ? undefined : `${path}.key`
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
  const { succession } = options
  const hold = opening.use(await (succession ? succession.take(base) : StoreHold.take(base)))
  const { keys: master, file, texts } = await findKeys(config, log)
  const opened = openStore({
    location: config.store,
    keys: master,
    clock,
    log,
    pool: { min: config.postgres.poolMin, max: config.postgres.poolMax },
    ...(options.migrate === undefined ? {} : { migrate: options.migrate }),
    ...(options.workerUrl === undefined ? {} : { workerUrl: options.workerUrl }),
  })
  const store = opening.use(await (file === undefined ? opened : opened.catch(blameKeyFile(file))))
  if (file !== undefined && texts !== undefined && texts.length > 1) {
    // A rotation was cut off: by now nothing is sealed with the old key.
    await replaceKeyFile(file, [texts[0]])
    master.replace(MasterKeys.parse([texts[0]]))
    log.info({ file }, 'the rotation of the master key is complete')
  }
  const { keys } = store.ring
  const gatewayId = createHash('sha256')
    .update(keys.deriveKey('gateway/id'))
    .update(base)
    .digest('hex')
    .slice(0, 24)
  const instance = randomBytes(8).toString('hex')
  const resources = opening.move()
  return {
    ...{ store, keys, master, keyFile: file, hold, base, gatewayId, instance },
    living: () => succession?.instances ?? [],
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

interface FoundKeys {
  readonly keys: MasterKeys
  /** The file they came from; undefined when they are configured. */
  readonly file?: string
  /** What the file holds. */
  readonly texts?: FileKeys
}

async function findKeys(config: RunnableConfig, log: Log): Promise<FoundKeys> {
  if (config.masterKey) return { keys: MasterKeys.parse(config.masterKey) }
  const path = sqlitePath(config.store)
  const file = keyFileOf(config.store)
  if (path === undefined || file === undefined) {
    throw new AppError(
      'config_invalid',
      'masterKey: PostgreSQL needs one; set masterKey or SALLYPORT_MASTER_KEY to 32 random bytes',
    )
  }
  // A new key would fit nothing that is in the store already.
  if (hasSqliteStore(path) && (await readKeyFile(file)) === undefined) {
    throw new AppError(
      'master_key_wrong',
      `the key file ${file} is missing: restore it from your backup, or set masterKey`,
    )
  }
  const { keys: texts, created } = await loadOrCreateKeyFile(file)
  if (created) log.info({ file }, 'master key made')
  return { keys: MasterKeys.parse(texts), file, texts }
}

/** The store speaks of the key "masterKey", which a configuration that relies on the file does not have. */
function blameKeyFile(file: string): (thrown: unknown) => never {
  return (cause) => {
    if (!(cause instanceof AppError) || cause.code !== 'master_key_wrong') throw cause
    throw new AppError(
      'master_key_wrong',
      `the key file ${file} does not hold the key this store was made with: restore it from your backup, or set masterKey`,
      { cause },
    )
  }
}
