import type {
  GatewayStatus,
  GroupItem,
  GroupList,
  UsageItem,
  UsageList,
} from '@sallyport/contract/admin'
import type { FastifyInstance } from 'fastify'
import type { HealthFacts } from './health.ts'

export interface SightDeps {
  readonly metrics: { readonly contentType: string; render(): Promise<string> }
  readonly health: () => HealthFacts
  readonly status: () => GatewayStatus
  /** Every group of the configuration in force. */
  readonly groups: () => readonly GroupItem[]
  /** What each principal used today. */
  readonly usage: () => readonly UsageItem[]
}

/** What can be seen of a running gateway: metrics, status, groups, usage. Health is answered before Fastify. */
export function addSightRoutes(app: FastifyInstance, deps: SightDeps): void {
  app.get('/metrics', async (_request, reply) => {
    const text = await deps.metrics.render()
    return reply.type(deps.metrics.contentType).send(text)
  })
  app.get('/api/v1/status', async (): Promise<GatewayStatus> => deps.status())
  app.get('/api/v1/groups', async (): Promise<GroupList> => {
    return { items: deps.groups().toSorted((a, b) => (a.name < b.name ? -1 : 1)) }
  })
  app.get('/api/v1/usage', async (): Promise<UsageList> => {
    return { items: deps.usage().toSorted((a, b) => (a.principal < b.principal ? -1 : 1)) }
  })
}
