import type { CheckReport, MarkChanged, ServerDone, ServerItem } from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'
import type { Principal } from '@sallyport/kit/principal'
import type { FastifyInstance } from 'fastify'
import type { Operations, Operator, ServerTurn, ServerView } from '../operations.ts'
import type { HealthCheck } from '../upstreams/upstream.ts'
import { seesServer } from '../sees-server.ts'
import { addRoutes, Versioned } from './add-routes.ts'
import type { EntryDeps } from './entry-routes.ts'
import { toInstant } from './instant.ts'
import { toMarkItem } from './mark-item.ts'
import { page } from './page.ts'

export interface ServerDeps extends Pick<EntryDeps, 'entries'> {
  readonly operations: Operations
}

/** Everything under `/api/v1/servers`, and draining the whole gateway. */
export function addServerRoutes(app: FastifyInstance, { operations, entries }: ServerDeps): void {
  addRoutes(app, {
    'servers.list': ({ query, caller }) => {
      const { draining } = operations
      const seen = operations.list().filter(({ status }) => seesServer(caller, status.name))
      const { items, next } = page(seen, ({ status }) => status.name, query)
      return {
        items: items.map(toServerItem),
        ...(next !== undefined && { next }),
        ...(draining && { draining: toMarkItem(draining) }),
      }
    },
    'servers.get': ({ params: { name }, caller }) => {
      const view = operations.get(seen(operations, name, caller))
      const { leftOut, entry } = entries.find('server', name) ?? {}
      return entry === undefined || leftOut !== undefined
        ? toServerItem(view)
        : new Versioned(entry.version, toServerItem(view))
    },
    'servers.logs': ({ params: { name }, query: { lines }, caller }) => {
      const kept = operations.logs(seen(operations, name, caller), lines)
      return { items: kept.map(({ atMs, pid, text }) => ({ at: toInstant(atMs), pid, text })) }
    },
  })
  addTurns(app, operations)
  addMarks(app, operations)
  addDrain(app, operations)
}

function addTurns(app: FastifyInstance, operations: Operations): void {
  const done = (name: string, turn: ServerTurn): ServerDone => ({
    server: toServerItem(operations.get(name)),
    ...turn,
  })
  const named = ({ params: { name }, caller }: Named): string => seen(operations, name, caller)
  addRoutes(app, {
    'servers.start': async (ask) => {
      const name = named(ask)
      return done(name, await operations.start(name, ask.by, ask.signal))
    },
    'servers.stop': async (ask) => {
      const name = named(ask)
      return done(name, await operations.stop(name, ask.by))
    },
    'servers.restart': async (ask) => {
      const name = named(ask)
      return done(name, await operations.restart(name, ask.by, ask.signal))
    },
    'servers.warm': async (ask) => {
      const name = named(ask)
      return done(name, await operations.warm(name, ask.by, ask.signal))
    },
    'servers.check': async (ask) =>
      toCheckReport(await operations.check(named(ask), ask.by, ask.signal)),
  })
}

/** A request whose address names a server. */
interface Named {
  readonly params: { readonly name: string }
  readonly caller: Principal
}

/**
 * The name of a server, of one that the caller sees: what it does not see it neither turns nor learns of.
 *
 * @throws {AppError} `not_found`
 */
function seen(operations: Operations, name: string, caller: Principal): string {
  // Hints at other names are for whoever sees them all.
  if (caller.sight === undefined) return name
  const isThere = operations.list().some(({ status }) => status.name === name)
  if (isThere && seesServer(caller, name)) return name
  throw new AppError('not_found', `there is no server \`${printable(name, 64)}\``)
}

function addMarks(app: FastifyInstance, operations: Operations): void {
  addRoutes(app, {
    'servers.block': ({ params: { name }, body: { reason }, by }) =>
      mark(operations, name, { kind: 'blocked', reason, by }),
    'servers.unblock': ({ params: { name }, by }) => unmark(operations, name, 'blocked', by),
    'servers.drain': ({ params: { name }, body: { reason }, by }) =>
      mark(operations, name, { kind: 'draining', reason, by }),
    'servers.undrain': ({ params: { name }, by }) => unmark(operations, name, 'draining', by),
  })
}

function addDrain(app: FastifyInstance, operations: Operations): void {
  addRoutes(app, {
    'drain.start': async ({ body: { reason, server }, by }) => {
      if (server !== undefined) return mark(operations, server, { kind: 'draining', reason, by })
      const drained = await operations.drain(reason, by)
      const inFlight = operations.inFlight()
      return { server: null, mark: toMarkItem(drained), changed: true, inFlight }
    },
    'drain.end': async ({ query: { server }, by }) => {
      if (server !== undefined) return unmark(operations, server, 'draining', by)
      const changed = await operations.undrain(by)
      return { server: null, mark: null, changed, inFlight: operations.inFlight() }
    },
  })
}

/** What is to be marked, why, and who says so. */
interface Order {
  readonly kind: 'blocked' | 'draining'
  readonly reason: string
  readonly by: Operator
}

async function mark(
  operations: Operations,
  name: string,
  { kind, reason, by }: Order,
): Promise<MarkChanged> {
  const set = await operations.mark(seen(operations, name, by.principal), kind, reason, by)
  const inFlight = operations.inFlight(name)
  return { server: name, mark: toMarkItem(set), changed: true, inFlight }
}

async function unmark(
  operations: Operations,
  name: string,
  kind: Order['kind'],
  by: Operator,
): Promise<MarkChanged> {
  const changed = await operations.unmark(seen(operations, name, by.principal), kind, by)
  return { server: name, mark: null, changed, inFlight: operations.inFlight(name) }
}

/** A server as shown. */
export function toServerItem({ status, config, tools, mark, groups }: ServerView): ServerItem {
  const { name, kind, state, reason, pids, era, inFlight, breaker, check } = status
  const { prestart, owner, description, runbook } = config
  return {
    ...{ name, kind, state, reason },
    source: config.restrictions === undefined ? 'file' : 'api',
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
