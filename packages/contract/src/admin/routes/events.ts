import { eventItem, eventQuery } from '../events.ts'
import type { RouteTable } from '../route.ts'

export const eventRoutes = {
  'events.watch': {
    ...{ method: 'GET', path: '/api/v1/events', need: 'events.read', tenants: 'own' },
    summary: 'Tells what happens as it happens, as server-sent events',
    query: eventQuery,
    answer: eventItem,
    media: 'text/event-stream',
  },
} as const satisfies RouteTable
