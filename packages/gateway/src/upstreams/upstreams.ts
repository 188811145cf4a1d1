import { randomBytes } from 'node:crypto'
import type { CallSignal } from '@sallyport/kit/call-signal'
import type { CallerSigner } from '@sallyport/kit/callers'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import { holderOf } from '@sallyport/kit/principal'
import { CapsGroups } from './caps-group.ts'
import { EraMemory, type EraStore } from './era-memory.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { LookUp } from './guarded-connector.ts'
import { registerMark } from './live-children.ts'
import { endMarkedProcesses } from './mark.ts'
import { SessionOpener } from './open-session.ts'
import { orAborted } from '@sallyport/kit/or-aborted'
import type { ClientInfo } from './own-messages.ts'
import { isSameServer } from './same-server.ts'
import { FleetControl } from './server-control.ts'
import { Server } from './server.ts'
import type { OwnServer } from './own-server.ts'
import type { ServerConfig } from './server-config.ts'
import { StderrRing } from './stderr-ring.ts'
import type {
  Asker,
  ServerControl,
  ServerFleet,
  ServerState,
  ServerStatus,
  UpstreamEvents,
  UpstreamReply,
  UpstreamRequest,
} from './upstream.ts'

export interface UpstreamsDeps {
  readonly servers: Readonly<Record<string, ServerConfig>>
  readonly limits: {
    /** Longest answer taken from a server, bytes. */
    readonly resultBytes: number
    /** Time for an answer to what we ask of ourselves, such as a page of a list, milliseconds; may change. */
    readonly callMs: number
  }
  readonly clock: Clock
  readonly log: Log
  readonly events: UpstreamEvents
  readonly eras: EraStore
  /** Stable for a store: children carry it, and the next start ends those a crash left behind. */
  readonly gatewayId: string
  /** Of this process: tells its children from those of another one on the same store. Random by default. */
  readonly instanceId?: string
  /** Other processes on the same store that still run: their children are left alone. None by default. */
  readonly livingInstances?: readonly string[]
  /** Bound children; those of this host by default. */
  readonly groups?: CapsGroups
  readonly clientInfo: ClientInfo
  /** The gateway's own environment, of which children get a part. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** How many tools each server was last known to have. */
  readonly toolsKnown?: ReadonlyMap<string, number>
  readonly random?: () => number
  /** Looks up names of servers that were added over the admin API; the system's by default. */
  readonly lookUp?: LookUp
  /** First-party servers that run as children of the gateway. */
  readonly own?: { readonly slack: OwnServer } | undefined
  /** Vouches for callers to servers with `identity: assert`. */
  readonly callers?: CallerSigner
  /** Whether a group needs a server, so that it is started again without a call. Asked anew each time. */
  isMember?(server: string): boolean
}

/** Ends what an earlier process left behind, then stands ready; no server is started yet. */
export async function openUpstreams(deps: UpstreamsDeps): Promise<ServerFleet> {
  const { gatewayId, instanceId = createInstanceId(), livingInstances = [] } = deps
  const mark = `${gatewayId}/${instanceId}`
  const { groups = new CapsGroups({ gatewayId, instanceId }) } = deps
  const ended = await endMarkedProcesses(gatewayId, livingInstances)
  if (ended > 0) deps.log.warn({ processes: ended }, 'processes of an earlier gateway ended')
  const stuck = await groups.removeLeftovers(livingInstances)
  if (stuck.length > 0) deps.log.warn({ groups: stuck }, 'control groups could not be removed')
  const eras = await EraMemory.open(deps.eras, deps.clock, deps.log)
  const world = { ...deps, mark, groups, eras }
  const servers = Object.values(deps.servers).map((config): [string, Server] => {
    const toolsKnown = deps.toolsKnown?.get(config.name) ?? 0
    return [config.name, createServer(config, world, { toolsKnown })]
  })
  return new Fleet(new Map(servers), world)
}

/** A name for one process of a gateway, for `instanceId`. */
export function createInstanceId(): string {
  return randomBytes(8).toString('hex')
}

interface ServerWorld extends Omit<UpstreamsDeps, 'eras' | 'groups'> {
  readonly eras: EraMemory
  readonly mark: string
  readonly groups: CapsGroups
}

/** What a server has from the one before it of the same name. */
interface Heritage {
  readonly toolsKnown: number
  readonly stderr?: StderrRing | undefined
}

function createServer(config: ServerConfig, world: ServerWorld, heritage: Heritage): Server {
  const { clock, clientInfo, eras, events, groups, limits, mark } = world
  const log = world.log.child({ server: config.name })
  const environment = world.environment ?? process.env
  const { resultBytes } = limits
  const own = config.kind === 'http' && config.child ? world.own?.[config.child] : undefined
  const { toolsKnown } = heritage
  const stderr = own?.stderr ?? heritage.stderr ?? new StderrRing(clock)
  const opener = new SessionOpener(config, {
    ...{ resultBytes, clock, log, eras, mark, groups, stderr, clientInfo, environment },
    ...{ lookUp: world.lookUp, own, callers: world.callers },
  })
  const random = world.random ?? Math.random
  const isMember = (): boolean => world.isMember?.(config.name) === true
  const known = { limits, toolsKnown, random, stderr, isMember }
  return new Server(config, { opener, clock, log, events, clientInfo, ...known })
}

class Fleet implements ServerFleet {
  readonly control: ServerControl
  readonly #world: ServerWorld
  #servers: ReadonlyMap<string, Server>
  /** Those that left the set and still have calls inside. */
  readonly #leaving = new Set<Server>()
  readonly #registration: Disposable
  #disposed: Promise<void> | undefined

  constructor(servers: ReadonlyMap<string, Server>, world: ServerWorld) {
    this.#servers = servers
    this.#world = world
    this.#registration = registerMark(world.mark)
    this.control = new FleetControl((server) => this.#servers.get(server))
  }

  prestart(): void {
    for (const server of this.#servers.values()) server.prestart()
  }

  apply(configs: Readonly<Record<string, ServerConfig>>): ReturnType<ServerFleet['apply']> {
    const before = this.#servers
    const kept: string[] = []
    const changed: string[] = []
    const added: string[] = []
    const servers = new Map<string, Server>()
    const fresh: Server[] = []
    for (const config of Object.values(configs)) {
      const { name } = config
      const old = before.get(name)
      if (old !== undefined && isSameServer(old.config, config)) {
        kept.push(name)
        if (config.prestart === true && old.config.prestart !== true) fresh.push(old)
        old.reconfigure(config)
        servers.set(name, old)
        continue
      }
      ;(old === undefined ? added : changed).push(name)
      const server = this.#createFrom(old, config)
      servers.set(name, server)
      fresh.push(server)
    }
    const removed = [...before.keys()].filter((name) => !servers.has(name))
    this.#servers = servers
    // After whoever applies has set the marks of operators: what is blocked is not started.
    setImmediate(() => this.#prestart(fresh))
    const left = [...before.values()].filter((server) => servers.get(server.config.name) !== server)
    const drained = Promise.all(left.map((server) => this.#retire(server))).then(() => undefined)
    return { changes: { kept, changed, added, removed }, drained }
  }

  stateOf(server: string): ServerState {
    return this.#servers.get(server)?.standing ?? 'cold'
  }

  breakerOf(server: string): ServerStatus['breaker'] {
    return this.#servers.get(server)?.breaker ?? 'closed'
  }

  call(server: string, asker: Asker, request: UpstreamRequest): Promise<UpstreamReply> {
    const found = this.#servers.get(server)
    return found === undefined ? Promise.reject(unknown(server)) : found.call(asker, request)
  }

  async warm(server: string, asker: Asker, signal: CallSignal): Promise<void> {
    const found = this.#find(server)
    await orAborted(signal, () => found.warm(asker))
  }

  keyOf(server: string, asker: Asker): string {
    // Of a server that has left nobody is told anything any more.
    return this.#servers.get(server)?.keyOf(asker) ?? holderOf(asker.principal)
  }

  async subscribe(server: string, asker: Asker, uri: string, signal: CallSignal): Promise<void> {
    await this.#find(server).subscribe(asker, uri, signal)
  }

  unsubscribe(server: string, asker: Asker, uri: string): void {
    this.#servers.get(server)?.unsubscribe(asker, uri)
  }

  notify(server: string, asker: Asker, method: string, params?: object): void {
    this.#servers.get(server)?.notify(asker, method, params)
  }

  status(): readonly ServerStatus[] {
    return [...this.#servers.values()].map((server) => server.status())
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose()
    return this.#disposed
  }

  #find(server: string): Server {
    const found = this.#servers.get(server)
    if (found === undefined) throw unknown(server)
    return found
  }

  #createFrom(old: Server | undefined, config: ServerConfig): Server {
    if (old === undefined) return createServer(config, this.#world, { toolsKnown: 0 })
    const { held, marks, toolsKnown, stderr } = old.handOver()
    const same = fingerprintOf(old.config) === fingerprintOf(config)
    const heritage = { toolsKnown: same ? toolsKnown : 0, stderr }
    const server = createServer(config, this.#world, heritage)
    server.mark(marks)
    server.adopt(held)
    return server
  }

  #prestart(servers: readonly Server[]): void {
    if (this.#disposed !== undefined) return
    for (const server of servers) {
      if (this.#servers.get(server.config.name) === server) server.prestart()
    }
  }

  async #retire(server: Server): Promise<void> {
    server.handOver()
    this.#leaving.add(server)
    await server.retire()
    this.#leaving.delete(server)
  }

  async #dispose(): Promise<void> {
    using _registration = this.#registration
    const all = [...this.#servers.values(), ...this.#leaving]
    await Promise.allSettled(all.map((server) => server.close()))
    await endMarkedProcesses(this.#world.mark)
  }
}

function unknown(server: string): AppError {
  const sentence = `there is no server \`${server}\``
  return new AppError('server_unavailable', sentence, { outcome: 'not_sent' })
}
