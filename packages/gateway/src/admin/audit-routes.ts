import type { AuditItem, auditQuery } from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'
import type { AuditQuery, AuditReader, AuditRow } from '@sallyport/kit/store'
import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import { addRoutes } from './add-routes.ts'
import { toInstant } from './instant.ts'

export interface AuditDeps {
  readonly audit: AuditReader
}

/** `GET /api/v1/audit` and `POST /api/v1/audit/verify`. */
export function addAuditRoutes(app: FastifyInstance, { audit }: AuditDeps): void {
  let verifying = false
  addRoutes(app, {
    'audit.list': async ({ query, caller, signal }) => {
      const found = await audit.list(toQuery(query, caller.tenant), signal).catch(asRequest)
      const items = found.items.map(toAuditItem)
      return found.next === undefined ? { items } : { items, next: found.next }
    },
    'audit.verify': async ({ signal }) => {
      if (verifying) {
        throw new AppError('overloaded', 'the audit log is being verified already', {
          retryAfterMs: 1_000,
        })
      }
      verifying = true
      try {
        const { ok, rows, writers, broken } = await audit.verify(signal)
        return { ok, rows, writers, broken: broken.map((fault) => ({ ...fault })) }
      } finally {
        verifying = false
      }
    },
  })
}

/** A cursor that is not of the log is the caller's mistake in a request here, not in a command. */
function asRequest(thrown: unknown): never {
  const error = AppError.from(thrown)
  if (error.code !== 'usage') throw error
  throw new AppError('request_invalid', error.message, { cause: error })
}

/** A row as shown. */
export function toAuditItem(row: AuditRow): AuditItem {
  const { atMs, hash, ...rest } = row
  return { at: toInstant(atMs), ...rest, hash: hash.toString('hex') }
}

/** What the store is asked; a caller of a tenant gets its own rows, whatever it asks for. */
function toQuery(parsed: z.output<typeof auditQuery>, own: string | null): AuditQuery {
  const { since, until, limit, principal, server, tool, outcome, requestId, cursor } = parsed
  const tenant = own ?? parsed.tenant
  return {
    limit,
    ...(since !== undefined && { sinceMs: since }),
    ...(until !== undefined && { untilMs: until }),
    ...(principal !== undefined && { principal }),
    ...(tenant !== undefined && { tenant }),
    ...(server !== undefined && { server }),
    ...(tool !== undefined && { tool }),
    ...(outcome !== undefined && { outcome }),
    ...(requestId !== undefined && { requestId }),
    ...(cursor !== undefined && { cursor }),
  }
}
