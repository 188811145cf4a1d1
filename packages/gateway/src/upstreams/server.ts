import { isDeepStrictEqual } from 'node:util'
import type { CallSignal } from '@sallyport/kit/call-signal'
import type { Clock } from '@sallyport/kit/clock'
import type { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { Era } from '@sallyport/kit/mcp'
import { isTransportFailure } from './breaker.ts'
import type { Call } from './call.ts'
import { CatalogueReader, type ListRead } from './catalogue-reader.ts'
import { ClientRoots } from './client-roots.ts'
import { Condition, type SessionFacts } from './condition.ts'
import type { Family } from './era.ts'
import { Health } from './health.ts'
import { Intake, type Marks } from './intake.ts'
import type { OpenedSession, SessionOpener } from './open-session.ts'
import { orAborted } from '@sallyport/kit/or-aborted'
import { OWN_ASKER } from './own-asker.ts'
import type { ClientInfo } from './own-messages.ts'
import { Recovery } from './recovery.ts'
import type { ServerConfig } from './server-config.ts'
import { ServerNews } from './server-news.ts'
import { sessionKey } from './session-key.ts'
import type { Session } from './session.ts'
import type { StderrRing } from './stderr-ring.ts'
import { poolOptionsOf } from './session-pool-options.ts'
import type { SessionPoolEvents } from './session-pool-deps.ts'
import { SessionPool } from './session-pool.ts'
import type { Slot } from './slot.ts'
import { type Held, Subscriptions } from './subscriptions.ts'
import type { Asker, HealthCheck, Kind, ServerState, ServerStatus } from './upstream.ts'
import { warmUp } from './warm-up.ts'
import type { StderrLine, UpstreamEvents, UpstreamReply, UpstreamRequest } from './upstream.ts'

const STOPPED = 'an operator stopped the server'
const REPLACED = 'the server has another configuration now'

export interface ServerDeps {
  readonly opener: Pick<SessionOpener, 'open'> & Partial<Pick<SessionOpener, 'reconfigure'>>
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
  /** Whether a group needs it, so that it is started again without a call; no when undefined. */
  isMember?(): boolean
}

/** What a server leaves to another one of its name. */
export interface HandedOver {
  readonly held: readonly Held[]
  readonly marks: Marks
  readonly toolsKnown: number
  readonly stderr: StderrRing | undefined
}

/** One server: its sessions, its state, its health and what it lists. */
export class Server implements SessionPoolEvents {
  #config: ServerConfig
  readonly #intake: Intake
  readonly #deps: ServerDeps
  readonly #pool: SessionPool
  readonly #catalogue: CatalogueReader
  readonly #subscriptions: Subscriptions
  #health: Health
  readonly #recovery: Recovery
  readonly #clientRoots: ClientRoots
  readonly #news: ServerNews
  #era: Era | null = null
  readonly #condition: Condition
  #toolsKnown: number
  #replaced = false
  #standing: ServerState = 'cold'
  /** A child went by itself and none has been ready since. */
  #endedItself = false

  constructor(config: ServerConfig, deps: ServerDeps) {
    this.#config = config
    this.#deps = deps
    this.#toolsKnown = deps.toolsKnown
    this.#intake = new Intake(config, deps.clock)
    this.#news = new ServerNews({ ...deps, server: config.name })
    this.#condition = new Condition({
      intake: this.#intake,
      sessions: () => this.#sessions(),
      fault: () => this.#health.fault,
    })
    this.#pool = this.#createPool()
    const { signal } = this.#pool
    this.#clientRoots = new ClientRoots({
      ...{ roots: config.roots, signal },
      keyOf: (asker) => this.keyOf(asker),
      onEnd: (key) => {
        this.#subscriptions.drop(key)
        this.#pool.endKey(key)
      },
    })
    const { clientInfo, clock, log, limits } = deps
    this.#catalogue = new CatalogueReader({
      ...{ clientInfo, clock, signal, bytesMax: limits.resultBytes, pageMs: () => limits.callMs },
      onRead: (kind, read) => this.#onList(kind, read),
      onFailed: (kind, session, err) => {
        if (signal.aborted || session.lost !== undefined) return
        log.warn({ list: kind, err }, 'list not read')
      },
    })
    this.#subscriptions = new Subscriptions({
      ...{ clientInfo, clock, log, signal, answerMs: () => limits.callMs },
      open: (asker) => this.#pool.open(asker),
      find: (key) => this.#pool.find(key),
      onMissed: (key, uri) => this.#news.resourceUpdated(key, uri, JSON.stringify({ uri })),
    })
    this.#health = this.#createHealth()
    this.#recovery = new Recovery({
      everyMs: () => this.#config.health.everyMs,
      signal,
      own: OWN_ASKER,
      isWanted: (lost) =>
        this.#subscriptions.holds(lost.key) ||
        clock.monotonicMs() - lost.usedAtMs <= this.#config.idleAfterMs,
      isMissed: () => this.#isMissed(),
      open: (asker, how) => this.#pool.open(asker, how),
    })
  }

  get config(): ServerConfig {
    return this.#config
  }

  /** As in `status`, but of one that takes calls never `draining`; costs nothing to ask for. */
  /** As it counts for whoever chooses between servers. */
  get standing(): ServerState {
    return this.#standing
  }

  get breaker(): ServerStatus['breaker'] {
    const { breakers } = this.#intake
    if (breakers.isQuiet) return 'closed'
    // With a child each, those of one caller may die while another's works.
    const works = this.#config.kind === 'stdio' && this.#hasSession()
    return works ? 'closed' : breakers.state
  }

  get marks(): Marks {
    return this.#intake.marks
  }

  call(asker: Asker, request: UpstreamRequest): Promise<UpstreamReply> {
    if (!this.#intake.isOpen) {
      const refusal = this.#intake.refusal(this.keyOf(asker), request)
      if (refusal !== undefined) return Promise.reject(refusal)
    }
    this.#clientRoots.bind(asker)
    return this.#pool.call(asker, request)
  }

  /** @throws {AppError} as `SessionPool.open`, and what reading the tools fails with */
  warm(asker: Asker): Promise<void> {
    return warmUp({
      catalogue: this.#catalogue,
      slots: () => this.#pool.slots,
      open: () => {
        this.#clientRoots.bind(asker)
        return this.#pool.open(asker)
      },
    })
  }

  keyOf(asker: Asker): string {
    return sessionKey(this.#config, asker)
  }

  /** @throws {AppError} as `Subscriptions.add`, or the signal's own reason */
  async subscribe(asker: Asker, uri: string, signal: CallSignal): Promise<void> {
    const refusal = this.#intake.draining()
    if (refusal !== undefined) throw refusal
    this.#clientRoots.bind(asker)
    const key = this.keyOf(asker)
    const adding = this.#subscriptions.add(key, asker, uri)
    try {
      await orAborted(signal, () => adding)
    } catch (thrown) {
      // Nobody waits for it any more: once it stands, it is taken back.
      if (signal.aborted)
        void adding.then(() => this.#subscriptions.remove(key, uri, asker), ignore)
      throw thrown
    }
  }

  unsubscribe(asker: Asker, uri: string): void {
    this.#subscriptions.remove(this.keyOf(asker), uri, asker)
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
      state: this.#condition.state,
      reason: this.#condition.reason,
      pids: this.#pool.pids,
      era: this.#era,
      inFlight: this.#pool.inFlight,
      breaker: this.breaker,
      check: this.#health.last,
    }
  }

  /** Starts it if it is to be up with the gateway. That it cannot be started shows in its state. */
  prestart(): void {
    if (this.#config.prestart !== true || this.#hasSession()) return
    this.#pool.open(OWN_ASKER).catch(ignore)
  }

  /** @throws {AppError} as `SessionPool.open` */
  start(asker: Asker): Promise<void> {
    this.#clientRoots.bind(asker)
    return this.#pool.open(asker, { insists: true })
  }

  /** Ends its sessions once their calls are through, after `drainMs` at the latest. The next call starts anew. */
  async stop(drainMs: number): Promise<void> {
    for (const slot of this.#pool.slots) this.#subscriptions.noteLost(slot)
    await this.#pool.leaveAll(STOPPED, drainMs)
  }

  /** Takes what operators decided; a blocked server ends with the calls that run. */
  mark(marks: Marks): void {
    this.#intake.mark(marks)
    const blocked = this.#intake.blocked()
    if (blocked !== undefined) {
      this.#recovery.stop()
      for (const slot of this.#pool.slots) this.#subscriptions.noteLost(slot)
      this.#pool.refuseRoomless(blocked)
      void this.#pool.leaveAll(blocked.message)
    } else {
      for (const { key, asker } of this.#subscriptions.holders()) this.#recover(key, asker)
    }
    this.onChange()
  }

  /** @throws {AppError} as `start`, or the signal's own reason */
  async check(asker: Asker, signal: AbortSignal): Promise<HealthCheck> {
    const refusal = this.#intake.blocked()
    if (refusal !== undefined) throw refusal
    if (!this.#hasSession()) await orAborted(signal, () => this.start(asker))
    return this.#health.check(signal)
  }

  /** The newest lines of its children's standard error, oldest first. */
  logs(linesMax: number): readonly StderrLine[] {
    return this.#deps.stderr?.lines(linesMax) ?? []
  }

  /** Takes another configuration over under which it is the same server, see `isSameServer`. */
  reconfigure(config: ServerConfig): void {
    const { health } = this.#config
    this.#config = config
    this.#deps.opener.reconfigure?.(config)
    this.#pool.configure(poolOptionsOf(this.#config))
    this.#intake.breakers.configure(config.breaker)
    if (!isDeepStrictEqual(health, config.health)) {
      this.#health.stop()
      this.#health = this.#createHealth()
      if (this.#hasSession()) this.#health.arm()
    }
    this.onChange()
  }

  /** Hands over to another one of its name: the subscriptions it held, and what it knew of its tools. */
  handOver(): HandedOver {
    const { stderr } = this.#deps
    const held = this.#subscriptions.takeAll()
    return { held, marks: this.marks, toolsKnown: this.#toolsKnown, stderr }
  }

  /** Goes on for those who had subscribed with the server before it. They hear that they may have missed something. */
  adopt(held: readonly Held[]): void {
    for (const { asker, uri } of held) {
      this.#clientRoots.bind(asker)
      this.#subscriptions.adopt(this.keyOf(asker), asker, uri)
    }
    for (const { key, asker } of this.#subscriptions.holders()) this.#recover(key, asker)
  }

  /** Lets the calls inside run to their own end, then ends with all it holds. It is not announced any more. */
  async retire(): Promise<void> {
    this.#replaced = true
    this.#news.retire()
    this.#recovery.stop()
    await this.#pool.drain(REPLACED)
    await this.close()
  }

  async close(): Promise<void> {
    this.#condition.closing = true
    this.#health.stop()
    this.#recovery.stop()
    this.onChange()
    await this.#pool.close()
    this.#condition.closing = false
    this.onChange()
  }

  onReady(slot: Slot, { session, agreement }: OpenedSession): void {
    this.#era = agreement.era
    this.#condition.trouble = null
    this.#condition.lostChild = null
    const { era, version, capabilities, capabilitiesText, instructions } = agreement
    const facts = { era, capabilities: capabilitiesText, instructions }
    this.#news.facts(facts)
    this.#intake.breakers.relent(slot.asker === OWN_ASKER ? undefined : slot.key)
    // First, so that what the server asks on the stream of its session finds it open.
    this.#subscriptions.begin(slot)
    const alone = [...this.#pool.slots].every((other) => (other.session ?? session) === session)
    if (alone || !this.#catalogue.hasRead) {
      this.#catalogue.readAll(session, capabilities).catch(ignore)
    }
    this.#pool.setLogLevel(slot, this.#subscriptions.logLevelOf(slot.key))
    this.#health.arm()
    this.#deps.log.info({ serverPid: session.pid, era, version }, 'server ready')
    this.#news.started(this.#endedItself ? 'restarted' : 'ok')
    this.#endedItself = false
    this.onChange()
  }

  onStartFailed(error: AppError): void {
    this.#condition.trouble = error.message
    this.#deps.log.warn({ err: error }, 'server start failed')
    this.#news.started('failed')
    this.onChange()
  }

  onLost(slot: Slot, error: AppError): void {
    // An expired session is the ordinary end of one; a child that went by itself is not.
    if (this.#config.kind === 'stdio') {
      this.#condition.lostChild = error.message
      this.#endedItself = true
    }
    this.#subscriptions.noteLost(slot)
    if (this.#subscriptions.holds(slot.key)) this.#recovery.recover(slot)
    this.onChange()
  }

  onSettled(call: Call, error: AppError | undefined): void {
    this.#intake.breakers.settle(call, error)
    // What we cut short ourselves says nothing about the server.
    if (call.session === undefined || call.slot?.unwanted === true) return
    if (error === undefined) {
      if (this.#condition.trouble !== null) this.#recovered()
    } else if (isTransportFailure(error) && this.#config.kind === 'http') {
      this.#condition.trouble = error.message
      this.onChange()
    }
  }

  onListChanged(session: Session, family: Family): void {
    this.#catalogue.readFamily(family, session)
  }

  onChange(): void {
    const { standing, isDraining } = this.#condition
    // Whose last session merely ends takes calls all the same.
    this.#standing = standing === 'draining' && !isDraining ? 'cold' : standing
    this.#recovery.watch()
    this.#news.state(this.status())
  }

  #createPool(): SessionPool {
    const { opener, clock, random, clientInfo } = this.#deps
    return new SessionPool(poolOptionsOf(this.#config), {
      ...{ opener, clock, random, clientInfo, events: this, news: this.#news },
      isHeld: (key) => this.#subscriptions.holds(key),
      refusal: () => this.#intake.blocked(),
      insists: (call) => this.#intake.insists(call),
      rootsOf: (asker) => this.#clientRoots.of(asker),
    })
  }

  #createHealth(): Health {
    const { clientInfo, clock, log, random } = this.#deps
    const { signal } = this.#pool
    return new Health({
      ...{ ...this.#config.health, clientInfo, clock, log, random, signal },
      slots: () => this.#pool.slots,
      onCheck: (check) => this.#onCheck(check),
      onAlive: (slot, session) => this.#onAlive(slot, session),
      onDead: (slot) => this.#onDead(slot),
    })
  }

  #hasSession(): boolean {
    for (const { session } of this.#pool.slots) if (session !== undefined) return true
    return false
  }

  #isMissed(): boolean {
    const required = this.#config.prestart === true || this.#deps.isMember?.() === true
    if (!required || this.#replaced || this.#condition.closing || !this.#isUnmarked()) return false
    const { fault, lostChild } = this.#condition
    return (fault !== null || lostChild !== null) && !this.#hasSession()
  }

  #isUnmarked(): boolean {
    const { blocked, draining } = this.#intake.marks
    return blocked === undefined && draining === undefined
  }

  #recover(key: string, asker: Asker): void {
    if (this.#isUnmarked()) {
      this.#recovery.recover({ key, asker, usedAtMs: this.#deps.clock.monotonicMs() })
    }
  }

  #sessions(): SessionFacts {
    const slots = [...this.#pool.slots]
    return {
      open: slots.some((slot) => slot.session !== undefined),
      starting: slots.some((slot) => slot.starting !== undefined),
      ending: this.#pool.ending > 0,
    }
  }

  #recovered(): void {
    this.#condition.trouble = null
    this.onChange()
  }

  #onList(kind: Kind, read: ListRead): void {
    const isEmpty = kind === 'tools' && read.entries === 0 && this.#toolsKnown > 0
    if (kind === 'tools') {
      this.#condition.listEmpty = isEmpty
      if (!isEmpty) this.#toolsKnown = read.entries
    }
    if (!isEmpty) this.#news.list(kind, read)
    this.onChange()
  }

  #onAlive(slot: Slot, session: Session): void {
    this.#intake.breakers.relent(slot.key)
    if (this.#condition.trouble !== null) this.#recovered()
    // A subscription that the server ended is asked for again.
    this.#subscriptions.listen(slot)
    if (this.#condition.listEmpty) this.#catalogue.readFamily('tools', session)
    if (slot.agreement) this.#catalogue.readMissing(session, slot.agreement.capabilities)
  }

  #onCheck(check: HealthCheck): void {
    this.#news.check(check)
    this.onChange()
  }

  #onDead(slot: Slot): void {
    const sentence = 'the server does not answer health probes'
    // Another child may do well; a remote server is the same for all.
    if (this.#config.kind === 'stdio') this.#condition.lostChild = sentence
    else this.#condition.trouble = sentence
    this.#subscriptions.noteLost(slot)
    this.#pool.end(slot, sentence)
    this.#recovery.recover(slot)
  }
}

/** Told elsewhere. */
function ignore(): void {}
