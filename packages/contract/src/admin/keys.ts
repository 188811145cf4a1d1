import { z } from 'zod'
import { instant, listOf } from './list.ts'

export const keyRole = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, { error: 'must be the name of a role, such as caller' })
  .meta({ description: 'Name of a role: `caller`, `viewer`, `admin`, ... or one of your own.' })

const NAME_ERROR =
  'must be 1 to 64 printable characters without a space at either end, such as alice'

export const keyName = z
  .string({ error: NAME_ERROR })
  .min(1, { error: NAME_ERROR })
  .max(64, { error: NAME_ERROR })
  .regex(/^[^\p{C}\p{Z}](?:[^\p{C}]*[^\p{C}\p{Z}])?$/u, { error: NAME_ERROR })
  .meta({ description: 'For people; unique among keys that are not revoked.' })

/** An API key as shown: never its secret. */
export const keyItem = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    role: keyRole,
    tenant: z.string().nullable(),
    createdAt: instant,
    expiresAt: instant.nullable(),
    lastUsedAt: instant.nullable(),
    revokedAt: instant.nullable(),
  })
  .meta({ id: 'Key', description: 'An API key, without its secret.' })

export const keyList = listOf(keyItem).meta({ id: 'KeyList' })

const LIFE_ERROR = 'must be a whole number of milliseconds from 1000 to 315360000000, or null'

/** The body of `POST /api/v1/keys`. */
export const keyCreate = z
  .strictObject({
    name: keyName,
    role: keyRole.default('caller'),
    tenant: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, { error: 'must be 1 to 32 of a-z, 0-9 and -' })
      .nullable()
      .default(null)
      .meta({ description: 'The tenant the key belongs to.' }),
    expiresInMs: z
      .int({ error: LIFE_ERROR })
      .min(1_000, { error: LIFE_ERROR })
      .max(10 * 365 * 86_400_000, { error: LIFE_ERROR })
      .nullable()
      .default(null)
      .meta({ description: 'Life of the key in milliseconds; null: until it is revoked.' }),
    key: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .meta({ description: 'A key that another gateway made, to be taken over; else a new one.' }),
  })
  .meta({ id: 'KeyCreate' })

/** The answer to it; the only time the key is shown. */
export const keyCreated = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    key: z.string().meta({ description: 'The key itself. It is not kept and not shown again.' }),
  })
  .meta({ id: 'KeyCreated' })

export type KeyItem = z.output<typeof keyItem>
export type KeyList = z.output<typeof keyList>
export type KeyCreate = z.output<typeof keyCreate>
export type KeyCreateInput = z.input<typeof keyCreate>
export type KeyCreated = z.output<typeof keyCreated>
