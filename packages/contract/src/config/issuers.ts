import { z } from 'zod'
import { judgeName } from './name.ts'
import { parsedText, refuse, wrongKind } from './text.ts'
import { count, duration } from './units.ts'

/** Signatures that can be asked of tokens: none that a shared secret or no key at all could make. */
export const TOKEN_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const

export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number]

/** What a token's header may say it is; `absent` = nothing. */
export const TOKEN_TYPES = ['at+jwt', 'jwt', 'absent'] as const

export type TokenType = (typeof TOKEN_TYPES)[number]

const ISSUERS_MAX = 20
const ENTRIES_MAX = 1_000

const httpsUrl = parsedText({
  parse: (text) => (isSafeUrl(text) ? text : undefined),
  expected: 'an https URL without user, query and fragment (http on loopback only)',
  remedy:
    'write it exactly as the `iss` of its tokens says, like `https://login.example.com/realms/main`',
})

const jwks = parsedText({
  parse: (text) => {
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return isSafeUrl(text, true) ? text : undefined
    return text === '' || text.length > 4_096 || text.includes('\0') ? undefined : text
  },
  expected: 'an https URL or the path of a file (http on loopback only)',
  remedy: 'write it like `https://login.example.com/jwks.json` or `./jwks.json`',
})

/** A claim's name, or names joined by dots where it is inside another. */
const claimPath = z
  .string()
  .min(1)
  .max(200)
  .meta({ description: 'Name of a claim; names joined by dots (`realm_access.roles`) go inside.' })

const claimPaths = z
  .union([claimPath, z.array(claimPath).min(1).max(10)], {
    error: wrongKind('the name of a claim, or a list of them'),
  })
  .transform((value) => (typeof value === 'string' ? [value] : value))

const roleName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'a role is 1 to 32 of a-z, 0-9 and -')
const roleNames = z
  .union([roleName, z.array(roleName).max(20)], {
    error: wrongKind('the name of a role, or a list of them'),
  })
  .transform((value) => (typeof value === 'string' ? [value] : value))

/** RFC 6749 §3.3 `scope-token`. */
const scope = z
  .string()
  .max(200)
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'a scope holds no spaces, quotes or backslashes')
  .refine((text) => text !== 'offline_access', {
    error: '`offline_access` is a matter between client and provider, and gives no role',
  })

const issuer = z
  .strictObject({
    issuer: httpsUrl.meta({
      description: "The provider's own name: exactly what `iss` of its tokens says.",
    }),
    jwks: jwks.optional().meta({
      description:
        'Where its public keys are: a URL, or a file relative to this one. By default its discovery document says so.',
    }),
    algorithms: z
      .array(z.enum(TOKEN_ALGORITHMS))
      .min(1)
      .max(TOKEN_ALGORITHMS.length)
      .default(['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'])
      .meta({ description: 'Signatures that count; a token with another is refused.' }),
    types: z
      .array(z.enum(TOKEN_TYPES))
      .min(1)
      .max(TOKEN_TYPES.length)
      .default(['at+jwt', 'jwt'])
      .meta({
        description:
          'What `typ` in a header may say; `absent` for providers that say nothing. ID tokens are refused whatever stands here.',
      }),
    audience: z
      .union([z.string().min(1).max(1_000), z.array(z.string().min(1).max(1_000)).min(1).max(20)], {
        error: wrongKind('an audience, or a list of them'),
      })
      .transform((value) => (typeof value === 'string' ? [value] : value))
      .optional()
      .meta({
        description:
          'What `aud` must hold one of. By default `publicUrl`, good at every address, or `publicUrl` with the path of the address called, good at that one.',
      }),
    skew: duration({
      min: '0s',
      max: '5m',
      fallback: '30s',
      description: "How far the provider's clock may be from ours.",
    }),
    maxLife: duration({
      min: '1m',
      max: '7d',
      fallback: '24h',
      description: 'Longest life of a token from `iat` to `exp`; one that lives longer is refused.',
    }),
    claims: z
      .strictObject({
        roles: claimPaths.optional().meta({
          description: 'Claims with texts or lists of texts that `roles` turns into roles.',
        }),
        tenant: claimPath.optional().meta({
          description:
            'Claim that names the tenant; a token without it is refused then. None by default: callers of no tenant.',
        }),
        name: claimPath
          .optional()
          .meta({ description: 'Claim with a name for people; the id by default.' }),
      })
      .prefault({})
      .meta({ description: 'Which claims say what; names joined by dots go inside.' }),
    roles: z
      .record(z.string().min(1).max(1_000), roleNames)
      .prefault({})
      .superRefine(bounded)
      .meta({ description: 'Roles by the values of the claims in `claims.roles`.' }),
    scopes: z.record(scope, roleNames).prefault({}).superRefine(bounded).meta({
      description:
        'Roles by scopes. Clients are told these scopes, so that they can ask for what a call needs.',
    }),
    defaultRoles: roleNames
      .prefault([])
      .meta({ description: 'Roles of every caller with a valid token; none by default.' }),
    ca: z
      .string()
      .min(1)
      .max(262_144)
      .regex(/^[^\0]*$/, 'the text holds a NUL character')
      .optional()
      .meta({
        description:
          'Authorities to trust in place of the usual ones when its keys are read: a PEM file relative to this file, or PEM text.',
      }),
    timeout: duration({
      min: '100ms',
      max: '1m',
      fallback: '5s',
      description: 'Time to read its discovery document and keys.',
    }),
    jwksMaxAge: duration({
      min: '1m',
      max: '7d',
      fallback: '1h',
      description:
        'How long its keys count without being read again; half of it later they are, in the background.',
    }),
    jwksCooldown: duration({
      min: '1s',
      max: '1h',
      fallback: '10s',
      description: 'Time between two reads of its keys, also when tokens name keys not known.',
    }),
    jwksKeys: count({
      min: 1,
      max: 1_000,
      fallback: 100,
      unit: 'keys',
      description: 'Most keys that it may publish.',
    }),
  })
  .transform(({ skew, maxLife, timeout, jwksMaxAge, jwksCooldown, jwksKeys, ...rest }) => ({
    ...rest,
    skewMs: skew,
    maxLifeMs: maxLife,
    timeoutMs: timeout,
    jwksMaxAgeMs: jwksMaxAge,
    jwksCooldownMs: jwksCooldown,
    jwksKeysMax: jwksKeys,
  }))

/** One identity provider whose tokens count, complete. */
export type IssuerConfig = z.output<typeof issuer>

const issuerName = z
  .string()
  .superRefine((text, context) => {
    const fault = judgeName(text)
    if (fault !== undefined) refuse(context, fault, 'rename the issuer')
  })
  .meta({ description: 'Our name for it; part of the ids of its callers.' })

/** Identity providers whose access tokens count, by our names for them. */
export const issuers = z
  .record(issuerName, issuer)
  .prefault({})
  .superRefine((entries, context) => {
    const names = Object.keys(entries)
    if (names.length > ISSUERS_MAX) {
      refuse(context, `more than ${ISSUERS_MAX} issuers`, 'run several gateways')
    }
    const seen = new Map<string, string>()
    for (const [name, { issuer: iss }] of Object.entries(entries)) {
      const other = seen.get(iss)
      if (other !== undefined) {
        const message = `it has the same \`issuer\` as \`${other}\``
        refuse(context, message, 'keep one of them', [name, 'issuer'])
      }
      seen.set(iss, name)
    }
  })
  .meta({
    description:
      'Identity providers whose access tokens (JWT) count, by name. Clients find them by RFC 9728 metadata.',
  })

function bounded(
  entries: Readonly<Record<string, unknown>>,
  context: Parameters<typeof refuse>[0],
) {
  if (Object.keys(entries).length <= ENTRIES_MAX) return
  refuse(context, `more than ${ENTRIES_MAX} entries`, 'let the provider send fewer kinds')
}

/** Keys that anybody on the way could replace would be worth nothing; loopback has no way. */
function isSafeUrl(text: string, query = false): boolean {
  const url = URL.parse(text)
  if (url === null || text.length > 2_000 || text.trim() !== text) return false
  const { protocol, username, password, search, hash, hostname } = url
  if (`${username}${password}${hash}` !== '' || (search !== '' && !query)) return false
  if (protocol === 'https:') return true
  return protocol === 'http:' && /^(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost)$/.test(hostname)
}
