import { z } from 'zod'
import { instant } from './list.ts'

const REASON_ERROR = 'must be at most 500 printable characters on one line'

/** Why an operator does something, for whoever looks next. */
export const markReason = z
  .string({ error: REASON_ERROR })
  .max(500, { error: REASON_ERROR })
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]*$/u, { error: REASON_ERROR })
  .meta({ description: 'For whoever looks next.' })

/** What an operator decided about a server or the whole gateway; kept over restarts. */
export const mark = z
  .strictObject({
    kind: z.enum(['blocked', 'draining']),
    reason: z.string().meta({ description: 'May be empty.' }),
    by: z.string().meta({ description: 'Id of the principal that decided.' }),
    at: instant,
  })
  .meta({ id: 'Mark' })

/** The body of `POST /api/v1/servers/:name/block` and of `.../drain`; may be left out. */
export const markCreate = z
  .strictObject({ reason: markReason.default('') })
  .meta({ id: 'MarkCreate' })

/** The body of `POST /api/v1/drain`; may be left out. */
export const drainCreate = z
  .strictObject({
    reason: markReason.default(''),
    server: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .meta({ description: 'One server; the whole gateway by default.' }),
  })
  .meta({ id: 'DrainCreate' })

/** The query of `DELETE /api/v1/drain`. */
export const drainQuery = z
  .strictObject({ server: z.string().min(1).max(200).optional() })
  .meta({ id: 'DrainQuery' })

/** What came of it. */
export const markChanged = z
  .strictObject({
    server: z.string().nullable().meta({ description: 'Null for the whole gateway.' }),
    mark: mark.nullable().meta({ description: 'The mark in force now; null when taken away.' }),
    changed: z.boolean().meta({ description: 'False when there was none to take away.' }),
    inFlight: z
      .int()
      .min(0)
      .nullable()
      .meta({ description: 'Calls that still run; null where no gateway runs.' }),
  })
  .meta({ id: 'MarkChanged' })

export type Mark = z.output<typeof mark>
export type MarkCreate = z.output<typeof markCreate>
export type DrainCreate = z.output<typeof drainCreate>
export type MarkChanged = z.output<typeof markChanged>
