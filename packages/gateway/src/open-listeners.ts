import { AppError, type ErrorCode } from '@sallyport/kit/errors'
import {
  type Listener,
  type ListenerOptions,
  type ListenerRefusal,
  openListener,
} from '@sallyport/kit/http'
import { prepareSocketFolder, socketPathOf } from '@sallyport/kit/lifecycle'
import { AccessLog } from '@sallyport/kit/log'
import { StdioEdge } from '@sallyport/kit/mcp'
import { type AdminApp, type AdminDeps, createAdminApp } from './admin/admin-app.ts'
import type { HealthFacts } from './admin/health.ts'
import { createDataHandler, createLocalHandler } from './data-handler.ts'
import { createLineUpgrade } from './local-lines.ts'
import type { Doors } from './doors.ts'
import type { Base } from './open-base.ts'
import type { Mcp } from './open-mcp.ts'
import { Operations } from './operations.ts'
import type { ConfigControl } from './reload/config-control.ts'

/** What counts connections that never became a request. */
const REFUSALS = {
  connections: 'overloaded',
  connections_per_address: 'overloaded',
  malformed: 'usage',
  headers_too_large: 'request_too_large',
  request_slow: 'request_slow',
} as const satisfies Record<ListenerRefusal, ErrorCode>

/** A loop this slow is not busy but broken: only a restart helps. */
const STUCK_MS = 10_000
const SOCKET_MODE = 0o600
/** Calls that outlast the drain are aborted; for this long their answers may still go out. */
const LAST_ANSWERS_MS = 1_000

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
}

/** What listens and answers. */
export interface Served {
  readonly base: Base
  readonly mcp: Mcp
  readonly doors: Doors
  readonly config: ConfigControl
}

/** What changes while the gateway lives. */
interface Life {
  phase: HealthFacts['phase']
  readonly startedAtMs: number
  readonly startedMs: number
  readonly addresses: Addresses
}

/**
 * Opens the local socket, then the admin and data listeners, unless the gateway is `localOnly`; what clients
 * have in flight drains when `scope` ends.
 */
export async function openListeners(
  { base, mcp, doors, config: control }: Served,
  scope: AsyncDisposableStack,
): Promise<Listening> {
  const { config, log, clock, localOnly } = base.options
  const { limits } = config
  const { settings } = base
  const life: Life = {
    phase: 'starting',
    startedAtMs: clock.nowMs(),
    startedMs: clock.monotonicMs(),
    addresses: { data: '', admin: '' },
  }
  const entrance = {
    get door() {
      return doors.admin
    },
    host: config.admin.host,
    protectMetrics: config.metrics.protect,
  }
  const admin = scope.use(
    createAdminApp({ ...adminDeps({ base, mcp, doors, config: control }, life), entrance }),
  )
  const shared = {
    limits,
    isProxy: (peer: string) => doors.data.proxies.includes(peer),
    onRefused: (why: ListenerRefusal) => base.metrics.doorRefused(REFUSALS[why]),
  }
  const stdio = new StdioEdge(mcp.edge.core)
  const path = socketPathOf(base.state.base)
  prepareSocketFolder(base.state.base, path)
  const local = {
    address: { path, mode: SOCKET_MODE },
    handler: createLocalHandler(mcp.edge, admin.handleLocally),
    onUpgrade: createLineUpgrade({
      stdio,
      hasScope: (asked) => mcp.edge.core.app.hasScope(asked),
      running: () => life.phase !== 'draining',
    }),
  }
  scope.use(await openListener({ ...local, ...shared }))
  const ports = localOnly
    ? undefined
    : await openPorts({ base, mcp, life, admin, doors, shared }, scope)
  scope.defer(async () => {
    life.phase = 'draining'
    const { drainMs } = settings.config.limits
    log.info({ drainMs }, 'gateway stopping')
    const lastMs = drainMs + LAST_ANSWERS_MS
    await Promise.all([mcp.edge.drain(drainMs), stdio.drain(lastMs), ports?.data.stop(lastMs)])
  })
  life.addresses.data = ports?.data.address ?? ''
  life.addresses.admin = ports?.admin.address ?? ''
  life.phase = 'running'
  return { addresses: life.addresses, stdio }
}

interface PortsDeps {
  readonly base: Base
  readonly mcp: Mcp
  readonly life: Life
  readonly admin: AdminApp
  readonly doors: Doors
  readonly shared: Omit<ListenerOptions, 'address' | 'handler'>
}

/** Opens the two listeners of the network. */
async function openPorts(
  { base, mcp, life, admin, doors, shared }: PortsDeps,
  scope: AsyncDisposableStack,
): Promise<{ readonly data: Listener; readonly admin: Listener }> {
  const { config, clock } = base.options
  const adminListener = scope.use(
    await openNamed('admin', { address: config.admin, handler: admin.handle, ...shared }),
  )
  const accessLog = openAccessLog(base, scope)
  const healthFacts = () => readHealth(base, mcp, life)
  const handler = createDataHandler({
    ...{ door: () => doors.data, edge: mcp.edge },
    ...{ healthFacts, accessLog, clock },
  })
  const data = scope.use(await openNamed('listen', { address: config.listen, handler, ...shared }))
  return { data, admin: adminListener }
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
    phase: life.phase,
    storeWritable: base.audit?.writable ?? true,
    loopStuck: base.loop.delayMs >= STUCK_MS,
    version: base.options.version,
    uptimeSeconds: (base.options.clock.monotonicMs() - life.startedMs) / 1_000,
    servers: mcp.fleet.status(),
    groups: [],
    draining: mcp.marks.draining,
  }
}

function adminDeps(served: Served, life: Life): Omit<AdminDeps, 'entrance'> {
  const { base, mcp, config } = served
  const { state, options, metrics, settings } = base
  const { clock, log, version } = options
  const { fleet, marks, catalogue } = mcp
  const toolCount = (server: string): number | null => {
    const known = catalogue.get(server)?.tools
    return known?.readAtMs === undefined ? null : known.items.length
  }
  return {
    keys: state.store.keys,
    onKeysChanged: () => base.refresher.refresh(),
    clock,
    log,
    audit: state.store.reader,
    operations: new Operations({
      ...{ fleet, marks, toolCount, clock, log },
      config: () => settings.config,
    }),
    config,
    groups: () => [],
    usage: () => base.quotas.usage.list(),
    metrics,
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
