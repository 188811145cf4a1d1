import { Secret } from '@sallyport/kit/secret'
import { z } from 'zod'
import { wrongKind } from './text.ts'
import { duration } from './units.ts'

const keyText = z
  .string({ error: wrongKind('a key as text') })
  .max(1_024)
  .transform((text) => new Secret(text))

/** How people log in. */
export const login = z
  .strictObject({
    key: z
      .union([keyText.transform((key) => [key]), z.array(keyText).min(1).max(2)], {
        error: wrongKind('one key as text, or a list of two'),
      })
      .optional()
      .meta({
        description:
          'Signs the tokens of programs that log in as a person; at least 32 random characters, by reference. Two values while rotating: the first signs, both are taken. Without it a key is derived from the master key.',
        'x-kind': 'secret',
      }),
    idle: duration({
      min: '5m',
      max: '1d',
      fallback: '30m',
      description: 'A browser session that is not used for that long ends.',
    }),
    life: duration({
      min: '10m',
      max: '30d',
      fallback: '12h',
      description: 'A browser session ends after that time, however much it is used.',
    }),
    tokenLife: duration({
      min: '1m',
      max: '1d',
      fallback: '1h',
      description: 'Life of a token that a program got by logging in.',
    }),
  })
  .prefault({})
  .transform(({ key, idle, life, tokenLife }) => {
    return { key, idleMs: idle, lifeMs: life, tokenLifeMs: tokenLife }
  })
  .meta({ description: 'How people log in, for the console and for programs.' })

export type LoginConfig = z.output<typeof login>
