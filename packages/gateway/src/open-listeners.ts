import { AppError } from '@sallyport/kit/errors'
import {
  type Listener,
  type ListenerOptions,
  LISTENER_REFUSALS,
  type ListenerRefusal,
  openListener,
} from '@sallyport/kit/http'
import { prepareSocketFolder, socketPathOf } from '@sallyport/kit/lifecycle'
import { AccessLog } from '@sallyport/kit/log'
import { StdioEdge } from '@sallyport/kit/mcp'
import { type AdminApp, type AdminDeps, createAdminApp } from './admin/admin-app.ts'
import { LOCAL_ADMIN } from './admin/entrance.ts'
import type { HealthFacts } from './admin/health.ts'
import { createDataHandler, createLocalHandler } from './data-handler.ts'
import type { Doors } from './doors.ts'
import type { Entries } from './entries/entries.ts'
import { drain } from './handover/drain.ts'
import type { Inherited } from './handover/inherited.ts'
import { LocalSocket } from './handover/local-socket.ts'
import { createLocalUpgrade } from './handover/local-upgrade.ts'
import { OldSide } from './handover/old-side.ts'
import type { Base } from './open-base.ts'
import type { Mcp } from './mcp.ts'
import { Operations } from './operations.ts'
import { SessionControl } from './sessions/session-control.ts'
import { openErasure } from './secrets/open-erasure.ts'
import type { ConfigControl } from './reload/config-control.ts'
import { withChildMetrics } from './slack/child-metrics.ts'
import { PassThrough } from './slack/pass-through.ts'
import type { Users } from './users/open-users.ts'

const SOCKET_MODE = 0o600

/** Where the gateway listens, `host:port`; empty where it opened no port. */
export interface Addresses {
  data: string
  admin: string
}

/** What a gateway that accepts clients is known by. */
export interface Listening {
  readonly addresses: Readonly<Addresses>
  /** Who is connected over the local socket by lines. */
  readonly stdio: StdioEdge
  /** Settles once another process has taken over. */
  readonly handedOver: Promise<void>
}

/** What listens and answers. */
export interface Served {
  readonly base: Base
  readonly mcp: Mcp
  readonly doors: Doors
  readonly config: ConfigControl
  readonly entries: Entries
  readonly inherited: Inherited
  readonly users: Users
}

/** What changes while the gateway lives. */
interface Life {
  phase: HealthFacts['phase']
  readonly startedAtMs: number
  readonly startedMs: number
  readonly addresses: Addresses
  readonly handedOver: PromiseWithResolvers<void>
  isHandedOver: boolean
}

/**
 * Opens the local socket, then the admin and data listeners, unless the gateway is `localOnly`; what clients
 * have in flight drains when `scope` ends.
 */
export async function openListeners(
  served: Served,
  scope: AsyncDisposableStack,
): Promise<Listening> {
  const { base, mcp, doors } = served
  const { config, log, clock, localOnly } = base.options
  const { limits } = config
  const life: Life = {
    phase: 'starting',
    startedAtMs: clock.nowMs(),
    startedMs: clock.monotonicMs(),
    addresses: { data: '', admin: '' },
    handedOver: Promise.withResolvers(),
    isHandedOver: false,
  }
  const entrance = {
    get door() {
      return doors.admin
    },
    host: config.admin.host,
    protectMetrics: config.metrics.protect,
  }
  const admin = scope.use(createAdminApp({ ...adminDeps(served, life), entrance }))
  const shared = {
    limits,
    isProxy: (peer: string) => doors.data.proxies.includes(peer),
    onRefused: (why: ListenerRefusal) => base.metrics.doorRefused(LISTENER_REFUSALS[why]),
  }
  const stdio = new StdioEdge(mcp.edge.core)
  await openLocal({ ...served, life, admin, shared, stdio }, scope)
  const ports = localOnly ? undefined : await openPorts({ ...served, life, admin, shared }, scope)
  scope.defer(async () => {
    life.phase = 'draining'
    base.telling.streams[Symbol.dispose]()
    const { drainMs, stopDelayMs } = base.settings.config.limits
    const handedOver = life.isHandedOver
    log.info({ drainMs, handedOver }, 'gateway stopping')
    const sinceMs = clock.monotonicMs()
    await drain({ edge: mcp.edge, stdio, ports }, { drainMs, stopDelayMs, handedOver })
    const tookMs = Math.round(clock.monotonicMs() - sinceMs)
    log.info({ tookMs, shuttingDown: mcp.edge.core.calls.cut }, 'clients let go')
  })
  life.addresses.data = ports?.data.address ?? ''
  life.addresses.admin = ports?.admin.address ?? ''
  life.phase = 'running'
  return { addresses: life.addresses, stdio, handedOver: life.handedOver.promise }
}

interface ListenerDeps extends Served {
  readonly life: Life
  readonly admin: AdminApp
  readonly shared: Omit<ListenerOptions, 'address' | 'handler'>
}

/** Opens the socket of the local administrator, over which a new gateway may take over from this one. */
async function openLocal(
  { base, mcp, life, admin, shared, stdio }: ListenerDeps & { readonly stdio: StdioEdge },
  scope: AsyncDisposableStack,
): Promise<void> {
  const { state, options } = base
  const path = socketPathOf(state.base)
  prepareSocketFolder(state.base, path)
  const isStopping = (): boolean => life.phase === 'draining'
  const oldSide = new OldSide({
    self: () => ({
      pid: process.pid,
      version: options.version,
      instances: [state.instance, ...state.living()],
      slackPort: mcp.slack?.place,
    }),
    data: () => life.addresses.data,
    refusal: () => (isStopping() ? new AppError('shutting_down', 'the gateway stops') : undefined),
    held: () => [socket, state.hold],
    leave: () => {
      life.isHandedOver = true
      life.handedOver.resolve()
    },
    log: options.log,
  })
  const onUpgrade = createLocalUpgrade(
    {
      stdio,
      hasScope: (asked) => mcp.edge.core.app.hasScope(asked, LOCAL_ADMIN),
      running: () => !isStopping(),
    },
    oldSide,
  )
  const address = { path, mode: SOCKET_MODE }
  const handler = createLocalHandler(mcp.edge, admin.handleLocally)
  const socket = scope.use(await LocalSocket.open({ address, handler, onUpgrade, ...shared }))
  scope.use(oldSide)
}

/** Opens the two listeners of the network. */
async function openPorts(
  { base, mcp, life, admin, doors, inherited, shared }: ListenerDeps,
  scope: AsyncDisposableStack,
): Promise<{ readonly data: Listener; readonly admin: Listener }> {
  const { config, clock } = base.options
  const adminListener = scope.use(
    await openNamed('admin', {
      address: inherited.admin ?? config.admin,
      ...{ handler: admin.handle, ...shared },
    }),
  )
  const accessLog = openAccessLog(base, scope)
  const healthFacts = () => readHealth(base, mcp, life)
  const handler = createDataHandler({
    ...{ door: () => doors.data, edge: mcp.edge, tokens: base.tokens, callers: base.callers },
    ...{ healthFacts, accessLog, clock, passThrough: createPassThrough(base, mcp) },
  })
  const address = inherited.listen ?? config.listen
  const data = scope.use(await openNamed('listen', { address, handler, ...shared }))
  base.tokens.listensAt(data.address)
  return { data, admin: adminListener }
}

/** The Slack server while one is configured. */
function slackOf({ base, mcp }: Pick<Served, 'base' | 'mcp'>): Mcp['slack'] {
  return base.settings.config.slack === undefined ? undefined : mcp.slack
}

function createPassThrough(base: Base, mcp: Mcp): PassThrough {
  const { settings, budget } = base
  return new PassThrough({
    child: () => slackOf({ base, mcp }),
    requestBytesMax: () => settings.config.limits.requestBytes,
    reserve: (address) => budget.reserve(`address:${address}`),
  })
}

/** Opens a listener whose refusal names the key of the configuration that its address came from. */
async function openNamed(key: 'listen' | 'admin', options: ListenerOptions): Promise<Listener> {
  try {
    return await openListener(options)
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause
    throw new AppError(cause.code, `${key}: ${cause.message}`, { cause })
  }
}

function openAccessLog({ options }: Base, scope: AsyncDisposableStack): AccessLog | undefined {
  if (!options.config.log.access) return undefined
  return scope.use(
    AccessLog.open({ destination: options.accessDestination, json: options.accessJson }),
  )
}

function readHealth(base: Base, mcp: Mcp, life: Life): HealthFacts {
  return {
    // What was handed over is ready: another process answers there.
    phase: life.isHandedOver ? 'running' : life.phase,
    storeWritable: base.audit?.writable ?? true,
    loopStuck: base.loop.stuck,
    version: base.options.version,
    uptimeSeconds: (base.options.clock.monotonicMs() - life.startedMs) / 1_000,
    servers: mcp.fleet.status(),
    groups: mcp.generation.upstreams.groupStatus(),
    draining: mcp.marks.draining,
  }
}

function adminDeps(served: Served, life: Life): Omit<AdminDeps, 'entrance'> {
  const { base, mcp, config, entries, users, doors } = served
  const { state, options, metrics, settings } = base
  const { clock, log, version } = options
  const { fleet, marks, catalogue } = mcp
  const toolCount = (server: string): number | null => {
    const known = catalogue.get(server)?.tools
    return known?.readAtMs === undefined ? null : known.items.length
  }
  return {
    ...base.identity.services(() => settings.config),
    ...{ log, clock, ...base.checklist },
    audit: state.store.reader,
    operations: new Operations({
      ...{ fleet, marks, toolCount, clock, log },
      config: () => settings.config,
    }),
    sessions: new SessionControl({
      ...{ edge: mcp.edge.core, keeper: base.identity.suspensions, clock, log },
      isCredential: (id) => base.identity.credentials.names().has(id),
    }),
    config,
    ...{ events: base.telling.events, eventStreams: base.telling.streams },
    secrets: base.secrets,
    erasure: openErasure(base, users.people),
    ...{ people: users.people, userService: users.userService, loginService: users.loginService },
    pages: () => settings.config,
    hostOf: (req) => doors.admin.hostOf(req),
    onLoginFailed: (error, address, requestId) =>
      base.door.onRefused(error, address, undefined, requestId),
    entries,
    inForce: () => settings.config,
    groups: () => mcp.generation.upstreams.groupStatus(),
    usage: (tenant) => {
      const names = base.identity.credentials.names()
      const tenants = tenant === null ? undefined : base.identity.credentials.tenants()
      const all = base.quotas.usage.list()
      const rows = all.filter(
        (row) => tenants === undefined || tenants.get(row.principal) === tenant,
      )
      return rows.map((row) => ({ ...row, name: names.get(row.principal) ?? null }))
    },
    metrics: withChildMetrics(metrics, () => slackOf(served)),
    health: () => readHealth(base, mcp, life),
    status: () => ({
      version,
      environment: settings.config.environment,
      phase: life.phase,
      pid: process.pid,
      startedAt: new Date(life.startedAtMs).toISOString(),
      uptimeSeconds: (clock.monotonicMs() - life.startedMs) / 1_000,
      data: life.addresses.data,
      admin: life.addresses.admin,
      store: { kind: state.store.kind, writable: base.audit?.writable ?? true },
      servers: Object.keys(settings.config.servers).length,
      callsInFlight: mcp.edge.load.requests,
    }),
  }
}
