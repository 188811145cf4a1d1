import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { codeOf } from './files.ts'

const BYTES_MAX = 1024 ** 2

/** Text of a file, or why there is none, as the end of a sentence that begins with the file. */
export type SmallText =
  | { readonly text: string }
  | { readonly fault: string; readonly code: string }

const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  ENOTDIR: 'is not there',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
  EISDIR: 'is a folder',
  EFBIG: `is larger than ${BYTES_MAX} bytes`,
  ENXIO: 'is no regular file',
}

/** Reads a regular file of at most 1 MiB. Total. */
export async function readSmall(path: string): Promise<SmallText> {
  try {
    // A pipe would wait for its writer without it.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    return await readOpened(file)
  } catch (thrown) {
    return faultOf(codeOf(thrown))
  }
}

/** The first bytes of a regular file, as Latin-1 text; undefined where there is none to read. */
export async function readHead(path: string, bytes = 4_096): Promise<string | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    if (!(await file.stat()).isFile()) return undefined
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } catch {
    return undefined // what cannot be read is told by whoever lists the files
  }
}

async function readOpened(file: FileHandle): Promise<SmallText> {
  const stat = await file.stat()
  if (stat.isDirectory()) return faultOf('EISDIR')
  if (!stat.isFile()) return faultOf('ENXIO')
  if (stat.size > BYTES_MAX) return faultOf('EFBIG')
  return { text: await file.readFile('utf8') }
}

function faultOf(code: string): SmallText {
  return { fault: FAULTS[code] ?? `cannot be read (${code})`, code }
}
