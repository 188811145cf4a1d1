import { loadOrCreateKeyFile, MasterKeys, readKeyFile, replaceKeyFile } from '../crypto/index.ts'
import { AppError } from '../errors.ts'
import type { Secret } from '../secret.ts'
import { openStore, type OpenStoreOptions } from './open-store.ts'
import { hasSqliteStore } from './sqlite-database.ts'
import type { Store } from './store.ts'

export interface OpenKeyedStoreOptions extends Omit<OpenStoreOptions, 'keys'> {
  /** Configured master keys, the current one first; undefined = those of the file beside an embedded store. */
  readonly masterKeys: readonly Secret[] | undefined
}

/** An open store with the master keys that it is sealed with. */
export interface KeyedStore extends AsyncDisposable {
  readonly store: Store
  readonly master: MasterKeys
  /** The file the master key came from; undefined when it is configured. */
  readonly keyFile: string | undefined
}

/** The file of the master key of an embedded store; undefined for PostgreSQL, whose key is configured. */
export function keyFileOf(location: string): string | undefined {
  return location.startsWith('sqlite:') ? `${location.slice('sqlite:'.length)}.key` : undefined
}

/**
 * Finds or makes the master key, then opens the store. Of an embedded one the caller holds the lock.
 *
 * @throws {AppError} `config_invalid` when PostgreSQL has no master key, `master_key_wrong`, and as `openStore`
 */
export async function openKeyedStore(options: OpenKeyedStoreOptions): Promise<KeyedStore> {
  const { log } = options
  const { keys: master, file, texts } = await findKeys(options)
  const opened = openStore({ ...options, keys: master })
  await using opening = new AsyncDisposableStack()
  const store = opening.use(await (file === undefined ? opened : opened.catch(blameKeyFile(file))))
  if (file !== undefined && texts !== undefined && texts.length > 1) {
    // A rotation was cut off: by now nothing is sealed with the old key.
    await replaceKeyFile(file, [texts[0]])
    master.replace(MasterKeys.parse([texts[0]]))
    log.info({ file }, 'the rotation of the master key is complete')
  }
  const resources = opening.move()
  return {
    ...{ store, master, keyFile: file },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

interface FoundKeys {
  readonly keys: MasterKeys
  /** The file they came from; undefined when they are configured. */
  readonly file?: string
  /** What the file holds. */
  readonly texts?: readonly [Secret, ...Secret[]]
}

async function findKeys({ location, masterKeys, log }: OpenKeyedStoreOptions): Promise<FoundKeys> {
  if (masterKeys) return { keys: MasterKeys.parse(masterKeys) }
  const file = keyFileOf(location)
  if (file === undefined) {
    throw new AppError(
      'config_invalid',
      'masterKey: PostgreSQL needs one; set masterKey or SALLYPORT_MASTER_KEY to 32 random bytes',
    )
  }
  // A new key would fit nothing that is in the store already.
  const path = location.slice('sqlite:'.length)
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
