import { z } from 'zod'
import { listOf } from './list.ts'

const bound = z.int().min(1).nullable()

/** What one principal used today. */
export const usageItem = z
  .strictObject({
    principal: z.string(),
    day: z.string().meta({ description: '`2026-11-21`; a day ends at 00:00 UTC.' }),
    calls: z.int().min(0).meta({ description: 'Calls of that day.' }),
    daily: bound.meta({ description: 'How many it may make; null = no bound.' }),
    writes: z.int().min(0).meta({ description: 'Those to tools not pinned read-only.' }),
    writesDaily: bound.meta({ description: 'How many of those it may make.' }),
    refused: z.int().min(0).meta({
      description: 'Requests refused by a limit since the gateway started.',
    }),
    inFlight: z.int().min(0),
  })
  .meta({ id: 'Usage' })

export const usageList = listOf(usageItem).meta({ id: 'UsageList' })

export type UsageItem = z.output<typeof usageItem>
export type UsageList = z.output<typeof usageList>
