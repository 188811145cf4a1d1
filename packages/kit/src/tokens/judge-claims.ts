import type { IssuerRules } from './issuer-rules.ts'

/** Why a token is refused; for the log of the gateway, never for who sent it. */
export type TokenFault =
  | 'algorithm'
  | 'critical'
  | 'type'
  | 'key_name'
  | 'id_token'
  | 'subject'
  | 'expiry_missing'
  | 'expired'
  | 'life_too_long'
  | 'not_yet_valid'
  | 'issued_in_future'
  | 'time_malformed'
  | 'audience_malformed'

const KEY_NAME_CHARS_MAX = 256
const SUBJECT_CHARS_MAX = 1_000
const AUDIENCES_MAX = 100
const SECONDS_MAX = 8_640_000_000_000

/** What the header of a token that may be verified says. */
export interface JwtHeader {
  readonly algorithm: string
  /** Undefined = it names no key. */
  readonly keyId: string | undefined
}

/**
 * Judges a header by itself. Keys that it brings along or points to (`jwk`, `jku`, `x5c`, `x5u`) mean nothing.
 *
 * Source: RFC 7515 §4.1.11 (`crit`: none is understood here), RFC 7797 (`b64`: refused), RFC 8725 §3.1, §3.2
 * and §3.11, RFC 9068 §2.1.
 */
export function judgeHeader(
  header: Readonly<Record<string, unknown>>,
  rules: Pick<IssuerRules, 'algorithms' | 'types'>,
): JwtHeader | TokenFault {
  const { alg, crit, b64, typ, kid } = header
  if (typeof alg !== 'string' || !rules.algorithms.includes(alg)) return 'algorithm'
  if (crit !== undefined || b64 !== undefined) return 'critical'
  if (!rules.types.includes(typeOf(typ))) return 'type'
  if (kid === undefined) return { algorithm: alg, keyId: undefined }
  if (typeof kid !== 'string' || kid === '' || kid.length > KEY_NAME_CHARS_MAX) return 'key_name'
  return { algorithm: alg, keyId: kid }
}

/** Media types compare without case, and `application/` may be left out. Source: RFC 7515 §4.1.9. */
function typeOf(typ: unknown): string {
  if (typ === undefined) return 'absent'
  return typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : ''
}

/** Claims that count, once they have been found good at a time. */
export interface GoodClaims {
  readonly subject: string
  /** Wall clock, milliseconds since 1970; without the skew. */
  readonly expiresAtMs: number
  readonly audiences: readonly string[]
}

/**
 * Judges the claims that say for whom and when a token is good. Not whether `aud` names us: that depends on
 * the address it is sent to.
 *
 * Source: RFC 7519 §4.1, RFC 9068 §4, RFC 8725 §3.10 and §3.12; OpenID Connect Core §3.1.3.6 (`at_hash` and
 * `c_hash` mark ID tokens).
 *
 * @param nowMs wall clock, milliseconds since 1970
 */
export function judgeClaims(
  claims: Readonly<Record<string, unknown>>,
  rules: Pick<IssuerRules, 'skewMs' | 'maxLifeMs'>,
  nowMs: number,
): GoodClaims | TokenFault {
  const { sub, aud } = claims
  if (isIdToken(claims)) return 'id_token'
  if (typeof sub !== 'string' || sub === '' || sub.length > SUBJECT_CHARS_MAX) return 'subject'
  const timeFault = judgeTimes(claims, rules, nowMs)
  if (timeFault !== undefined) return timeFault
  const audiences = typeof aud === 'string' ? [aud] : aud
  if (!isTexts(audiences)) return 'audience_malformed'
  return { subject: sub, expiresAtMs: Number(claims['exp']) * 1_000, audiences }
}

function judgeTimes(
  { exp, nbf, iat }: Readonly<Record<string, unknown>>,
  { skewMs, maxLifeMs }: Pick<IssuerRules, 'skewMs' | 'maxLifeMs'>,
  nowMs: number,
): TokenFault | undefined {
  if (exp === undefined) return 'expiry_missing'
  const end = toMs(exp)
  const begin = nbf === undefined ? Number.NEGATIVE_INFINITY : toMs(nbf)
  const issued = iat === undefined ? nowMs : toMs(iat)
  if (end === undefined || begin === undefined || issued === undefined) return 'time_malformed'
  if (end + skewMs <= nowMs) return 'expired'
  if (begin - skewMs > nowMs) return 'not_yet_valid'
  if (issued - skewMs > nowMs) return 'issued_in_future'
  // Without `iat` its life is what is left of it.
  return end - issued > maxLifeMs + (iat === undefined ? skewMs : 0) ? 'life_too_long' : undefined
}

/** Source: RFC 7519 §2, "NumericDate". */
function toMs(value: unknown): number | undefined {
  const sane = typeof value === 'number' && value >= 0 && value <= SECONDS_MAX
  return sane ? value * 1_000 : undefined
}

/** Marks that only tokens of other kinds bear, whatever their header says. */
function isIdToken(claims: Readonly<Record<string, unknown>>): boolean {
  const { at_hash, c_hash, typ } = claims
  if (at_hash !== undefined || c_hash !== undefined) return true
  return typeof typ === 'string' && FOREIGN_KINDS.has(typ.toLowerCase())
}

const FOREIGN_KINDS: ReadonlySet<string> = new Set(['id', 'refresh', 'offline', 'logout'])

function isTexts(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > AUDIENCES_MAX) return false
  return value.every((item) => typeof item === 'string' && item !== '')
}
