import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import { CallController } from '../call-signal.ts'
import { AppError, publicMessage } from '../errors.ts'
import { createRequestId } from '../http/index.ts'
import { LiveTable } from '../limits/index.ts'
import type { Principal } from '../principal.ts'
import { answerBatch } from './batch.ts'
import { LineSplitter } from './line-splitter.ts'
import type { EdgeCore } from './core.ts'
import { judgeEraOnLine, RPC } from './envelope.ts'
import type { Answer } from './exchange.ts'
import type { Arrival, Line } from './line.ts'
import { LineWriter } from './line-writer.ts'
import { prepareListen } from './listen.ts'
import type { Message } from './message.ts'
import { paramText } from './json-text.ts'
import { faultAnswer, refusalAnswer } from './reply.ts'
import { scanMessage } from './scan.ts'
import type { LegacySession } from './session.ts'
import { errorMessage, idOf } from './splice.ts'
import type { Subscription } from './subscription.ts'

/** Requests of one client being answered at once. */
const LIVE_MAX = 1_024
const NO_HEADERS: IncomingHttpHeaders = {}
const NO_ID = Buffer.from('null')

/** Who is at the other end of a line. */
export interface LinePeer {
  readonly principal: Principal
  /** For the audit log. */
  readonly address: string
}

/** One client on one stream of lines, in both eras. */
export class StdioConnection {
  readonly principal: Principal
  readonly #core: EdgeCore
  readonly #stream: Duplex
  readonly #peer: LinePeer
  readonly #scope: string
  readonly #lines: LineSplitter
  readonly #writer: LineWriter
  /** Requests in flight of both eras by the literal of their id. */
  readonly #live = new LiveTable<string, CallController>()
  readonly #subscriptions = new Set<Subscription>()
  readonly #send = (message: Buffer): boolean => this.#writer.send(message)
  #session: LegacySession | undefined
  #inputOver = false
  #draining = false
  #batches = 0
  readonly #onIdle: (() => void)[] = []

  constructor(core: EdgeCore, stream: Duplex, peer: LinePeer, scope: string) {
    const { limits, deadlines, reserve } = core.deps
    this.#core = core
    this.#stream = stream
    this.#peer = peer
    this.principal = peer.principal
    this.#scope = scope
    this.#lines = new LineSplitter(limits.requestBytes, () => reserve(peer.principal.id))
    this.#writer = new LineWriter(stream, limits, deadlines)
  }

  /** Serves until the client has ended its input and has its answers, or is gone. Never rejects. */
  async run(): Promise<void> {
    void this.#writer.closed.then(() => this.#abandon())
    try {
      await this.#read()
      this.#inputOver = true
      this.#session?.endQuestions()
      for (const subscription of this.#subscriptions) subscription.finish()
      await this.#idle()
    } catch {
      // The stream broke: the client is gone, and so is whoever could be told.
      this.#writer.cut()
    }
    this.#writer.end()
    await this.#writer.closed
    this.#stream.destroy()
  }

  /** Lets what is in flight finish for `afterMs`, then ends the line. */
  async drain(afterMs: number): Promise<void> {
    this.#draining = true
    for (const subscription of this.#subscriptions) subscription.finish()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, afterMs)))
    await Promise.race([this.#idle(), late])
    clearTimeout(timer)
    this.#writer.end()
    await this.#writer.closed
  }

  /** Aborts what is in flight and ends the line. */
  end(reason: AppError): void {
    for (const controller of this.#live.values()) controller.abort(reason)
    this.#writer.end()
  }

  async #read(): Promise<void> {
    const chunks = this.#stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer> // no encoding is set
    for await (const chunk of chunks) {
      for (const line of this.#lines.push(chunk)) {
        const busy = this.#take(line)
        if (busy) await busy
      }
      await this.#writer.room()
      if (!this.#writer.open) return
    }
    const last = this.#lines.end()
    if (last) await this.#take(last)
  }

  /** Undefined unless what follows has to wait. */
  #take(line: Buffer | 'too_long' | 'overloaded'): Promise<void> | undefined {
    const { deps } = this.#core
    const { principal, address } = this.#peer
    const arrival: Arrival = {
      caller: { principal, address, requestId: createRequestId() },
      scope: this.#scope,
      headers: NO_HEADERS,
      reservation: deps.reserve(principal.id),
      arrivedMs: deps.clock.monotonicMs(),
    }
    if (line === 'too_long') {
      const text = `the message is longer than ${deps.limits.requestBytes} bytes`
      return this.#refuse(arrival, undefined, new AppError('request_too_large', text))
    }
    if (line === 'overloaded' || !arrival.reservation.grow(line.length)) {
      return this.#refuse(arrival, undefined, budgetUsedUp())
    }
    const { allowed, retryAfterMs } = deps.charge(principal.id)
    const message = scanMessage(line, deps.limits)
    const batch = 'fault' in message && message.fault === 'batch'
    if ('fault' in message && !batch) return this.#answer(arrival, faultAnswer(message))
    const request = 'fault' in message ? undefined : message
    // What is no request asks for nothing: it ends calls, or answers questions that are open.
    if (!allowed && (request === undefined || request.kind === 'request')) {
      const text = 'more requests than the rate allows; send them more slowly'
      return this.#refuse(arrival, request, new AppError('rate_limited', text, { retryAfterMs }))
    }
    return request ? this.#admit(arrival, request) : this.#batch(arrival, line)
  }

  #admit(arrival: Arrival, message: Message): Promise<void> | undefined {
    if (message.method === 'notifications/cancelled' && message.kind === 'notification') {
      this.#cancel(message)
      return this.#answer(arrival, undefined)
    }
    const verdict = judgeEraOnLine(message)
    switch (verdict.era) {
      case 'refused':
        // Nobody waits for an answer to anything but a request.
        if (message.kind !== 'request') return this.#answer(arrival, undefined)
        return this.#answer(arrival, refusalAnswer(message, verdict.refusal))
      case 'modern':
        return this.#modern(arrival, message, verdict.version)
      case 'legacy':
        return this.#legacy(arrival, message)
    }
  }

  #legacy(arrival: Arrival, message: Message): Promise<void> | undefined {
    if (message.method === 'initialize' && message.kind === 'request') {
      return this.#initialize(arrival, message)
    }
    const { legacy, calls } = this.#core
    const session = this.#session
    const settled = legacy.settle(message, session, arrival)
    if (settled !== 'request') return this.#answer(arrival, settled)
    const version = session?.version ?? ''
    const speech = { era: 'legacy', version, session, send: this.#send } as const
    return this.#start(arrival, message, (controller) =>
      calls.run(arrival, message, speech, controller),
    )
  }

  #modern(arrival: Arrival, message: Message, version: string): Promise<void> | undefined {
    const { modern } = this.#core
    const settled = modern.settle(message, arrival)
    switch (settled) {
      case 'discover':
        return this.#start(arrival, message, (controller) =>
          modern.discover(arrival, message, controller),
        )
      case 'listen':
        return this.#start(arrival, message, (controller) =>
          this.#listen(arrival, message, controller),
        )
      case 'request':
        return this.#start(arrival, message, (controller) =>
          modern.request(arrival, message, { version, send: this.#send }, controller),
        )
      default:
        return this.#answer(arrival, settled)
    }
  }

  /** Has a request answered in its own time. */
  #start(
    arrival: Arrival,
    message: Message,
    run: (controller: CallController) => Promise<Answer | undefined>,
  ): undefined {
    const id = idOf(message).toString()
    if (this.#live.has(id)) {
      const text = 'a request with this id is still being answered'
      const refusal = { status: 400, code: RPC.invalidRequest, message: text }
      return this.#answer(arrival, refusalAnswer(message, refusal))
    }
    if (this.#draining) return this.#refuse(arrival, message, stopping())
    if (this.#live.size >= LIVE_MAX) {
      const text = `${LIVE_MAX} requests of this client are being answered`
      return this.#refuse(arrival, message, new AppError('overloaded', text))
    }
    const controller = new CallController()
    this.#live.add(id, controller)
    void this.#finish(arrival, message, { controller, answer: run(controller) })
    return undefined
  }

  /** A client that cancelled gets no answer. Source: MCP 2025-11-25 and 2026-07-28, "Cancellation". */
  async #finish(
    arrival: Arrival,
    message: Message,
    coming: { controller: CallController; answer: Promise<Answer | undefined> },
  ): Promise<void> {
    const { controller } = coming
    try {
      const answer = await coming.answer
      this.#answer(arrival, controller.reason === CANCELLED ? undefined : answer)
    } catch (thrown) {
      if (controller.reason === CANCELLED) arrival.reservation.release()
      else this.#refuse(arrival, message, AppError.from(thrown))
    } finally {
      this.#live.delete(idOf(message).toString())
      this.#ended()
    }
  }

  /** Settles when the listen is over. Its farewell, if any, was sent by the subscription. */
  async #listen(
    arrival: Arrival,
    message: Message,
    controller: CallController,
  ): Promise<Answer | undefined> {
    const ready = await prepareListen(arrival, message, this.#core, controller)
    if ('bytes' in ready) return ready
    const { subscription } = ready
    this.#subscriptions.add(subscription)
    controller.addEventListener('abort', () => subscription.end())
    return new Promise((resolve) => {
      subscription.onEnd(() => {
        this.#subscriptions.delete(subscription)
        resolve(undefined)
      })
      // The line goes on without it.
      ready.begin(this.#line(() => undefined))
    })
  }

  /** What follows waits for its end: clients that do not wait for the answer are served all the same. */
  async #initialize(arrival: Arrival, message: Message): Promise<void> {
    const { legacy, deps } = this.#core
    if (this.#session) {
      const text = 'this connection is initialised already'
      const refusal = { status: 400, code: RPC.invalidRequest, message: text }
      return this.#answer(arrival, refusalAnswer(message, refusal))
    }
    if (this.#draining) return this.#refuse(arrival, message, stopping())
    const session = deps.sessions.openOnLine(this.principal, this.#scope, { expires: false })
    try {
      const answer = await legacy.initialize(arrival, message, (agreed) => session.adopt(agreed))
      this.#answer(arrival, answer)
    } catch (thrown) {
      this.#refuse(arrival, message, AppError.from(thrown))
    }
    if (!session.ready || !this.#writer.open) return deps.sessions.end(session)
    this.#session = session
    session.addLine(this.#line(() => this.#writer.end()))
  }

  #line(end: () => void): Line {
    const isOpen = (): boolean => this.#writer.open && !this.#inputOver
    return {
      send: this.#send,
      end,
      get open() {
        return isOpen()
      },
    }
  }

  #batch(arrival: Arrival, bytes: Buffer): undefined {
    this.#batches += 1
    void this.#finishBatch(arrival, answerBatch(this.#core, arrival, bytes, this.#session))
    return undefined
  }

  async #finishBatch(arrival: Arrival, coming: Promise<Answer | undefined>): Promise<void> {
    try {
      this.#answer(arrival, await coming)
    } catch (thrown) {
      this.#refuse(arrival, undefined, AppError.from(thrown))
    } finally {
      this.#batches -= 1
      this.#ended()
    }
  }

  #cancel(message: Message): void {
    const id = paramText(message, 'requestId')
    if (id === undefined) return
    const controller = this.#live.get(id)
    if (controller) controller.abort(CANCELLED)
    else this.#session?.live.abort(id, CANCELLED)
  }

  #answer({ reservation }: Arrival, answer: Answer | undefined): undefined {
    if (answer) this.#writer.answer(answer, reservation)
    else reservation.release()
    return undefined
  }

  /** Refuses what has no answer of its own; without a message the id is null. */
  #refuse(arrival: Arrival, message: Message | undefined, error: AppError): undefined {
    const { requestId } = arrival.caller
    if (error.spec.family === 'defect') {
      this.#core.deps.log.error({ requestId, err: error }, 'request failed')
    }
    const { code, retryAfterMs, spec, outcome } = error
    const retry = retryAfterMs === undefined ? {} : { retryAfterMs }
    const known = outcome === undefined ? {} : { outcome }
    const data = { code, requestId, retryable: spec.retryable, ...retry, ...known }
    const id = message ? idOf(message) : NO_ID
    const bytes = errorMessage(id, RPC.gateway, publicMessage(error), data)
    return this.#answer(arrival, { bytes, status: spec.http })
  }

  get #busy(): boolean {
    return this.#live.size > 0 || this.#batches > 0
  }

  #ended(): void {
    if (this.#busy) return
    for (const told of this.#onIdle.splice(0)) told()
  }

  /** Settles once nothing is in flight. */
  #idle(): Promise<void> {
    if (!this.#busy) return Promise.resolve()
    return new Promise((resolve) => this.#onIdle.push(resolve))
  }

  /** Nobody reads any more: what is in flight is for nobody. */
  #abandon(): void {
    for (const controller of this.#live.values()) controller.abort(GONE)
    this.#lines.end()
    if (this.#session) this.#core.deps.sessions.end(this.#session)
    // Whoever still sends is told so.
    this.#stream.destroy()
  }
}

const CANCELLED = new AppError('cancelled', 'the client cancelled the call')
const GONE = new AppError('cancelled', 'the client is gone')

function stopping(): AppError {
  return new AppError('shutting_down', 'the gateway is stopping', { outcome: 'not_sent' })
}

function budgetUsedUp(): AppError {
  return new AppError('overloaded', 'the byte budget for messages is used up')
}
