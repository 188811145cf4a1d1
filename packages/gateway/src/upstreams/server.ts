import type { CallSignal } from '@sallyport/kit/call-signal'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { Era, Message } from '@sallyport/kit/mcp'
import { askRoots } from './ask-roots.ts'
import { CatalogueReader, type ListRead } from './catalogue-reader.ts'
import type { Family } from './era.ts'
import { Health } from './health.ts'
import type { OpenedSession, SessionOpener } from './open-session.ts'
import { orAborted } from './or-aborted.ts'
import type { ClientInfo } from './own-messages.ts'
import { Recovery } from './recovery.ts'
import type { ServerConfig } from './server-config.ts'
import { sessionKey } from './session-key.ts'
import type { Session } from './session.ts'
import type { StderrRing } from './stderr-ring.ts'
import { SessionPool, type SessionPoolEvents } from './session-pool.ts'
import type { Slot } from './slot.ts'
import { Subscriptions } from './subscriptions.ts'
import type { Asker, HealthCheck, Kind, ServerState, ServerStatus } from './upstream.ts'
import type { UpstreamEvents, UpstreamReply, UpstreamRequest } from './upstream.ts'

/** Sessions with one remote server, and of one principal with it; children have bounds of their own. */
const HTTP_SESSIONS_MAX = 1_000
const HTTP_SESSIONS_PER_PRINCIPAL = 100
const CHILDREN_PER_PRINCIPAL = 8
const UNATTRIBUTED_EVERY_MS = 60_000

export interface ServerDeps {
  readonly opener: Pick<SessionOpener, 'open'>
  readonly clock: Clock
  readonly log: Log
  readonly events: UpstreamEvents
  readonly clientInfo: ClientInfo
  readonly limits: { readonly resultBytes: number; readonly callMs: number }
  /** Tools in the last known catalogue; a list that comes back empty is then noticed. */
  readonly toolsKnown: number
  /** 0 to 1, as `Math.random`. */
  readonly random: () => number
  /** What its children write there; none of a remote server. */
  readonly stderr?: StderrRing
}

/** One server: its sessions, its state, its health and what it lists. */
export class Server implements SessionPoolEvents {
  readonly #config: ServerConfig
  readonly #deps: ServerDeps
  readonly #pool: SessionPool
  readonly #catalogue: CatalogueReader
  readonly #subscriptions: Subscriptions
  readonly #health: Health
  readonly #recovery: Recovery
  /** Keys of client sessions that have an upstream session of their own. */
  readonly #bound = new Set<string>()
  #era: Era | null = null
  /** Why it is degraded: starts, probes or the transport fail. */
  #trouble: string | null = null
  #toolsKnown: number
  #listEmpty = false
  #draining = false
  /** A child went by itself and none has been ready since. */
  #endedItself = false
  #shown = ''
  /** When a question put to nobody was last logged, monotonic. */
  #unattributedMs = -Infinity

  constructor(config: ServerConfig, deps: ServerDeps) {
    this.#config = config
    this.#deps = deps
    this.#toolsKnown = deps.toolsKnown
    this.#pool = this.#createPool()
    const { signal } = this.#pool
    const { clientInfo, clock, log, limits, random } = deps
    this.#catalogue = new CatalogueReader({
      ...{ clientInfo, clock, signal, bytesMax: limits.resultBytes, pageMs: limits.callMs },
      onRead: (kind, read) => this.#onList(kind, read),
      onFailed: (kind, session, err) => {
        if (signal.aborted || session.lost !== undefined) return
        log.warn({ err }, `list of ${kind} not read`)
      },
    })
    this.#subscriptions = new Subscriptions({
      ...{ clientInfo, clock, log, signal, answerMs: limits.callMs },
      open: (asker) => this.#pool.open(asker),
      find: (key) => this.#pool.find(key),
      onMissed: (key, uri) => this.onResourceUpdated(key, uri, JSON.stringify({ uri })),
    })
    const { everyMs } = config.health
    this.#health = new Health({
      ...{ ...config.health, clientInfo, clock, log, random, signal },
      slots: () => this.#pool.slots,
      onCheck: (check) => this.#onCheck(check),
      onAlive: (slot, session) => this.#onAlive(slot, session),
      onDead: (slot) => this.#onDead(slot),
    })
    this.#recovery = new Recovery({
      ...{ everyMs, signal },
      isWanted: (slot) =>
        this.#subscriptions.holds(slot.key) ||
        clock.monotonicMs() - slot.usedAtMs <= config.idleAfterMs,
      open: (asker) => this.#pool.open(asker),
    })
  }

  call(asker: Asker, request: UpstreamRequest): Promise<UpstreamReply> {
    if (this.#config.roots === 'client') this.#bind(asker)
    return this.#pool.call(asker, request)
  }

  /** @throws {AppError} as `SessionPool.open`, and what reading the tools fails with */
  async warm(asker: Asker): Promise<void> {
    if (this.#catalogue.hasRead) return
    const slots = [...this.#pool.slots]
    if (!slots.some((slot) => slot.session !== undefined)) {
      const running = slots.find((slot) => slot.starting !== undefined)
      if (this.#config.roots === 'client' && running === undefined) this.#bind(asker)
      await (running?.starting ?? this.#pool.open(asker))
    }
    if (this.#catalogue.running === undefined && !this.#catalogue.hasRead) {
      const open = [...this.#pool.slots].find((slot) => slot.session !== undefined)
      const capabilities = open?.agreement?.capabilities
      if (open?.session !== undefined && capabilities !== undefined) {
        await this.#catalogue.readAll(open.session, capabilities)
      }
    }
    await this.#catalogue.running
  }

  keyOf(asker: Asker): string {
    return sessionKey(this.#config, asker)
  }

  /** @throws {AppError} as `Subscriptions.add`, or the signal's own reason */
  async subscribe(asker: Asker, uri: string, signal: CallSignal): Promise<void> {
    if (this.#config.roots === 'client') this.#bind(asker)
    const key = this.keyOf(asker)
    const adding = this.#subscriptions.add(key, asker, uri)
    try {
      await orAborted(signal, () => adding)
    } catch (thrown) {
      // Nobody waits for it any more: once it stands, it is taken back.
      if (signal.aborted) void adding.then(() => this.#subscriptions.remove(key, uri), ignore)
      throw thrown
    }
  }

  unsubscribe(asker: Asker, uri: string): void {
    this.#subscriptions.remove(this.keyOf(asker), uri)
  }

  /** Tells the asker's open session, if there is one and its era has such notifications. */
  notify(asker: Asker, method: string, params?: object): void {
    const session = this.#pool.find(this.keyOf(asker))?.session
    if (session?.era === 'legacy') void session.notify(method, params)
  }

  status(): ServerStatus {
    return {
      name: this.#config.name,
      kind: this.#config.kind,
      state: this.#state(),
      reason: this.#reason(),
      pids: this.#pool.pids,
      era: this.#era,
      inFlight: this.#pool.inFlight,
      breaker: 'closed',
      check: this.#health.last,
    }
  }

  async close(): Promise<void> {
    this.#draining = true
    this.#health.stop()
    this.#recovery.stop()
    this.onChange()
    await this.#pool.close()
    this.#draining = false
    this.onChange()
  }

  onReady(slot: Slot, { session, agreement }: OpenedSession): void {
    this.#era = agreement.era
    this.#trouble = null
    const { era, version, capabilities, capabilitiesText, instructions } = agreement
    const facts = { era, capabilities: capabilitiesText, instructions }
    this.#deps.events.onFacts?.(this.#config.name, facts)
    // First, so that what the server asks on the stream of its session finds it open.
    this.#subscriptions.begin(slot)
    const alone = [...this.#pool.slots].every((other) => (other.session ?? session) === session)
    if (alone || !this.#catalogue.hasRead) {
      this.#catalogue.readAll(session, capabilities).catch(ignore)
    }
    this.#pool.setLogLevel(slot, this.#subscriptions.logLevelOf(slot.key))
    this.#health.arm()
    this.#deps.log.info({ pid: session.pid, era, version }, 'server ready')
    this.#deps.events.onStart?.(this.#config.name, this.#endedItself ? 'restarted' : 'ok')
    this.#endedItself = false
    this.onChange()
  }

  onStartFailed(error: AppError): void {
    this.#trouble = error.message
    this.#deps.log.warn({ err: error }, 'server start failed')
    this.#deps.events.onStart?.(this.#config.name, 'failed')
    this.onChange()
  }

  onLost(slot: Slot, error: AppError): void {
    // An expired session is the ordinary end of one; a child that went by itself is not.
    if (this.#config.kind === 'stdio') {
      this.#trouble = error.message
      this.#endedItself = true
    }
    this.#subscriptions.noteLost(slot)
    if (this.#subscriptions.holds(slot.key)) this.#recovery.recover(slot)
    this.onChange()
  }

  onSettled(error: AppError | undefined): void {
    if (error === undefined) {
      if (this.#trouble !== null) this.#recovered()
    } else if (isTransportFailure(error)) {
      this.#trouble = error.message
      this.onChange()
    }
  }

  onListChanged(session: Session, family: Family): void {
    this.#catalogue.readFamily(family, session)
  }

  onResourceUpdated(key: string, uri: string, params: string): void {
    this.#deps.events.onResourceUpdated?.(this.#config.name, key, uri, params)
  }

  onNotification(key: string, message: Message): void {
    this.#deps.events.onNotification?.(this.#config.name, key, message)
  }

  /** Said once a minute: a server may ask without end. */
  onUnattributed(question: string, clients: number): void {
    const nowMs = this.#deps.clock.monotonicMs()
    if (nowMs - this.#unattributedMs < UNATTRIBUTED_EVERY_MS) return
    this.#unattributedMs = nowMs
    const why = 'it names no call, and those in flight are of several clients'
    const remedy = 'give each client a key of its own, with `share: none`'
    this.#deps.log.warn({ question, clients }, `question put to nobody: ${why}; ${remedy}`)
  }

  onStray(): void {
    this.#deps.events.onStray?.(this.#config.name)
  }

  onEndFailed(error: AppError): void {
    this.#deps.log.error({ err: error }, 'server session not ended')
  }

  onChange(): void {
    const status = this.status()
    const shown = `${status.state} ${status.reason}`
    if (shown === this.#shown) return
    this.#shown = shown
    this.#deps.events.onState?.(status)
  }

  #createPool(): SessionPool {
    const { opener, clock, random, clientInfo } = this.#deps
    const { idleAfterMs, startMs } = this.#config
    const room =
      this.#config.kind === 'stdio'
        ? {
            sessionsMax: this.#config.children,
            sessionsPerGroup: this.#config.childrenPerPrincipal ?? CHILDREN_PER_PRINCIPAL,
          }
        : { sessionsMax: HTTP_SESSIONS_MAX, sessionsPerGroup: HTTP_SESSIONS_PER_PRINCIPAL }
    return new SessionPool(
      { ...room, sharing: this.#config, idleAfterMs, startMs },
      {
        ...{ opener, clock, random, clientInfo, events: this },
        isHeld: (key) => this.#subscriptions.holds(key),
        rootsOf: (asker) => this.#rootsOf(asker),
      },
    )
  }

  /** With `roots: client` a client session's end is the end of its upstream session. */
  #bind(asker: Asker): void {
    if (asker.session === undefined) return
    const key = this.keyOf(asker)
    if (this.#bound.has(key)) return
    this.#bound.add(key)
    asker.session.onEnd(() => {
      this.#bound.delete(key)
      this.#subscriptions.drop(key)
      this.#pool.endKey(key)
    })
  }

  #rootsOf({ session }: Asker): ReturnType<typeof askRoots> | undefined {
    if (this.#config.roots !== 'client' || session === undefined) return undefined
    return askRoots(session, this.#pool.signal)
  }

  #state(): ServerState {
    if (this.#draining) return 'draining'
    const slots = [...this.#pool.slots]
    const degraded = this.#reason() !== null
    if (slots.some((slot) => slot.session !== undefined)) return degraded ? 'degraded' : 'ready'
    if (slots.some((slot) => slot.starting !== undefined)) return 'starting'
    if (degraded) return 'degraded'
    return this.#pool.ending > 0 ? 'draining' : 'cold'
  }

  #reason(): string | null {
    const trouble = this.#trouble ?? this.#health.fault
    if (trouble !== null) return trouble
    return this.#listEmpty ? 'the server lists no tools where it had some' : null
  }

  #recovered(): void {
    this.#trouble = null
    this.onChange()
  }

  #onList(kind: Kind, { pages, entries, announced }: ListRead): void {
    if (kind === 'tools') {
      this.#listEmpty = entries === 0 && this.#toolsKnown > 0
      if (!this.#listEmpty) this.#toolsKnown = entries
    }
    if (kind !== 'tools' || !this.#listEmpty) {
      this.#deps.events.onList(this.#config.name, kind, pages, announced)
    }
    this.onChange()
  }

  #onAlive(slot: Slot, session: Session): void {
    if (this.#trouble !== null) this.#recovered()
    // A subscription that the server ended is asked for again.
    this.#subscriptions.listen(slot)
    if (this.#listEmpty) this.#catalogue.readFamily('tools', session)
    if (slot.agreement) this.#catalogue.readMissing(session, slot.agreement.capabilities)
  }

  #onCheck(check: HealthCheck): void {
    this.#deps.events.onCheck?.(this.#config.name, check)
    this.onChange()
  }

  #onDead(slot: Slot): void {
    this.#trouble = 'the server does not answer health probes'
    this.#subscriptions.noteLost(slot)
    this.#pool.end(slot, this.#trouble)
    this.#recovery.recover(slot)
  }
}

/** Told elsewhere. */
function ignore(): void {}

/** Whether a call failed for the server's sake. A caller's mistakes, deadlines and rate limits never count. */
function isTransportFailure(error: AppError): boolean {
  if (error.code === 'server_lost') return error.outcome === 'unknown'
  return error.code === 'server_unavailable' && error.details['status'] !== 429
}
