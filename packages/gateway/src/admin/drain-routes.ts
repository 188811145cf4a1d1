import { drainCreate, drainQuery, type MarkChanged } from '@sallyport/contract/admin'
import type { FastifyInstance } from 'fastify'
import { toMarkItem } from './mark-item.ts'
import { parseRequest } from './request-error.ts'
import { withDeadline } from './request-signal.ts'
import { markServer, operatorOf, type ServerDeps, unmarkServer } from './server-routes.ts'

const STORE_DEADLINE_MS = 10_000

/** `POST` and `DELETE /api/v1/drain`: the whole gateway, or one server. */
export function addDrainRoutes(app: FastifyInstance, { operations }: ServerDeps): void {
  app.post('/api/v1/drain', async (request, reply): Promise<MarkChanged> => {
    const { reason, server } = parseRequest(drainCreate, request.body ?? {}, 'the body')
    if (server !== undefined) {
      return markServer(operations, server, { kind: 'draining', reason }, { request, reply })
    }
    const mark = await withDeadline(reply.raw, STORE_DEADLINE_MS, () =>
      operations.drain(reason, operatorOf(request)),
    )
    const inFlight = operations.inFlight()
    return { server: null, mark: toMarkItem(mark), changed: true, inFlight }
  })

  app.delete('/api/v1/drain', async (request, reply): Promise<MarkChanged> => {
    const { server } = parseRequest(drainQuery, request.query, 'the query')
    if (server !== undefined) {
      return unmarkServer(operations, server, 'draining', { request, reply })
    }
    const changed = await withDeadline(reply.raw, STORE_DEADLINE_MS, () =>
      operations.undrain(operatorOf(request)),
    )
    return { server: null, mark: null, changed, inFlight: operations.inFlight() }
  })
}
