import type { GatewayStatus, ServerItem, ServerList } from '@sallyport/contract/admin'
import type { FastifyInstance } from 'fastify'
import type { ServerStatus } from '../upstreams/upstream.ts'
import type { HealthFacts } from './health.ts'

export interface SightDeps {
  readonly servers: {
    status(): readonly ServerStatus[]
    /** Tools in the last known catalogue; null where there is none. */
    toolCount(server: string): number | null
  }
  readonly metrics: { readonly contentType: string; render(): Promise<string> }
  readonly health: () => HealthFacts
  readonly status: () => GatewayStatus
}

/** What can be seen of a running gateway: metrics, status, servers. Health is answered before Fastify. */
export function addSightRoutes(app: FastifyInstance, deps: SightDeps): void {
  app.get('/metrics', async (_request, reply) => {
    const text = await deps.metrics.render()
    return reply.type(deps.metrics.contentType).send(text)
  })
  app.get('/api/v1/status', async (): Promise<GatewayStatus> => deps.status())
  app.get('/api/v1/servers', async (): Promise<ServerList> => {
    const items = deps.servers
      .status()
      .map((server) => toServerItem(server, deps.servers.toolCount(server.name)))
    return { items: items.toSorted((a, b) => (a.name < b.name ? -1 : 1)) }
  })
}

/** A server as shown. */
export function toServerItem(server: ServerStatus, tools: number | null): ServerItem {
  const { name, kind, state, reason, pids, era, inFlight } = server
  return { name, kind, state, reason, pid: pids[0] ?? null, pids: [...pids], era, tools, inFlight }
}
