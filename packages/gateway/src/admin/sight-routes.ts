import type { GatewayStatus, GroupItem, UsageItem } from '@sallyport/contract/admin'
import type { FastifyInstance } from 'fastify'
import { seesServer } from '../sees-server.ts'
import { addRoutes } from './add-routes.ts'
import type { HealthFacts } from './health.ts'
import { page } from './page.ts'

export interface SightDeps {
  readonly metrics: { readonly contentType: string; render(): Promise<string> }
  readonly health: () => HealthFacts
  readonly status: () => GatewayStatus
  /** Every group of the configuration in force. */
  readonly groups: () => readonly GroupItem[]
  /** What each principal used today; of one tenant, or of all with null. */
  readonly usage: (tenant: string | null) => readonly UsageItem[]
}

/** What can be seen of a running gateway: metrics, status, groups, usage. Health is answered before Fastify. */
export function addSightRoutes(app: FastifyInstance, deps: SightDeps): void {
  addRoutes(app, {
    'metrics.read': async ({ reply }) => {
      void reply.type(deps.metrics.contentType)
      return deps.metrics.render()
    },
    'status.read': () => deps.status(),
    'groups.list': ({ query, caller }) => {
      const seen = deps.groups().filter(({ name }) => seesServer(caller, name))
      return page(seen, ({ name }) => name, query)
    },
    'usage.list': ({ query, caller }) =>
      page(deps.usage(caller.tenant), ({ principal }) => principal, query),
  })
}
