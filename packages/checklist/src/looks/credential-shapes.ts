import { judgeToken } from '@sallyport/kit/door'

/**
 * `own`: made by whoever runs this, so that its strength is theirs; `password`: likewise, but for a login; `issued`:
 * given by somebody else, who decides on its form.
 */
export type CredentialKind = 'own' | 'password' | 'issued'

/** A credential in a value. */
export interface FoundCredential {
  readonly kind: CredentialKind
  /** What it is for, in one word for everything that means the same: `database password`. */
  readonly purpose: string
  readonly value: string
}

const SECRET_NAME =
  /(?:^|_)(?:tokens?|keys?|secrets?|passwords?|passwd|passphrase|pass|pwd|credentials?|cookies?|authorization)$|(?:password|passwd|secret|token|apikey)$/
const SECRET_KEY_BASE = /(?:secret|key)_(?:base|value)$/
const NO_SECRET_NAME =
  /^(?:old)?pwd$|(?:^|_)public_|(?:public|pub|publishable|site|sort|primary|foreign|partition|cache|routing|object)_keys?$|(?:max|min|num|count|total|limit|prompt|completion|output|input|context|reserved)_(?:\w+_)?tokens?$/
const SWITCH = /^(?:true|false|yes|no|on|off|none|null|auto|default|optional|enabled|disabled)$/i
const COUNT = /^\d{1,3}$/
const HASH =
  /^(?:sha(?:1|256|384|512)[:-]|\$(?:2[abxy]|5|6|y|argon2(?:id?|d)?|pbkdf2[\w-]*|scrypt)\$|pbkdf2[:_]|argon2|scrypt[:$]|\{(?:SSHA|SHA|CRYPT|BCRYPT))/i
const PUBLIC =
  /^(?:ssh-(?:rsa|ed25519|dss) |ecdsa-sha2-|age1|-----BEGIN (?:[A-Z0-9]+ )?(?:PUBLIC KEY|CERTIFICATE))/
const PATH =
  /^(?:~|\.{1,2})?\/[\w@.-]+(?:\/[\w@.-]+)*\/?$|^[A-Za-z]:\\|^[\w.-]+\.(?:pem|key|crt|cer|txt|json|p12|pfx|jks)$/

/** Whether what is called so holds a secret: a variable, a header, a key of a file. A client id does not. */
export function isSecretName(name: string): boolean {
  const plain = snakeCase(name)
  if (NO_SECRET_NAME.test(plain)) return false
  return SECRET_NAME.test(plain) || SECRET_KEY_BASE.test(plain)
}

const SURE_KEY =
  /(?:api|secret|access|private|master|encryption|encrypt|signing|sign|auth|account|storage|hmac|jwt|session|cookie|webhook|service|server|bot|app|deploy|license|mcp)_?keys?$/

/** Whether a text of that name is a secret only where it looks like one: `SORT_KEY=name` is none. */
function isLoose(name: string, value: string): boolean {
  if (!/keys?$/i.test(name) || SURE_KEY.test(snakeCase(name))) return false
  return value.length < 16 || !/\d/.test(value)
}

function snakeCase(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[-.\s]/g, '_')
    .toLowerCase()
}

/** Whether that name and value together are a secret. */
export function isSecret(name: string, value: string): boolean {
  if (!isSecretName(name) || isNoSecret(value) || isLoose(name, value)) return false
  // `TOKENS=4096` counts them.
  return !(/(?:tokens|keys)$/i.test(name) && /^\d+$/.test(value))
}

/** Whether a value is, or holds, a reference that is resolved later: `${X}`, `$X`. */
export function isReference(value: string): boolean {
  return /\$\{[^}]+\}|^\$[A-Za-z_]\w*$/.test(value)
}

/** Whether a value of a secret's name is none: empty, a reference, a path, a switch, a hash or a public key. */
export function isNoSecret(value: string): boolean {
  if (value === '' || isReference(value) || SWITCH.test(value) || COUNT.test(value)) return true
  return HASH.test(value) || PUBLIC.test(value) || isPath(value)
}

/** Whether a value names a file. A random text may begin with a slash too. */
export function isPath(value: string): boolean {
  if (!PATH.test(value)) return false
  return !value
    .split('/')
    .some(
      (part) => part.length >= 20 && /[a-z]/.test(part) && /[A-Z]/.test(part) && /\d/.test(part),
    )
}

/** What others issue is known by its form, whatever it is called. */
const ISSUED =
  /\bxox[abeoprs]-[\w-]{10,}|\bxapp-\d-[\w-]{10,}|\bgh[opsur]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bsk[-_](?:live|proj|ant|test)[-_][\w-]{16,}|\bsk-[A-Za-z0-9]{32,}|\bAIza[\w-]{30,}|\bnpm_[A-Za-z0-9]{30,}|\bhf_[A-Za-z0-9]{30,}|\bsp_[a-z0-9]{8}_[\w-]{16,}|\b[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,}|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}|-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/

/** Whether a text holds what only a credential looks like: a Slack token, a private key, a signed token. */
export function holdsCredential(text: string): boolean {
  return ISSUED.test(text)
}

const DATABASES =
  /^(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|redis[s]?|rediss?|amqps?|mssql):$/

/** Credentials in the value of a variable, a header or a key of that name. */
export function credentialsIn(name: string, value: string): FoundCredential[] {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? URL.parse(value) : null
  if (url !== null) return inUrl(name, url)
  if (name.toUpperCase() === 'SALLYPORT_TOKEN') return inTokens(value)
  const bare = value.replace(/^(?:bearer|basic|token)\s+/i, '')
  if (holdsCredential(bare) && !isReference(bare)) {
    return [{ kind: 'issued', purpose: purposeOf(name), value: bare }]
  }
  if (!isSecret(name, bare)) return []
  const purpose = purposeOf(name)
  const parts = /(?:^|_)master_?keys?$/i.test(name) ? bare.split(',') : [bare]
  return parts.map((part) => ({ kind: kindOf(name), purpose, value: part.trim() }))
}

function inUrl(name: string, url: URL): FoundCredential[] {
  const value = decoded(url.password)
  if (value === '' || isNoSecret(value) || isReference(value)) return []
  const purpose = DATABASES.test(url.protocol) ? databaseOf(url.protocol) : purposeOf(name)
  return [{ kind: 'password', purpose, value }]
}

function databaseOf(protocol: string): string {
  return protocol.startsWith('redis') ? 'redis password' : 'database password'
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // a lone % stands for itself
  }
}

/** `NAME:TEAM=token,OTHER=token`. */
function inTokens(value: string): FoundCredential[] {
  return value
    .split(',')
    .map((entry) => entry.replace(/^[^=]*=(?=.)/, '').trim())
    .filter((token) => !isNoSecret(token))
    .map((token) => ({ kind: 'own', purpose: 'slack server token', value: token }))
}

const PASSWORD = /pass(?:word|wd|phrase)?$|pwd$/i
const NOT_OURS = /^(?:slack|discord|stripe|github|gitlab|aws|google|azure|openai|twilio)_/i
const OURS =
  /^(?:mcp_(?:gateway_)?auth|sallyport|gateway|affinitybots_mcp)_|(?:^|_)(?:jwt|session|cookie|signing|encryption|encrypt|master|hmac|csrf|verify)_|^(?:secret_key|app_key|app_secret|auth_secret)|^(?:masterKey|auth\.)/i

function kindOf(name: string): CredentialKind {
  if (PASSWORD.test(name)) return 'password'
  return OURS.test(name) && !NOT_OURS.test(name) ? 'own' : 'issued'
}

const FAMILIES: readonly (readonly [pattern: RegExp, purpose: string])[] = [
  [/^(?:mcp_auth_token|mcp_gateway_auth_token|instances)$/, 'instance token'],
  [/grafana|^gf_security/, 'grafana password'],
  [/redis/, 'redis password'],
  [/jwt/, 'jwt secret'],
  [/master_?key/, 'master key'],
  [
    /(?:postgres|^pg|^db|database|_db|mysql|mariadb|mongo).*(?:pass|pwd|password)/,
    'database password',
  ],
  [/^slack_client_secret$|clientsecret$/, 'slack client secret'],
  [/^slack_signing_secret$|signingsecret$/, 'slack signing secret'],
]

/** What a credential of that name is for; the same for all names of the same thing. */
export function purposeOf(name: string): string {
  const plain = name.toLowerCase().replaceAll('-', '_')
  const family = FAMILIES.find(([pattern]) => pattern.test(plain))
  return family?.[1] ?? plain.replace(/_file$|\.(?:txt|key|secret|token)$/, '')
}

const PASSWORD_MIN = 12
const STORE_PASSWORD_MIN = 16
const ISSUED_MIN = 12
const DISTINCT_MIN = 6
/** Characters that must be left of a password without the words that are tried first. */
const UNGUESSED_MIN = 6

/** Why a credential is weak, as the end of a sentence that begins with its name; undefined = it is not. */
export function weakness({ kind, purpose, value }: FoundCredential): string | undefined {
  if (isDefault(value)) return 'is a default or a word that everybody tries first'
  if (kind === 'own') {
    // Only a bearer token is bound to some characters.
    return judgeToken(value.replaceAll(/[^A-Za-z0-9._~+/=-]/g, '~'))?.split('; ')[0]
  }
  const isOfStore = /^(?:database|redis|grafana) /.test(purpose)
  const ofPassword = isOfStore ? STORE_PASSWORD_MIN : PASSWORD_MIN
  const least = kind === 'password' ? ofPassword : ISSUED_MIN
  if (value.length < least) return `is shorter than ${least} characters (${value.length})`
  const distinct = new Set(value).size
  if (distinct < DISTINCT_MIN) return `has only ${distinct} different characters`
  if (isRepetition(value)) return 'is one pattern repeated'
  return withoutWords(value).length < UNGUESSED_MIN
    ? 'is made of words that are tried first'
    : undefined
}

/** Whether the whole text is one part, at most half of it, over and over. */
function isRepetition(text: string): boolean {
  for (let period = 1; period <= text.length / 2; period += 1) {
    if (text.startsWith(text.slice(period))) return true
  }
  return false
}

/** What is left of a text without the words of {@link DEFAULTS} and signs between them. */
function withoutWords(text: string): string {
  let left = text.toLowerCase()
  for (const word of LONG_DEFAULTS) left = left.replaceAll(word, '')
  return left.replaceAll(/[^a-z0-9]/g, '')
}

const DEFAULTS: ReadonlySet<string> = new Set(
  `admin administrator root toor user guest test testing demo default pass passwd password passwort secret
  supersecret topsecret mysecret mysecretkey secretkey jwtsecret token key apikey changeme changethis changeit
  letmein welcome qwerty qwertz iloveyou dragon master monkey abc abcd abcdef postgres postgresql pgpassword mysql
  mariadb redis mongo mongodb rabbitmq grafana prometheus minio minioadmin sallyport gateway discord slack bot
  discordbotpass discordbotpassword mcp mcppassword mcpuser hangar example placeholder yourpassword yoursecret
  yoursecretkey yourjwtsecret yoursecretkeyhere dev development prod production staging local foobar foo bar`.split(
    /\s+/,
  ),
)

const LONG_DEFAULTS = [...DEFAULTS]
  .filter(({ length }) => length >= 5)
  .toSorted((one, other) => other.length - one.length)

/** Whether it is a default that products ship, or a word that is tried first; digits and signs around do not help. */
export function isDefault(value: string): boolean {
  const lower = value.toLowerCase()
  const meant = lower.replaceAll('0', 'o').replaceAll('@', 'a').replaceAll('$', 's')
  const words = [meant, lower].map((text) => text.replaceAll(/[^a-z]/g, ''))
  // A random text may happen to have just these letters among its digits.
  const isPlain = (word: string) => word.length * 2 + 4 >= value.length
  if (words.some((word) => DEFAULTS.has(word) && isPlain(word))) return true
  return /^(?:0?1234?5?6?7?8?9?0?|0+|1+|11?2233|9876543210|654321)$/.test(value)
}
