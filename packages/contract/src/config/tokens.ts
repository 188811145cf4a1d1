import { Secret } from '@sallyport/kit/secret'
import { z } from 'zod'
import { judgeName } from './name.ts'
import { addressRanges, sightShape } from './sight.ts'
import { refuse, wrongKind } from './text.ts'

/** What of a token's entry restricts what its caller sees. */
type TokenRule = z.output<typeof tokenRule>

/** One static bearer token. Its name is the principal's: `token:<name>`. */
export interface StaticToken {
  readonly name: string
  /** One, or two while clients go over from one to the other. */
  readonly values: readonly Secret[]
  readonly roles: readonly string[]
  readonly tenant: string | null
  readonly rule: TokenRule | undefined
  readonly allowFrom: readonly string[] | undefined
}

const ROLES_MAX = 32
const ROLE_NAME = /^[a-z0-9][a-z0-9-]{0,31}$/

/** The name of a role or a tenant. */
export const plainName = z
  .string()
  .regex(ROLE_NAME, 'a name is 1 to 32 of a-z, 0-9 and -, and starts with a letter or digit')

/** The roles of a caller, by name. */
export const roleNames = z
  .array(plainName)
  .max(ROLES_MAX)
  .meta({ description: 'Names of roles; together they allow what each of them does.' })

/** The tenant a caller belongs to. */
export const tenantName = plainName.meta({ description: 'The tenant the caller belongs to.' })

const tokenValue = z
  .string()
  .max(1_024)
  .regex(/^[\x21-\x7e]*$/, 'a token holds no spaces, control or non-ASCII characters')

const { servers, tools, readOnly } = sightShape
const tokenRule = z.strictObject({ servers, tools, readOnly })

const token = z.union(
  [
    tokenValue.transform((value) => ({ ...PLAIN, values: [new Secret(value)] })),
    z
      .strictObject({
        name: z
          .string()
          .superRefine((text, context) => {
            const fault = judgeName(text)
            if (fault !== undefined) refuse(context, fault, 'rename the token')
          })
          .meta({ description: 'Who presents it: shown in logs and in the audit log.' }),
        value: z
          .union([tokenValue, z.array(tokenValue).min(1).max(2)], {
            error: wrongKind('a token as text, or a list of two'),
          })
          .meta({
            description:
              'The token, by reference; a list of two while clients go over to another one.',
            'x-kind': 'secret',
          }),
        roles: roleNames.min(1).default(['caller']),
        tenant: tenantName.optional(),
        servers,
        tools,
        readOnly,
        allowFrom: addressRanges
          .optional()
          .meta({ description: 'Addresses and networks it may come from; absent: any.' }),
      })
      .transform(({ name, value, roles, tenant, allowFrom, ...rule }) => ({
        ...{ name, roles, allowFrom, rule, tenant: tenant ?? null },
        values: [value].flat().map((text) => new Secret(text)),
      })),
  ],
  { error: wrongKind('a token as text, or `{ name, value }`') },
)

const PLAIN = {
  name: undefined,
  roles: ['caller'],
  tenant: null,
  rule: undefined,
  allowFrom: undefined,
} as const

/** Static bearer tokens. */
export const tokens = z
  .array(token)
  .max(1_000)
  .prefault([])
  .transform((all, context): StaticToken[] => {
    const named = all.map((one, index) => ({ ...one, name: one.name ?? `token-${index + 1}` }))
    refuseRepeats(named, context)
    return named
  })
  .meta({
    description:
      'Static bearer tokens: references to secrets of at least 32 characters, or `{ name, value, ... }`. API keys live in the store (`sallyport keys create`).',
  })

function refuseRepeats(all: readonly StaticToken[], context: Parameters<typeof refuse>[0]): void {
  const names = new Set<string>()
  const texts = new Set<string>()
  for (const [index, { name, values }] of all.entries()) {
    if (names.has(name)) {
      refuse(context, `the token name \`${name}\` appears twice`, 'rename one of them', [index])
    }
    names.add(name)
    for (const text of values.map((value) => value.reveal())) {
      if (text !== '' && texts.has(text)) {
        refuse(context, 'this token has the same value as another', 'give each its own value', [
          index,
        ])
      }
      texts.add(text)
    }
  }
}
