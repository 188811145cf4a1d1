import { constants, type KeyObject, verify } from 'node:crypto'

interface Signing {
  /** Null where the algorithm hashes by itself. */
  readonly hash: string | null
  readonly options: (key: KeyObject) => Parameters<typeof verify>[2]
}

const PLAIN = (key: KeyObject): KeyObject => key
const ECDSA = (key: KeyObject) => ({ key, dsaEncoding: 'ieee-p1363' as const })
const PSS = (key: KeyObject) => ({
  key,
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
})

/** Source: RFC 7518 §3.3 to §3.5, RFC 8037 §3.1, RFC 9864 §2.2. */
const SIGNINGS: Readonly<Record<string, Signing>> = {
  RS256: { hash: 'sha256', options: PLAIN },
  RS384: { hash: 'sha384', options: PLAIN },
  RS512: { hash: 'sha512', options: PLAIN },
  PS256: { hash: 'sha256', options: PSS },
  PS384: { hash: 'sha384', options: PSS },
  PS512: { hash: 'sha512', options: PSS },
  ES256: { hash: 'sha256', options: ECDSA },
  ES384: { hash: 'sha384', options: ECDSA },
  ES512: { hash: 'sha512', options: ECDSA },
  EdDSA: { hash: null, options: PLAIN },
  Ed25519: { hash: null, options: PLAIN },
}

/**
 * Whether a signed JWT was signed with the private half of that key. At once: the platform's other interface
 * takes twice as long, for the way to another thread and back.
 *
 * Source: RFC 7515 §5.2.
 *
 * @param token in its one canonical spelling
 * @param key of the kind that the algorithm asks for
 */
export function isSignedWith(token: string, key: KeyObject, algorithm: string): boolean {
  const signing = Object.hasOwn(SIGNINGS, algorithm) ? SIGNINGS[algorithm] : undefined
  if (signing === undefined) return false
  const at = token.lastIndexOf('.')
  const signed = Buffer.from(token.slice(0, at), 'latin1')
  const signature = Buffer.from(token.slice(at + 1), 'base64url')
  return verify(signing.hash, signed, signing.options(key), signature)
}
