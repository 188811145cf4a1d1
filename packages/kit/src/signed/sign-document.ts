import { type KeyObject, sign } from 'node:crypto'
import canonicalize from 'canonicalize'
import { keyIdOf, keyOfSeed, publicPartOf } from './ed25519-key.ts'

/** Who signed a document, and how. */
export interface DocumentSignature {
  readonly algorithm: 'EdDSA'
  /** SHA-256 of the public key, hex. */
  readonly keyId: string
  /** SPKI, base64url. */
  readonly publicKey: string
  /** Base64url. */
  readonly value: string
}

/**
 * Signs documents of JSON with one key: Ed25519 over the canonical text of everything but the member
 * `signature`.
 *
 * Source: RFC 8785 (canonical JSON), RFC 8032 (Ed25519).
 */
export class DocumentSigner {
  /** SPKI, base64url. */
  readonly publicKey: string
  /** SHA-256 of it, hex. */
  readonly keyId: string
  readonly #key: KeyObject

  /** @param seed 32 bytes, secret; the same seed is the same key */
  constructor(seed: Buffer) {
    this.#key = keyOfSeed(seed)
    const spki = publicPartOf(this.#key)
    this.publicKey = spki.toString('base64url')
    this.keyId = keyIdOf(spki)
  }

  /** The document with a signature, in place of one that it has. Pure. */
  sign<Document extends object>(document: Document): Document & { signature: DocumentSignature } {
    const value = sign(null, signedBytes(document), this.#key).toString('base64url')
    const { publicKey, keyId } = this
    return { ...document, signature: { algorithm: 'EdDSA', keyId, publicKey, value } }
  }
}

/**
 * What of a document is signed.
 *
 * @throws {Error} for what has no canonical text, such as half of a surrogate pair
 */
export function signedBytes(document: object): Buffer {
  const { signature: _left, ...rest } = document as { readonly signature?: unknown } // or none
  return Buffer.from(canonicalize(rest) ?? '')
}
