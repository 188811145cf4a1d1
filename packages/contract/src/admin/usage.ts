import { z } from 'zod'
import { listOf } from './list.ts'

const count = z.int().min(0)
const bound = z.int().min(1).nullable()

/** What one principal used today. */
export const usageItem = z
  .strictObject({
    principal: z.string(),
    name: z
      .string()
      .nullable()
      .meta({ description: 'Of its key or token; null where none of that id is valid now.' }),
    day: z.string().meta({ description: '`2026-11-21`; a day ends at 00:00 UTC.' }),
    calls: count.meta({ description: 'Calls of that day.' }),
    daily: bound.meta({ description: 'How many it may make; null = no bound.' }),
    writes: count.meta({ description: 'Those to tools not pinned read-only.' }),
    writesDaily: bound.meta({ description: 'How many of those it may make.' }),
    remaining: count.nullable().meta({ description: 'Calls left today; null = no bound.' }),
    writesRemaining: count.nullable(),
    callsTotal: count.meta({ description: 'Calls since the gateway started.' }),
    refused: count.meta({ description: 'Requests refused since the gateway started.' }),
    refusals: z
      .record(z.string(), count)
      .meta({ description: 'The same by error code; see docs/errors.md.' }),
    rateLimited: count.meta({ description: 'Those that the request rate refused at the door.' }),
    inFlight: count,
    queued: count.meta({ description: 'Calls that wait for their turn.' }),
  })
  .meta({ id: 'Usage' })

export const usageList = listOf(usageItem).meta({ id: 'UsageList' })

export type UsageItem = z.output<typeof usageItem>
export type UsageList = z.output<typeof usageList>
