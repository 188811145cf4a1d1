import { hash, type KeyObject, timingSafeEqual } from 'node:crypto'
import { createMac } from '../crypto/index.ts'
import type { AuditEntry } from './store.ts'

/** The columns of an audit row in the order they are hashed and written; `hash` follows them. */
export const AUDIT_COLUMNS = [
  'writer',
  'seq',
  'at',
  'kind',
  'request_id',
  'principal',
  'tenant',
  'address',
  'method',
  'server',
  'tool',
  'outcome',
  'code',
  'duration_us',
  'arguments_mac',
  'member',
] as const

/** Hashed only where it holds something, so that rows from before it existed still verify. */
const MEMBER = AUDIT_COLUMNS.indexOf('member')

/** The values of one row, in the order of `AUDIT_COLUMNS`. */
export type AuditValues = readonly (string | number | null)[]

/** What the first row of a chain follows: 32 zero bytes. */
export const CHAIN_START: Buffer = Buffer.alloc(32)

const TEXT_LENGTH_MAX = 512
const CANONICAL_LENGTH_USUAL = 2_048
const scratch = Buffer.alloc(32 + CANONICAL_LENGTH_USUAL * 3)

/** The values of one row, in column order; numbers made whole, so that they read back as written. */
export function toAuditValues(writer: string, seq: number, entry: AuditEntry): AuditValues {
  return [
    writer,
    seq,
    Math.round(entry.atMs),
    entry.kind,
    entry.requestId,
    entry.principal,
    entry.tenant,
    entry.address,
    entry.method,
    entry.server,
    entry.tool,
    entry.outcome,
    entry.code,
    entry.durationUs === null ? null : Math.round(entry.durationUs),
    entry.argumentsMac,
    entry.member,
  ]
}

/** The values of a row as read, in column order: whatever the columns hold now. */
export function toAuditColumns(row: Readonly<Record<string, unknown>>): AuditValues {
  return AUDIT_COLUMNS.map((name) => {
    const value = row[name]
    if (typeof value === 'string' || typeof value === 'number' || value === null) return value
    return String(value) // a blob, say: unlike anything that was hashed
  })
}

/**
 * The canonical form: a JSON array of all values, without `member` where it is null. Unambiguous, since every
 * value is text, a whole number or null, and what is left out is told by the length.
 */
export function canonicalRow(values: AuditValues): string {
  return JSON.stringify(values[MEMBER] === null ? values.slice(0, MEMBER) : values)
}

/**
 * Whether the values may not read back as they are: JSON escapes NUL (PostgreSQL refuses it) and lone
 * surrogates (UTF-8 cannot carry them) as `\u....`, and names without bound come from callers.
 */
export function needsCleaning(canonical: string): boolean {
  return canonical.length > CANONICAL_LENGTH_USUAL || canonical.includes('\\u')
}

/** Text cut to 512 characters, made well-formed and without NUL. */
export function cleanValues(values: AuditValues): AuditValues {
  return values.map((value) =>
    typeof value === 'string'
      ? value.slice(0, TEXT_LENGTH_MAX).toWellFormed().replaceAll('\0', '\uFFFD')
      : value,
  )
}

/** SHA-256 over the previous row's hash (32 bytes) and the canonical row in UTF-8. */
export function chainHash(previous: Uint8Array, canonical: string): Buffer {
  if (canonical.length * 3 > scratch.length - 32) {
    return hash('sha256', Buffer.concat([previous, Buffer.from(canonical)]), 'buffer')
  }
  scratch.set(previous, 0)
  const end = 32 + scratch.write(canonical, 32)
  // A buffer out of the pool costs less than one that the hash makes.
  return Buffer.from(hash('sha256', scratch.subarray(0, end), 'binary'), 'binary')
}

/**
 * What a seal vouches for: the newest row of a chain, the newest row that was pruned from it, or (with
 * `writer` `*`) how many chains there are.
 */
export type SealKind = 'head' | 'pruned' | 'roster'

export interface ChainPoint {
  readonly writer: string
  readonly seq: number
  readonly hash: Uint8Array
}

/** What the roster's seal vouches for: `writers` chains were ever opened. */
export function rosterPoint(writers: number): ChainPoint {
  return { writer: '*', seq: writers, hash: CHAIN_START }
}

/** HMAC-SHA-256 under the store's key, so that only the product can say where a chain ends. */
export function sealPoint(key: KeyObject, kind: SealKind, point: ChainPoint): Buffer {
  const named = Buffer.from(`${kind}|${point.writer}|${point.seq}|`)
  return macOf(key)(Buffer.concat([named, point.hash]))
}

const macs = new WeakMap<KeyObject, ReturnType<typeof createMac>>()

function macOf(key: KeyObject): ReturnType<typeof createMac> {
  let mac = macs.get(key)
  if (mac === undefined) macs.set(key, (mac = createMac(key.export())))
  return mac
}

/** Whether one of the keys made this seal. */
export function isSealed(
  keys: readonly KeyObject[],
  kind: SealKind,
  point: ChainPoint,
  seal: Uint8Array,
): boolean {
  return keys.some((key) => {
    const expected = sealPoint(key, kind, point)
    return expected.length === seal.length && timingSafeEqual(expected, seal)
  })
}
