import { Secret } from '@sallyport/kit/secret'
import { z } from 'zod'
import { issuers } from './issuers.ts'
import { login } from './login.ts'
import { judgeName } from './name.ts'
import { refuse, wrongKind } from './text.ts'
import { flag } from './units.ts'

/** One static bearer token. Its name is the principal's: `token:<name>`. */
export interface StaticToken {
  readonly name: string
  readonly value: Secret
}

const tokenValue = z
  .string()
  .max(1_024)
  .regex(/^[\x21-\x7e]*$/, 'a token holds no spaces, control or non-ASCII characters')

const token = z.union(
  [
    tokenValue.transform((value) => ({ name: undefined, value: new Secret(value) })),
    z
      .strictObject({
        name: z
          .string()
          .superRefine((text, context) => {
            const fault = judgeName(text)
            if (fault !== undefined) refuse(context, fault, 'rename the token')
          })
          .meta({ description: 'Who presents it: shown in logs and in the audit log.' }),
        value: tokenValue.meta({ description: 'The token, by reference.', 'x-kind': 'secret' }),
      })
      .transform(({ name, value }) => ({ name, value: new Secret(value) })),
  ],
  { error: wrongKind('a token as text, or `{ name, value }`') },
)

/** Who may call. API keys are not here: they live in the store. */
export const auth = z
  .strictObject({
    anonymous: flag(
      false,
      'Lets callers in without a credential. Only on loopback; forwarded requests are refused then.',
    ),
    tokens: z
      .array(token)
      .max(1_000)
      .prefault([])
      .transform((tokens, context): StaticToken[] => {
        const named = tokens.map(({ name, value }, index) => ({
          name: name ?? `token-${index + 1}`,
          value,
        }))
        refuseRepeats(named, context)
        return named
      })
      .meta({
        description:
          'Static bearer tokens: references to secrets of at least 32 characters, or `{ name, value }`. API keys live in the store (`sallyport keys create`).',
      }),
    issuers,
    login,
  })
  .prefault({})
  .meta({ description: 'Who may call.' })

function refuseRepeats(
  tokens: readonly StaticToken[],
  context: Parameters<typeof refuse>[0],
): void {
  const names = new Set<string>()
  const values = new Set<string>()
  for (const [index, { name, value }] of tokens.entries()) {
    if (names.has(name)) {
      refuse(context, `the token name \`${name}\` appears twice`, 'rename one of them', [index])
    }
    const text = value.reveal()
    if (text !== '' && values.has(text)) {
      refuse(context, 'this token has the same value as another', 'give each its own value', [
        index,
      ])
    }
    names.add(name)
    values.add(text)
  }
}
