import { z } from 'zod'
import { sightShape } from '../config/sight.ts'
import { instant, listOf } from './list.ts'
import { grantSource } from './roles.ts'

export const tenantName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, { error: 'must be 1 to 32 of a-z, 0-9 and -' })
  .meta({ description: 'Name of the tenant, unique.' })

const title = z.string().max(200).meta({ description: 'For people.' })

/** A tenant as shown, with what its callers see at most. */
export const tenantItem = z
  .strictObject({
    name: z.string(),
    title: z.string(),
    ...sightShape,
    source: grantSource,
    createdAt: instant.nullable(),
    changedAt: instant.nullable(),
    version: z
      .int()
      .meta({ description: 'What `If-Match` names, as `"<version>"`; 0 outside the store.' }),
  })
  .meta({ id: 'TenantItem', description: 'A tenant, and what its callers see at most.' })

export const tenantList = listOf(tenantItem).meta({ id: 'TenantList' })

/** The body of `POST /api/v1/tenants`. */
export const tenantCreate = z
  .strictObject({ name: tenantName, title: title.default(''), ...sightShape })
  .meta({ id: 'TenantCreate' })

const { servers, tools, resources, prompts, readOnly } = sightShape

/** The body of `PATCH /api/v1/tenants/:name`; what is left out stays, null restricts nothing. */
export const tenantChange = z
  .strictObject({
    title: title.optional(),
    servers: servers.unwrap().nullable().optional(),
    tools: tools.unwrap().nullable().optional(),
    resources: resources.unwrap().nullable().optional(),
    prompts: prompts.unwrap().nullable().optional(),
    readOnly: readOnly.unwrap().nullable().optional(),
  })
  .meta({ id: 'TenantChange' })

export type TenantItem = z.output<typeof tenantItem>
export type TenantList = z.output<typeof tenantList>
export type TenantCreate = z.output<typeof tenantCreate>
export type TenantCreateInput = z.input<typeof tenantCreate>
export type TenantChange = z.output<typeof tenantChange>
