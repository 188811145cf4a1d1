import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { AppError } from '../errors.ts'

/** What stands before the 32 bytes of an Ed25519 key in PKCS #8. Source: RFC 8410 §7. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')
const KEY_CHARACTERS_MAX = 4_096

/** The private key that a seed is. @param seed 32 bytes, secret; the same seed is the same key */
export function keyOfSeed(seed: Buffer): KeyObject {
  return createPrivateKey({
    ...{ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' },
  })
}

/** The public key of a key, SPKI. Source: RFC 8410 §4. */
export function publicPartOf(key: KeyObject): Buffer {
  const isPrivate = key.type === 'private'
  return (isPrivate ? createPublicKey(key) : key).export({ format: 'der', type: 'spki' })
}

/** What a public key is called: SHA-256, hex. */
export function keyIdOf(spki: Buffer): string {
  return createHash('sha256').update(spki).digest('hex')
}

/**
 * Reads a public key as we write it, base64url of its SPKI, or as PEM.
 *
 * @returns SPKI, base64url
 * @throws {AppError} `request_invalid` for anything but an Ed25519 key
 */
export function parsePublicKey(text: string): string {
  return publicPartOf(readKey(text.trim())).toString('base64url')
}

/** The same as PEM, as files hold it. @throws {AppError} as `parsePublicKey` */
export function toPem(publicKey: string): string {
  return readKey(publicKey).export({ format: 'pem', type: 'spki' }).toString()
}

/** @throws {AppError} `request_invalid` */
export function readKey(text: string): KeyObject {
  try {
    if (text.length > KEY_CHARACTERS_MAX) throw new RangeError('it is too long')
    // A private key would do as well, and has no business here.
    const isPem = text.startsWith('-----BEGIN PUBLIC KEY-----')
    const key = isPem
      ? createPublicKey(text)
      : createPublicKey({ key: Buffer.from(text, 'base64url'), format: 'der', type: 'spki' })
    if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('it is of another kind')
    return key
  } catch (cause) {
    const sentence = 'a public key is Ed25519, as PEM or as base64url of its SPKI'
    throw new AppError('request_invalid', sentence, { cause })
  }
}
