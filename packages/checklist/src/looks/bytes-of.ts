import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** The ends of a file. */
export interface FileEnds {
  readonly bytes: number
  readonly head: Buffer
  readonly tail: Buffer
}

/**
 * Reads the first and the last bytes of a regular file; of a short one both hold all of it. Of anything else
 * nothing is read.
 *
 * @throws {Error} of the file system
 */
export async function readEnds(path: string, bytesMax: number): Promise<FileEnds> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const stat = await file.stat()
  if (!stat.isFile()) return { bytes: 0, head: Buffer.alloc(0), tail: Buffer.alloc(0) }
  const length = Math.min(stat.size, bytesMax)
  const head = await file.read(Buffer.alloc(length), 0, length, 0)
  const tail = await file.read(Buffer.alloc(length), 0, length, stat.size - length)
  return {
    bytes: stat.size,
    head: head.buffer.subarray(0, head.bytesRead),
    tail: tail.buffer.subarray(0, tail.bytesRead),
  }
}

/** `1.5 GiB`: a number of bytes for a sentence. */
export function bytesText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

/** `26 h`, `3 d`: a time for a sentence. */
export function timeText(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  if (Math.abs(minutes) < 120) return `${minutes} min`
  const hours = Math.round(ms / 3_600_000)
  return Math.abs(hours) < 72 ? `${hours} h` : `${Math.round(ms / 86_400_000)} d`
}

/** What the system said, in one word where it has one: `ENOENT`, `EACCES`. */
export function faultOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === '') {
    return thrown.errors.map(faultOf).join(', ')
  }
  if (!(thrown instanceof Error)) return String(thrown)
  return 'code' in thrown && typeof thrown.code === 'string' && /^E[A-Z]+$/.test(thrown.code)
    ? thrown.code
    : thrown.message
}
