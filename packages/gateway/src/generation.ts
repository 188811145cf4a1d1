import type { Sealer } from '@sallyport/kit/crypto'
import type { Deadlines } from '@sallyport/kit/limits'
import type { LegacySessions } from '@sallyport/kit/mcp'
import { GatewayApplication } from './call/application.ts'
import { createCarry } from './call/carry.ts'
import { createDispatch } from './call/dispatch.ts'
import { ServerMeeting } from './call/meet-servers.ts'
import { TargetFinder } from './call/target-finder.ts'
import type { TaskIds } from './call/task-ids.ts'
import type { RunnableConfig } from './config/index.ts'
import { type CallState, featureDeps } from './feature-deps.ts'
import { FEATURES } from './features/list.ts'
import { READ_MORE_TOOL } from './features/results/read-more-tool.ts'
import { GroupedUpstreams } from './groups/grouped-upstreams.ts'
import type { Marks } from './marks.ts'
import type { Base } from './open-base.ts'
import type { ParkedCalls } from './questions/parked-calls.ts'
import { Questions } from './questions/questions.ts'
import type { RequestStates } from './questions/request-state.ts'
import type { Catalogue } from './routing/catalogue.ts'
import { GroupCatalogue } from './routing/group-catalogue.ts'
import type { Links } from './routing/links.ts'
import { OpenViews } from './routing/views.ts'
import type { SlackChild } from './slack/slack-child.ts'
import { Broadcast } from './subscriptions/broadcast.ts'
import type { Subscriptions } from './subscriptions/subscriptions.ts'
import type { ServerFleet } from './upstreams/upstream.ts'

/** Merging and sending come on top: a list takes at most 5 s in all. */
const LIST_WAIT_MS = 4_900

/** What lives on when the configuration changes: sessions, servers, what is waited for and counted. */
export interface Lasting {
  readonly fleet: ServerFleet
  readonly catalogue: Catalogue
  readonly sessions: LegacySessions
  readonly deadlines: Deadlines
  readonly sealer: Sealer
  readonly parked: ParkedCalls
  readonly states: RequestStates
  readonly taskIds: TaskIds
  readonly links: Links
  readonly subscriptions: Subscriptions
  readonly marks: Marks
  readonly calls: CallState
  /** Undefined where this process can run none. */
  readonly slack: SlackChild | undefined
}

/**
 * Everything that follows from one configuration. Made without opening anything, so that it can be thrown
 * away again; calls keep the one they began with.
 */
export interface Generation {
  readonly config: RunnableConfig
  readonly views: OpenViews
  /** The servers and groups as calls see them. */
  readonly upstreams: GroupedUpstreams
  readonly app: GatewayApplication
  readonly broadcast: Broadcast
}

/** Makes the generation of a configuration over what lasts. The catalogue must know its servers. */
export function createGeneration(base: Base, lasting: Lasting, config: RunnableConfig): Generation {
  const { clock, log, version } = base.options
  const { limits } = config
  const { fleet, catalogue, deadlines, sealer, parked, states, taskIds, subscriptions } = lasting
  const { quotas } = lasting.calls
  // After the catalogue knows its servers: of the generations the last one is told what is read.
  const known = new GroupCatalogue(catalogue, config.groups)
  const upstreams = new GroupedUpstreams({
    ...{ fleet, catalogue, clock, log, groups: config.groups, servers: config.servers },
    queueOf: (server) => lasting.calls.queueOf(server),
    bounds: {
      slots: (target, tenant) => quotas.bounds.slotsAt(target, tenant),
      take: (target, principalId) => quotas.takeAtMember(target, principalId),
      giveBack: (target, principalId) => quotas.giveBackAtMember(target, principalId),
    },
    onResourceUpdated: (...news) => subscriptions.updated(...news),
  })
  const deps = featureDeps(base, lasting.calls, config)
  const ownTools = deps.budgets ? [READ_MORE_TOOL] : []
  const views = new OpenViews({
    catalogue: known,
    endpoints: config.endpoints,
    names: config.names,
    status: () => upstreams.status(),
    groupStatus: () => upstreams.groupStatus(),
    sealer,
    links: lasting.links,
    pageItems: limits.listTools,
    restrictedViews: limits.restrictedViews,
    ownTools,
    serverInfo: { name: 'sallyport', title: 'Sallyport', version },
    log,
  })
  const { timeoutMs } = limits.questions
  const questions = new Questions({ states, deadlines, parked, timeoutMs })
  const meeting = new ServerMeeting({ upstreams, log, waitMs: LIST_WAIT_MS })
  const clientInfo = JSON.stringify({ name: 'sallyport', version })
  const carry = createCarry({ upstreams, views, questions, taskIds, clientInfo })
  const app = new GatewayApplication({
    version,
    views,
    upstreams,
    subscriptions,
    meeting,
    targets: new TargetFinder({
      ...{ views, taskIds, servers: config.servers },
      groupOf: (name) => known.place(name),
      ownTools: new Set(ownTools.map(({ key }) => key)),
    }),
    interceptors: FEATURES.map((feature) => feature.open(deps)),
    dispatch: createDispatch({ views, meeting, subscriptions, carry }),
    deadlines,
    clock,
    log,
    tracer: base.tracer,
    marks: lasting.marks,
    limits: { callMs: limits.callMs, holdMs: timeoutMs },
  })
  const broadcast = new Broadcast({ sessions: lasting.sessions, views, upstreams, taskIds })
  return { config, views, upstreams, app, broadcast }
}
