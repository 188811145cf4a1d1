import { randomBytes } from 'node:crypto'
import type { CallSignal } from '@sallyport/kit/call-signal'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import { EraMemory, type EraStore } from './era-memory.ts'
import { endMarkedProcesses } from './mark.ts'
import { SessionOpener } from './open-session.ts'
import { orAborted } from './or-aborted.ts'
import type { ClientInfo } from './own-messages.ts'
import { Server } from './server.ts'
import type { ServerConfig } from './server-config.ts'
import { StderrRing } from './stderr-ring.ts'
import type {
  Asker,
  ServerStatus,
  UpstreamEvents,
  UpstreamReply,
  UpstreamRequest,
  Upstreams,
} from './upstream.ts'

export interface UpstreamsDeps {
  readonly servers: Readonly<Record<string, ServerConfig>>
  readonly limits: {
    /** Longest answer taken from a server, bytes. */
    readonly resultBytes: number
    /** Time for one page of a tool list, milliseconds. */
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
  readonly clientInfo: ClientInfo
  /** The gateway's own environment, of which children get a part. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** How many tools each server was last known to have. */
  readonly toolsKnown?: ReadonlyMap<string, number>
  readonly random?: () => number
}

/** Ends what an earlier process left behind, then stands ready; no server is started yet. */
export async function openUpstreams(deps: UpstreamsDeps): Promise<Upstreams> {
  const mark = `${deps.gatewayId}/${deps.instanceId ?? createInstanceId()}`
  const ended = await endMarkedProcesses(deps.gatewayId, deps.livingInstances)
  if (ended > 0) deps.log.warn({ processes: ended }, 'processes of an earlier gateway ended')
  const eras = await EraMemory.open(deps.eras, deps.clock, deps.log)
  const servers = Object.entries(deps.servers).map(
    ([name, config]) => [name, createServer(config, { ...deps, mark, eras })] as const,
  )
  return new OpenUpstreams(new Map(servers), mark)
}

/** A name for one process of a gateway, for `instanceId`. */
export function createInstanceId(): string {
  return randomBytes(8).toString('hex')
}

interface ServerWorld extends Omit<UpstreamsDeps, 'eras'> {
  readonly eras: EraMemory
  readonly mark: string
}

function createServer(config: ServerConfig, deps: ServerWorld): Server {
  const { clock, clientInfo, eras, events, limits, mark } = deps
  const log = deps.log.child({ server: config.name })
  const environment = deps.environment ?? process.env
  const { resultBytes } = limits
  const stderr = new StderrRing(clock)
  const opener = new SessionOpener(config, {
    ...{ resultBytes, clock, log, eras, mark, stderr, clientInfo, environment },
  })
  const toolsKnown = deps.toolsKnown?.get(config.name) ?? 0
  const random = deps.random ?? Math.random
  const known = { limits, toolsKnown, random, stderr }
  return new Server(config, { opener, clock, log, events, clientInfo, ...known })
}

class OpenUpstreams implements Upstreams {
  readonly #servers: ReadonlyMap<string, Server>
  /** Of this process. */
  readonly #mark: string
  #disposed: Promise<void> | undefined

  constructor(servers: ReadonlyMap<string, Server>, mark: string) {
    this.#servers = servers
    this.#mark = mark
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
    return this.#find(server).keyOf(asker)
  }

  async subscribe(server: string, asker: Asker, uri: string, signal: CallSignal): Promise<void> {
    await this.#find(server).subscribe(asker, uri, signal)
  }

  unsubscribe(server: string, asker: Asker, uri: string): void {
    this.#find(server).unsubscribe(asker, uri)
  }

  notify(server: string, asker: Asker, method: string, params?: object): void {
    this.#find(server).notify(asker, method, params)
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

  async #dispose(): Promise<void> {
    await Promise.allSettled([...this.#servers.values()].map((server) => server.close()))
    await endMarkedProcesses(this.#mark)
  }
}

function unknown(server: string): AppError {
  return new AppError('internal', `no server is named ${server}`, { outcome: 'not_sent' })
}
