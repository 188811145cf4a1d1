import { z } from 'zod'
import { instant, listOf } from './list.ts'
import { mark } from './marks.ts'

export const serverState = z.enum(['cold', 'starting', 'ready', 'degraded', 'draining', 'blocked'])

export const breakerState = z.enum(['closed', 'open', 'half-open']).meta({
  description:
    'open: calls are refused at once because the transport kept failing; half-open: one call may try.',
})

/** What a look at a server found. */
export const checkReport = z
  .strictObject({
    kind: z.enum(['call', 'ping']).meta({
      description: 'call: its configured call was made; ping: one of the protocol.',
    }),
    ok: z.boolean(),
    reason: z.string().nullable().meta({ description: 'Why it is not healthy; null otherwise.' }),
    durationMs: z.number().min(0),
    at: instant,
  })
  .meta({ id: 'Check' })

const note = z.string().nullable()

/** One server behind the gateway, as it is now. */
export const serverItem = z
  .strictObject({
    name: z.string(),
    kind: z.enum(['stdio', 'http']),
    source: z
      .enum(['file', 'api'])
      .meta({ description: 'api: it was added over this API; its ETag is its version.' }),
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
    breaker: breakerState,
    check: checkReport
      .nullable()
      .meta({ description: 'The last look at it; null before the first.' }),
    mark: mark
      .nullable()
      .meta({ description: 'What an operator decided; blocked is shown before draining.' }),
    groups: z.array(z.string()).meta({ description: 'Groups it is a member of.' }),
    prestart: z.boolean().meta({ description: 'Whether it is started with the gateway.' }),
    owner: note.meta({ description: 'Whom to ask about it.' }),
    description: note.meta({ description: 'What it is for.' }),
    runbook: note.meta({ description: 'Where it says what to do when it fails.' }),
  })
  .meta({ id: 'Server' })

export const serverList = listOf(serverItem)
  .extend({
    draining: mark.optional().meta({
      description: 'Set while the whole gateway takes no new calls, whatever its servers are like.',
    }),
  })
  .meta({ id: 'ServerList' })

/** The answer to what was done to a server. */
export const serverDone = z
  .strictObject({
    server: serverItem.meta({ description: 'As it is afterwards.' }),
    calls: z
      .int()
      .min(0)
      .meta({ description: 'Calls that were in flight when it was to stop; 0 for a start.' }),
    drainedMs: z
      .number()
      .min(0)
      .meta({ description: 'Time those calls and its children took to end; 0 for a start.' }),
    drainMsMax: z
      .int()
      .min(0)
      .meta({ description: 'Time they had; what still ran then was ended. 0 for a start.' }),
    startedMs: z.number().min(0).meta({ description: 'Time its start took; 0 for a stop.' }),
  })
  .meta({ id: 'ServerDone' })

const LINES_ERROR = 'must be a number from 1 to 1000'

/** The query of `GET /api/v1/servers/:name/logs`. */
export const logQuery = z
  .strictObject({
    lines: z
      .string({ error: LINES_ERROR })
      .regex(/^\d{1,4}$/, { error: LINES_ERROR })
      .transform(Number)
      .pipe(z.int().min(1, { error: LINES_ERROR }).max(1_000, { error: LINES_ERROR }))
      .default(100)
      .meta({ description: 'The newest lines, at most this many.' }),
  })
  .meta({ id: 'LogQuery' })

/** A line that a child wrote to its standard error. */
export const logLine = z
  .strictObject({
    at: instant,
    pid: z.int(),
    text: z.string().meta({ description: 'Without control characters.' }),
  })
  .meta({ id: 'LogLine' })

/** Oldest first. */
export const logList = listOf(logLine).meta({ id: 'LogList' })

export type ServerItem = z.output<typeof serverItem>
export type ServerList = z.output<typeof serverList>
export type ServerDone = z.output<typeof serverDone>
export type CheckReport = z.output<typeof checkReport>
export type LogLine = z.output<typeof logLine>
export type LogList = z.output<typeof logList>
