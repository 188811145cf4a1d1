import { z } from 'zod'
import { instant, listOf, listQuery } from './list.ts'
import { markReason } from './marks.ts'

/** Whom or what an operator keeps out, and why. */
export const suspension = z
  .strictObject({
    kind: z.enum(['principal', 'session']),
    subject: z.string().meta({ description: 'Id of the principal or session.' }),
    reason: z.string().meta({ description: 'May be empty.' }),
    by: z.string().meta({ description: 'Id of the principal that decided.' }),
    at: instant,
  })
  .meta({ id: 'Suspension' })

export const suspensionList = listOf(suspension).meta({ id: 'SuspensionList' })

/** A client that has something open at this gateway. */
export const sessionItem = z
  .strictObject({
    id: z.string().meta({
      description:
        'Of a legacy session the beginning of a digest of its id, which is as good as a key and never shown.',
    }),
    principal: z.string(),
    name: z.string().meta({ description: 'Of its key, token or user.' }),
    tenant: z.string().nullable(),
    client: z.strictObject({ name: z.string(), version: z.string() }).nullable().meta({
      description:
        'What the client calls itself, unproved; null where it named nothing, or another process opened the session.',
    }),
    era: z.enum(['legacy', 'modern']).meta({
      description: 'legacy: a session; modern: a subscription, which is all that lasts there.',
    }),
    version: z.string().meta({ description: 'Revision of MCP; empty until it is agreed on.' }),
    scope: z.string().meta({
      description:
        'Empty for everything, a server, or `endpoint/<name>`: the address it is open at.',
    }),
    since: instant,
    last: instant.meta({ description: 'When its client was last heard of.' }),
    streams: z.int().min(0).meta({ description: 'Streams that its client reads.' }),
    callsInFlight: z.int().min(0),
    suspended: suspension
      .nullable()
      .meta({ description: 'Why its next call is refused: the session, or else its principal.' }),
  })
  .meta({ id: 'Session' })

export const sessionList = listOf(sessionItem).meta({ id: 'SessionList' })

/** The query of `GET /api/v1/sessions`. */
export const sessionQuery = listQuery
  .extend({
    principal: z.string().min(1).max(200).optional().meta({ description: 'Of this one only.' }),
  })
  .meta({ id: 'SessionQuery' })

/** The body of `POST .../suspend`; may be left out. */
export const suspendCreate = z
  .strictObject({ reason: markReason.default('') })
  .meta({ id: 'SuspendCreate' })

/** What came of it. */
export const suspendChanged = z
  .strictObject({
    suspension: suspension.nullable().meta({ description: 'In force now; null when it is over.' }),
    changed: z.boolean().meta({ description: 'False when it was not suspended.' }),
  })
  .meta({ id: 'SuspendChanged' })

export type Suspension = z.output<typeof suspension>
export type SuspensionList = z.output<typeof suspensionList>
export type SessionItem = z.output<typeof sessionItem>
export type SessionList = z.output<typeof sessionList>
export type SuspendChanged = z.output<typeof suspendChanged>
