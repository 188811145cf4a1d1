import { randomBytes } from 'node:crypto'
import { Secret } from '../secret.ts'

/** Characters after NFKC. Source: OWASP ASVS 5.0, 6.2.1, 6.2.9; NIST SP 800-63B-4 §3.1.1.2. */
export const PASSWORD_CHARACTERS = { min: 12, max: 1_024 } as const
const DISTINCT_MIN = 5
const NAME_MIN = 4

/** What people choose first among what is long enough; compared without case, digits and marks at the end. */
const COMMON: ReadonlySet<string> = new Set(
  `passwordpassword qwertyuiop qwertyuiopasdf asdfghjkl asdfghjklqwerty zxcvbnm qazwsxedc qazwsxedcrfv
  iloveyou iloveyouforever princess sunshine football baseball superman batman starwars trustno
  letmein letmeinplease welcome welcometo changeme changemeplease changeit administrator admin adminadmin
  adminpassword password passwort motdepasse contrasena mypassword newpassword thisisapassword
  secret topsecret supersecret secretpassword default defaultpassword temporary temppassword sallyport
  correcthorsebatterystaple qwerty qwertyqwerty abcdefghijkl abcdefghijklm abcdefghijklmnop
  passwordqwerty monkeymonkey dragondragon letmeinletmein testtest testtesttest testing testpassword
  demopassword userpassword rootpassword rootroot rootrootroot guestguest oracle postgres postgresql
  qqww1122334455 1qaz2wsx3edc 1q2w3e4r5t6y 1q2w3e4r5t 1qaz2wsx 1qazxsw23edc zaq12wsx zaq12wsxcde3`.split(
    /\s+/,
  ),
)

/**
 * Why a password is refused, to stand behind `the password`; undefined when it is good enough. No rule asks
 * for kinds of characters. Source: OWASP ASVS 5.0, 6.2.4, 6.2.5, 6.2.11.
 *
 * @param name of the user, which must not be in it
 */
export function passwordFault(password: string, name: string): string | undefined {
  const text = password.normalize('NFKC')
  const { length } = [...text]
  const { min, max } = PASSWORD_CHARACTERS
  if (length < min || length > max) return `must have ${min} to ${max} characters, got ${length}`
  const plain = text.toLowerCase()
  if (name.length >= NAME_MIN && plain.includes(name.toLowerCase())) {
    return 'must not hold the name of the user'
  }
  if (isCommon(plain)) return 'is one of those that are tried first; choose another'
  if (new Set(plain).size < DISTINCT_MIN || isRepeated(plain) || isInOrder(plain)) {
    return 'is too easy to guess: it repeats or counts up; choose several words'
  }
  return undefined
}

/** A password for somebody who will change it: 120 bits, without signs that are taken for others. */
export function createPassword(): Secret {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789'
  const groups = Array.from({ length: 5 }, () => {
    let group = ''
    while (group.length < 5) {
      for (const byte of randomBytes(8)) {
        // Only whole rounds of the letters, so that none is likelier.
        if (byte < 248 && group.length < 5) group += letters[byte % letters.length]
      }
    }
    return group
  })
  return new Secret(groups.join('-'))
}

function isCommon(plain: string): boolean {
  const stem = plain.replace(/[\d\W_]+$/, '').replace(/[\s._-]+/g, '')
  const straight = stem.replaceAll('0', 'o').replaceAll('1', 'i').replaceAll('3', 'e')
  const letters = straight.replaceAll('@', 'a').replaceAll('$', 's')
  return [plain, stem, letters].some((text) => COMMON.has(text))
}

function isRepeated(text: string): boolean {
  for (let period = 1; period <= text.length / 3; period += 1) {
    if (text.startsWith(text.slice(period))) return true
  }
  return false
}

/** Whether most characters are neighbours of the one before, as in `abcdef` or `9876`. */
function isInOrder(text: string): boolean {
  let steps = 0
  for (let at = 1; at < text.length; at += 1) {
    if (Math.abs(text.charCodeAt(at) - text.charCodeAt(at - 1)) <= 1) steps += 1
  }
  return steps > (text.length - 1) / 2
}
