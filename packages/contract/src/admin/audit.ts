import { z } from 'zod'
import { instant, listOf } from './list.ts'

export const auditOutcome = z.enum([
  'pending',
  'ok',
  'tool_error',
  'rpc_error',
  'refused',
  'failed',
  'unknown',
  'cancelled',
])

/** One row of the audit log. */
export const auditItem = z
  .strictObject({
    writer: z.string().meta({ description: 'The process that wrote it; one chain each.' }),
    seq: z.int().min(1).meta({ description: 'From 1, without gaps, per writer.' }),
    at: instant,
    kind: z.enum(['intent', 'call', 'door']),
    requestId: z.string(),
    principal: z.string(),
    tenant: z.string().nullable(),
    address: z.string(),
    method: z.string(),
    server: z.string().nullable(),
    tool: z.string().nullable(),
    outcome: auditOutcome,
    code: z.string().nullable(),
    durationUs: z.number().min(0).nullable().meta({ description: 'Microseconds.' }),
    argumentsMac: z.string().nullable().meta({ description: 'HMAC-SHA-256, hex.' }),
    member: z.string().nullable().meta({
      description:
        'Of a call to a group: the members that it was given to, in order, with commas between. The last one answered, or was tried last.',
    }),
    hash: z.string().meta({ description: 'SHA-256 over the row before and this one, hex.' }),
  })
  .meta({ id: 'AuditRow' })

export const auditList = listOf(auditItem).meta({ id: 'AuditList' })

const moment = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2026-11-20T12:00:00Z' })
  .transform((text) => Date.parse(text))
  .meta({ description: 'ISO 8601 with an offset or Z.' })

const LIMIT_ERROR = 'must be a number from 1 to 1000'

/** The query of `GET /api/v1/audit`; times come out as milliseconds since 1970. */
export const auditQuery = z
  .strictObject({
    principal: z.string().min(1).max(200).optional(),
    tenant: z.string().min(1).max(200).optional().meta({
      description: 'Callers of a tenant get its rows only, whatever they ask for.',
    }),
    server: z.string().min(1).max(200).optional().meta({
      description: 'Also what the server got as the member of a group.',
    }),
    tool: z.string().min(1).max(400).optional(),
    outcome: auditOutcome.optional(),
    requestId: z.string().min(1).max(200).optional(),
    since: moment.optional(),
    until: moment.optional(),
    limit: z
      .string({ error: LIMIT_ERROR })
      .regex(/^\d{1,4}$/, { error: LIMIT_ERROR })
      .transform(Number)
      .pipe(z.int().min(1, { error: LIMIT_ERROR }).max(1_000, { error: LIMIT_ERROR }))
      .default(100)
      .meta({ description: 'Rows in the answer; newest first.' }),
    cursor: z.string().min(1).max(1_000).optional(),
  })
  .meta({ id: 'AuditQuery' })

/** What checking every chain of the audit log found. */
export const verifyReport = z
  .strictObject({
    ok: z.boolean(),
    rows: z.int().min(0),
    writers: z.int().min(0),
    broken: z.array(
      z.strictObject({
        writer: z.string(),
        seq: z.int().min(0),
        kind: z.enum(['edited', 'missing', 'reordered', 'truncated']),
      }),
    ),
  })
  .meta({ id: 'AuditReport' })

export type AuditItem = z.output<typeof auditItem>
export type AuditList = z.output<typeof auditList>
export type AuditQueryInput = z.input<typeof auditQuery>
export type VerifyReport = z.output<typeof verifyReport>
