import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { Deployment } from '../../deployment.ts'
import { bytesText, faultOf, type FileEnds, readEnds } from '../bytes-of.ts'
import { quickCheck } from '../quick-check.ts'
import { runCommand } from '../run-command.ts'
import { faultOfAge } from './age.ts'
import { type FormatName, formatOf, FORMAT_BYTES } from './format.ts'

const ENDS_BYTES = 8_192
const GZIP_BYTES_MAX = 2 * 1024 ** 3

/** Whether a backup can be opened as what it is. */
export type Opened =
  | { readonly verdict: 'opens'; readonly text: string }
  /** It is encrypted and looks whole; only its key tells more. */
  | { readonly verdict: 'sealed'; readonly text: string }
  | { readonly verdict: 'broken'; readonly text: string }
  | { readonly verdict: 'unknown'; readonly text: string }

/**
 * Opens a backup as far as that goes without its key, and changes nothing.
 *
 * @throws {Error} of the file system; {AppError} `deadline_exceeded`; the signal's own reason
 */
export async function openBackup(
  deployment: Deployment,
  path: string,
  signal: AbortSignal,
): Promise<Opened> {
  const ends = await readEnds(path, ENDS_BYTES)
  const { name } = formatOf(ends.head.subarray(0, FORMAT_BYTES))
  switch (name) {
    case 'empty':
      return broken('it is empty')
    case 'SQLite':
      return openSqlite(deployment, { path, ends }, signal)
    case 'pg_dump archive':
      return openDump(deployment, path, signal)
    case 'gzip':
      return openGzip(path, ends.bytes, signal)
    case 'tar':
      return endOfTar(ends)
    case 'text':
      return endOfText(ends.head, ends.tail)
    case 'age':
      return sealed(name, faultOfAge(ends))
    case 'armored age':
      return sealed(name, endsWith(ends, '-----END AGE ENCRYPTED FILE-----'))
    case 'armored OpenPGP':
      return sealed(name, endsWith(ends, '-----END PGP MESSAGE-----'))
    case 'OpenPGP':
    case 'openssl enc':
      return sealed(name, undefined)
    default:
      return { verdict: 'unknown', text: `${nameText(name)}, which is not opened here` }
  }
}

function nameText(name: FormatName): string {
  return name === 'unknown' ? 'it has a format that is not known' : `it is ${name}`
}

function broken(text: string): Opened {
  return { verdict: 'broken', text }
}

function sealed(name: FormatName, fault: string | undefined): Opened {
  if (fault !== undefined) return broken(fault)
  return { verdict: 'sealed', text: `it is ${name} and looks whole` }
}

function endsWith({ tail }: FileEnds, mark: string): string | undefined {
  return tail.toString('latin1').trimEnd().endsWith(mark) ? undefined : 'its last line is missing'
}

/** Source: SQLite, "Database File Format" §1.3: the page size at 16, the pages at 28. */
async function openSqlite(
  deployment: Deployment,
  { path, ends }: { readonly path: string; readonly ends: FileEnds },
  signal: AbortSignal,
): Promise<Opened> {
  if (ends.head.length < 100) return broken('its header is cut off')
  const size = ends.head.readUInt16BE(16)
  const pageBytes = size === 1 ? 65_536 : size
  const wholeBytes = pageBytes * ends.head.readUInt32BE(28)
  if (ends.bytes < wholeBytes) {
    return broken(`it has ${bytesText(ends.bytes)} of ${bytesText(wholeBytes)}`)
  }
  const check = await quickCheck(deployment, path, signal)
  switch (check.verdict) {
    case 'sound':
      return { verdict: 'opens', text: 'it passed `pragma quick_check`' }
    case 'damaged':
      return broken(check.text)
    case 'unknown':
      return { verdict: 'unknown', text: check.text }
  }
}

async function openDump(
  deployment: Deployment,
  path: string,
  signal: AbortSignal,
): Promise<Opened> {
  const result = await runCommand(deployment, 'pg_restore', ['--list', path], signal)
  if (result === undefined) {
    return { verdict: 'unknown', text: 'no `pg_restore` is installed that could list it' }
  }
  if (result.code === null) {
    return { verdict: 'unknown', text: '`pg_restore` was ended before it had listed it' }
  }
  if (result.code !== 0) {
    // An older program cannot read what a newer one wrote.
    const said = result.stderr.trim().split('\n')[0] ?? ''
    const isOurs = /unsupported version/.test(said)
    return isOurs ? { verdict: 'unknown', text: said } : broken(said)
  }
  const entries = result.stdout.split('\n').filter((line) => /^\d+;/.test(line)).length
  if (entries === 0) return broken('`pg_restore --list` finds nothing in it')
  return { verdict: 'opens', text: `\`pg_restore --list\` finds ${entries} entries in it` }
}

/** Unpacks all of it: the sum at the end tells whether it is whole. */
async function openGzip(path: string, bytes: number, signal: AbortSignal): Promise<Opened> {
  if (bytes > GZIP_BYTES_MAX) {
    return { verdict: 'unknown', text: `${bytesText(bytes)} are more than is unpacked here` }
  }
  let head = Buffer.alloc(0)
  let tail = Buffer.alloc(0)
  const keep = async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) {
      if (head.length < ENDS_BYTES) head = Buffer.concat([head, chunk]).subarray(0, ENDS_BYTES)
      tail = Buffer.concat([tail, chunk.subarray(-ENDS_BYTES)]).subarray(-ENDS_BYTES)
    }
  }
  try {
    await pipeline(createReadStream(path), createGunzip(), keep, { signal })
  } catch (thrown) {
    signal.throwIfAborted()
    return broken(`it cannot be unpacked: ${faultOf(thrown)}`)
  }
  const { name } = formatOf(head.subarray(0, FORMAT_BYTES))
  if (name === 'empty') return broken('nothing is in it')
  if (name === 'text') return endOfText(head, tail)
  return { verdict: 'opens', text: `it unpacks whole, and holds ${name}` }
}

/** Two blocks of zeros. Source: POSIX.1 pax, "ustar Interchange Format". */
function endOfTar({ tail }: FileEnds): Opened {
  const isWhole = tail.length >= 1_024 && tail.subarray(-1_024).every((byte) => byte === 0)
  return isWhole ? { verdict: 'opens', text: 'it is a whole tar' } : broken('its end is missing')
}

/** A dump says at its end that it is complete. Source: pg_dump, mysqldump and `.dump` of sqlite3. */
function endOfText(head: Buffer, tail: Buffer): Opened {
  const [begin, end] = [head.toString('latin1'), tail.toString('latin1')]
  const marks: readonly (readonly [RegExp, RegExp])[] = [
    [/^--\r?\n-- PostgreSQL database dump/m, /^-- PostgreSQL database dump complete/m],
    [
      /^--\r?\n-- PostgreSQL database cluster dump/m,
      /^-- PostgreSQL database cluster dump complete/m,
    ],
    [/^-- (?:MySQL|MariaDB) dump/m, /^-- Dump completed/m],
    [/^BEGIN TRANSACTION;/m, /^COMMIT;\s*$/m],
  ]
  const mark = marks.find(([opening]) => opening.test(begin))
  if (mark === undefined) {
    return { verdict: 'unknown', text: 'it is text that no program is known to have dumped' }
  }
  if (!mark[1].test(end)) return broken('the dump does not say at its end that it is complete')
  return { verdict: 'opens', text: 'it is a dump that says that it is complete' }
}
