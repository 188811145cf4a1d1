import type { FileEnds } from '../bytes-of.ts'

const NONCE_BYTES = 16
const TAG_BYTES = 16
const CHUNK_BYTES = 64 * 1024 + TAG_BYTES

/**
 * What is wrong with a file that begins as an age file, as far as shows without its key; undefined = nothing.
 * The header must be whole within the bytes read.
 *
 * Source: age-encryption.org/v1, "Header" and "Payload".
 */
export function faultOfAge({ head, bytes }: FileEnds): string | undefined {
  const text = head.toString('latin1')
  const mac = /\n--- [A-Za-z0-9+/]{43}\n/.exec(text)
  if (mac === null) {
    // Very many recipients may fill more than was read.
    return bytes > head.length ? undefined : 'the header of the age file is cut off'
  }
  if (!/\n-> /.test(text)) return 'the age file names no recipient'
  const payload = bytes - (mac.index + mac[0].length) - NONCE_BYTES
  const rest = payload % CHUNK_BYTES
  if (payload < TAG_BYTES || (rest > 0 && rest < TAG_BYTES)) {
    return 'the end of the age file is cut off'
  }
  return undefined
}
