import { createPublicKey, hash, type JsonWebKey, type KeyObject } from 'node:crypto'

const RSA_CHARS_MIN = 342
const RSA_CHARS_MAX = 2_731
const KEY_NAME_CHARS_MAX = 256

/** A public key as its issuer publishes it, cut down to what verifies. */
interface PublishedKey {
  readonly jwk: JsonWebKey
  readonly key: KeyObject
  readonly id: string | undefined
  /** The one algorithm it is for, where the issuer says so. */
  readonly algorithm: string | undefined
}

/**
 * The public keys of one issuer at one time. Symmetric keys, keys for encryption, RSA keys under 2,048 or over
 * 16,384 bits and what is malformed are left out.
 *
 * Source: RFC 7517 §4-5; RFC 8725 §3.1, §3.5.
 */
export class VerificationKeys {
  /** Equal for equal keys. */
  readonly fingerprint: string
  readonly #keys: readonly PublishedKey[]

  private constructor(keys: readonly PublishedKey[]) {
    this.#keys = keys
    this.fingerprint = hash('sha256', JSON.stringify(keys.map(({ id, jwk }) => [id, jwk])))
  }

  /** The keys of a JWK Set; undefined when it is none, or holds none that can verify. */
  static parse(document: unknown, keysMax: number): VerificationKeys | undefined {
    const listed: unknown = Object(document).keys // any value has members, or none
    if (!Array.isArray(listed) || listed.length > keysMax) return undefined
    const keys = listed.map(toPublished).filter((key) => key !== undefined)
    return keys.length === 0 ? undefined : new VerificationKeys(keys)
  }

  /**
   * The key of that name for that algorithm. A token that names none is fine where only one key is for its
   * algorithm.
   */
  find(id: string | undefined, algorithm: string): KeyObject | undefined {
    const fitting = this.#keys.filter((key) => fits(key, algorithm))
    const found = id === undefined ? fitting : fitting.filter((key) => key.id === id)
    const [first] = found
    return id === undefined && found.length > 1 ? undefined : first?.key
  }
}

function toPublished(value: unknown): PublishedKey | undefined {
  const { kty, use, key_ops, kid, alg, n, e, crv, x, y }: Record<string, unknown> = Object(value) // members are judged below
  if (use !== undefined && use !== 'sig') return undefined
  if (Array.isArray(key_ops) && !key_ops.includes('verify')) return undefined
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > KEY_NAME_CHARS_MAX)) {
    return undefined
  }
  if (alg !== undefined && typeof alg !== 'string') return undefined
  const jwk = publicPart({ kty, n, e, crv, x, y })
  const key = jwk && toKey(jwk)
  return jwk && key && { jwk, key, id: kid, algorithm: alg }
}

/** A damaged key is as good as none. */
function toKey(jwk: JsonWebKey): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    return undefined // not a point of its curve, say
  }
}

function publicPart({ kty, n, e, crv, x, y }: Record<string, unknown>): JsonWebKey | undefined {
  switch (kty) {
    case 'RSA':
      if (typeof n !== 'string' || typeof e !== 'string') return undefined
      return n.length < RSA_CHARS_MIN || n.length > RSA_CHARS_MAX ? undefined : { kty, n, e }
    case 'EC':
      if (typeof crv !== 'string' || typeof x !== 'string' || typeof y !== 'string')
        return undefined
      return { kty, crv, x, y }
    case 'OKP':
      if (crv !== 'Ed25519' || typeof x !== 'string') return undefined
      return { kty, crv, x }
    default:
      return undefined
  }
}

const CURVES: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }
const EDWARDS: readonly string[] = ['EdDSA', 'Ed25519']

/** One kind of key per kind of signature, so that none is taken for another. Source: RFC 7518 §3.1, RFC 8037 §3.1. */
function fits({ jwk, algorithm: own }: PublishedKey, algorithm: string): boolean {
  const isSame = own === algorithm || (EDWARDS.includes(own ?? '') && EDWARDS.includes(algorithm))
  if (own !== undefined && !isSame) return false
  if (/^[RP]S\d/.test(algorithm)) return jwk.kty === 'RSA'
  if (EDWARDS.includes(algorithm)) return jwk.kty === 'OKP'
  return jwk.kty === 'EC' && jwk.crv === CURVES[algorithm]
}
