import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { Era } from '@sallyport/kit/mcp'
import type { Principal } from '@sallyport/kit/principal'
import { ask } from './ask.ts'
import { judgeProbe } from './era.ts'
import { CatalogueReader } from './catalogue-reader.ts'
import type { Agreement } from './handshake.ts'
import type { SessionOpener } from './open-session.ts'
import type { ClientInfo } from './own-messages.ts'
import type { ServerConfig } from './server-config.ts'
import type { Session } from './session.ts'
import { SessionPool, type SessionPoolEvents } from './session-pool.ts'
import type { Slot } from './slot.ts'
import type { ServerState, ServerStatus, UpstreamEvents } from './upstream.ts'
import type { UpstreamReply, UpstreamRequest } from './upstream.ts'

/** Sessions with one remote server; children have a bound of their own. */
const HTTP_SESSIONS_MAX = 1_000
const PROBE_MS_MAX = 10_000
const PROBE_FAILURES_MAX = 3
const PROBE_JITTER = 0.1

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
}

/** One server: its sessions, its state, its health and its tool list. */
export class Server implements SessionPoolEvents {
  readonly #config: ServerConfig
  readonly #deps: ServerDeps
  readonly #pool: SessionPool
  readonly #catalogue: CatalogueReader
  #era: Era | null = null
  /** Why it is degraded: starts, probes or the transport fail. */
  #trouble: string | null = null
  #toolsKnown: number
  #listEmpty = false
  #draining = false
  /** A child went by itself and none has been ready since. */
  #endedItself = false
  #shown = ''
  #probeTimer: NodeJS.Timeout | undefined
  /** Replaced sessions whose start failed and is tried again, by the key of their slot. */
  readonly #recoverTimers = new Map<string, NodeJS.Timeout>()

  constructor(config: ServerConfig, deps: ServerDeps) {
    this.#config = config
    this.#deps = deps
    this.#toolsKnown = deps.toolsKnown
    const sessionsMax = config.kind === 'stdio' ? config.children : HTTP_SESSIONS_MAX
    const { idleAfterMs, startMs } = config
    const { opener, clock, random } = deps
    this.#pool = new SessionPool(
      { sessionsMax, idleAfterMs, startMs },
      { opener, clock, random, events: this },
    )
    this.#catalogue = new CatalogueReader({
      clientInfo: deps.clientInfo,
      bytesMax: deps.limits.resultBytes,
      pageMs: deps.limits.callMs,
      signal: this.#pool.signal,
      clock,
      onRead: (pages, tools) => this.#onTools(pages, tools),
    })
  }

  call(principal: Principal, request: UpstreamRequest): Promise<UpstreamReply> {
    return this.#pool.call(this.#keyOf(principal), request)
  }

  /** @throws {AppError} as `SessionPool.open`, and what reading the list fails with */
  async warm(principal: Principal): Promise<void> {
    if (this.#catalogue.hasRead) return
    const slots = [...this.#pool.slots]
    const open = slots.find((slot) => slot.session !== undefined)
    if (open === undefined) {
      const running = slots.find((slot) => slot.starting !== undefined)
      await this.#pool.open(running?.key ?? this.#keyOf(principal))
    }
    if (this.#catalogue.running === undefined && !this.#catalogue.hasRead) {
      const session = [...this.#pool.slots].find((slot) => slot.session !== undefined)?.session
      if (session !== undefined) await this.#catalogue.read(session)
    }
    await this.#catalogue.running
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
    }
  }

  async close(): Promise<void> {
    this.#draining = true
    clearTimeout(this.#probeTimer)
    for (const timer of this.#recoverTimers.values()) clearTimeout(timer)
    this.#recoverTimers.clear()
    this.onChange()
    await this.#pool.close()
    this.#draining = false
    this.onChange()
  }

  onReady(session: Session, agreement: Agreement): void {
    this.#era = agreement.era
    this.#trouble = null
    const { tools, toolsChange } = agreement.capabilities
    const alone = [...this.#pool.slots].every((slot) => (slot.session ?? session) === session)
    if (!tools) this.#catalogue.skip()
    else if (alone || !this.#catalogue.hasRead) this.#readTools(session)
    if (toolsChange) session.listen()
    this.#armProbe()
    const { era, version } = agreement
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

  onLost(error: AppError): void {
    // An expired session is the ordinary end of one; a child that went by itself is not.
    if (this.#config.kind === 'stdio') {
      this.#trouble = error.message
      this.#endedItself = true
    }
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

  onToolsChanged(session: Session): void {
    this.#readTools(session)
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

  #keyOf(principal: Principal): string {
    return this.#config.share === 'all' ? '*' : principal.id
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
    if (this.#trouble !== null) return this.#trouble
    return this.#listEmpty ? 'the server lists no tools where it had some' : null
  }

  #recovered(): void {
    this.#trouble = null
    this.onChange()
  }

  #readTools(session: Session): void {
    this.#catalogue.read(session).catch((err: unknown) => {
      if (this.#pool.signal.aborted || session.lost !== undefined) return
      this.#deps.log.warn({ err }, 'tool list not read')
    })
  }

  #onTools(pages: readonly Buffer[], tools: number): void {
    this.#listEmpty = tools === 0 && this.#toolsKnown > 0
    if (!this.#listEmpty) {
      this.#toolsKnown = tools
      this.#deps.events.onTools(this.#config.name, pages)
    }
    this.onChange()
  }

  #armProbe(): void {
    if (this.#pool.signal.aborted || this.#probeTimer !== undefined) return
    const jitter = 1 - PROBE_JITTER + this.#deps.random() * 2 * PROBE_JITTER
    this.#probeTimer = setTimeout(() => this.#probeAll(), this.#config.health.everyMs * jitter)
    this.#probeTimer.unref()
  }

  #probeAll(): void {
    this.#probeTimer = undefined
    for (const slot of this.#pool.slots) {
      if (slot.session !== undefined) void this.#probe(slot, slot.session)
    }
    // A cold server is not probed; the next start arms the timer again.
    if ([...this.#pool.slots].some((slot) => slot.session !== undefined)) this.#armProbe()
  }

  async #probe(slot: Slot, session: Session): Promise<void> {
    const heardBefore = session.heard
    const alive = await this.#answers(session)
    if (slot.session !== session || this.#pool.signal.aborted) return
    if (alive === true || (alive === undefined && session.heard > heardBefore)) {
      slot.failures = 0
      if (this.#trouble !== null) this.#recovered()
      this.#afterProbe(slot, session)
      return
    }
    slot.failures += 1
    if (slot.failures < PROBE_FAILURES_MAX) return
    this.#trouble = 'the server does not answer health probes'
    this.#deps.log.warn({ pid: session.pid, failures: slot.failures }, 'server replaced')
    this.#pool.end(slot, this.#trouble)
    this.#recover(slot)
  }

  /** Undefined when nothing came back. */
  async #answers(session: Session): Promise<boolean | undefined> {
    const question = {
      method: session.era === 'modern' ? 'server/discover' : 'ping',
      clientInfo: this.#deps.clientInfo,
      withinMs: Math.min(this.#config.health.everyMs, PROBE_MS_MAX),
      cancels: false,
    }
    try {
      const answer = await ask(session, question, this.#pool.signal)
      // An error is an answer too, but a modern server that denies being one has become another.
      return session.era === 'legacy' || judgeProbe(answer).kind === 'modern'
    } catch (thrown) {
      this.#deps.log.debug({ err: thrown }, 'health probe failed')
      return undefined
    }
  }

  #afterProbe(slot: Slot, session: Session): void {
    // A subscription that the server ended is asked for again.
    if (slot.agreement?.capabilities.toolsChange === true) session.listen()
    if (this.#listEmpty || !this.#catalogue.hasRead) this.#readTools(session)
  }

  /** Starts a replaced session again without waiting for a call, for as long as it counts as used. */
  #recover(slot: Slot): void {
    clearTimeout(this.#recoverTimers.get(slot.key))
    this.#recoverTimers.delete(slot.key)
    const idleMs = this.#deps.clock.monotonicMs() - slot.usedAtMs
    if (this.#pool.signal.aborted || idleMs > this.#config.idleAfterMs) return
    this.#pool.open(slot.key).catch((thrown: unknown) => {
      const waitMs = AppError.from(thrown).retryAfterMs ?? this.#config.health.everyMs
      clearTimeout(this.#recoverTimers.get(slot.key))
      const timer = setTimeout(() => this.#recover(slot), waitMs)
      timer.unref()
      this.#recoverTimers.set(slot.key, timer)
    })
  }
}

/** Whether a call failed for the server's sake. A caller's mistakes, deadlines and rate limits never count. */
function isTransportFailure(error: AppError): boolean {
  if (error.code === 'server_lost') return error.outcome === 'unknown'
  return error.code === 'server_unavailable' && error.details['status'] !== 429
}
