import { createHash, randomBytes } from 'node:crypto'
import { AppError } from '../errors.ts'
import { Secret } from '../secret.ts'

const SECRET_BYTES = 32
const SECRET = /^[A-Za-z0-9_-]{43}$/
/** Of the whole header; other pages of the same host may set cookies too. */
const HEADER_CHARACTERS_MAX = 8_192

/**
 * The name of the cookie. With `__Host-` browsers take it over https only, from this host alone and for all
 * of it. Source: RFC 6265bis §4.1.3.2; OWASP ASVS 5.0, 3.3.
 *
 * @param secure false where people come over plain http, on this machine only
 */
export function cookieName(secure: boolean): string {
  return secure ? '__Host-sallyport' : 'sallyport'
}

/** What a new session is known by: 256 random bits. Source: OWASP ASVS 5.0, 7.2.3. */
export function createSessionSecret(): Secret {
  return new Secret(randomBytes(SECRET_BYTES).toString('base64url'))
}

/** The form in which it is kept and compared. */
export function hashSessionSecret(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** `Set-Cookie` that gives a session, or with undefined takes it away. It lasts until the browser ends. */
export function setCookie(secret: Secret | undefined, secure: boolean): string {
  const value = secret === undefined ? '; Max-Age=0' : ''
  const text = secret?.reveal() ?? ''
  const flags = `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
  return `${cookieName(secure)}=${text}; ${flags}${value}`
}

/**
 * The session's secret that a request brings; undefined when it brings none.
 *
 * @param rawHeaders as Node gives them: its own object joins repetitions
 * @throws {AppError} `credential_invalid` for an oversized header, a second cookie of that name or another form
 */
export function readCookie(rawHeaders: readonly string[], name: string): string | undefined {
  const found: string[] = []
  let length = 0
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== 'cookie') continue
    const header = rawHeaders[at + 1] ?? ''
    length += header.length
    if (length > HEADER_CHARACTERS_MAX) throw invalid('the cookies are longer than 8 KiB')
    for (const pair of header.split(';')) {
      const text = pair.trim()
      if (text.startsWith(`${name}=`)) found.push(text.slice(name.length + 1))
    }
  }
  const [value] = found
  if (value === undefined) return undefined
  if (found.length > 1) throw invalid(`there is more than one cookie ${name}`)
  if (!SECRET.test(value)) throw invalid(`the cookie ${name} holds no session of this gateway`)
  return value
}

function invalid(message: string): AppError {
  return new AppError('credential_invalid', message)
}
