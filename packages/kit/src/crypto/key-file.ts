import { randomBytes } from 'node:crypto'
import { link, open, readFile, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '../errors.ts'
import { Secret } from '../secret.ts'

/** One master key, or while it is rotated the new one and the one before it. */
export type FileKeys = readonly [Secret, ...Secret[]]

const KEYS_MAX = 2

/**
 * The master keys kept in a file, the current one first; undefined when there is no such file.
 *
 * @throws {AppError} `config_invalid` for a file that holds no key or that others may read;
 *   `store_unwritable` when it cannot be read
 */
export async function readKeyFile(path: string): Promise<FileKeys | undefined> {
  try {
    await using file = await open(path, 'r')
    // A key that others could read may be known to them; a file system without modes shows all bits.
    const mode = (await file.stat()).mode & 0o777
    if (mode !== 0o777 && (mode & 0o077) !== 0) {
      throw new AppError(
        'config_invalid',
        `the key file ${path} can be read by others; chmod 600 it`,
      )
    }
    const keys = parseKeys(await readFile(file, 'utf8'))
    if (keys !== undefined) return keys
  } catch (error) {
    if (error instanceof AppError) throw error
    if (isErrno(error, 'ENOENT')) return undefined
    throw new AppError('store_unwritable', `the key file ${path} cannot be read`, { cause: error })
  }
  throw new AppError(
    'config_invalid',
    `the key file ${path} must hold 64 hexadecimal digits, or two lines of them while it is rotated; restore it from your backup`,
  )
}

/**
 * Reads the master keys kept in a file, or makes one there: mode 600, complete or absent whatever happens,
 * and on disk before this returns. Two processes that make it at once get the same key.
 *
 * @throws {AppError} as `readKeyFile`; `store_unwritable` when it cannot be made
 */
export async function loadOrCreateKeyFile(
  path: string,
): Promise<{ keys: FileKeys; created: boolean }> {
  const known = await readKeyFile(path)
  if (known !== undefined) return { keys: known, created: false }
  try {
    const created = await createKey(path)
    const keys = await readKeyFile(path)
    if (keys !== undefined) return { keys, created }
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('store_unwritable', `the key file ${path} cannot be made`, { cause: error })
  }
  throw new AppError('store_unwritable', `the key file ${path} vanished while it was made`)
}

/**
 * Puts master keys in place of those in the file: whatever happens it holds the ones or the others, and it is
 * on disk before this returns.
 *
 * @throws {AppError} `store_unwritable`; then the file is as it was
 */
export async function replaceKeyFile(path: string, keys: FileKeys): Promise<void> {
  try {
    await writeDraft(path, keys, (draft) => rename(draft, path))
  } catch (error) {
    throw new AppError('store_unwritable', `the key file ${path} cannot be written`, {
      cause: error,
    })
  }
}

/** A new master key, as a key file holds it. */
export function newMasterKey(): Secret {
  return new Secret(randomBytes(32).toString('hex'))
}

function parseKeys(text: string): FileKeys | undefined {
  const lines = text.trim().split(/\s*\n/)
  if (lines.length > KEYS_MAX || !lines.every((line) => /^[0-9a-f]{64}$/.test(line))) {
    return undefined
  }
  const [first, ...others] = lines.map((line) => new Secret(line))
  return first && [first, ...others]
}

/** False when another process was faster. */
async function createKey(path: string): Promise<boolean> {
  try {
    // A link, unlike a rename, never replaces a key that is already there.
    await writeDraft(path, [newMasterKey()], (draft) => link(draft, path))
    return true
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false
    throw error
  }
}

async function writeDraft(
  path: string,
  keys: FileKeys,
  place: (draft: string) => Promise<void>,
): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    {
      await using file = await open(draft, 'wx', 0o600)
      await file.writeFile(keys.map((key) => `${key.reveal()}\n`).join(''))
      await file.sync()
    }
    await place(draft)
  } finally {
    await unlink(draft).catch((error: unknown) => {
      if (!isErrno(error, 'ENOENT')) throw error
    })
  }
  await using folder = await open(dirname(path), 'r')
  await folder.sync()
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
