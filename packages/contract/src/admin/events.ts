import { z } from 'zod'
import { instant } from './list.ts'

/** Everything that is told. `session.*` is told to who asks for it by name. */
export const EVENT_TYPES = [
  'server.state',
  'server.breaker',
  'server.health',
  'server.marked',
  'gateway.marked',
  'config.reloaded',
  'resource.changed',
  'suspension.changed',
  'session.opened',
  'session.closed',
] as const

export type EventType = (typeof EVENT_TYPES)[number]

const fact = z.union([z.string(), z.number(), z.boolean(), z.null()])

/** The `data` of one event of `GET /api/v1/events`. */
export const eventItem = z
  .strictObject({
    at: instant,
    type: z.enum(EVENT_TYPES),
    tenant: z
      .string()
      .nullable()
      .meta({ description: 'Whose it is; null = nobody’s in particular.' }),
    server: z.string().nullable().meta({ description: 'The server that it is about.' }),
    facts: z
      .record(z.string(), fact)
      .meta({ description: 'What happened, by names; see docs/api/events.md.' }),
  })
  .meta({ id: 'Event' })

const TYPES_ERROR = `must be one or more of ${EVENT_TYPES.join(', ')}, with commas between`

/** The query of `GET /api/v1/events`. */
export const eventQuery = z
  .strictObject({
    types: z
      .string({ error: TYPES_ERROR })
      .max(1_000, { error: TYPES_ERROR })
      .transform((text) => text.split(','))
      .pipe(z.array(z.enum(EVENT_TYPES, { error: TYPES_ERROR })))
      .optional()
      .meta({ description: 'Only these, with commas between; all but `session.*` by default.' }),
  })
  .meta({ id: 'EventQuery' })

export type EventItem = z.output<typeof eventItem>
