import type { Need } from '@sallyport/contract/admin'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { EventStreams } from '../events/event-streams.ts'
import type { Events } from '../events/events.ts'
import { addRoutes } from './add-routes.ts'
import { visitOf } from './entrance.ts'
import { idOf, specOf } from './permissions.ts'

export interface EventDeps {
  readonly events: Events
  readonly eventStreams: EventStreams
}

/** `GET /api/v1/events`. */
export function addEventRoutes(app: FastifyInstance, { eventStreams }: EventDeps): void {
  addRoutes(app, {
    'events.watch': ({ query, caller, request, reply }) => {
      const stated = request.headers['last-event-id']
      const lastId = typeof stated === 'string' && stated !== '' ? stated : undefined
      eventStreams.open(reply.raw, { principal: caller, types: query.types, lastId })
      reply.hijack()
    },
  })
}

/** What changes with these is told of. */
const TOLD: ReadonlySet<Need> = new Set<Need>([
  'keys.write',
  'roles.write',
  'tenants.write',
  'users.write',
  'servers.write',
  'secrets.rotate',
  'subjects.erase',
  'checklist.write',
])

/** Tells of everything that was changed over the API: which route did it, and to what of which name. */
export function tellChanges(app: FastifyInstance, { events }: Pick<EventDeps, 'events'>): void {
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? ''
    const spec = specOf(request.method, route)
    if (spec === undefined || !TOLD.has(spec.need) || spec.method === 'GET') return
    if (reply.raw.statusCode >= 300) return
    const { principal } = visitOf(request.raw)
    const [resource = '', action = ''] = idOf(spec).split('.')
    events.emit({
      type: 'resource.changed',
      tenant: principal?.tenant ?? textOf(request.body, 'tenant'),
      facts: { resource, action, name: nameOf(request), by: principal?.id ?? '' },
    })
  })
}

/** What the address names, or else the body. */
function nameOf({ params, body }: FastifyRequest): string | null {
  const [named]: unknown[] = Object.values(params ?? {})
  return typeof named === 'string' ? named : textOf(body, 'name')
}

function textOf(body: unknown, key: string): string | null {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, key)) return null
  const value = (body as Readonly<Record<string, unknown>>)[key] // it has that key
  return typeof value === 'string' ? value : null
}
