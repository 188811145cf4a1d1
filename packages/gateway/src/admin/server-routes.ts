import {
  type CheckReport,
  type LogList,
  logQuery,
  type MarkChanged,
  markCreate,
  type ServerDone,
  type ServerItem,
  type ServerList,
} from '@sallyport/contract/admin'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Operations, Operator, ServerTurn, ServerView } from '../operations.ts'
import type { HealthCheck } from '../upstreams/upstream.ts'
import { visitOf } from './entrance.ts'
import { toInstant } from './instant.ts'
import { toMarkItem } from './mark-item.ts'
import { parseRequest } from './request-error.ts'
import { withDeadline } from './request-signal.ts'

const STORE_DEADLINE_MS = 10_000
/** Drain and start time are bounded by ten minutes each. */
const TURN_DEADLINE_MS = 21 * 60_000

export interface ServerDeps {
  readonly operations: Operations
}

/** Everything under `/api/v1/servers`. */
export function addServerRoutes(app: FastifyInstance, { operations }: ServerDeps): void {
  app.get('/api/v1/servers', async (): Promise<ServerList> => {
    const { draining } = operations
    return {
      items: operations.list().map(toServerItem),
      ...(draining && { draining: toMarkItem(draining) }),
    }
  })
  app.get('/api/v1/servers/:name', async (request): Promise<ServerItem> => {
    return toServerItem(operations.get(nameOf(request)))
  })
  app.get('/api/v1/servers/:name/logs', async (request): Promise<LogList> => {
    const { lines } = parseRequest(logQuery, request.query, 'the query')
    const kept = operations.logs(nameOf(request), lines)
    return { items: kept.map(({ atMs, pid, text }) => ({ at: toInstant(atMs), pid, text })) }
  })
  addTurns(app, operations)
  addMarks(app, operations)
}

function addTurns(app: FastifyInstance, operations: Operations): void {
  const turns = {
    start: (name, by, signal) => operations.start(name, by, signal),
    stop: (name, by) => operations.stop(name, by),
    restart: (name, by, signal) => operations.restart(name, by, signal),
    warm: (name, by, signal) => operations.warm(name, by, signal),
  } satisfies Record<
    string,
    (name: string, by: Operator, signal: AbortSignal) => Promise<ServerTurn>
  >
  for (const [action, turn] of Object.entries(turns)) {
    app.post(`/api/v1/servers/:name/${action}`, async (request, reply): Promise<ServerDone> => {
      const name = nameOf(request)
      const done = await withDeadline(reply.raw, TURN_DEADLINE_MS, (signal) =>
        turn(name, operatorOf(request), signal),
      )
      return { server: toServerItem(operations.get(name)), ...done }
    })
  }
  app.post('/api/v1/servers/:name/check', async (request, reply): Promise<CheckReport> => {
    const check = await withDeadline(reply.raw, TURN_DEADLINE_MS, (signal) =>
      operations.check(nameOf(request), operatorOf(request), signal),
    )
    return toCheckReport(check)
  })
}

function addMarks(app: FastifyInstance, operations: Operations): void {
  const set = { block: 'blocked', drain: 'draining' } as const
  for (const [action, kind] of Object.entries(set)) {
    app.post(`/api/v1/servers/:name/${action}`, async (request, reply): Promise<MarkChanged> => {
      const { reason } = parseRequest(markCreate, request.body ?? {}, 'the body')
      const order = { kind, reason }
      return markServer(operations, nameOf(request), order, { request, reply })
    })
  }
  const clear = { unblock: 'blocked', undrain: 'draining' } as const
  for (const [action, kind] of Object.entries(clear)) {
    app.post(`/api/v1/servers/:name/${action}`, async (request, reply): Promise<MarkChanged> => {
      return unmarkServer(operations, nameOf(request), kind, { request, reply })
    })
  }
}

interface Exchange {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** Sets a mark and answers with it. */
export async function markServer(
  operations: Operations,
  name: string,
  order: { readonly kind: 'blocked' | 'draining'; readonly reason: string },
  { request, reply }: Exchange,
): Promise<MarkChanged> {
  const { kind, reason } = order
  const mark = await withDeadline(reply.raw, STORE_DEADLINE_MS, () =>
    operations.mark(name, kind, reason, operatorOf(request)),
  )
  const inFlight = operations.inFlight(name)
  return { server: name, mark: toMarkItem(mark), changed: true, inFlight }
}

/** Takes a mark away and says whether there was one. */
export async function unmarkServer(
  operations: Operations,
  name: string,
  kind: 'blocked' | 'draining',
  { request, reply }: Exchange,
): Promise<MarkChanged> {
  const changed = await withDeadline(reply.raw, STORE_DEADLINE_MS, () =>
    operations.unmark(name, kind, operatorOf(request)),
  )
  return { server: name, mark: null, changed, inFlight: operations.inFlight(name) }
}

/** Who sent the request; every route of the operator wants an admin. */
export function operatorOf(request: FastifyRequest): Operator {
  const { principal, requestId } = visitOf(request.raw)
  if (principal === undefined) throw new TypeError('the guard let somebody in without a principal')
  return { principal, requestId }
}

function nameOf(request: FastifyRequest): string {
  const { name } = request.params as { name: string } // named in the route
  return name
}

/** A server as shown. */
export function toServerItem({ status, config, tools, mark, groups }: ServerView): ServerItem {
  const { name, kind, state, reason, pids, era, inFlight, breaker, check } = status
  const { prestart, owner, description, runbook } = config
  return {
    ...{ name, kind, state, reason },
    ...{ pid: pids[0] ?? null, pids: [...pids], era, tools, inFlight, breaker },
    check: check === null ? null : toCheckReport(check),
    mark: mark === undefined ? null : toMarkItem(mark),
    groups: [...groups],
    prestart,
    owner: owner ?? null,
    description: description ?? null,
    runbook: runbook ?? null,
  }
}

function toCheckReport({ kind, ok, reason, durationMs, atMs }: HealthCheck): CheckReport {
  return { kind, ok, reason, durationMs, at: toInstant(atMs) }
}
