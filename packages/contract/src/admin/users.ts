import { z } from 'zod'
import { keyRole } from './keys.ts'
import { instant, listOf } from './list.ts'

const NAME_ERROR = 'must be 1 to 64 of a-z, 0-9 and . - + @, such as alice or alice@example.com'

export const userName = z
  .string({ error: NAME_ERROR })
  .regex(/^[a-z0-9][a-z0-9.@+-]{0,63}$/, { error: NAME_ERROR })
  .meta({ description: 'What the person types at login, in lower case; unique.' })

const roles = z
  .array(keyRole)
  .min(1)
  .max(32)
  .meta({ description: 'Names of roles; what they allow together.' })

const tenant = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, { error: 'must be 1 to 32 of a-z, 0-9 and -' })
  .nullable()

/** Long enough for any password that is taken; whether it is, is said where the user is known. */
const password = z.string().min(1).max(4_096)

/** A person who may log in, as shown. */
export const userItem = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    roles: z.array(z.string()),
    tenant: z.string().nullable(),
    mustChange: z
      .boolean()
      .meta({ description: 'Whether nothing is allowed before the password was changed.' }),
    disabledAt: instant.nullable(),
    lastLoginAt: instant.nullable(),
    createdAt: instant,
    changedAt: instant,
    version: z.int().meta({ description: 'What `If-Match` names, as `"<version>"`.' }),
  })
  .meta({ id: 'User', description: 'A person who may log in.' })

export const userList = listOf(userItem).meta({ id: 'UserList' })

/** The body of `POST /api/v1/users`. */
export const userCreate = z
  .strictObject({
    name: userName,
    roles,
    tenant: tenant.optional().meta({
      description: 'The tenant the person belongs to; left out: the one of who makes it, if any.',
    }),
    password: password.optional().meta({
      description: 'The first password, 12 to 1024 characters; left out: one is made and shown.',
    }),
    mustChange: z.boolean().default(true).meta({
      description: 'Whether the person must change it first. Always so where one is made.',
    }),
  })
  .meta({ id: 'UserCreate' })

/** The answer to it, and to a reset. */
export const userMade = z
  .strictObject({
    user: userItem,
    password: z.string().optional().meta({
      description: 'The password that was made. It is not kept and not shown again.',
    }),
  })
  .meta({ id: 'UserMade' })

/** The body of `PATCH /api/v1/users/:idOrName`. */
export const userChange = z
  .strictObject({
    name: userName.optional(),
    roles: roles.optional(),
    tenant: tenant.optional(),
    disabled: z.boolean().optional(),
  })
  .meta({ id: 'UserChange', description: 'What is to be different; what is left out stays.' })

/** The body of `POST /api/v1/users/:idOrName/password`. */
export const userReset = z
  .strictObject({
    password: password.optional(),
    mustChange: z.boolean().default(true),
    enable: z.boolean().default(false).meta({ description: 'Whether a disabled one is enabled.' }),
  })
  .meta({ id: 'UserReset' })

/** The body of `POST /api/v1/users/bootstrap`. */
export const userBootstrap = z
  .strictObject({ name: userName.default('admin'), password: password.optional() })
  .meta({ id: 'UserBootstrap' })

export type UserItem = z.output<typeof userItem>
export type UserList = z.output<typeof userList>
export type UserCreate = z.output<typeof userCreate>
export type UserCreateInput = z.input<typeof userCreate>
export type UserMade = z.output<typeof userMade>
export type UserChangeInput = z.input<typeof userChange>
export type UserReset = z.output<typeof userReset>
export type UserResetInput = z.input<typeof userReset>
export type UserBootstrap = z.output<typeof userBootstrap>
export type UserBootstrapInput = z.input<typeof userBootstrap>
