import { z } from 'zod'

const keyId = z.string().meta({ description: 'Eight hexadecimal digits; no secret.' })

/** What became of the sealed rows of one table. */
export const resealedRows = z
  .strictObject({
    table: z.string(),
    resealed: z.int().min(0).meta({ description: 'Rows sealed again with the new key.' }),
    current: z.int().min(0).meta({ description: 'Rows sealed with it already.' }),
    unreadable: z
      .int()
      .min(0)
      .meta({ description: 'Rows of a key that the store does not have; left as they are.' }),
  })
  .meta({ id: 'ResealedRows' })

/** The answer of `POST /api/v1/secrets/rotate`. */
export const secretsRotated = z
  .strictObject({
    masterKey: z.strictObject({
      source: z
        .enum(['file', 'configured'])
        .meta({ description: "The store's own key file, or the key `masterKey`." }),
      rotated: z.boolean().meta({ description: 'Whether another one seals the keys of the data.' }),
      next: z
        .string()
        .meta({ description: 'What is left to do, a sentence; empty where that is nothing.' }),
    }),
    dataKey: z.strictObject({
      id: keyId.meta({ description: 'Of the key that seals now.' }),
      former: keyId.meta({ description: 'Of the one before, which still opens.' }),
      dropped: z
        .array(keyId)
        .meta({ description: 'Keys that nothing needs any more, and that are gone.' }),
      keys: z.int().min(1).meta({ description: 'Keys that open now.' }),
    }),
    rows: z.array(resealedRows),
    tookMs: z.int().min(0).meta({ description: 'Milliseconds.' }),
  })
  .meta({ id: 'SecretsRotated' })

export type ResealedRows = z.output<typeof resealedRows>
export type SecretsRotated = z.output<typeof secretsRotated>
