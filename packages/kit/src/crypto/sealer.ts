import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import type { DerivedKeys } from './derived-keys.ts'

const ALGORITHM = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16
const OVERHEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES

interface SealKey {
  /** First byte of what it sealed; a hint, not a secret, and two keys may share one. */
  readonly id: number
  readonly key: KeyObject
}

/**
 * Seals small values for one purpose, so that they can be handed to a client or a store and come back
 * unread and unchanged: AES-256-GCM under a random nonce, as base64url (visible ASCII only).
 *
 * Layout: key id (1), nonce (12), ciphertext, tag (16).
 *
 * Source: NIST SP 800-38D; random nonces hold for 2^32 values per key.
 */
export class Sealer {
  readonly #source: DerivedKeys
  readonly #purpose: string
  #derived: Derived

  constructor(source: DerivedKeys, purpose: string) {
    this.#source = source
    this.#purpose = purpose
    this.#derived = deriveFrom(source, purpose)
  }

  /** @param aad what the value is bound to; `open` must be given the same */
  seal(plaintext: Buffer, aad: string): string {
    const nonce = randomBytes(NONCE_BYTES)
    const { current } = this.#keys
    const cipher = createCipheriv(ALGORITHM, current.key, nonce, { authTagLength: TAG_BYTES })
    cipher.setAAD(Buffer.from(aad))
    const head = cipher.update(plaintext)
    const tail = cipher.final()
    const id = Buffer.of(current.id)
    return Buffer.concat([id, nonce, head, tail, cipher.getAuthTag()]).toString('base64url')
  }

  /**
   * The value, or undefined for anything that `seal` did not return for this purpose and `aad` under one of
   * our keys. Total: it never throws. Exactly one text opens to each sealed value.
   */
  open(text: string, aad: string): Buffer | undefined {
    const sealed = Buffer.from(text, 'base64url')
    if (sealed.length < OVERHEAD_BYTES) return undefined
    // Decoding skips foreign characters and loose bits; only the canonical text is ours.
    if (sealed.toString('base64url') !== text) return undefined
    for (const { id, key } of this.#keys.all) {
      if (id !== sealed[0]) continue
      const plaintext = decrypt(key, sealed, aad)
      if (plaintext !== undefined) return plaintext
    }
    return undefined
  }

  /**
   * The same value sealed with the key that seals now; the same text when it is already, undefined for what
   * does not open. Total.
   */
  reseal(text: string, aad: string): string | undefined {
    const plaintext = this.open(text, aad)
    if (plaintext === undefined) return undefined
    const { current } = this.#keys
    const sealed = Buffer.from(text, 'base64url')
    const isCurrent = sealed[0] === current.id && decrypt(current.key, sealed, aad) !== undefined
    return isCurrent ? text : this.seal(plaintext, aad)
  }

  get #keys(): Derived {
    if (this.#derived.version !== this.#source.version) {
      this.#derived = deriveFrom(this.#source, this.#purpose)
    }
    return this.#derived
  }
}

interface Derived {
  readonly version: number
  readonly current: SealKey
  /** The current one first. */
  readonly all: readonly SealKey[]
}

function deriveFrom(source: DerivedKeys, purpose: string): Derived {
  const { version } = source
  const [first, ...others] = source.deriveKeys(purpose)
  const current = toSealKey(first)
  return { version, current, all: [current, ...others.map(toSealKey)] }
}

function toSealKey(key: Buffer): SealKey {
  // Derived from the key, so that it says nothing about it.
  const id = new Uint8Array(hkdfSync('sha256', key, '', 'key id', 1))[0] ?? 0
  // Imported once: from raw bytes every cipher would cost five times as much.
  return { id, key: createSecretKey(key) }
}

function decrypt(key: KeyObject, sealed: Buffer, aad: string): Buffer | undefined {
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES)
  const tagStart = sealed.length - TAG_BYTES
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(aad))
  decipher.setAuthTag(sealed.subarray(tagStart))
  const head = decipher.update(sealed.subarray(1 + NONCE_BYTES, tagStart))
  try {
    return Buffer.concat([head, decipher.final()])
  } catch {
    // `final` throws exactly when the tag does not fit, which is one of our two answers.
    return undefined
  }
}
