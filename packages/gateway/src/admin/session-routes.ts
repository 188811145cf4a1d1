import type { SessionItem, Suspension } from '@sallyport/contract/admin'
import type { FastifyInstance } from 'fastify'
import type { SessionControl, SessionView, SuspensionEntry } from '../sessions/session-control.ts'
import { addRoutes } from './add-routes.ts'
import { toInstant } from './instant.ts'
import { numberKey, page } from './page.ts'

export interface SessionDeps {
  readonly sessions: SessionControl
}

/** Everything under `/api/v1/sessions`, `/api/v1/principals` and `/api/v1/suspensions`. */
export function addSessionRoutes(app: FastifyInstance, { sessions }: SessionDeps): void {
  addRoutes(app, {
    'sessions.list': ({ query, caller }) => {
      const wanted = sessions
        .list(caller.tenant)
        .filter(({ facts }) => (query.principal ?? facts.principal.id) === facts.principal.id)
      const { items, ...rest } = page(wanted, keyOf, query)
      return { ...rest, items: items.map(toSessionItem) }
    },
    'sessions.get': ({ params: { id }, caller }) => toSessionItem(sessions.get(id, caller.tenant)),
    'sessions.suspend': async ({ params: { id }, body, by }) =>
      changedTo(await sessions.suspendSession(id, body.reason, by)),
    'sessions.resume': async ({ params: { id }, by }) => ({
      suspension: null,
      changed: await sessions.resumeSession(id, by),
    }),
    'sessions.end': ({ params: { id }, by }) => {
      sessions.endSession(id, by)
      return undefined
    },
    'principals.suspend': async ({ params: { id }, body, by }) =>
      changedTo(await sessions.suspendPrincipal(id, body.reason, by)),
    'principals.resume': async ({ params: { id }, by }) => ({
      suspension: null,
      changed: await sessions.resumePrincipal(id, by),
    }),
    'suspensions.list': ({ query }) => {
      const { items, ...rest } = page(sessions.suspensions(), suspensionKey, query)
      return { ...rest, items: items.map(toSuspension) }
    },
  })
}

/** Oldest first; two of one millisecond by their ids. */
function keyOf({ facts }: SessionView): string {
  return `${numberKey(facts.sinceMs)} ${facts.label}`
}

function suspensionKey({ atMs, kind, subject }: SuspensionEntry): string {
  return `${numberKey(atMs)} ${kind} ${subject}`
}

function changedTo(entry: SuspensionEntry) {
  return { suspension: toSuspension(entry), changed: true }
}

function toSuspension({ kind, subject, reason, by, atMs }: SuspensionEntry): Suspension {
  return { kind, subject, reason, by, at: toInstant(atMs) }
}

function toSessionItem({ facts, suspended }: SessionView): SessionItem {
  const { label, principal, client, era, version, scope, streams, callsInFlight } = facts
  return {
    id: label,
    ...{ principal: principal.id, name: principal.name, tenant: principal.tenant },
    client: client === undefined ? null : { name: client.name, version: client.version },
    ...{ era, version, scope, since: toInstant(facts.sinceMs), last: toInstant(facts.lastMs) },
    ...{ streams, callsInFlight },
    suspended: suspended === undefined ? null : toSuspension(suspended),
  }
}
