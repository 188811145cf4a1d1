import { z } from 'zod'
import { instant, listOf } from './list.ts'

/** The body of `POST /api/v1/auth/login`. */
export const loginCreate = z
  .strictObject({
    name: z.string().min(1).max(200),
    password: z.string().min(1).max(4_096),
    kind: z.enum(['cookie', 'bearer']).default('cookie').meta({
      description: '`cookie` for pages of this gateway, `bearer` for programs.',
    }),
  })
  .meta({ id: 'LoginCreate' })

const caller = z
  .strictObject({
    id: z.string().meta({ description: 'As in the audit log, such as `user:u_abcdefgh`.' }),
    kind: z.string(),
    name: z.string(),
    roles: z.array(z.string()),
    permissions: z.array(z.string()),
    tenant: z.string().nullable(),
  })
  .meta({ id: 'Caller', description: 'Who asks, and what is allowed.' })

/** A login as shown: never what proves it. */
export const loginItem = z
  .strictObject({
    id: z.string(),
    user: z.strictObject({ id: z.string(), name: z.string() }),
    kind: z.enum(['cookie', 'bearer']),
    current: z.boolean().meta({ description: 'Whether this request came with it.' }),
    createdAt: instant,
    lastSeenAt: instant,
    expiresAt: instant.meta({ description: 'It ends then, however much it is used.' }),
    address: z.string().meta({ description: 'Where it came from at login.' }),
    agent: z.string().meta({ description: 'What the program called itself.' }),
  })
  .meta({ id: 'Login', description: 'One login of one person.' })

export const loginList = listOf(loginItem).meta({ id: 'LoginList' })

/** The answer to a login and to a change of password. */
export const loginMade = z
  .strictObject({
    login: loginItem,
    mustChange: z
      .boolean()
      .meta({ description: 'Whether nothing is allowed before the password was changed.' }),
    csrfToken: z.string().optional().meta({
      description: 'With a cookie: send it as `X-CSRF-Token` with everything but GET.',
    }),
    token: z.string().optional().meta({
      description: 'Without: send it as `Authorization: Bearer`. It is not shown again.',
    }),
  })
  .meta({ id: 'LoginMade' })

/** The answer of `GET /api/v1/auth/me`. */
export const callerSelf = z
  .strictObject({
    caller,
    login: loginItem.nullable().meta({ description: 'Null for keys and tokens.' }),
    mustChange: z.boolean(),
    csrfToken: z.string().optional(),
  })
  .meta({ id: 'CallerSelf' })

/** The body of `POST /api/v1/auth/password`. */
export const passwordChange = z
  .strictObject({
    current: z.string().min(1).max(4_096),
    password: z.string().min(1).max(4_096).meta({ description: '12 to 1024 characters.' }),
  })
  .meta({ id: 'PasswordChange' })

export type LoginCreate = z.output<typeof loginCreate>
export type LoginItem = z.output<typeof loginItem>
export type LoginList = z.output<typeof loginList>
export type LoginMade = z.output<typeof loginMade>
export type CallerSelf = z.output<typeof callerSelf>
export type PasswordChange = z.output<typeof passwordChange>
