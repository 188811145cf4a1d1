import {
  type FileKeys,
  MasterKeys,
  newMasterKey,
  readKeyFile,
  replaceKeyFile,
} from '@sallyport/kit/crypto'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { RingStore } from '@sallyport/kit/store'

/** What was done about the master key. */
export interface MasterRotation {
  readonly source: 'file' | 'configured'
  /** Whether what is in the store is sealed with another one now. */
  readonly rotated: boolean
  /** What is left to do, a sentence; empty where that is nothing. */
  readonly next: string
}

export interface MasterRotationDeps {
  readonly ring: RingStore
  /** Told of what it replaces. */
  readonly master: MasterKeys
  readonly log: Log
}

/**
 * Rotates the master key in its file, or says what is to be done with a configured one.
 *
 * @throws {AppError} `master_key_wrong` for a file that is gone or was changed, `conflict`, `store_unwritable`
 */
export async function rotateMasterKey(
  deps: MasterRotationDeps,
  file: string | undefined,
): Promise<MasterRotation> {
  if (file !== undefined) return await rotateFile(deps, file)
  const { ring, master } = deps
  const source = 'configured'
  if (master.count === 1) {
    const next =
      'the master key stays: make another with "openssl rand -hex 32", set masterKey to the new and the old one, reload, then remove the old'
    return { source, rotated: false, next }
  }
  const rotated = await ring.adopt(master)
  return {
    source,
    rotated,
    next: 'the second value of masterKey may be removed from every gateway',
  }
}

/**
 * The file holds the new key and the old one before anything is sealed with the new, and the new one alone once
 * nothing is sealed with the old: whenever the process is killed, the next start opens the store.
 */
async function rotateFile(
  { ring, master, log }: MasterRotationDeps,
  file: string,
): Promise<MasterRotation> {
  const [old] = await settled(ring, file)
  const next = newMasterKey()
  await replaceKeyFile(file, [next, old])
  log.info({ file }, 'the key file holds the new master key and the old one')
  await ring.adopt(MasterKeys.parse([next, old]))
  log.info({ file }, 'the keys of the store are sealed with the new master key')
  await replaceKeyFile(file, [next])
  log.info({ file }, 'the key file holds the new master key alone')
  const alone = MasterKeys.parse([next])
  await ring.adopt(alone)
  master.replace(alone)
  return {
    source: 'file',
    rotated: true,
    next: `copy the key file ${file} to where you keep keys: a backup of the store from now on needs it`,
  }
}

/** The key in the file; of two, which a failed rotation left, the first, once everything is sealed with it. */
async function settled(ring: RingStore, file: string): Promise<FileKeys> {
  const keys = await readKeyFile(file)
  if (keys === undefined) {
    throw new AppError(
      'master_key_wrong',
      `the key file ${file} is missing: restore it from your backup before anything is rotated`,
    )
  }
  await ring.adopt(MasterKeys.parse(keys))
  return keys
}
