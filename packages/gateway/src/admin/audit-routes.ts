import {
  type AuditItem,
  type AuditList,
  auditQuery,
  type VerifyReport,
} from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'
import type { AuditQuery, AuditReader, AuditRow } from '@sallyport/kit/store'
import type { FastifyInstance } from 'fastify'
import { toInstant } from './instant.ts'
import { parseRequest } from './request-error.ts'
import { withDeadline } from './request-signal.ts'

const LIST_DEADLINE_MS = 30_000
/** Every row is read and hashed; a minute is some millions of them. */
const VERIFY_DEADLINE_MS = 30 * 60_000

export interface AuditDeps {
  readonly audit: AuditReader
}

/** `GET /api/v1/audit` and `POST /api/v1/audit/verify`. */
export function addAuditRoutes(app: FastifyInstance, { audit }: AuditDeps): void {
  let verifying = false

  app.get('/api/v1/audit', async (request, reply): Promise<AuditList> => {
    const query = toQuery(parseRequest(auditQuery, request.query, 'the query'))
    const page = await withDeadline(reply.raw, LIST_DEADLINE_MS, (signal) =>
      audit.list(query, signal),
    )
    const items = page.items.map(toAuditItem)
    return page.next === undefined ? { items } : { items, next: page.next }
  })

  app.post('/api/v1/audit/verify', async (_request, reply): Promise<VerifyReport> => {
    if (verifying) {
      throw new AppError('overloaded', 'the audit log is being verified already', {
        retryAfterMs: 1_000,
      })
    }
    verifying = true
    try {
      const report = await withDeadline(reply.raw, VERIFY_DEADLINE_MS, (signal) =>
        audit.verify(signal),
      )
      const { ok, rows, writers } = report
      return { ok, rows, writers, broken: report.broken.map((fault) => ({ ...fault })) }
    } finally {
      verifying = false
    }
  })
}

/** A row as shown. */
export function toAuditItem(row: AuditRow): AuditItem {
  const { atMs, hash, ...rest } = row
  return { at: toInstant(atMs), ...rest, hash: hash.toString('hex') }
}

function toQuery(parsed: ReturnType<typeof auditQuery.parse>): AuditQuery {
  const { since, until, limit, principal, server, tool, outcome, requestId, cursor } = parsed
  return {
    limit,
    ...(since !== undefined && { sinceMs: since }),
    ...(until !== undefined && { untilMs: until }),
    ...(principal !== undefined && { principal }),
    ...(server !== undefined && { server }),
    ...(tool !== undefined && { tool }),
    ...(outcome !== undefined && { outcome }),
    ...(requestId !== undefined && { requestId }),
    ...(cursor !== undefined && { cursor }),
  }
}
