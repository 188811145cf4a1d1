/** What a file is, told by its first bytes. */
export interface BackupFormat {
  readonly name: FormatName
  /** `weak`: encrypted, but so that a guessed password costs little and a changed byte shows nowhere. */
  readonly encrypted: 'yes' | 'weak' | 'no' | 'unknown'
}

export type FormatName =
  | 'age'
  | 'armored age'
  | 'OpenPGP'
  | 'armored OpenPGP'
  | 'openssl enc'
  | 'SQLite'
  | 'pg_dump archive'
  | 'gzip'
  | 'bzip2'
  | 'xz'
  | 'zstd'
  | 'lz4'
  | 'zip'
  | 'tar'
  | 'text'
  | 'empty'
  | 'unknown'

/** How many of the first bytes are needed to tell. */
export const FORMAT_BYTES = 512

const OPENINGS: readonly (readonly [FormatName, BackupFormat['encrypted'], Buffer])[] = [
  ['age', 'yes', Buffer.from('age-encryption.org/v1\n')],
  ['armored age', 'yes', Buffer.from('-----BEGIN AGE ENCRYPTED FILE-----')],
  ['armored OpenPGP', 'yes', Buffer.from('-----BEGIN PGP MESSAGE-----')],
  ['openssl enc', 'weak', Buffer.from('Salted__')],
  ['SQLite', 'no', Buffer.from('SQLite format 3\0')],
  ['pg_dump archive', 'no', Buffer.from('PGDMP')],
  ['gzip', 'no', Buffer.from([0x1f, 0x8b])],
  ['bzip2', 'no', Buffer.from('BZh')],
  ['xz', 'no', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])],
  ['zstd', 'no', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
  ['lz4', 'no', Buffer.from([0x04, 0x22, 0x4d, 0x18])],
  ['zip', 'no', Buffer.from('PK\u0003\u0004')],
]

/**
 * Tells what a file is by its first {@link FORMAT_BYTES}.
 *
 * Source: age-encryption.org/v1; RFC 9580 (OpenPGP) §4.2, §5; SQLite, "Database File Format"; RFC 1952 (gzip);
 * POSIX.1 pax (ustar).
 */
export function formatOf(head: Buffer): BackupFormat {
  if (head.length === 0) return { name: 'empty', encrypted: 'unknown' }
  for (const [name, encrypted, opening] of OPENINGS) {
    if (head.subarray(0, opening.length).equals(opening)) return { name, encrypted }
  }
  if (head.toString('latin1', 257, 262) === 'ustar') return { name: 'tar', encrypted: 'no' }
  if (isOpenPgp(head)) return { name: 'OpenPGP', encrypted: 'yes' }
  return isText(head)
    ? { name: 'text', encrypted: 'no' }
    : { name: 'unknown', encrypted: 'unknown' }
}

/** An encrypted session key of a version that exists, or encrypted data. */
function isOpenPgp(head: Buffer): boolean {
  const packet = packetOf(head)
  if (packet === undefined) return false
  const version = head[packet.bodyAt]
  switch (packet.tag) {
    case 1:
      return version === 3 || version === 6
    case 3:
      return version === 4 || version === 5 || version === 6
    case 18:
      return version === 1 || version === 2
    case 20:
      return version === 1
    default:
      return false
  }
}

/** The header of an OpenPGP packet, in the old and the new form. */
function packetOf(head: Buffer): { readonly tag: number; readonly bodyAt: number } | undefined {
  const [first = 0, length = 0] = head
  if ((first & 0x80) === 0) return undefined
  if ((first & 0x40) === 0) {
    const size = [2, 3, 5, 1][first & 0x03] ?? 1
    return { tag: (first >> 2) & 0x0f, bodyAt: size }
  }
  const size = length < 192 || length > 223 ? (length === 255 ? 6 : 2) : 3
  return { tag: first & 0x3f, bodyAt: size }
}

/** No control characters but white space. Of UTF-8 that is cut off at the end the rest still is text. */
function isText(head: Buffer): boolean {
  return (
    head.every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d)) && !head.includes(0x7f)
  )
}
