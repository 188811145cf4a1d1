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

const SUBJECT_ERROR = 'must be text of 1 to 512 characters'

/** The body of `POST /api/v1/subjects/erase`. */
export const subjectErase = z
  .strictObject({
    subject: z
      .string({ error: SUBJECT_ERROR })
      .min(1, { error: SUBJECT_ERROR })
      .max(512, { error: SUBJECT_ERROR })
      .meta({
        description:
          'Id of a principal such as `key:abcdefgh`; or id or name of a key or user; or the `sub` of an identity provider; or the Slack id of who installed an app.',
      }),
    plan: z
      .boolean()
      .default(false)
      .meta({ description: 'Only says what would go, and changes nothing.' }),
  })
  .meta({ id: 'SubjectErase' })

/** Its answer. */
export const subjectErased = z
  .strictObject({
    planned: z.boolean().meta({ description: 'True when nothing was changed.' }),
    principals: z.array(
      z.strictObject({
        id: z.string(),
        kind: z.enum(['key', 'user', 'subject', 'token', 'certificate', 'installer']),
        name: z
          .string()
          .nullable()
          .meta({ description: 'As it was kept; null where the id is all there is.' }),
      }),
    ),
    rows: z.array(
      z
        .strictObject({
          table: z.string(),
          action: z
            .enum(['removed', 'emptied'])
            .meta({ description: 'Emptied: the row stays, without what was said of the person.' }),
          rows: z.int().min(0),
        })
        .meta({ id: 'ErasedRows' }),
    ),
    notes: z.array(z.string()).meta({ description: 'What stays, and what is left to do.' }),
  })
  .meta({ id: 'SubjectErased' })

export type ResealedRows = z.output<typeof resealedRows>
export type SecretsRotated = z.output<typeof secretsRotated>
export type SubjectErase = z.output<typeof subjectErase>
export type SubjectEraseInput = z.input<typeof subjectErase>
export type SubjectErased = z.output<typeof subjectErased>
