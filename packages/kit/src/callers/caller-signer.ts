import { createHash, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { keyOfSeed } from '../signed/ed25519-key.ts'
import {
  type AssertedCaller,
  CALLER_SECONDS,
  CALLER_TYPE,
  type CallerClaims,
} from './caller-claims.ts'

const ID_BYTES = 12

/**
 * Vouches for callers to servers behind a gateway: signed tokens that are good for one request and a minute.
 *
 * Source: RFC 7515 (JWS compact serialisation), RFC 8037 (EdDSA).
 */
export class CallerSigner {
  /** The public key, base64url: what a server checks with. */
  readonly publicKey: string
  readonly #key: KeyObject
  readonly #head: string
  readonly #clock: Clock
  readonly #jwks: string

  /** @param seed 32 bytes, secret; the same seed is the same key */
  constructor(seed: Buffer, clock: Clock) {
    this.#key = keyOfSeed(seed)
    this.publicKey = createPublicKey(this.#key).export({ format: 'jwk' }).x ?? ''
    const kid = thumbprint(this.publicKey)
    this.#head = encode({ alg: 'EdDSA', typ: CALLER_TYPE, kid })
    this.#jwks = JSON.stringify({
      keys: [{ kty: 'OKP', crv: 'Ed25519', use: 'sig', alg: 'EdDSA', kid, x: this.publicKey }],
    })
    this.#clock = clock
  }

  /** The public key as a JWK set, JSON text. Source: RFC 7517 §5. */
  get jwks(): string {
    return this.#jwks
  }

  /** A token for one request to one server. */
  sign(caller: AssertedCaller, audience: string): string {
    const iat = Math.floor(this.#clock.nowMs() / 1_000)
    const claims: CallerClaims = {
      iss: 'sallyport',
      aud: audience,
      sub: caller.principal,
      name: caller.name,
      tenant: caller.tenant,
      roles: [...caller.roles],
      rid: caller.requestId,
      jti: randomBytes(ID_BYTES).toString('base64url'),
      iat,
      exp: iat + CALLER_SECONDS,
    }
    const signed = `${this.#head}.${encode(claims)}`
    return `${signed}.${sign(null, Buffer.from(signed), this.#key).toString('base64url')}`
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** Source: RFC 7638 §3, RFC 8037 §2. */
function thumbprint(x: string): string {
  const members = JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x })
  return createHash('sha256').update(members).digest('base64url')
}
