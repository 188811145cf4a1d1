import type { GroupConfig, ServerConfig } from '@sallyport/contract/config'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { Principal } from '@sallyport/kit/principal'
import type { MarkRecord } from '@sallyport/kit/store'
import type { Marks } from './marks.ts'
import { unknownServer } from './unknown-server.ts'
import type {
  HealthCheck,
  ServerControl,
  ServerStatus,
  StderrLine,
  Upstreams,
} from './upstreams/upstream.ts'

/** What of the configuration in force operating needs. */
export interface OperatedConfig {
  readonly servers: Readonly<Record<string, ServerConfig>>
  readonly groups: Readonly<Record<string, GroupConfig>>
  readonly limits: { readonly drainMs: number }
}

export interface OperationsDeps {
  readonly fleet: Pick<Upstreams, 'status' | 'warm'> & { readonly control: ServerControl }
  readonly marks: Marks
  /** The configuration in force. */
  readonly config: () => OperatedConfig
  /** Tools in the last known catalogue; null where there is none. */
  readonly toolCount: (server: string) => number | null
  readonly clock: Clock
  readonly log: Log
}

/** Who does something. */
export interface Operator {
  readonly principal: Principal
  readonly requestId: string
}

/** A server with all that is known of it. */
export interface ServerView {
  readonly status: ServerStatus
  readonly config: ServerConfig
  readonly tools: number | null
  readonly mark: MarkRecord | undefined
  /** Groups it is a member of. */
  readonly groups: readonly string[]
}

/** How a start, stop or restart went; zeros for the half that was not asked for. */
export interface ServerTurn {
  /** Calls in flight when it was to stop. */
  readonly calls: number
  readonly drainedMs: number
  readonly drainMsMax: number
  readonly startedMs: number
}

const NO_TURN: ServerTurn = { calls: 0, drainedMs: 0, drainMsMax: 0, startedMs: 0 }

/** What an operator does to the servers of a running gateway. What was asked for is one line of the log; what came of it is told by who did it. */
export class Operations {
  readonly #deps: OperationsDeps

  constructor(deps: OperationsDeps) {
    this.#deps = deps
  }

  /** Who drains the whole gateway; undefined while it takes calls. */
  get draining(): MarkRecord | undefined {
    return this.#deps.marks.drainingRecord
  }

  /** By name. */
  list(): readonly ServerView[] {
    const { config: read, fleet } = this.#deps
    const config = read()
    const views = fleet.status().flatMap((status) => {
      const own = config.servers[status.name]
      // One that left the configuration may still drain.
      return own === undefined ? [] : [this.#view(status, own, config.groups)]
    })
    return views.toSorted((a, b) => (a.status.name < b.status.name ? -1 : 1))
  }

  /** @throws {AppError} `not_found` */
  get(name: string): ServerView {
    const { config: read, fleet } = this.#deps
    const config = read()
    const own = this.#find(name)
    const status = fleet.status().find((one) => one.name === name)
    if (status === undefined) throw unknownServer(name, config)
    return this.#view(status, own, config.groups)
  }

  /**
   * Opens a session for the operator.
   *
   * @throws {AppError} `not_found`, `server_blocked`, or as `ServerControl.start`
   */
  async start(name: string, operator: Operator, signal: AbortSignal): Promise<ServerTurn> {
    this.#assertStartable(name)
    this.#tell(name, operator, 'start')
    return { ...NO_TURN, startedMs: await this.#start(name, operator, signal) }
  }

  /** Ends its sessions after their calls, at the latest after the drain time. @throws {AppError} `not_found` */
  async stop(name: string, operator: Operator): Promise<ServerTurn> {
    this.#find(name)
    this.#tell(name, operator, 'stop')
    return this.#stop(name)
  }

  /** @throws {AppError} as `start`, before anything was stopped where the server is blocked */
  async restart(name: string, operator: Operator, signal: AbortSignal): Promise<ServerTurn> {
    this.#assertStartable(name)
    this.#tell(name, operator, 'restart')
    const stopped = await this.#stop(name)
    return { ...stopped, startedMs: await this.#start(name, operator, signal) }
  }

  /** Sees that its catalogue is read; starts it only for that. @throws {AppError} as `start` */
  async warm(name: string, operator: Operator, signal: AbortSignal): Promise<ServerTurn> {
    this.#assertStartable(name)
    this.#tell(name, operator, 'warm')
    const { clock, fleet } = this.#deps
    const atMs = clock.monotonicMs()
    await fleet.warm(name, { principal: operator.principal }, signal)
    return { ...NO_TURN, startedMs: clock.monotonicMs() - atMs }
  }

  /** @throws {AppError} `not_found`, or as `ServerControl.check` */
  check(name: string, operator: Operator, signal: AbortSignal): Promise<HealthCheck> {
    this.#find(name)
    this.#tell(name, operator, 'check')
    return this.#deps.fleet.control.check(name, { principal: operator.principal }, signal)
  }

  /** Oldest first. @throws {AppError} `not_found` */
  logs(name: string, linesMax: number): readonly StderrLine[] {
    this.#find(name)
    return this.#deps.fleet.control.logs(name, linesMax)
  }

  /** @throws {AppError} `not_found`, `store_unwritable` */
  mark(
    name: string,
    kind: MarkRecord['kind'],
    reason: string,
    operator: Operator,
  ): Promise<MarkRecord> {
    this.#find(name)
    this.#tell(name, operator, kind === 'blocked' ? 'block' : 'drain', reason)
    return this.#deps.marks.markServer(name, kind, { by: operator.principal.id, reason })
  }

  /**
   * Takes a mark away; false when there was none.
   *
   * @throws {AppError} `not_found` for a name that has neither a server nor a mark, `store_unwritable`
   */
  async unmark(name: string, kind: MarkRecord['kind'], operator: Operator): Promise<boolean> {
    const { marks } = this.#deps
    if (marks.of(name) === undefined) this.#find(name)
    this.#tell(name, operator, kind === 'blocked' ? 'unblock' : 'undrain')
    return marks.unmarkServer(name, kind)
  }

  /** Refuses new calls to everything. @throws {AppError} `store_unwritable` */
  drain(reason: string, operator: Operator): Promise<MarkRecord> {
    this.#tell(undefined, operator, 'drain', reason)
    return this.#deps.marks.drain({ by: operator.principal.id, reason })
  }

  /** Takes calls again; false when it did already. @throws {AppError} `store_unwritable` */
  undrain(operator: Operator): Promise<boolean> {
    this.#tell(undefined, operator, 'undrain')
    return this.#deps.marks.undrain()
  }

  /** Calls in flight at one server, or at all. */
  inFlight(name?: string): number {
    const counted = this.#deps.fleet.status().filter((one) => (name ?? one.name) === one.name)
    return counted.reduce((sum, { inFlight }) => sum + inFlight, 0)
  }

  async #start(name: string, { principal }: Operator, signal: AbortSignal): Promise<number> {
    const { clock, fleet } = this.#deps
    const atMs = clock.monotonicMs()
    await fleet.control.start(name, { principal }, signal)
    return clock.monotonicMs() - atMs
  }

  async #stop(name: string): Promise<ServerTurn> {
    const { clock, config, fleet } = this.#deps
    const { drainMs: drainMsMax } = config().limits
    const calls = this.inFlight(name)
    const atMs = clock.monotonicMs()
    await fleet.control.stop(name, drainMsMax)
    return { ...NO_TURN, calls, drainMsMax, drainedMs: clock.monotonicMs() - atMs }
  }

  #view(
    status: ServerStatus,
    config: ServerConfig,
    groups: Readonly<Record<string, GroupConfig>>,
  ): ServerView {
    const { marks, toolCount } = this.#deps
    const { name } = status
    const memberOf = Object.values(groups).filter(({ members }) =>
      members.some(({ server }) => server === name),
    )
    return {
      ...{ status, config, tools: toolCount(name), mark: marks.of(name) },
      groups: memberOf.map((group) => group.name),
    }
  }

  #find(name: string): ServerConfig {
    const config = this.#deps.config()
    const own = Object.hasOwn(config.servers, name) ? config.servers[name] : undefined
    if (own === undefined) throw unknownServer(name, config)
    return own
  }

  #assertStartable(name: string): void {
    this.#find(name)
    if (this.#deps.marks.of(name)?.kind !== 'blocked') return
    throw new AppError('server_blocked', `\`${name}\` is blocked: unblock it first`)
  }

  #tell(
    server: string | undefined,
    { principal, requestId }: Operator,
    action: string,
    reason = '',
  ): void {
    const more = { ...(server !== undefined && { server }), ...(reason !== '' && { reason }) }
    this.#deps.log.info({ action, ...more, principal: principal.id, requestId }, 'operator asks')
  }
}
