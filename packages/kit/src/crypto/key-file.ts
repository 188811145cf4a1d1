import { randomBytes } from 'node:crypto'
import { link, open, readFile, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '../errors.ts'
import { Secret } from '../secret.ts'

/**
 * The master key kept in a file; undefined when there is no such file.
 *
 * @throws {AppError} `config_invalid` for a file that holds no key or that others may read;
 *   `store_unwritable` when it cannot be read
 */
export async function readKeyFile(path: string): Promise<Secret | undefined> {
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
    const text = (await readFile(file, 'utf8')).trim()
    if (/^[0-9a-f]{64}$/.test(text)) return new Secret(text)
  } catch (error) {
    if (error instanceof AppError) throw error
    if (isErrno(error, 'ENOENT')) return undefined
    throw new AppError('store_unwritable', `the key file ${path} cannot be read`, { cause: error })
  }
  throw new AppError(
    'config_invalid',
    `the key file ${path} must hold 64 hexadecimal digits; restore it from your backup`,
  )
}

/**
 * Reads the master key kept in a file, or makes one there: mode 600, complete or absent whatever happens,
 * and on disk before this returns. Two processes that make it at once get the same key.
 *
 * @throws {AppError} as `readKeyFile`; `store_unwritable` when it cannot be made
 */
export async function loadOrCreateKeyFile(
  path: string,
): Promise<{ key: Secret; created: boolean }> {
  const known = await readKeyFile(path)
  if (known !== undefined) return { key: known, created: false }
  try {
    const created = await createKey(path)
    const key = await readKeyFile(path)
    if (key !== undefined) return { key, created }
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('store_unwritable', `the key file ${path} cannot be made`, { cause: error })
  }
  throw new AppError('store_unwritable', `the key file ${path} vanished while it was made`)
}

/** False when another process was faster. */
async function createKey(path: string): Promise<boolean> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    {
      await using file = await open(draft, 'wx', 0o600)
      await file.writeFile(`${randomBytes(32).toString('hex')}\n`)
      await file.sync()
    }
    // A link, unlike a rename, never replaces a key that is already there.
    await link(draft, path)
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false
    throw error
  } finally {
    await unlink(draft).catch((error: unknown) => {
      if (!isErrno(error, 'ENOENT')) throw error
    })
  }
  await using folder = await open(dirname(path), 'r')
  await folder.sync()
  return true
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
