import { z } from 'zod'
import { listOf } from './list.ts'

export const serverState = z.enum(['cold', 'starting', 'ready', 'degraded', 'draining', 'blocked'])

/** One server behind the gateway, as it is now. */
export const serverItem = z
  .strictObject({
    name: z.string(),
    kind: z.enum(['stdio', 'http']),
    state: serverState,
    reason: z.string().nullable().meta({ description: 'Why it is degraded; null otherwise.' }),
    pid: z.int().nullable().meta({ description: 'Its oldest child; null where there is none.' }),
    pids: z.array(z.int()).meta({ description: 'All its children.' }),
    era: z.enum(['legacy', 'modern']).nullable().meta({ description: 'Null until it is known.' }),
    tools: z
      .int()
      .min(0)
      .nullable()
      .meta({ description: 'Tools in its last known catalogue; null when there is none.' }),
    inFlight: z.int().min(0),
  })
  .meta({ id: 'Server' })

export const serverList = listOf(serverItem).meta({ id: 'ServerList' })

export type ServerItem = z.output<typeof serverItem>
export type ServerList = z.output<typeof serverList>
