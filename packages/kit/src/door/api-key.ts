import { hash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { SightSelection } from '../principal.ts'
import { Secret } from '../secret.ts'
import type { KeyRecord } from '../store/key-record.ts'

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
const ID_LENGTH = 8
const SECRET_BYTES = 32
const KEY = /^sp_([a-z2-7]{8})_[A-Za-z0-9_-]{49}$/
const KEY_LENGTH = 3 + ID_LENGTH + 1 + 43 + 6
const CHECKSUM_LENGTH = 6

/** What a new key is made for. */
export interface NewKey {
  readonly name: string
  readonly role: string
  readonly tenant: string | null
  /** Names of servers and groups; absent or null = all. */
  readonly servers?: readonly string[] | null
  /** Judged on `<server>__<tool>`; absent or null = all. */
  readonly tools?: SightSelection | null
  readonly readOnly?: boolean
  /** Ranges of addresses; absent or null = all. */
  readonly allowFrom?: readonly string[] | null
  /** Wall clock; null = never. */
  readonly expiresAtMs: number | null
  readonly clock: Clock
}

/**
 * Makes an API key: `sp_<id>_<256-bit secret><checksum>`. The text is shown once and kept nowhere; the record
 * is what the store keeps.
 */
export function createKey(key: NewKey): { text: Secret; record: KeyRecord } {
  const id = createKeyId()
  const text = createText(id)
  return { text: new Secret(text), record: toRecord(id, text, key) }
}

/** Another text for the key of that id, to take the place of the one it has. */
export function createKeyText(id: string): { text: Secret; hash: Buffer } {
  const text = createText(id)
  return { text: new Secret(text), hash: hashCredential(text) }
}

function createText(id: string): string {
  const head = `sp_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`
  return `${head}${checksum(head)}`
}

/**
 * Takes over a key that another gateway made, so that one key opens both.
 *
 * @throws {AppError} `config_invalid` when the text is no key of ours, or was mistyped
 */
export function adoptKey(text: Secret, key: NewKey): { text: Secret; record: KeyRecord } {
  const known = parseKey(text.reveal())
  if (known !== undefined) return { text, record: toRecord(known.id, text.reveal(), key) }
  throw new AppError(
    'config_invalid',
    'the key to take over is none of ours or was mistyped; give one that "sallyport keys create" printed',
  )
}

function toRecord(id: string, text: string, key: NewKey): KeyRecord {
  return {
    id,
    name: key.name,
    hash: hashCredential(text),
    role: key.role,
    tenant: key.tenant,
    servers: key.servers ?? null,
    tools: key.tools ?? null,
    readOnly: key.readOnly ?? false,
    allowFrom: key.allowFrom ?? null,
    previousHash: null,
    previousUntilMs: null,
    rotatedAtMs: null,
    createdAtMs: key.clock.nowMs(),
    expiresAtMs: key.expiresAtMs,
    lastUsedAtMs: null,
    revokedAtMs: null,
    version: 0,
  }
}

/**
 * The id of a well-formed key, or undefined. A mistyped or cut key fails its checksum here, without a look
 * at any list; the checksum is no secret and proves nothing else.
 */
export function parseKey(text: string): { readonly id: string } | undefined {
  if (!isKeyShaped(text) || !hasValidChecksum(text)) return undefined
  return { id: text.slice(3, 3 + ID_LENGTH) }
}

/** SHA-256 of a key or token: the only form in which credentials are kept and compared. */
export function hashCredential(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

function isKeyShaped(text: string): boolean {
  return text.length === KEY_LENGTH && KEY.test(text)
}

function hasValidChecksum(text: string): boolean {
  const headLength = KEY_LENGTH - CHECKSUM_LENGTH
  return checksum(text.slice(0, headLength)) === text.slice(headLength)
}

function createKeyId(): string {
  let id = ''
  for (const byte of randomBytes(ID_LENGTH)) id += BASE32[byte & 31]
  return id
}

function checksum(head: string): string {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32BE(crc32(head))
  return bytes.toString('base64url')
}
