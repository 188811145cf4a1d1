import { setImmediate as nextTurn } from 'node:timers/promises'
import { type CallAbort, CallController } from '../call-signal.ts'
import { AppError } from '../errors.ts'
import { LiveTable } from '../limits/index.ts'
import type { Answer, ApplicationFace, Caller, Exchange, McpApplication } from './exchange.ts'
import type { Arrival, Send } from './line.ts'
import type { Era, Message } from './message.ts'
import type { LegacySession } from './session.ts'
import { idOf } from './splice.ts'

/** How the sender of a request speaks, and what it takes before the answer. */
export interface Speech {
  readonly era: Era
  readonly version: string
  readonly session: LegacySession | undefined
  /** Undefined where the client takes nothing but the answer. */
  readonly send: Send | undefined
  /** Its connection, where that is the request's own. */
  readonly client?: CallAbort['client']
}

/** What a drain waits for besides what is in flight. */
export interface Lull {
  /** For so long nothing may have been in flight, milliseconds. */
  readonly quietMs: number
  /** Whether clients are connected who could still send something. */
  readonly connected: () => boolean
}

const LULL_LOOK_MS = 25
const NO_LULL: Lull = { quietMs: 0, connected: () => false }

/** What the application is busy with on behalf of clients. */
export class Calls {
  readonly #app: McpApplication
  readonly #live = new LiveTable<CallAbort, Caller>()
  /** Messages that are still being read, or answered without the application. */
  #arriving = 0
  /** While it drains: when something was last in flight, and who wants to know that nothing is. */
  #lastMs = 0
  #wake: (() => void) | undefined
  /** Why nothing is taken on any more. */
  #over: AppError | undefined
  #cut = 0

  constructor(app: McpApplication) {
    this.#app = app
  }

  /** Calls that a drain did not wait for any longer, and those that came after it. */
  get cut(): number {
    return this.#cut
  }

  /** Requests being answered. */
  get size(): number {
    return this.#live.size
  }

  /** Has the application answer one request. */
  async run(
    arrival: Arrival,
    message: Message,
    speech: Speech,
    controller: CallAbort = new CallController(),
  ): Promise<Answer> {
    const { caller, scope, headers, reservation, arrivedMs } = arrival
    const { era, version, session, send } = speech
    controller.client = speech.client
    const exchange: Exchange = {
      caller,
      session,
      ask: session && send ? (question) => session.askOn(question, send, reservation) : undefined,
      era,
      version,
      scope,
      message,
      headers,
      reservation,
      arrivedMs,
      controller,
      notify: send,
    }
    session?.live.add(idOf(message).toString(), controller)
    this.#enter(controller, caller)
    try {
      return await this.#app.request(exchange)
    } finally {
      session?.live.delete(controller)
      this.#leave(controller)
    }
  }

  /** How the application presents itself to this caller. */
  face(
    { caller, scope }: Arrival,
    era: Era,
    controller: CallAbort = new CallController(),
  ): Promise<ApplicationFace> {
    const who = { principal: caller.principal, signal: controller.signal }
    return this.hold(caller, controller, () => this.#app.face(scope, era, who))
  }

  /** Counts what runs as in flight, so that it is waited for and aborted like a request. */
  async hold<Done>(caller: Caller, controller: CallAbort, run: () => Promise<Done>): Promise<Done> {
    this.#enter(controller, caller)
    try {
      return await run()
    } finally {
      this.#leave(controller)
    }
  }

  /** A message arrives: until `arrived` it is in flight, whatever it turns out to be. */
  arrive(): void {
    this.#arriving += 1
  }

  arrived(): void {
    this.#arriving -= 1
    this.#tell()
  }

  /**
   * Waits until nothing is in flight, and nothing came for the lull, at most `afterMs`; then aborts the rest,
   * and what comes later, with `shutting_down`.
   */
  async drain(afterMs: number, lull: Lull = NO_LULL): Promise<void> {
    this.#lastMs = performance.now()
    const untilMs = this.#lastMs + afterMs
    for (;;) {
      const leftMs = untilMs - performance.now()
      if (leftMs <= 0 || (await this.#isLull(lull))) break
      await this.#nextChange(Math.min(LULL_LOOK_MS, leftMs))
    }
    this.#wake = undefined
    this.#over ??= new AppError('shutting_down', 'the gateway is stopping')
    for (const controller of this.#live.keys()) this.#end(controller, this.#over)
  }

  /** Aborts what a principal has in flight whose credential was revoked. */
  endPrincipal(principalId: string): void {
    for (const controller of this.#live.keys()) {
      if (this.#live.get(controller)?.principal.id !== principalId) continue
      controller.abort(new AppError('credential_invalid', 'the key was revoked'))
    }
  }

  #enter(controller: CallAbort, caller: Caller): void {
    this.#live.add(controller, caller)
    if (this.#over) this.#end(controller, this.#over)
  }

  #end(controller: CallAbort, why: AppError): void {
    if (!controller.signal.aborted) this.#cut += 1
    controller.abort(why)
  }

  #leave(controller: CallAbort): void {
    this.#live.delete(controller)
    this.#tell()
  }

  #tell(): void {
    if (this.#wake === undefined) return
    this.#lastMs = performance.now()
    // Later, so that the last answer has left before whoever waits closes what it leaves by.
    if (!this.#busy) setImmediate(this.#wake)
  }

  get #busy(): boolean {
    return this.#live.size > 0 || this.#arriving > 0
  }

  async #isLull({ quietMs, connected }: Lull): Promise<boolean> {
    const isOver = (): boolean =>
      !this.#busy && (!connected() || performance.now() - this.#lastMs >= quietMs)
    if (!isOver()) return false
    // What the kernel holds already is read by the next turn of the loop.
    await nextTurn()
    return isOver()
  }

  async #nextChange(waitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
