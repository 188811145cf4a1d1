import { closeSync, openSync, readSync } from 'node:fs'

/** A file's text, or why there is none: one lower-case sentence and what to do. */
export type FileText =
  | { readonly text: string }
  | { readonly missing: boolean; readonly message: string; readonly remedy: string }

/** Reads at most `bytesMax` of UTF-8 text. Total: refuses with a sentence instead of throwing. */
export function readFileText(file: string, bytesMax: number): FileText {
  let handle: number
  try {
    handle = openSync(file, 'r')
  } catch (thrown) {
    return refusal(thrown)
  }
  try {
    const buffer = Buffer.alloc(bytesMax + 1)
    let length = 0
    for (;;) {
      const count = readSync(handle, buffer, length, buffer.length - length, null)
      length += count
      if (count === 0 || length === buffer.length) break
    }
    if (length > bytesMax) {
      return {
        missing: false,
        message: `the file is larger than ${bytesMax} bytes`,
        remedy: 'make it smaller',
      }
    }
    const bytes = buffer.subarray(0, length)
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { text }
  } catch (thrown) {
    return refusal(thrown)
  } finally {
    closeSync(handle)
  }
}

function refusal(thrown: unknown): FileText {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
  const missing = code === 'ENOENT' || code === 'ENOTDIR'
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { missing, message: 'there is no such file', remedy: 'create it or correct the path' }
    case 'EACCES':
    case 'EPERM':
      return { missing, message: 'the file may not be read', remedy: 'give this user read access' }
    case 'EISDIR':
      return { missing, message: 'this is a folder', remedy: 'name a file' }
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return { missing, message: 'the file is not UTF-8 text', remedy: 'save it as UTF-8' }
    default:
      return {
        missing,
        message: `the file cannot be read (${code || 'unknown fault'})`,
        remedy: 'look at the disk and the path',
      }
  }
}
