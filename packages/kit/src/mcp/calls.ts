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
}

/** What the application is busy with on behalf of clients. */
export class Calls {
  readonly #app: McpApplication
  readonly #live = new LiveTable<CallAbort, Caller>()
  #idle: (() => void) | undefined

  constructor(app: McpApplication) {
    this.#app = app
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
    const liveId = session && idOf(message).toString()
    if (session && liveId !== undefined) session.live.add(liveId, controller)
    this.#live.add(controller, caller)
    try {
      return await this.#app.request(exchange)
    } finally {
      if (session && liveId !== undefined) session.live.delete(liveId)
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
    this.#live.add(controller, caller)
    try {
      return await run()
    } finally {
      this.#leave(controller)
    }
  }

  /** Waits until nothing is in flight, at most `afterMs`; then aborts the rest with `shutting_down`. */
  async drain(afterMs: number): Promise<void> {
    if (this.#live.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, afterMs)
        this.#idle = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    for (const controller of this.#live.keys()) {
      controller.abort(new AppError('shutting_down', 'the gateway is stopping'))
    }
  }

  /** Aborts what a principal has in flight whose credential was revoked. */
  endPrincipal(principalId: string): void {
    for (const controller of this.#live.keys()) {
      if (this.#live.get(controller)?.principal.id !== principalId) continue
      controller.abort(new AppError('credential_invalid', 'the key was revoked'))
    }
  }

  #leave(controller: CallAbort): void {
    this.#live.delete(controller)
    // Later, so that the last answer has left before whoever waits closes what it leaves by.
    if (this.#live.size === 0 && this.#idle) setImmediate(this.#idle)
  }
}
