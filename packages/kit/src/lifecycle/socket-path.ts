import { createHash } from 'node:crypto'
import { lstatSync, realpathSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { AppError } from '../errors.ts'
import { makeFolder } from '../make-folder.ts'

/** `sun_path` holds 108 bytes on Linux and 104 on macOS, a zero byte included. */
const PATH_BYTES_MAX = 103

/** What the path depends on besides the store; the process's own by default. */
export interface SocketPlace {
  readonly platform: string
  /** -1 where there are no user ids. */
  readonly uid: number
  /** `XDG_RUNTIME_DIR`, else the temporary folder. */
  readonly runtimeFolder: string
}

/**
 * Where the local administrator's socket of a gateway lies: `<base>.sock`, or, where that is too long for a
 * socket, a name made from a hash of it in a folder of this user. On Windows a named pipe. Gateway and
 * command come to the same answer.
 *
 * @param base the file of an embedded store, or `<state folder>/gateway` with PostgreSQL
 */
export function socketPathOf(base: string, place: SocketPlace = ownPlace()): string {
  const path = `${realPathOf(base)}.sock`
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 24)
  if (place.platform === 'win32') return `\\\\.\\pipe\\sallyport-${hash}`
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX) return path
  return join(place.runtimeFolder, `sallyport-${place.uid}`, `${hash}.sock`)
}

/**
 * Makes the folder of the socket, and refuses one that another user could have laid out: for sockets outside
 * the store's folder the folder is all that keeps others away from the name.
 *
 * @throws {AppError} `config_invalid` when the folder is not ours alone, or cannot be made
 */
export function prepareSocketFolder(
  base: string,
  path: string,
  place: SocketPlace = ownPlace(),
): void {
  if (place.platform === 'win32' || path === `${realPathOf(base)}.sock`) return
  const folder = dirname(path)
  try {
    makeFolder(folder)
  } catch (error) {
    throw new AppError(
      'config_invalid',
      `the folder ${folder} for the local socket cannot be made`,
      {
        cause: error,
      },
    )
  }
  const found = lstatSync(folder)
  if (found.isDirectory() && found.uid === place.uid && (found.mode & 0o077) === 0) return
  throw new AppError(
    'config_invalid',
    `the folder ${folder} for the local socket is open to other users: give it mode 700 and this user as owner, or shorten the path of the store`,
  )
}

function ownPlace(): SocketPlace {
  const runtimeFolder = process.env['XDG_RUNTIME_DIR'] || tmpdir()
  return { platform: process.platform, uid: userInfo().uid, runtimeFolder }
}

/** Symbolic links resolved as far as the folder exists, so that every way to a store gives one name. */
function realPathOf(base: string): string {
  const absolute = resolve(base)
  try {
    return join(realpathSync(dirname(absolute)), basename(absolute))
  } catch {
    return absolute // the folder is not there yet, so neither is a gateway
  }
}
