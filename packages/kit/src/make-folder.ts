import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

const FOLDER_MODE = 0o700

/**
 * Makes a folder and those above it, for this user alone; one that is there is left as it is. Stands for
 * `mkdir` with `recursive`, which never returns where a folder can be asked for but not made (`/proc`).
 *
 * @throws what the operating system refuses with
 */
export function makeFolder(path: string): void {
  const refused = tryFolder(path)
  if (refused === undefined) return
  if (!isMissing(refused) || dirname(path) === path) throw refused
  makeFolder(dirname(path))
  const again = tryFolder(path)
  if (again !== undefined) throw again
}

/** Why it is not there now; undefined when it is. */
function tryFolder(path: string): unknown {
  try {
    mkdirSync(path, { mode: FOLDER_MODE })
    return undefined
  } catch (error) {
    if (isMissing(error)) return error
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? undefined : error
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
