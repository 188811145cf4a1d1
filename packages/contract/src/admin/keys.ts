import { z } from 'zod'
import { addressRanges, sightShape } from '../config/sight.ts'
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
  .meta({ description: 'For people; unique in its tenant among keys that are not revoked.' })

const tenant = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, { error: 'must be 1 to 32 of a-z, 0-9 and -' })
  .nullable()

const servers = sightShape.servers.unwrap().nullable()
const tools = sightShape.tools.unwrap().nullable()
const ranges = addressRanges.nullable()

/** What restricts a key, as shown. */
const restrictions = {
  servers: servers.meta({ description: 'Names of servers and groups; null: all.' }),
  tools: tools.meta({
    description: 'Which tools, as globs over `<server>__<tool>`; null: all.',
  }),
  readOnly: z.boolean().meta({ description: 'Only tools that are known to change nothing.' }),
  allowFrom: z
    .array(z.string())
    .nullable()
    .meta({ description: 'Addresses and networks it may come from; null: any.' }),
} as const

/** An API key as shown: never its secret. */
export const keyItem = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    role: keyRole,
    tenant: z.string().nullable(),
    ...restrictions,
    createdAt: instant,
    expiresAt: instant.nullable(),
    lastUsedAt: instant.nullable().meta({ description: 'Written at most once a minute.' }),
    revokedAt: instant.nullable(),
    previousUntil: instant
      .nullable()
      .meta({ description: 'Until when the key before the last rotation is good as well.' }),
    rotatedAt: instant.nullable().meta({ description: 'When it was last made anew; null: never.' }),
    version: z.int().meta({ description: 'What `If-Match` names, as `"<version>"`.' }),
  })
  .meta({ id: 'Key', description: 'An API key, without its secret.' })

export const keyList = listOf(keyItem).meta({ id: 'KeyList' })

const LIFE_ERROR = 'must be a whole number of milliseconds from 1000 to 315360000000, or null'

const life = z
  .int({ error: LIFE_ERROR })
  .min(1_000, { error: LIFE_ERROR })
  .max(10 * 365 * 86_400_000, { error: LIFE_ERROR })
  .nullable()

/** The body of `POST /api/v1/keys`. */
export const keyCreate = z
  .strictObject({
    name: keyName,
    role: keyRole.default('caller'),
    tenant: tenant.optional().meta({
      description: 'The tenant the key belongs to; left out: the one of who makes it, if any.',
    }),
    servers: restrictions.servers.default(null),
    tools: restrictions.tools.default(null),
    readOnly: restrictions.readOnly.default(false),
    allowFrom: ranges.default(null).meta(restrictions.allowFrom.meta() ?? {}),
    expiresInMs: life
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

/** The answer to it and to a rotation; the only time the key is shown. */
export const keyCreated = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    key: z.string().meta({ description: 'The key itself. It is not kept and not shown again.' }),
  })
  .meta({ id: 'KeyCreated' })

/** The body of `PATCH /api/v1/keys/:idOrName`; what is left out stays. */
export const keyChange = z
  .strictObject({
    name: keyName.optional(),
    role: keyRole.optional(),
    tenant: tenant.optional(),
    servers: restrictions.servers.optional(),
    tools: restrictions.tools.optional(),
    readOnly: restrictions.readOnly.optional(),
    allowFrom: ranges.optional().meta(restrictions.allowFrom.meta() ?? {}),
    expiresInMs: life
      .optional()
      .meta({ description: 'Life of the key from now on in milliseconds; null: until revoked.' }),
  })
  .meta({ id: 'KeyChange' })

const OVERLAP_ERROR = 'must be a whole number of milliseconds from 0 to 2592000000'

/** The body of `POST /api/v1/keys/:idOrName/rotate`. */
export const keyRotate = z
  .strictObject({
    overlapMs: z
      .int({ error: OVERLAP_ERROR })
      .min(0, { error: OVERLAP_ERROR })
      .max(30 * 86_400_000, { error: OVERLAP_ERROR })
      .default(86_400_000)
      .meta({
        description: 'How long the key of now is good as well, milliseconds; 0: it ends at once.',
      }),
  })
  .meta({ id: 'KeyRotate' })

export type KeyItem = z.output<typeof keyItem>
export type KeyList = z.output<typeof keyList>
export type KeyCreate = z.output<typeof keyCreate>
export type KeyCreateInput = z.input<typeof keyCreate>
export type KeyCreated = z.output<typeof keyCreated>
export type KeyChange = z.output<typeof keyChange>
export type KeyRotate = z.output<typeof keyRotate>
export type KeyRotateInput = z.input<typeof keyRotate>
