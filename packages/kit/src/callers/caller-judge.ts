import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { readJwt } from '../tokens/jwt-parts.ts'
import {
  type AssertedCaller,
  CALLER_SECONDS,
  CALLER_TYPE,
  callerClaims,
  type CallerClaims,
} from './caller-claims.ts'

/** Longest token read, characters. */
const TOKEN_CHARS_MAX = 8_192
/** How far the clocks of gateway and server may differ, seconds. */
const SKEW_SECONDS = 5
/** Tokens remembered: three thousand a second for as long as one is good. */
const SEEN_MAX = 200_000

export interface CallerJudgeOptions {
  /** Public keys of the gateways that are believed, Ed25519, base64url; one, or two while it changes. */
  readonly keys: readonly string[]
  /** What a token must be meant for. */
  readonly audience: string
  readonly clock: Clock
}

/** Believes what a gateway says about who calls: signed by it, for this server, now, and once. */
export class CallerJudge {
  readonly #keys: readonly KeyObject[]
  readonly #audience: string
  readonly #clock: Clock
  /** Ids of tokens that came and when they end, seconds; in the order they came. */
  readonly #seen = new Map<string, number>()

  /** @throws {AppError} `config_invalid` for a key that is none */
  constructor({ keys, audience, clock }: CallerJudgeOptions) {
    this.#keys = keys.map(toKey)
    this.#audience = audience
    this.#clock = clock
  }

  /**
   * @param header value of `Sallyport-Caller`; undefined = there is none, or more than one
   * @throws {AppError} `credential_missing`; `credential_invalid` for one that is forged, foreign, over, or was
   *   here before; `overloaded`
   */
  judge(header: string | undefined): AssertedCaller {
    if (header === undefined) {
      throw new AppError('credential_missing', 'the gateway did not say who calls')
    }
    const claims = this.#read(header)
    const nowS = Math.floor(this.#clock.nowMs() / 1_000)
    if (claims === undefined || !this.#isGood(claims, nowS) || this.#seen.has(claims.jti)) {
      throw new AppError(
        'credential_invalid',
        'what the gateway said about the caller is not valid',
      )
    }
    this.#remember(claims, nowS)
    const { sub: principal, name, tenant, roles, rid: requestId } = claims
    return { principal, name, tenant, roles, requestId }
  }

  #read(token: string): CallerClaims | undefined {
    if (token.length > TOKEN_CHARS_MAX) return undefined
    const parts = readJwt(token)
    if (parts?.header['alg'] !== 'EdDSA' || parts.header['typ'] !== CALLER_TYPE) return undefined
    const end = token.lastIndexOf('.')
    const signed = Buffer.from(token.slice(0, end))
    const signature = Buffer.from(token.slice(end + 1), 'base64url')
    if (!this.#keys.some((key) => verify(null, signed, key, signature))) return undefined
    return callerClaims.safeParse(parts.claims).data
  }

  #isGood({ aud, iat, exp }: CallerClaims, nowS: number): boolean {
    if (aud !== this.#audience || exp - iat > CALLER_SECONDS) return false
    return iat <= nowS + SKEW_SECONDS && exp > nowS - SKEW_SECONDS
  }

  #remember({ jti, exp }: CallerClaims, nowS: number): void {
    for (const [id, endS] of this.#seen) {
      // The oldest end first, but for the skew of clocks.
      if (endS > nowS - SKEW_SECONDS) break
      this.#seen.delete(id)
    }
    if (this.#seen.size >= SEEN_MAX) throw new AppError('overloaded', 'too many requests')
    this.#seen.set(jti, exp)
  }
}

function toKey(x: string): KeyObject {
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  } catch (cause) {
    const sentence = 'the public key of a gateway is 32 bytes in base64url, 43 characters'
    throw new AppError('config_invalid', sentence, { cause })
  }
}
