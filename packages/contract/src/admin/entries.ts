import { z } from 'zod'
import { endpoint } from '../config/endpoints.ts'
import { group } from '../config/groups.ts'
import { endpointName, serverName } from '../config/name.ts'
import { server } from '../config/server.ts'
import { instant, listOf } from './list.ts'

const definition = z
  .record(z.string(), z.json())
  .meta({ description: 'As below its name in the file; secrets as `[redacted]`.' })

/** A server, group or endpoint and where it is defined. */
export const entryItem = z
  .strictObject({
    kind: z.enum(['server', 'group', 'endpoint']),
    name: z.string(),
    source: z.enum(['file', 'api']).meta({
      description: 'api: it was added over this API and can be changed here; file: only there.',
    }),
    version: z
      .int()
      .min(1)
      .nullable()
      .meta({ description: 'Its ETag without the quotes; null for what the file defines.' }),
    inForce: z.boolean().meta({
      description: 'false: the file defines the name itself, or its rules refuse this.',
    }),
    reason: z
      .string()
      .nullable()
      .meta({ description: 'Why it is not in force; null where it is.' }),
    createdAt: instant.nullable(),
    changedAt: instant.nullable(),
    changedBy: z
      .string()
      .nullable()
      .meta({ description: 'Id of the principal; null for what the file defines.' }),
    definition: definition
      .nullable()
      .meta({ description: 'Null for what the file defines: `config show` has it.' }),
  })
  .meta({ id: 'Entry', description: 'A server, group or endpoint and where it is defined.' })

export const entryList = listOf(entryItem).meta({ id: 'EntryList' })

const SECRETS =
  'As below its name in the file, without references. `env`, `headers` and `tls.key` are never given back: what a change leaves out, or has as `[redacted]`, stays while program and address do.'

/** The body of `POST /api/v1/servers`. */
export const serverCreate = z
  .strictObject({ name: serverName, definition: server })
  .meta({ id: 'ServerCreate', description: SECRETS })

/** The body of `PUT /api/v1/servers/:name`. */
export const serverChange = z
  .strictObject({ definition: server })
  .meta({ id: 'ServerChange', description: SECRETS })

/** The body of `POST /api/v1/groups`. */
export const groupCreate = z
  .strictObject({ name: serverName, definition: group })
  .meta({ id: 'GroupCreate' })

/** The body of `PUT /api/v1/groups/:name`. */
export const groupChange = z.strictObject({ definition: group }).meta({ id: 'GroupChange' })

/** The body of `POST /api/v1/endpoints`. */
export const endpointCreate = z
  .strictObject({ name: endpointName, definition: endpoint })
  .meta({ id: 'EndpointCreate' })

/** The body of `PUT /api/v1/endpoints/:name`. */
export const endpointChange = z
  .strictObject({ definition: endpoint })
  .meta({ id: 'EndpointChange' })

export type EntryItem = z.output<typeof entryItem>
export type EntryList = z.output<typeof entryList>
