import { AppError } from '@sallyport/kit/errors'
import type { LogLevel } from '@sallyport/kit/mcp'
import { CallSender } from './call-sender.ts'
import { Call, type CallOwner } from './call.ts'
import { EndWatch } from './end-watch.ts'
import { IdleWatch } from './idle-watch.ts'
import type { OpenedSession } from './open-session.ts'
import { Retiring } from './retiring.ts'
import { RoomQueue } from './room-queue.ts'
import type { Occupied } from './room.ts'
import { sessionGroup, sessionKey } from './session-key.ts'
import { RootsGate } from './roots-gate.ts'
import { SessionStarter } from './session-starter.ts'
import type { SessionPoolDeps } from './session-pool-deps.ts'
import type { SessionPoolOptions } from './session-pool-options.ts'
import type { Session, SessionEvents } from './session.ts'
import { createSlot, type Slot } from './slot.ts'
import type { Asker, UpstreamReply, UpstreamRequest } from './upstream.ts'

/** Calls waiting for a start or for room, per server. */
const WAITING_MAX = 2_000
const ONCE = { once: true } as const
const STOPPING = 'the gateway is stopping'
const IDLE = 'the session was idle'
const GONE = 'the client is gone'
const ROOTLESS = 'the client did not tell its roots'

/** How a session is asked for: `insists` = although the server is left alone after failed starts. */
export interface Insistence {
  readonly insists: boolean
}

const ORDINARY: Insistence = { insists: false }

/**
 * The sessions of one server, one per key. A call finds its session open, joins the start that runs, starts
 * one, or waits for room; idle sessions end by themselves and leave first when room is needed.
 */
export class SessionPool implements CallOwner {
  #options: SessionPoolOptions
  readonly #deps: SessionPoolDeps
  readonly #slots = new Map<string, Slot>()
  /** Slots that take no new call; a key may have another one by now. */
  readonly #leaving = new Set<Slot>()
  readonly #ends = new EndWatch()
  readonly #roomless: RoomQueue
  readonly #retiring: Retiring
  readonly #sender: CallSender
  readonly #starter: SessionStarter
  readonly #closing = new AbortController()
  #waiting = 0
  readonly #idle: IdleWatch
  /** Whoever still comes in leaves at once when done. */
  #draining = false
  #closed: Promise<void> | undefined

  constructor(options: SessionPoolOptions, deps: SessionPoolDeps) {
    this.#options = options
    this.#deps = deps
    const { signal } = this.#closing
    this.#starter = new SessionStarter({ ...deps, startMs: () => this.#options.startMs, signal })
    this.#sender = new CallSender({ clientInfo: deps.clientInfo, clock: deps.clock, signal })
    this.#retiring = new Retiring({
      onFailed: (error) => deps.news.endFailed(error),
      onEnded: () => {
        deps.events.onChange()
        this.#roomless.admitAll()
        this.#ends.note()
      },
    })
    this.#roomless = new RoomQueue({
      room: () => this.#options,
      occupied: () => this.#occupied,
      groupOf: (asker) => sessionGroup(options.sharing, asker),
      hasSlot: (key) => this.#slots.has(key),
      isIdle: (slot) => slot.session !== undefined && slot.inFlight === 0 && !deps.isHeld(slot.key),
      end: (slot) => this.end(slot, IDLE),
      admit: (call) => {
        this.#waiting -= 1
        this.#route(call)
      },
    })
    this.#idle = new IdleWatch({
      idleAfterMs: () => this.#options.idleAfterMs,
      clock: deps.clock,
      slots: () => [...this.#slots.values()],
      isHeld: deps.isHeld,
      onIdle: (slot) => this.end(slot, IDLE),
    })
  }

  get slots(): Iterable<Slot> {
    return this.#slots.values()
  }

  get inFlight(): number {
    let total = 0
    for (const slot of this.#slots.values()) total += slot.inFlight
    for (const slot of this.#leaving) total += slot.inFlight
    return total
  }

  get pids(): number[] {
    const open = this.#allSlots.flatMap((slot) => slot.session?.pid ?? [])
    return [...open, ...this.#retiring.pids]
  }

  /** Sessions that are being ended, or will be once their calls are through. */
  get ending(): number {
    return this.#retiring.size + this.#leaving.size
  }

  get signal(): AbortSignal {
    return this.#closing.signal
  }

  /** Takes other bounds and times; nothing that runs is cut for them. */
  configure(options: SessionPoolOptions): void {
    this.#options = options
    this.#idle.rearm()
    this.#roomless.admitAll()
  }

  /** The place of a key; undefined when it has no session and none is starting. */
  find(key: string): Slot | undefined {
    return this.#slots.get(key)
  }

  call(asker: Asker, request: UpstreamRequest): Promise<UpstreamReply> {
    return new Promise((resolve, reject) => {
      const { signal } = request
      const key = sessionKey(this.#options.sharing, asker)
      const call = new Call(this, { key, asker, request }, resolve, reject)
      if (signal.aborted) {
        call.handleEvent()
        return
      }
      signal.addEventListener('abort', call, ONCE)
      this.#route(call)
    })
  }

  /**
   * Opens the asker's session, or joins its start.
   *
   * @throws {AppError} as `SessionOpener.open`; `server_start_failed` or `server_unavailable` during back-off
   */
  async open(asker: Asker, how: Insistence = ORDINARY): Promise<void> {
    const key = sessionKey(this.#options.sharing, asker)
    for (;;) {
      const slot = this.#slots.get(key)
      if (slot?.session !== undefined) return
      const refusal = this.#refusal(how)
      if (refusal !== undefined) throw refusal
      if (slot?.starting !== undefined) return slot.starting
      if (this.#roomless.fits(asker)) return this.#start(this.#addSlot(key, asker))
      await this.#freed(asker)
    }
  }

  /** Ends the key's session for good, as soon as it stands if it is only starting. */
  endKey(key: string): void {
    for (const slot of this.#allSlots) {
      if (slot.key !== key) continue
      this.#abandon(slot, GONE)
    }
  }

  /**
   * Ends every session there is once its calls are through, those included that wait for it to start. Whoever
   * comes later gets another. Resolves when they are gone; after `drainMs` nothing is waited for any more.
   */
  async leaveAll(reason: string, drainMs = Infinity): Promise<void> {
    const mine = [...this.#slots.values()]
    for (const slot of mine) this.#leave(slot, reason)
    const gone = this.#ends.until(
      () => this.#retiring.size === 0 && !mine.some((slot) => this.#leaving.has(slot)),
    )
    const timer =
      drainMs === Infinity ? undefined : setTimeout(() => this.#cut(mine, reason), drainMs)
    await gone
    clearTimeout(timer)
  }

  /** As `leaveAll`, and for good: also sessions that are still opened for calls inside. */
  async drain(reason: string): Promise<void> {
    this.#draining = true
    for (const slot of this.#allSlots) this.#leave(slot, reason)
    await this.#ends.until(
      () => this.#slots.size + this.#leaving.size + this.#roomless.size + this.#retiring.size === 0,
    )
  }

  /** Refuses the calls for which there is no room yet. */
  refuseRoomless(error: AppError): void {
    const calls = this.#roomless.takeAll()
    this.#waiting -= calls.length
    for (const call of calls) call.fail(error)
  }

  /** Makes a new session as talkative as the one before it was. */
  setLogLevel(slot: Slot, level: LogLevel | undefined): void {
    this.#sender.setLogLevel(slot, level)
  }

  /** Ends a session that is no use any more; its calls fail, the next one starts anew. */
  end(slot: Slot, reason: string): void {
    const { session } = slot
    if (session === undefined) return
    this.#drop(slot)
    this.#retiring.add(session, slot.group, reason)
    this.#deps.events.onChange()
  }

  onSettled(call: Call, error: AppError | undefined): void {
    const { slot, session } = call
    if (slot === undefined || session === undefined) {
      this.#deps.events.onSettled(call, error)
      return
    }
    slot.inFlight -= 1
    slot.usedAtMs = this.#deps.clock.monotonicMs()
    if (error === undefined) slot.answered = true
    this.#deps.events.onSettled(call, error)
    if (slot.leaving) this.#endIfDone(slot)
    if (slot.inFlight === 0 && this.#roomless.size > 0) this.#roomless.makeRoom()
  }

  resend(call: Call): void {
    if (call.slot?.unwanted === true) {
      call.fail(abandoned(call.slot))
      return
    }
    const { slot } = call
    if (slot !== undefined) slot.inFlight -= 1
    if (slot?.leaving === true) this.#endIfDone(slot)
    call.session = undefined
    call.slot = undefined
    this.#route(call)
  }

  forget(call: Call): void {
    if (call.slot?.waiting.delete(call) !== true && !this.#roomless.delete(call)) return
    this.#waiting -= 1
    this.#ends.note()
  }

  /** Ends every start, call and session, and waits until they are gone. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  #route(call: Call): void {
    let slot = this.#slots.get(call.key)
    if (slot?.roots?.isRefused === true) {
      // No call ever went over it. A new one asks anew, and this call can be asked for it.
      this.end(slot, ROOTLESS)
      slot = this.#slots.get(call.key)
    }
    if (slot?.session !== undefined) {
      this.#sender.hand(slot, slot.session, call)
      return
    }
    const refusal = slot?.starting === undefined ? this.#refusalOf(call) : this.#overflow()
    if (refusal !== undefined) {
      call.fail(refusal)
      return
    }
    this.#waiting += 1
    if (slot?.starting === undefined && !this.#roomless.fits(call.asker)) {
      this.#roomless.add(call)
      return
    }
    this.#await(slot ?? this.#addSlot(call.key, call.asker), call)
  }

  #await(slot: Slot, call: Call): void {
    call.slot = slot
    slot.waiting.add(call)
    // The outcome of the start reaches each waiting call by itself.
    if (slot.starting === undefined) this.#start(slot).catch(() => undefined)
  }

  #refusal(how: Insistence): AppError | undefined {
    return this.#deps.refusal() ?? this.#starter.refusal(how) ?? this.#overflow()
  }

  #refusalOf(call: Call): AppError | undefined {
    const refusal = this.#refusal(ORDINARY)
    if (refusal === undefined || !this.#deps.insists(call)) return refusal
    return this.#refusal({ insists: true })
  }

  #overflow(): AppError | undefined {
    if (this.#waiting < WAITING_MAX) return undefined
    const sentence = `${WAITING_MAX} calls wait for the server to start`
    return new AppError('overloaded', sentence, { outcome: 'not_sent' })
  }

  #addSlot(key: string, asker: Asker): Slot {
    const group = sessionGroup(this.#options.sharing, asker)
    const slot = createSlot({ key, group, asker }, this.#deps.clock.monotonicMs())
    this.#slots.set(key, slot)
    // Found by calls of its key as long as it starts; it stays for what it was opened for.
    slot.leaving = this.#draining
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
    const retire = (session: Session): void => {
      this.#retiring.add(session, slot.group, 'the start failed')
    }
    try {
      const opening = { events: this.#sessionEvents(slot), asker: slot.asker, retire }
      this.#onOpened(slot, await this.#starter.start(opening))
    } catch (thrown) {
      const error = AppError.from(thrown)
      this.#onOpenFailed(slot, error)
      throw error
    }
  }

  #sessionEvents(slot: Slot): SessionEvents {
    const { events, news } = this.#deps
    if (this.#options.sharing.roots === 'client') {
      const askClient = this.#deps.rootsOf(slot.asker)
      slot.roots = new RootsGate({ askClient, waiting: () => slot.waiting })
    }
    return {
      onLost: (error) => {
        const { session } = slot
        if (session === undefined) return
        this.#drop(slot)
        this.#retiring.add(session, slot.group, error.message)
        this.#starter.noteEnd(slot)
        events.onLost(slot, error)
      },
      onListChanged: (family) => {
        if (slot.session !== undefined) events.onListChanged(slot.session, family)
      },
      onResourceUpdated: (uri, params) => news.resourceUpdated(slot.key, uri, params),
      onNotification: (message) => news.notification(slot.key, message),
      onRootsAsked: slot.roots?.ask.bind(slot.roots),
      onUnattributed: (question, clients) => news.unattributed(question, clients),
      onStray: () => news.stray(),
    }
  }

  #onOpened(slot: Slot, opened: OpenedSession): void {
    const { session, agreement } = opened
    slot.starting = undefined
    if (this.#closing.signal.aborted) {
      this.#retiring.add(session, slot.group, STOPPING)
      throw AppError.from(this.#closing.signal.reason)
    }
    slot.session = session
    slot.agreement = agreement
    slot.readyAtMs = this.#deps.clock.monotonicMs()
    slot.usedAtMs = slot.readyAtMs
    this.#idle.arm()
    this.#deps.events.onReady(slot, opened)
    if (slot.unwanted) this.end(slot, slot.endReason)
    for (const call of this.#takeWaiting(slot)) {
      if (slot.unwanted) call.fail(abandoned(slot))
      else if (slot.leaving && slot.session !== undefined)
        this.#sender.hand(slot, slot.session, call)
      else this.#route(call)
    }
    if (slot.leaving) this.#endIfDone(slot)
  }

  #onOpenFailed(slot: Slot, failure: AppError): void {
    slot.starting = undefined
    this.#drop(slot)
    for (const call of this.#takeWaiting(slot)) call.fail(failure)
    if (!this.#closing.signal.aborted) this.#deps.events.onStartFailed(failure)
    this.#roomless.admitAll()
    this.#ends.note()
  }

  #leave(slot: Slot, reason: string): void {
    slot.leaving = true
    slot.endReason = reason
    if (this.#slots.get(slot.key) === slot) this.#slots.delete(slot.key)
    this.#leaving.add(slot)
    this.#endIfDone(slot)
    this.#deps.events.onChange()
  }

  #endIfDone(slot: Slot): void {
    if (slot.inFlight === 0 && slot.waiting.size === 0) this.end(slot, slot.endReason)
  }

  /** Time is up for what still runs. */
  #cut(slots: readonly Slot[], reason: string): void {
    for (const slot of slots) this.#abandon(slot, reason)
  }

  #abandon(slot: Slot, reason: string): void {
    slot.unwanted = true
    slot.endReason = reason
    this.end(slot, reason)
  }

  get #allSlots(): Slot[] {
    return [...this.#slots.values(), ...this.#leaving]
  }

  #takeWaiting(slot: Slot): Call[] {
    const calls = [...slot.waiting]
    slot.waiting.clear()
    this.#waiting -= calls.length
    return calls
  }

  #drop(slot: Slot): void {
    slot.session = undefined
    slot.roots?.open()
    if (this.#slots.get(slot.key) === slot) this.#slots.delete(slot.key)
    this.#leaving.delete(slot)
  }

  get #occupied(): Occupied {
    return { slots: this.#allSlots, ending: this.#retiring.groups }
  }

  /** Waits until a session has ended, which may be one that was idle. */
  async #freed(asker: Asker): Promise<void> {
    this.#roomless.makeRoom(asker)
    if (this.#retiring.size === 0) {
      const sentence = 'every session with the server is in use'
      throw new AppError('overloaded', sentence, { outcome: 'not_sent' })
    }
    await this.#retiring.next()
  }

  async #close(): Promise<void> {
    const stopping = new AppError('shutting_down', STOPPING, { outcome: 'not_sent' })
    this.#closing.abort(stopping)
    this.#idle.stop()
    for (const call of this.#roomless.takeAll()) call.fail(stopping)
    const slots = this.#allSlots
    // A start ends by its signal; what it opened is then retiring.
    await Promise.allSettled(slots.map((slot) => slot.starting))
    for (const slot of slots) this.end(slot, STOPPING)
    await this.#retiring.all(STOPPING)
  }
}

function abandoned({ endReason }: Slot): AppError {
  return new AppError('cancelled', endReason, { outcome: 'not_sent' })
}
