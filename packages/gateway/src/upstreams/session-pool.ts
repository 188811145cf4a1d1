import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { BackOff } from './back-off.ts'
import { Call, type CallOwner } from './call.ts'
import type { Agreement } from './handshake.ts'
import type { SessionOpener } from './open-session.ts'
import type { Session, SessionEvents } from './session.ts'
import { createSlot, type Slot } from './slot.ts'
import type { UpstreamReply, UpstreamRequest } from './upstream.ts'

/** Calls waiting for a start or for room, per server. */
const WAITING_MAX = 2_000
/** A session that ends by itself sooner than this, without having answered a call, was a short life. */
const SHORT_LIFE_MS = 1_000
const SHORT_LIVES_MAX = 5
const ONCE = { once: true } as const
const STOPPING = 'the gateway is stopping'

export interface SessionPoolOptions {
  /** Sessions open, starting or ending at once. */
  readonly sessionsMax: number
  readonly idleAfterMs: number
  readonly startMs: number
}

/** What the pool tells the server it belongs to. */
export interface SessionPoolEvents {
  onReady(session: Session, agreement: Agreement): void
  onStartFailed(error: AppError): void
  onLost(error: AppError): void
  /** A call came back; `error` is what it failed with. */
  onSettled(error: AppError | undefined): void
  onToolsChanged(session: Session): void
  onStray(): void
  /** A session could not be ended as it should. */
  onEndFailed(error: AppError): void
  /** Something shown in the status changed. */
  onChange(): void
}

export interface SessionPoolDeps {
  readonly opener: Pick<SessionOpener, 'open'>
  readonly clock: Clock
  readonly events: SessionPoolEvents
  readonly random: () => number
}

/**
 * The sessions of one server, one per key. A call finds its session open, joins the start that runs, starts
 * one, or waits for room; idle sessions end by themselves and leave first when room is needed.
 */
export class SessionPool implements CallOwner {
  readonly #options: SessionPoolOptions
  readonly #deps: SessionPoolDeps
  readonly #slots = new Map<string, Slot>()
  /** Calls for which there is no room yet, oldest first. */
  readonly #roomless = new Set<Call>()
  readonly #retiring = new Map<Session, Promise<void>>()
  readonly #backOff: BackOff
  readonly #closing = new AbortController()
  #waiting = 0
  #shortLives = 0
  #idleTimer: NodeJS.Timeout | undefined
  #closed: Promise<void> | undefined

  constructor(options: SessionPoolOptions, deps: SessionPoolDeps) {
    this.#options = options
    this.#deps = deps
    this.#backOff = new BackOff(deps.random)
  }

  get slots(): Iterable<Slot> {
    return this.#slots.values()
  }

  get inFlight(): number {
    let total = 0
    for (const slot of this.#slots.values()) total += slot.inFlight
    return total
  }

  get pids(): number[] {
    const sessions = [...this.#slots.values()].map((slot) => slot.session)
    return [...sessions, ...this.#retiring.keys()].flatMap((session) => session?.pid ?? [])
  }

  /** Sessions that are being ended. */
  get ending(): number {
    return this.#retiring.size
  }

  get signal(): AbortSignal {
    return this.#closing.signal
  }

  call(key: string, request: UpstreamRequest): Promise<UpstreamReply> {
    return new Promise((resolve, reject) => {
      const { signal } = request
      const call = new Call(this, { key, request }, resolve, reject)
      if (signal.aborted) {
        call.handleEvent()
        return
      }
      signal.addEventListener('abort', call, ONCE)
      this.#route(call)
    })
  }

  /**
   * Opens the key's session, or joins its start.
   *
   * @throws {AppError} as `SessionOpener.open`, `server_unavailable` during back-off
   */
  async open(key: string): Promise<void> {
    const slot = this.#slots.get(key)
    if (slot?.session !== undefined) return
    const refusal = this.#refusal()
    if (refusal !== undefined) throw refusal
    await (slot?.starting ?? this.#start(this.#addSlot(key)))
  }

  /** Ends a session that is no use any more; its calls fail, the next one starts anew. */
  end(slot: Slot, reason: string): void {
    const { session } = slot
    if (session === undefined) return
    this.#drop(slot)
    this.#retire(session, reason)
    this.#deps.events.onChange()
  }

  onSettled(call: Call, error: AppError | undefined): void {
    const { slot, session } = call
    if (slot === undefined || session === undefined) return
    slot.inFlight -= 1
    slot.usedAtMs = this.#deps.clock.monotonicMs()
    if (error === undefined) slot.answered = true
    this.#deps.events.onSettled(error)
    if (slot.inFlight === 0 && this.#roomless.size > 0) this.#makeRoom()
  }

  resend(call: Call): void {
    if (call.slot !== undefined) call.slot.inFlight -= 1
    call.session = undefined
    call.slot = undefined
    this.#route(call)
  }

  forget(call: Call): void {
    if (call.slot?.waiting.delete(call) === true || this.#roomless.delete(call)) this.#waiting -= 1
  }

  /** Ends every start, call and session, and waits until they are gone. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  #route(call: Call): void {
    const slot = this.#slots.get(call.key)
    if (slot?.session !== undefined) {
      this.#hand(slot, slot.session, call)
      return
    }
    const refusal = slot?.starting === undefined ? this.#refusal() : this.#overflow()
    if (refusal !== undefined) {
      call.fail(refusal)
      return
    }
    this.#waiting += 1
    if (slot?.starting === undefined && !this.#hasRoom()) {
      this.#roomless.add(call)
      this.#makeRoom()
      return
    }
    this.#await(slot ?? this.#addSlot(call.key), call)
  }

  #await(slot: Slot, call: Call): void {
    call.slot = slot
    slot.waiting.add(call)
    // The outcome of the start reaches each waiting call by itself.
    if (slot.starting === undefined) this.#start(slot).catch(() => undefined)
  }

  #hand(slot: Slot, session: Session, call: Call): void {
    slot.inFlight += 1
    call.slot = slot
    call.session = session
    try {
      session.send(call)
    } catch (thrown) {
      call.fail(AppError.from(thrown))
    }
  }

  /** Why no start may begin now. */
  #refusal(): AppError | undefined {
    if (this.#closing.signal.aborted) return AppError.from(this.#closing.signal.reason)
    const retryAfterMs = this.#backOff.remainingMs(this.#deps.clock.monotonicMs())
    if (retryAfterMs > 0) {
      const sentence = 'the server failed to start and is left alone for a moment'
      return new AppError('server_unavailable', sentence, { retryAfterMs, outcome: 'not_sent' })
    }
    return this.#overflow()
  }

  #overflow(): AppError | undefined {
    if (this.#waiting < WAITING_MAX) return undefined
    const sentence = `${WAITING_MAX} calls wait for the server to start`
    return new AppError('overloaded', sentence, { outcome: 'not_sent' })
  }

  #addSlot(key: string): Slot {
    const slot = createSlot(key, this.#deps.clock.monotonicMs())
    this.#slots.set(key, slot)
    return slot
  }

  /** One start, however many wait for it, and whether or not they still do when it ends. */
  #start(slot: Slot): Promise<void> {
    const starting = this.#open(slot)
    slot.starting = starting
    this.#deps.events.onChange()
    return starting
  }

  async #open(slot: Slot): Promise<void> {
    const deadline = new AbortController()
    const abort = (): void => deadline.abort(this.#closing.signal.reason)
    const timer = setTimeout(() => {
      const sentence = `the server did not start within ${this.#options.startMs} ms`
      deadline.abort(new AppError('server_start_failed', sentence, { outcome: 'not_sent' }))
    }, this.#options.startMs)
    this.#closing.signal.addEventListener('abort', abort, ONCE)
    try {
      const events = this.#sessionEvents(slot)
      const retire = (session: Session): void => this.#retire(session, 'the start failed')
      const { session, agreement } = await this.#deps.opener.open(events, retire, deadline.signal)
      this.#onOpened(slot, session, agreement)
    } catch (thrown) {
      throw this.#onOpenFailed(slot, AppError.from(thrown))
    } finally {
      clearTimeout(timer)
      this.#closing.signal.removeEventListener('abort', abort)
    }
  }

  #sessionEvents(slot: Slot): SessionEvents {
    const { events } = this.#deps
    return {
      onLost: (error) => {
        const { session } = slot
        if (session === undefined) return
        this.#drop(slot)
        this.#retire(session, error.message)
        this.#noteLife(slot)
        events.onLost(error)
      },
      onToolsChanged: () => {
        if (slot.session !== undefined) events.onToolsChanged(slot.session)
      },
      onStray: () => events.onStray(),
    }
  }

  /** A server that starts well and dies at once, again and again, is left alone for a moment too. */
  #noteLife(slot: Slot): void {
    const nowMs = this.#deps.clock.monotonicMs()
    const useless = !slot.answered && nowMs - slot.readyAtMs < SHORT_LIFE_MS
    this.#shortLives = useless ? this.#shortLives + 1 : 0
    if (this.#shortLives >= SHORT_LIVES_MAX) this.#backOff.failed(nowMs)
  }

  #onOpened(slot: Slot, session: Session, agreement: Agreement): void {
    slot.starting = undefined
    if (this.#closing.signal.aborted) {
      this.#retire(session, STOPPING)
      throw AppError.from(this.#closing.signal.reason)
    }
    slot.session = session
    slot.agreement = agreement
    slot.readyAtMs = this.#deps.clock.monotonicMs()
    slot.usedAtMs = slot.readyAtMs
    this.#backOff.succeeded()
    this.#armIdle()
    this.#deps.events.onReady(session, agreement)
    for (const call of this.#takeWaiting(slot)) this.#route(call)
  }

  #onOpenFailed(slot: Slot, error: AppError): AppError {
    slot.starting = undefined
    this.#drop(slot)
    const closing = this.#closing.signal.aborted
    const backOffMs = closing ? undefined : this.#backOff.failed(this.#deps.clock.monotonicMs())
    const retryAfterMs = Math.max(error.retryAfterMs ?? 0, backOffMs ?? 0)
    const { code, message, details } = error
    const failure = new AppError(code, message, {
      cause: error.cause ?? error,
      details,
      outcome: 'not_sent',
      ...(retryAfterMs > 0 ? { retryAfterMs } : {}),
    })
    for (const call of this.#takeWaiting(slot)) call.fail(failure)
    if (!closing) this.#deps.events.onStartFailed(failure)
    this.#admitRoomless()
    return failure
  }

  #takeWaiting(slot: Slot): Call[] {
    const calls = [...slot.waiting]
    slot.waiting.clear()
    this.#waiting -= calls.length
    return calls
  }

  #drop(slot: Slot): void {
    slot.session = undefined
    if (this.#slots.get(slot.key) === slot) this.#slots.delete(slot.key)
  }

  #retire(session: Session, reason: string): void {
    const ending = session
      .close(reason)
      .catch((thrown: unknown) => this.#deps.events.onEndFailed(AppError.from(thrown)))
      .finally(() => {
        this.#retiring.delete(session)
        this.#deps.events.onChange()
        this.#admitRoomless()
      })
    this.#retiring.set(session, ending)
  }

  #hasRoom(): boolean {
    return this.#slots.size + this.#retiring.size < this.#options.sessionsMax
  }

  /** Ends the longest idle session, one for each key that waits and has none ending for it yet. */
  #makeRoom(): void {
    const wanted = new Set([...this.#roomless].map((call) => call.key)).size
    for (let ending = this.#retiring.size; ending < wanted; ending += 1) {
      const idle = [...this.#slots.values()]
        .filter((slot) => slot.session !== undefined && slot.inFlight === 0)
        .toSorted((one, other) => one.usedAtMs - other.usedAtMs)[0]
      if (idle === undefined) return
      this.end(idle, 'the session was idle')
    }
  }

  #admitRoomless(): void {
    for (const call of [...this.#roomless]) {
      if (!this.#slots.has(call.key) && !this.#hasRoom()) continue
      this.#roomless.delete(call)
      this.#waiting -= 1
      this.#route(call)
    }
  }

  #armIdle(): void {
    this.#idleTimer ??= setTimeout(this.#endIdle, this.#options.idleAfterMs).unref()
  }

  readonly #endIdle = (): void => {
    this.#idleTimer = undefined
    const nowMs = this.#deps.clock.monotonicMs()
    let nextMs = Infinity
    for (const slot of [...this.#slots.values()]) {
      if (slot.session === undefined) continue
      const idleMs = slot.inFlight > 0 ? 0 : nowMs - slot.usedAtMs
      const leftMs = this.#options.idleAfterMs - idleMs
      if (leftMs <= 0) this.end(slot, 'the session was idle')
      else nextMs = Math.min(nextMs, leftMs)
    }
    if (nextMs === Infinity) return
    this.#idleTimer = setTimeout(this.#endIdle, Math.ceil(nextMs)).unref()
  }

  async #close(): Promise<void> {
    const stopping = new AppError('shutting_down', STOPPING, { outcome: 'not_sent' })
    this.#closing.abort(stopping)
    clearTimeout(this.#idleTimer)
    const roomless = [...this.#roomless]
    this.#roomless.clear()
    for (const call of roomless) call.fail(stopping)
    const slots = [...this.#slots.values()]
    // A start ends by its signal; what it opened is then retiring.
    await Promise.allSettled(slots.map((slot) => slot.starting))
    for (const slot of slots) this.end(slot, STOPPING)
    for (const session of this.#retiring.keys()) void session.close(STOPPING)
    await Promise.allSettled(this.#retiring.values())
  }
}
