import { parse } from 'node:path'
import { createMac, Sealer } from '@sallyport/kit/crypto'
import { Deadlines } from '@sallyport/kit/limits'
import { LegacySessions } from '@sallyport/kit/mcp'
import { holderOf } from '@sallyport/kit/principal'
import { Secret } from '@sallyport/kit/secret'
import { TaskIds } from './call/task-ids.ts'
import type { RunnableConfig } from './config/index.ts'
import { CallState } from './feature-deps.ts'
import { createGeneration, type Lasting } from './generation.ts'
import { tellMark, tellSession } from './events/tell-events.ts'
import { endsStreams } from './identity/renewal.ts'
import { Marks, type MarksDeps } from './marks.ts'
import { Mcp } from './mcp.ts'
import type { Base } from './open-base.ts'
import { ParkedCalls } from './questions/parked-calls.ts'
import { RequestStates } from './questions/request-state.ts'
import { Catalogue } from './routing/catalogue.ts'
import { Links } from './routing/links.ts'
import type { Views } from './routing/view.ts'
import { SlackChild } from './slack/slack-child.ts'
import { Subscriptions, type Watch } from './subscriptions/subscriptions.ts'
import { fingerprintOf } from './upstreams/fingerprint.ts'
import type { ServerFleet, UpstreamEvents, Upstreams } from './upstreams/upstream.ts'
import { openUpstreams } from './upstreams/upstreams.ts'

/** Opens catalogue, servers and edge and ties them together. */
export async function openMcp(base: Base, scope: AsyncDisposableStack): Promise<Mcp> {
  const { options, state, settings } = base
  const { config, clock, log } = options
  const catalogue = scope.use(
    await Catalogue.open({
      servers: config.servers,
      fingerprintOf,
      store: state.store.catalogues,
      clock,
      log,
      shortNames: () => settings.config.names === 'short',
    }),
  )
  const news = new News()
  const slack = createSlack(base)
  const fleet = scope.use(await openFleet(base, catalogue, { news, slack }))
  if (slack !== undefined) scope.use(slack)
  const deadlines = scope.use(new Deadlines(clock))
  const sealer = new Sealer(state.keys, 'mcp')
  const parked = scope.use(
    new ParkedCalls({
      deadlines,
      reserve: (principalId) => base.budget.reserve(principalId),
      limits: settings.questions,
    }),
  )
  // Who subscribes does so with the servers of the day.
  const live: Pick<Upstreams, 'subscribe' | 'unsubscribe' | 'keyOf'> = {
    subscribe: (...asked) => current.generation.upstreams.subscribe(...asked),
    unsubscribe: (...asked) => current.generation.upstreams.unsubscribe(...asked),
    keyOf: (...asked) => current.generation.upstreams.keyOf(...asked),
  }
  const { events, servers } = base.telling
  const onChanged: MarksDeps['onChanged'] = (...told) => tellMark(events, ...told)
  const marks = await Marks.open({ store: state.store.marks, fleet, clock, log, onChanged })
  const lasting: Lasting = {
    ...{ fleet, catalogue, deadlines, sealer, parked, marks, slack },
    sessions: new LegacySessions(sealer, clock, settings.session),
    states: new RequestStates({ sealer, clock, limits: settings.questions }),
    taskIds: new TaskIds(createMac(state.keys.deriveKey('mcp/tasks'))),
    links: new Links(),
    subscriptions: new Subscriptions({
      ...{ upstreams: live, log },
      sees: (watch) => seesStill(current.generation.views, watch),
    }),
    calls: scope.use(new CallState(base, deadlines)),
  }
  const current = { generation: createGeneration(base, lasting, config) }
  const mcp = new Mcp(base, lasting, current, scope)
  connectNews(mcp, lasting, news)
  slack?.apply(config)
  fleet.prestart()
  lasting.sessions.onChange = (...told) => tellSession(events, ...told)
  mcp.edge.core.streams.onChange = (...told) => tellSession(events, ...told)
  servers.watch(() => fleet.status())
  base.identity.onEnded((principalId) => mcp.endPrincipal(principalId))
  base.identity.onRenewed((renewal) => {
    const { before, after } = renewal
    if (before !== after) mcp.renewPrincipal(before, after)
    if (endsStreams(renewal)) mcp.endStreams(renewal.after.id)
  })
  base.identity.suspensions.onChange(({ kind, subject, suspended }) => {
    if (!suspended) return
    mcp.edge.core.endListening(kind === 'session' ? { session: subject } : { principal: subject })
  })
  return mcp
}

/** Whether a resource is still there for who watches it, and still the same one. */
function seesStill(views: Views, { subscriber, target, shownUri }: Watch): boolean {
  const { scope, principal } = subscriber
  if (!principal.permissions.has('mcp.list') || !views.has(scope, principal.sight)) return false
  if (principal.sight === undefined) return true
  const found = views.get(scope, principal.sight).resource(shownUri, holderOf(principal))
  return found?.server === target.server && found.name === target.name
}

/** What runs the Slack server where there is one; it runs nothing yet. */
function createSlack({ options, state, callers }: Base): SlackChild | undefined {
  const { slackProgram: program, clock, log, accessDestination } = options
  if (program === undefined) return undefined
  const mark = `${state.gatewayId}/${state.instance}`
  // Every path it is given is absolute, and a `.env` beside the gateway's file is not meant for it.
  const cwd = parse(process.execPath).root
  const child = { program, mark, cwd, environment: process.env, output: accessDestination }
  const { publicKey } = callers
  // The same for a gateway that takes over: for a while it uses the child of the one before.
  const token = new Secret(state.keys.deriveKey('slack/child').toString('hex'))
  const { slackPort: elder } = state
  return new SlackChild({
    ...{ ...child, token, elder },
    callers: publicKey,
    clock,
    log: log.child({ server: 'slack' }),
  })
}

interface FleetSurroundings {
  readonly news: News
  readonly slack: SlackChild | undefined
}

function openFleet(
  base: Base,
  catalogue: Catalogue,
  { news, slack }: FleetSurroundings,
): Promise<ServerFleet> {
  const { options, state, settings } = base
  const { config, clock, log, version } = options
  return openUpstreams({
    servers: config.servers,
    limits: settings.answers,
    toolsKnown: new Map(catalogue.list().map(({ server, tools }) => [server, tools.items.length])),
    clock,
    log,
    eras: state.store.catalogues,
    ...{ gatewayId: state.gatewayId, instanceId: state.instance },
    livingInstances: state.living(),
    clientInfo: { name: 'sallyport', version },
    callers: base.callers,
    isMember: (server) => isMember(settings.config, server),
    own: slack && { slack },
    events: upstreamEvents(base, catalogue, news),
  })
}

/** What servers tell outside of calls, and who takes it; set once those exist. */
class News {
  updated: NonNullable<UpstreamEvents['onResourceUpdated']> = () => undefined
  told: NonNullable<UpstreamEvents['onNotification']> = () => undefined
  state: () => void = () => undefined
}

function connectNews(mcp: Mcp, { catalogue }: Lasting, news: News): void {
  news.updated = (...told) => mcp.generation.upstreams.resourceUpdated(...told)
  news.state = () => mcp.generation.upstreams.noteState()
  news.told = (server, key, message) => mcp.generation.broadcast.tell(server, key, message)
  catalogue.onChanged = (server, change) => {
    const list = change.kind === 'resourceTemplates' ? 'resources' : change.kind
    mcp.edge.changed(list, ({ scope, principal }) =>
      mcp.generation.views.shows(scope, server, principal.sight, change),
    )
  }
}

function isMember({ groups }: RunnableConfig, server: string): boolean {
  return Object.values(groups).some(({ members }) => members.some((one) => one.server === server))
}

/** What servers announce goes to the catalogue, the clients, the groups and the metrics. */
function upstreamEvents(
  { metrics, telling }: Base,
  catalogue: Catalogue,
  news: News,
): UpstreamEvents {
  return {
    onList: (server, kind, pages, announced) => catalogue.onList(server, kind, pages, announced),
    onFacts: (server, facts) => catalogue.onFacts(server, facts),
    onResourceUpdated: (server, key, uri, params) => news.updated(server, key, uri, params),
    onNotification: (server, key, message) => news.told(server, key, message),
    onState: (status) => {
      catalogue.setHidden(status.name, status.state === 'blocked')
      telling.servers.state(status)
      news.state()
    },
    onStart: (server, how) => {
      metrics.serverStarted(server, how !== 'failed')
      if (how === 'restarted') metrics.serverRestarted(server)
    },
    onStray: (server) => metrics.serverStrayed(server),
    onCheck: (server, check) => {
      metrics.stayUp.serverChecked(server, check.ok)
      telling.servers.check(server, check)
    },
  }
}
