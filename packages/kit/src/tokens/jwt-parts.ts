import { parseStrictObject } from './strict-object.ts'

/** The most characters of a token; what is longer is refused unread. */
export const TOKEN_CHARS_MAX = 16_384

/** What a token says, before anybody has vouched for it. */
export interface JwtParts {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/**
 * Whether a text has the form of a signed JWT: a JSON object in base64url, then two more parts. What is
 * encrypted has five, and is none.
 *
 * Source: RFC 7515 §3.1.
 */
export function looksLikeJwt(text: string): boolean {
  if (!text.startsWith('eyJ')) return false
  const first = text.indexOf('.')
  if (first === -1) return false
  const second = text.indexOf('.', first + 1)
  return second !== -1 && text.indexOf('.', second + 1) === -1
}

/**
 * Takes a signed JWT apart; undefined for what is malformed: an empty part, base64url in another spelling
 * than the one, JSON with a repeated name. Total.
 *
 * Source: RFC 7515 §3.1, §5.2.
 *
 * @param token at most `TOKEN_CHARS_MAX` characters
 */
export function readJwt(token: string): JwtParts | undefined {
  const [head = '', body = '', signature = ''] = token.split('.', 3)
  if (!isCanonical(signature)) return undefined
  const header = readPart(head)
  const claims = header && readPart(body)
  return header && claims && { header, claims }
}

function readPart(text: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = Buffer.from(text, 'base64url')
  // Decoding skips foreign characters and loose bits; one token must not have two spellings.
  if (bytes.length === 0 || bytes.toString('base64url') !== text) return undefined
  return parseStrictObject(bytes)
}

function isCanonical(text: string): boolean {
  return text !== '' && Buffer.from(text, 'base64url').toString('base64url') === text
}
