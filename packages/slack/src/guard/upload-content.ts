import { constants } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import { extname, isAbsolute, join, relative, sep } from 'node:path'
import { AppError } from '@sallyport/kit/errors'
import type { UploadRule } from '../settings/settings.ts'

/** What a caller wants uploaded: exactly one of text, base64 or path. */
export interface UploadGiven {
  readonly file_name?: string | undefined
  readonly text?: string | undefined
  readonly base64?: string | undefined
  /** Within the folder for uploads. */
  readonly path?: string | undefined
}

/** A file that may be uploaded. */
export interface UploadContent {
  readonly name: string
  readonly bytes: Buffer
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
/** No folders, no hidden files, nothing that a file system or a reader may take otherwise. */
const NAME = /^(?!\.)[^\p{C}\\/:*?"<>|]{1,200}$/u

/**
 * Reads what is to be uploaded and holds it against kind, size and folder.
 *
 * @throws {AppError} `request_invalid`, `request_too_large`, `slack_write_refused` for a kind or a place that is not
 *   allowed
 */
export async function uploadContent(given: UploadGiven, rule: UploadRule): Promise<UploadContent> {
  const { text, base64, path } = given
  if ([text, base64, path].filter((one) => one !== undefined).length !== 1) {
    throw invalid('exactly one of text, base64 and path must be given')
  }
  const name = nameOf(given)
  if (!NAME.test(name))
    throw invalid('file_name must be a plain name of at most 200 characters, such as report.md')
  assertKind(name, rule)
  if (path !== undefined) return { name, bytes: await fromFolder(path, rule) }
  if (base64 !== undefined && !BASE64.test(base64)) throw invalid('base64 must be standard base64')
  const bytes = base64 === undefined ? Buffer.from(text ?? '') : Buffer.from(base64, 'base64')
  assertSize(bytes.length, rule)
  return { name, bytes }
}

function nameOf({ file_name: named, path }: UploadGiven): string {
  const name = named ?? path?.split(/[\\/]/).at(-1)
  if (name === undefined) throw invalid('file_name must be given with text and base64')
  return name
}

function assertKind(name: string, { kinds }: UploadRule): void {
  const kind = extname(name).slice(1).toLowerCase()
  if (kinds.includes(kind)) return
  throw refused(
    `files of this kind are not uploaded here; SLACK_UPLOAD_KINDS allows ${kinds.join(', ')}`,
  )
}

function assertSize(bytes: number, { bytesMax }: UploadRule): void {
  if (bytes === 0) throw invalid('the file must not be empty')
  if (bytes <= bytesMax) return
  throw new AppError(
    'request_too_large',
    `the file must be at most ${bytesMax} bytes (SLACK_UPLOAD_BYTES)`,
    {
      outcome: 'not_sent',
    },
  )
}

async function fromFolder(path: string, rule: UploadRule): Promise<Buffer> {
  const { folder } = rule
  if (folder === undefined) {
    throw refused(
      'no files of this machine are uploaded; give text or base64, or have SLACK_UPLOAD_FOLDER set',
    )
  }
  if (path.includes('\0') || isAbsolute(path)) {
    throw invalid('path must be relative to the folder for uploads')
  }
  const root = await realOf(folder)
  const file = await realOf(join(root, path))
  const inside = relative(root, file)
  const isHidden = inside.split(sep).some((part) => part.startsWith('.'))
  if (inside === '' || isAbsolute(inside) || isHidden) throw missing()
  // A link may hide what kind of file it is.
  assertKind(file, rule)
  return await readWhole(file, rule)
}

async function readWhole(file: string, rule: UploadRule): Promise<Buffer> {
  // Not followed: it was no link a moment ago. Not waited for: it may be a pipe.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  await using handle = await open(file, flags).catch((cause: unknown) => {
    throw missing(cause)
  })
  const stats = await handle.stat()
  if (!stats.isFile()) throw missing()
  assertSize(stats.size, rule)
  const bytes = Buffer.alloc(rule.bytesMax + 1)
  let length = 0
  while (length < bytes.length) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  assertSize(length, rule)
  return bytes.subarray(0, length)
}

async function realOf(path: string): Promise<string> {
  return await realpath(path).catch((cause: unknown) => {
    throw missing(cause)
  })
}

/** The same for what is not there and what is elsewhere: nothing is told of other files. */
function missing(cause?: unknown): AppError {
  return new AppError('request_invalid', 'path must name a file within the folder for uploads', {
    cause,
    outcome: 'not_sent',
  })
}

function refused(message: string): AppError {
  return new AppError('slack_write_refused', message, { outcome: 'not_sent' })
}

function invalid(message: string): AppError {
  return new AppError('request_invalid', message, { outcome: 'not_sent' })
}
