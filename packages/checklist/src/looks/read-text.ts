import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/** A file's text, or why there is none. */
export type TextReading =
  | { readonly text: string; readonly missing?: never }
  | { readonly text?: never; readonly missing: MissingText }

/** Why a file could not be read. */
export type MissingText = 'absent' | 'forbidden' | 'too_large' | 'no_file'

/** What a {@link MissingText} means, as the end of a sentence that begins with the file. */
export const MISSING_TEXT: Readonly<Record<MissingText, string>> = {
  absent: 'is not there',
  forbidden: 'may not be read by this user',
  too_large: 'is too large to be read',
  no_file: 'is no regular file',
}

const BYTES_MAX = 4 * 1024 ** 2

/**
 * Reads a regular file, 4 MiB at most unless told otherwise. A pipe or device is never opened for longer than it
 * takes to see that it is one.
 *
 * @throws {Error} of the file system, but for a file that is absent or forbidden; the signal's own reason
 */
export async function readText(
  path: string,
  signal: AbortSignal,
  { bytesMax = BYTES_MAX, tail = false }: { bytesMax?: number; tail?: boolean } = {},
): Promise<TextReading> {
  signal.throwIfAborted()
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    return await readOpened(file, bytesMax, tail)
  } catch (thrown) {
    const missing = MISSING_BY_CODE[(thrown as NodeJS.ErrnoException).code ?? ''] // whatever open throws has one, else it is undefined
    if (missing === undefined) throw thrown
    return { missing }
  }
}

const MISSING_BY_CODE: Readonly<Record<string, MissingText>> = {
  ENOENT: 'absent',
  ENOTDIR: 'absent',
  EACCES: 'forbidden',
  EPERM: 'forbidden',
  EISDIR: 'no_file',
  ENXIO: 'no_file',
}

async function readOpened(file: FileHandle, bytesMax: number, tail: boolean): Promise<TextReading> {
  const stat = await file.stat()
  if (!stat.isFile()) return { missing: 'no_file' }
  if (stat.size > bytesMax && !tail) return { missing: 'too_large' }
  // Files of /proc say that they are empty, so one more byte than allowed tells.
  const bytes = Buffer.alloc(stat.size > 0 ? Math.min(stat.size, bytesMax) : bytesMax)
  const from = Math.max(0, stat.size - bytesMax)
  let length = 0
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, from + length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  const text = bytes.toString('utf8', 0, length)
  return { text: from > 0 ? text.slice(text.indexOf('\n') + 1) : text }
}
