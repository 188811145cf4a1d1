import { hash } from 'node:crypto'

const BLOCK_BYTES = 64
const DIGEST_BYTES = 32

/**
 * HMAC-SHA-256 under one key, for small messages in large numbers: two one-shot hashes cost a third
 * of a `createHmac`.
 *
 * Source: RFC 2104 §2; FIPS 180-4 for SHA-256's block of 64 bytes.
 *
 * @param key 32 bytes
 */
export function createMac(key: Buffer): (message: Buffer) => Buffer {
  const inner = Buffer.alloc(BLOCK_BYTES)
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES)
  key.copy(inner)
  key.copy(outer)
  for (let at = 0; at < BLOCK_BYTES; at += 1) {
    inner[at] = (inner[at] ?? 0) ^ 0x36
    outer[at] = (outer[at] ?? 0) ^ 0x5c
  }
  return (message) => {
    hash('sha256', Buffer.concat([inner, message]), 'buffer').copy(outer, BLOCK_BYTES)
    return hash('sha256', outer, 'buffer')
  }
}
