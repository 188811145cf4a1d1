import { z } from 'zod'
import { permissionList } from '../config/identity.ts'
import { keyRole } from './keys.ts'
import { instant, listOf } from './list.ts'

/** Where a role or tenant stands; only what stands in the store is changed over the API. */
export const grantSource = z
  .enum(['built-in', 'file', 'store'])
  .meta({ description: 'Where it stands. Only what stands in the store is changed here.' })

const description = z.string().max(1_000).meta({ description: 'For people.' })

/** A role as shown. */
export const roleItem = z
  .strictObject({
    name: z.string(),
    description: z.string(),
    permissions: z.array(z.string()).meta({ description: 'What its callers may do.' }),
    source: grantSource,
    createdAt: instant.nullable(),
    changedAt: instant.nullable(),
    version: z
      .int()
      .meta({ description: 'What `If-Match` names, as `"<version>"`; 0 outside the store.' }),
  })
  .meta({ id: 'RoleItem', description: 'What callers of a role may do.' })

export const roleList = listOf(roleItem).meta({ id: 'RoleList' })

/** The body of `POST /api/v1/roles`. */
export const roleCreate = z
  .strictObject({
    name: keyRole.meta({ description: 'Name of the role, unique.' }),
    description: description.default(''),
    permissions: permissionList,
  })
  .meta({ id: 'RoleCreate' })

/** The body of `PATCH /api/v1/roles/:name`; what is left out stays. */
export const roleChange = z
  .strictObject({ description: description.optional(), permissions: permissionList.optional() })
  .meta({ id: 'RoleChange' })

export type RoleItem = z.output<typeof roleItem>
export type RoleList = z.output<typeof roleList>
export type RoleCreate = z.output<typeof roleCreate>
export type RoleCreateInput = z.input<typeof roleCreate>
export type RoleChange = z.output<typeof roleChange>
