const LENGTH_MIN = 32
const DISTINCT_MIN = 8
const REMEDY = 'make one with "openssl rand -hex 32"'

/** Long enough never to occur in a random token. */
const PLACEHOLDER =
  /your[-_]|change[-_ ]?me|change[-_ ]?this|example|placeholder|replace[-_]|insert[-_]|secret|password|passw0rd|dummy|sample|x{6,}|<.*>/i
/** Short words, only where they stand alone: a random token may contain them. */
const SHORT_PLACEHOLDER = /(?:^|[^a-z])(?:test|testing|todo|fake|x{4,})(?:[^a-z]|$)/i
/** What fits into `Authorization: Bearer`. Source: RFC 6750 §2.1 (b64token). */
const B64TOKEN = /^[A-Za-z0-9._~+/-]+=*$/

/**
 * Why a static token is too weak to stand before a network, as the end of a sentence that begins with its
 * key; undefined when it is good enough. The token itself is not part of it.
 */
export function judgeToken(text: string): string | undefined {
  if (text.length < LENGTH_MIN) {
    return `is shorter than ${LENGTH_MIN} characters (${text.length}); ${REMEDY}`
  }
  if (PLACEHOLDER.test(text) || SHORT_PLACEHOLDER.test(text)) {
    return `looks like a placeholder; ${REMEDY}`
  }
  if (!B64TOKEN.test(text)) {
    return `has characters that a bearer token cannot carry (letters, digits and -._~+/ only); ${REMEDY}`
  }
  const distinct = new Set(text).size
  if (distinct < DISTINCT_MIN) {
    return `is too easy to guess: only ${distinct} different characters; ${REMEDY}`
  }
  if (isRepetition(text)) return `is too easy to guess: one pattern repeated; ${REMEDY}`
  if (isSequence(text)) return `is too easy to guess: characters in order; ${REMEDY}`
  return undefined
}

/** Whether the whole text is one part, at most half of it, over and over (the last may be cut). */
function isRepetition(text: string): boolean {
  for (let period = 1; period <= text.length / 2; period += 1) {
    if (text.startsWith(text.slice(period))) return true
  }
  return false
}

/** Whether most characters are neighbours of the one before, as in `abcdef` or `9876`. */
function isSequence(text: string): boolean {
  let steps = 0
  for (let index = 1; index < text.length; index += 1) {
    if (Math.abs(text.charCodeAt(index) - text.charCodeAt(index - 1)) <= 1) steps += 1
  }
  return steps > (text.length - 1) / 2
}
