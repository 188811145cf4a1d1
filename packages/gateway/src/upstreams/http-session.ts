import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { LiveTable } from '@sallyport/kit/limits'
import {
  type Era,
  type ListenFilter,
  type Message,
  notificationMessage,
  slice,
} from '@sallyport/kit/mcp'
import { HttpExchange, type HttpExchangeOwner } from './http-exchange.ts'
import { headerOf } from './http-failure.ts'
import { HttpNews } from './http-news.ts'
import type { HttpTarget } from './http-target.ts'
import { HttpWire } from './http-wire.ts'
import { Incoming, type IncomingOwner, type Origin } from './incoming.ts'
import { cancelParams, type ClientInfo } from './own-messages.ts'
import type { ServerConfig } from './server-config.ts'
import { type Exchange, readWords, type Session, type SessionEvents } from './session.ts'

/** How long a stream may stay open after its answer before its connection is dropped. */
const LINGER_MS = 1_000
const SESSION_ID = /^[\u0021-\u007e]{1,1024}$/

export interface HttpSessionDeps {
  readonly target: HttpTarget
  readonly resultBytes: number
  readonly events: SessionEvents
  readonly clock: Clock
  readonly clientInfo: ClientInfo
  readonly roots: ServerConfig['roots']
}

/**
 * A session over Streamable HTTP. In the modern era there is no session on the server: this is then the
 * connections, and what `server/discover` said.
 */
export class HttpSession implements Session, HttpExchangeOwner, IncomingOwner {
  readonly pid = undefined
  readonly lastWords: readonly string[] = []
  readonly resultBytesMax: number
  readonly #target: HttpTarget
  readonly #deps: HttpSessionDeps
  readonly #wire: HttpWire
  readonly #live = new LiveTable<number, HttpExchange>()
  readonly #lingering = new Set<HttpExchange>()
  readonly #incoming: Incoming
  readonly #news: HttpNews
  #nextId = 1
  #heard = 0
  #lost: AppError | undefined
  #lingerTimer: NodeJS.Timeout | undefined
  #closing: Promise<void> | undefined
  /** Resolves when a closing session need not wait for the answers of its calls any more. */
  readonly #answered = Promise.withResolvers<void>()

  constructor(deps: HttpSessionDeps) {
    this.#deps = deps
    this.#target = deps.target
    this.#wire = new HttpWire(deps.target)
    this.#incoming = new Incoming(this, deps)
    this.#news = new HttpNews({
      wire: this.#wire,
      clientInfo: deps.clientInfo,
      eventBytesMax: deps.resultBytes,
      events: deps.events,
      nextId: () => this.#takeId(),
      onMessage: (message) => this.onMessage(message, 'session'),
      onSessionGone: () => {
        if (this.#wire.sessionId !== undefined) this.onSessionGone()
      },
    })
    this.resultBytesMax = deps.resultBytes
  }

  get era(): Era {
    return this.#wire.era
  }

  get version(): string {
    return this.#wire.version
  }

  get heard(): number {
    return this.#heard
  }

  get lost(): AppError | undefined {
    return this.#lost
  }

  adopt(era: Era, version: string): void {
    this.#wire.adopt(era, version)
  }

  send(exchange: Exchange): void {
    if (this.#lost !== undefined) {
      exchange.fail(new AppError('server_lost', this.#lost.message, { outcome: 'not_sent' }))
      return
    }
    const id = this.#takeId()
    exchange.id = id
    exchange.handedOver = false
    const { request } = exchange
    const body = request.encode({ id, era: this.era, version: this.version })
    const handler = new HttpExchange(this, exchange)
    this.#live.add(id, handler)
    this.#wire.send(request, body, handler)
  }

  cancel(exchange: Exchange, tells: boolean): void {
    const handler = this.#live.get(exchange.id)
    if (handler?.exchange !== exchange) return
    this.#forget(exchange)
    handler.cancel()
    // In the legacy era a closed connection is no cancellation; in the modern era it is.
    if (tells && this.era === 'legacy' && exchange.handedOver) {
      void this.notify('notifications/cancelled', cancelParams(exchange.id))
    }
  }

  async notify(method: string, params?: object): Promise<void> {
    if (this.#lost !== undefined) return
    await this.#wire.post(notificationMessage(method, params), method)
  }

  async listen(filter: ListenFilter): Promise<readonly string[]> {
    return this.#lost === undefined ? this.#news.listen(filter) : []
  }

  find(id: number): Exchange | undefined {
    return this.#live.get(id)?.exchange
  }

  exchanges(): Exchange[] {
    return this.#live.values().map(({ exchange }) => exchange)
  }

  reply(answer: Buffer, refusal: boolean): void {
    if (this.#lost !== undefined) return
    if (refusal && !this.#wire.hasRoom) this.onStray()
    else void this.#wire.post(answer, undefined)
  }

  /**
   * Calls of a session that the server ended may still be answered until their deadlines; closing a second
   * time ends them. For nothing else is waited.
   */
  close(reason: string): Promise<void> {
    if (this.#closing === undefined) this.#closing = this.#close(reason)
    else this.#answered.resolve()
    return this.#closing
  }

  nowMs(): number {
    return this.#deps.clock.nowMs()
  }

  onStatus({ exchange }: HttpExchange, status: number, headers: IncomingHttpHeaders): void {
    if (status < 400) this.#heard += 1
    if (status !== 200 || exchange.request.method !== 'initialize') return
    const id = headerOf(headers, 'mcp-session-id')
    if (id !== undefined && SESSION_ID.test(id)) this.#wire.sessionId = id
  }

  /**
   * 404 by the specification; some servers answer 400 and say so in words.
   *
   * Source: MCP 2025-11-25, Streamable HTTP, "Session Management".
   */
  isSessionGone(status: number, body: Message | undefined): boolean {
    if (this.#wire.sessionId === undefined) return false
    if (status === 404) return true
    if (status !== 400 || body?.kind !== 'error') return false
    // An error under the request's id is its answer, whatever it speaks of: the call may have acted.
    if (body.id.start !== -1 && slice(body.bytes, body.id).toString() !== 'null') return false
    return /\bsession\b/i.test(readWords(body) ?? '')
  }

  onMessage(message: Message, origin: Origin): void {
    this.#heard += 1
    if (message.kind === 'request') this.#incoming.request(message, origin)
    else if (message.kind === 'notification') this.#incoming.notification(message, origin)
    else this.onStray()
  }

  onStray(): void {
    this.#deps.events.onStray()
  }

  /** Source: MCP 2025-11-25, Streamable HTTP, "Resumability and Redelivery". The modern era has none. */
  mayResume(): boolean {
    return this.era === 'legacy' && this.#lost === undefined
  }

  resume(handler: HttpExchange, lastEventId: string): void {
    this.#wire.openStream(handler, { lastEventId })
  }

  onSettled(handler: HttpExchange, lingers: boolean): void {
    this.#forget(handler.exchange)
    if (!lingers) return
    handler.settledAtMs = this.#deps.clock.monotonicMs()
    this.#lingering.add(handler)
    this.#lingerTimer ??= setTimeout(this.#endLingering, LINGER_MS).unref()
  }

  onFreed(handler: HttpExchange): void {
    this.#lingering.delete(handler)
  }

  onSessionGone(): void {
    if (this.#lost !== undefined) return
    this.#lost = new AppError('server_lost', 'the session ended', { outcome: 'not_sent' })
    // There is no session left to say goodbye to.
    this.#wire.sessionId = undefined
    this.#deps.events.onLost(this.#lost)
  }

  readonly #endLingering = (): void => {
    this.#lingerTimer = undefined
    const untilMs = this.#deps.clock.monotonicMs() - LINGER_MS
    for (const handler of this.#lingering) {
      if (handler.settledAtMs > untilMs) continue
      this.#lingering.delete(handler)
      handler.cancel()
    }
    if (this.#lingering.size > 0) {
      this.#lingerTimer = setTimeout(this.#endLingering, LINGER_MS).unref()
    }
  }

  #forget({ id }: Exchange): void {
    this.#live.delete(id)
    if (this.#closing !== undefined && this.#live.size === 0) this.#answered.resolve()
  }

  #takeId(): number {
    const id = this.#nextId
    this.#nextId += 1
    return id
  }

  async #close(reason: string): Promise<void> {
    const expired = this.#lost !== undefined
    this.#lost ??= new AppError('server_lost', reason)
    this.#news.close()
    clearTimeout(this.#lingerTimer)
    for (const handler of this.#lingering) handler.cancel()
    this.#lingering.clear()
    if (expired) this.#wire.endPosts()
    // Each call has a deadline of its own, so this ends.
    if (expired && this.#live.size > 0) await this.#answered.promise
    for (const handler of this.#live.values()) {
      const outcome = handler.exchange.handedOver ? 'unknown' : 'not_sent'
      handler.fail(new AppError('server_lost', this.#lost.message, { outcome }))
    }
    await this.#wire.sayGoodbye()
    this.#wire.endPosts()
    await this.#target.pool.destroy()
  }
}
