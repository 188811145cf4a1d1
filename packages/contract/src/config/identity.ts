import { BUILT_IN_ROLES, PERMISSIONS } from '@sallyport/kit/roles'
import { z } from 'zod'
import { addressRanges, sightShape } from './sight.ts'
import { refuse } from './text.ts'
import { plainName } from './tokens.ts'

const NAMES_MAX = 1_000

/** What callers of a role may do. */
export const permissionList = z
  .array(z.enum(PERMISSIONS))
  .max(PERMISSIONS.length)
  .meta({ description: 'What its callers may do.' })

const role = z
  .strictObject({
    description: z.string().max(1_000).default('').meta({ description: 'For people.' }),
    permissions: permissionList,
  })
  .meta({ id: 'Role', description: 'A role of your own.' })

/** Roles of the operator's own, by name. */
export const roles = z
  .record(plainName, role)
  .prefault({})
  .superRefine((all, context) => {
    for (const name of Object.keys(all)) {
      if (!Object.hasOwn(BUILT_IN_ROLES, name)) continue
      refuse(context, `the role \`${name}\` is built in`, 'give yours another name', [name])
    }
    if (Object.keys(all).length > NAMES_MAX) {
      refuse(context, `more than ${NAMES_MAX} roles`, 'give callers several roles each')
    }
  })
  .meta({
    description: `Roles of your own, by name, beside ${Object.keys(BUILT_IN_ROLES).join(', ')}. They count before those of the store.`,
  })

const tenant = z
  .strictObject({
    title: z.string().max(200).default('').meta({ description: 'For people.' }),
    ...sightShape,
  })
  .transform(({ title, ...rule }) => ({ title, rule }))
  .meta({ id: 'Tenant', description: 'A tenant, and what its callers see at most.' })

/** Tenants, by name. */
export const tenants = z
  .record(plainName, tenant)
  .prefault({})
  .superRefine((all, context) => {
    if (Object.keys(all).length <= NAMES_MAX) return
    refuse(context, `more than ${NAMES_MAX} tenants`, 'add tenants over the API')
  })
  .meta({
    description:
      'Tenants, by name, and what their callers see. They count before those of the store.',
  })

/** Where callers of each listener may come from. */
export const allowFrom = z
  .strictObject({
    listen: addressRanges.optional().meta({
      description: 'Who may reach MCP, after trusted proxies; absent: anybody.',
    }),
    admin: addressRanges.optional().meta({
      description: 'Who may reach the admin API, after trusted proxies; absent: anybody.',
    }),
  })
  .prefault({})
  .meta({ description: 'Addresses and networks that callers may come from.' })
