import type { Clock } from '../clock.ts'

const TYPE = 'login+jwt'
const ALGORITHM = 'HS256'
const ISSUER = 'urn:sallyport:'
const TOKEN_CHARACTERS_MAX = 2_048

/** What a token says, and what it is signed for. */
export interface LoginClaims {
  readonly userId: string
  readonly loginId: string
  readonly issuedAtMs: number
  readonly expiresAtMs: number
}

/** What signs and verifies. */
export interface LoginTokenKeys {
  /** At least 32 bytes each; the first signs, all verify. Read anew each time, as they may be rotated. */
  readonly keys: () => readonly Uint8Array[]
  /** Of this gateway's store: the same for all gateways on it and no others. */
  readonly name: string
}

/**
 * Tokens of programs that logged in as a person: JWTs for this gateway's admin API alone. A token is a pointer
 * to a login, so that ending the login ends it.
 *
 * Source: RFC 7519; RFC 8725 §3.1 (one algorithm), §3.8 to §3.11 (issuer, subject, audience, type).
 */
export class LoginTokens {
  readonly #keys: LoginTokenKeys
  readonly #clock: Clock

  constructor(keys: LoginTokenKeys, clock: Clock) {
    this.#keys = keys
    this.#clock = clock
  }

  async sign({ userId, loginId, issuedAtMs, expiresAtMs }: LoginClaims): Promise<string> {
    const { SignJWT } = await import('jose')
    const [key] = this.#keys.keys()
    if (key === undefined) throw new TypeError('there is no key to sign with')
    const { name } = this.#keys
    return await new SignJWT({ sid: loginId })
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
      .setIssuer(issuerOf(name))
      .setAudience(audienceOf(name))
      .setSubject(userId)
      .setIssuedAt(Math.floor(issuedAtMs / 1_000))
      .setExpirationTime(Math.floor(expiresAtMs / 1_000))
      .sign(key)
  }

  /** Whether it says that it is one of ours, true or not. Total. */
  isOurs(token: string): boolean {
    const [, payload = '', signature] = token.split('.', 3)
    if (signature === undefined || token.length > TOKEN_CHARACTERS_MAX) return false
    try {
      const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
      if (typeof claims !== 'object' || claims === null || !('iss' in claims)) return false
      return typeof claims.iss === 'string' && claims.iss.startsWith(ISSUER)
    } catch {
      return false // no JWT at all, which is an answer
    }
  }

  /** What a valid token says; undefined for any other. */
  async verify(token: string): Promise<Pick<LoginClaims, 'userId' | 'loginId'> | undefined> {
    const { errors, jwtVerify } = await import('jose')
    const { name } = this.#keys
    for (const key of this.#keys.keys()) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: [ALGORITHM],
          typ: TYPE,
          issuer: issuerOf(name),
          audience: audienceOf(name),
          requiredClaims: ['exp', 'iat', 'sub', 'sid'],
          currentDate: new Date(this.#clock.nowMs()),
        })
        const { sub, sid } = payload
        if (sub === undefined || typeof sid !== 'string') return undefined
        return { userId: sub, loginId: sid }
      } catch (thrown) {
        // Another key may fit; whatever else is wrong stays wrong.
        if (thrown instanceof errors.JWSSignatureVerificationFailed) continue
        if (thrown instanceof errors.JOSEError) return undefined
        throw thrown
      }
    }
    return undefined
  }
}

function issuerOf(name: string): string {
  return `${ISSUER}${name}`
}

function audienceOf(name: string): string {
  return `${ISSUER}${name}:admin`
}
