import { createMac, Sealer } from '@sallyport/kit/crypto'
import { Deadlines, FairQueue, PrincipalSlots } from '@sallyport/kit/limits'
import { LegacySessions, McpEdge } from '@sallyport/kit/mcp'
import { NO_SERVER } from '@sallyport/kit/metrics'
import { GatewayApplication } from './call/application.ts'
import { createCarry } from './call/carry.ts'
import { createDispatch } from './call/dispatch.ts'
import { ServerMeeting } from './call/meet-servers.ts'
import { TargetFinder } from './call/target-finder.ts'
import { TaskIds } from './call/task-ids.ts'
import type { FeatureDeps } from './features/feature.ts'
import { FEATURES } from './features/list.ts'
import type { Base } from './open-base.ts'
import { ParkedCalls } from './questions/parked-calls.ts'
import { Questions } from './questions/questions.ts'
import { RequestStates } from './questions/request-state.ts'
import { Catalogue } from './routing/catalogue.ts'
import { OpenViews } from './routing/views.ts'
import { Broadcast } from './subscriptions/broadcast.ts'
import { Subscriptions } from './subscriptions/subscriptions.ts'
import type { RunnableConfig } from './config/index.ts'
import { fingerprintOf } from './upstreams/fingerprint.ts'
import type { UpstreamEvents, Upstreams } from './upstreams/upstream.ts'
import { openUpstreams } from './upstreams/upstreams.ts'

/** Merging and sending come on top: a list takes at most 5 s in all. */
const LIST_WAIT_MS = 4_900
const UNREAD_BYTES_MAX = 4 * 1024 * 1024

/** MCP on both sides: the edge towards clients, the upstreams towards servers. */
export interface Mcp {
  readonly edge: McpEdge
  readonly upstreams: Upstreams
  readonly catalogue: Catalogue
}

/** Opens catalogue, upstreams and edge and ties them together. */
export async function openMcp(base: Base, scope: AsyncDisposableStack): Promise<Mcp> {
  const { options, state } = base
  const { config, clock, log, version } = options
  const { limits } = config
  const catalogue = scope.use(
    await Catalogue.open({
      servers: config.servers,
      fingerprintOf,
      store: state.store.catalogues,
      clock,
      log,
      shortNames: config.names === 'short',
    }),
  )
  const news = new News()
  const upstreams = scope.use(
    await openUpstreams({
      servers: config.servers,
      limits: { resultBytes: limits.resultBytes, callMs: limits.callMs },
      toolsKnown: new Map(
        catalogue.list().map(({ server, tools }) => [server, tools.items.length]),
      ),
      clock,
      log,
      eras: state.store.catalogues,
      gatewayId: state.gatewayId,
      clientInfo: { name: 'sallyport', version },
      events: upstreamEvents(base, catalogue, news),
    }),
  )
  const queues = openQueues(config)
  const deadlines = scope.use(new Deadlines(clock))
  const sealer = new Sealer(state.keys, 'mcp')
  const views = new OpenViews({
    catalogue,
    endpoints: config.endpoints,
    names: config.names,
    status: () => upstreams.status(),
    sealer,
    pageItems: limits.listTools,
    serverInfo: { name: 'sallyport', title: 'Sallyport', version },
    log,
  })
  const parked = scope.use(
    new ParkedCalls({
      deadlines,
      reserve: (principalId) => base.budget.reserve(principalId),
      limits: limits.questions,
    }),
  )
  const taskIds = new TaskIds(createMac(state.keys.deriveKey('mcp/tasks')))
  const shared = { views, upstreams, deadlines, sealer, parked, taskIds }
  const { app, subscriptions } = createApplication(base, shared, queues)
  const sessions = new LegacySessions(sealer, clock, limits.session)
  const edge = openEdge(base, app, { sessions, deadlines })
  scope.use(edge)
  const broadcast = new Broadcast({ sessions, views, upstreams, taskIds })
  news.updated = (server, key, uri, params) => subscriptions.updated(server, key, uri, params)
  news.told = (server, key, message) => broadcast.tell(server, key, message)
  catalogue.onChanged = (server, kind) => {
    const list = kind === 'resourceTemplates' ? 'resources' : kind
    edge.changed(list, (one) => views.shows(one, server))
  }
  base.revoked.end = (principalId) => {
    edge.endPrincipal(principalId)
    parked.endPrincipal(principalId)
  }
  watchRuntime(base, { edge, upstreams, catalogue }, queues)
  return { edge, upstreams, catalogue }
}

/** What servers tell outside of calls, and who takes it; set once those exist. */
class News {
  updated: NonNullable<UpstreamEvents['onResourceUpdated']> = () => undefined
  told: NonNullable<UpstreamEvents['onNotification']> = () => undefined
}

interface Shared {
  readonly views: OpenViews
  readonly upstreams: Upstreams
  readonly deadlines: Deadlines
  readonly sealer: Sealer
  readonly parked: ParkedCalls
  readonly taskIds: TaskIds
}

function createApplication(
  base: Base,
  { views, upstreams, deadlines, sealer, parked, taskIds }: Shared,
  queues: ReadonlyMap<string, FairQueue>,
): { readonly app: GatewayApplication; readonly subscriptions: Subscriptions } {
  const { options } = base
  const { config, clock, log, version } = options
  const { limits } = config
  const { timeoutMs } = limits.questions
  const states = new RequestStates({ sealer, clock, lifeMs: timeoutMs })
  const questions = new Questions({ states, deadlines, parked, timeoutMs })
  const subscriptions = new Subscriptions({ upstreams, log })
  const meeting = new ServerMeeting({ upstreams, log, waitMs: LIST_WAIT_MS })
  const clientInfo = JSON.stringify({ name: 'sallyport', version })
  const carry = createCarry({ upstreams, views, questions, taskIds, clientInfo })
  const app = new GatewayApplication({
    version,
    views,
    upstreams,
    subscriptions,
    meeting,
    targets: new TargetFinder({ views, taskIds, servers: config.servers }),
    interceptors: FEATURES.map((feature) => feature.open(featureDeps(base, queues))),
    dispatch: createDispatch({ views, meeting, subscriptions, carry }),
    deadlines,
    clock,
    log,
    tracer: base.tracer,
    limits: { callMs: limits.callMs },
  })
  return { app, subscriptions }
}

function openEdge(
  base: Base,
  app: GatewayApplication,
  { sessions, deadlines }: { readonly sessions: LegacySessions; readonly deadlines: Deadlines },
): McpEdge {
  const { clock, log, config } = base.options
  const { limits } = config
  return new McpEdge(app, {
    sessions,
    deadlines,
    charge: (principalId) => base.door.rates.take(principalId),
    reserve: (principalId) => base.budget.reserve(principalId),
    clock,
    log,
    limits: {
      requestBytes: limits.requestBytes,
      depth: limits.depth,
      stallMs: limits.streamStallMs,
      unreadBytesMax: Math.max(UNREAD_BYTES_MAX, limits.resultBytes * 2),
    },
  })
}

/** What servers announce goes to the catalogue, the clients and the metrics; states are read when they are asked for. */
function upstreamEvents({ metrics }: Base, catalogue: Catalogue, news: News): UpstreamEvents {
  return {
    onList: (server, kind, pages, announced) => catalogue.onList(server, kind, pages, announced),
    onFacts: (server, facts) => catalogue.onFacts(server, facts),
    onResourceUpdated: (server, key, uri, params) => news.updated(server, key, uri, params),
    onNotification: (server, key, message) => news.told(server, key, message),
    onStart: (server, how) => {
      metrics.serverStarted(server, how !== 'failed')
      if (how === 'restarted') metrics.serverRestarted(server)
    },
    onStray: (server) => metrics.serverStrayed(server),
  }
}

function openQueues(config: RunnableConfig): ReadonlyMap<string, FairQueue> {
  const slots = new PrincipalSlots(config.limits.perPrincipal.concurrent)
  return new Map(
    Object.values(config.servers).map(({ name, inFlight, queued }) => [
      name,
      new FairQueue({ inFlightMax: inFlight, queuedMax: queued }, slots),
    ]),
  )
}

function featureDeps(base: Base, queues: ReadonlyMap<string, FairQueue>): FeatureDeps {
  const { audit, metrics, state, options } = base
  const argumentsMac = createMac(state.keys.deriveKey('audit/arguments'))
  return {
    clock: options.clock,
    audit,
    argumentsMac: (bytes) => argumentsMac(bytes).toString('hex'),
    queueOf: (server) => queues.get(server) ?? new FairQueue({ inFlightMax: 1, queuedMax: 0 }),
    onFinished: ({ server, tool, method, outcome, durationMs }) => {
      metrics.callFinished(server === '' ? NO_SERVER : server, method, outcome, durationMs / 1_000)
      if (tool !== '') metrics.toolFinished(server, tool, outcome === 'ok')
    },
    onRecorded: (kind) => metrics.auditAppended(kind),
    onUnrecorded: () => metrics.auditFailed(),
  }
}

function watchRuntime(base: Base, mcp: Mcp, queues: ReadonlyMap<string, FairQueue>): void {
  base.metrics.watch(() => ({
    servers: mcp.upstreams.status().map(({ name, state, inFlight }) => ({
      name,
      state,
      inFlight,
      queued: queues.get(name)?.queued ?? 0,
    })),
    bufferedBytes: base.budget.total,
    openStreams: mcp.edge.load.streams,
    legacySessions: mcp.edge.load.sessions,
    storeWritable: base.audit?.writable ?? true,
  }))
}
