import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { LiveTable } from '@sallyport/kit/limits'
import {
  encodeHeaderValue,
  type Era,
  LATEST_LEGACY,
  type Message,
  notificationMessage,
} from '@sallyport/kit/mcp'
import type { Dispatcher } from 'undici'
import { HttpExchange, type HttpExchangeOwner } from './http-exchange.ts'
import { headerOf } from './http-failure.ts'
import { HttpStream } from './http-stream.ts'
import { type HttpTarget, PATIENT } from './http-target.ts'
import { answerTo, cancelParams, type ClientInfo, ownRequest } from './own-messages.ts'
import { asObject, type Exchange, readJson, readProgressToken } from './session.ts'
import type { Session, SessionEvents } from './session.ts'

/** How long a stream may stay open after its answer before its connection is dropped. */
const LINGER_MS = 1_000
const GOODBYE_MS = 2_000
/** Notifications and answers of ours on their way at once; a server that floods us gets no more. */
const POSTS_MAX = 64
const SESSION_ID = /^[\u0021-\u007e]{1,1024}$/
const ACCEPT = ['content-type', 'application/json', 'accept', 'application/json, text/event-stream']

export interface HttpSessionDeps {
  readonly target: HttpTarget
  readonly resultBytes: number
  readonly events: SessionEvents
  readonly clock: Clock
  readonly clientInfo: ClientInfo
}

/**
 * A session over Streamable HTTP. In the modern era there is no session on the server: this is then the
 * connections, and what `server/discover` said.
 */
export class HttpSession implements Session, HttpExchangeOwner {
  readonly pid = undefined
  readonly lastWords: readonly string[] = []
  readonly resultBytesMax: number
  readonly #target: HttpTarget
  readonly #deps: HttpSessionDeps
  readonly #live = new LiveTable<number, HttpExchange>()
  readonly #lingering = new Set<HttpExchange>()
  #era: Era = 'legacy'
  #version: string = LATEST_LEGACY
  #headers: readonly string[]
  #sessionId: string | undefined
  #nextId = 1
  #posts = 0
  #heard = 0
  #lost: AppError | undefined
  #stream: HttpStream | undefined
  #lingerTimer: NodeJS.Timeout | undefined
  #closing: Promise<void> | undefined
  readonly #endNow = Promise.withResolvers<void>()

  constructor(deps: HttpSessionDeps) {
    this.#deps = deps
    this.#target = deps.target
    this.resultBytesMax = deps.resultBytes
    this.#headers = [...ACCEPT, ...deps.target.headers]
  }

  get era(): Era {
    return this.#era
  }

  get version(): string {
    return this.#version
  }

  get heard(): number {
    return this.#heard
  }

  get lost(): AppError | undefined {
    return this.#lost
  }

  adopt(era: Era, version: string): void {
    this.#era = era
    this.#version = version
    this.#headers = [...ACCEPT, ...this.#sessionHeaders(), ...this.#target.headers]
  }

  send(exchange: Exchange): void {
    if (this.#lost !== undefined) {
      exchange.fail(new AppError('server_lost', this.#lost.message, { outcome: 'not_sent' }))
      return
    }
    const id = this.#nextId
    this.#nextId += 1
    exchange.id = id
    exchange.handedOver = false
    const body = exchange.request.encode({ id, era: this.#era, version: this.#version })
    const handler = new HttpExchange(this, exchange)
    this.#live.add(id, handler)
    this.#dispatch('POST', this.#headersFor(exchange), body, handler)
  }

  cancel(exchange: Exchange, tells: boolean): void {
    const handler = this.#live.get(exchange.id)
    if (handler?.exchange !== exchange) return
    this.#live.delete(exchange.id)
    handler.cancel()
    // In the legacy era a closed connection is no cancellation; in the modern era it is.
    if (tells && this.#era === 'legacy' && exchange.handedOver) {
      void this.notify('notifications/cancelled', cancelParams(exchange.id))
    }
  }

  notify(method: string, params?: object): Promise<void> {
    return this.#post(notificationMessage(method, params), method)
  }

  listen(): void {
    if (this.#lost !== undefined) return
    this.#stream ??= new HttpStream({
      eventBytesMax: this.resultBytesMax,
      open: (handler, lastEventId) => this.#openStream(handler, lastEventId),
      onMessage: (message) => this.onMessage(message),
      onStray: () => this.onStray(),
      random: Math.random,
    })
  }

  /** Calls of a session that the server ended may still be answered; closing a second time ends them. */
  close(reason: string): Promise<void> {
    if (this.#closing === undefined) this.#closing = this.#close(reason)
    else this.#endNow.resolve()
    return this.#closing
  }

  nowMs(): number {
    return this.#deps.clock.nowMs()
  }

  onStatus({ exchange }: HttpExchange, status: number, headers: IncomingHttpHeaders): void {
    if (status < 400) this.#heard += 1
    if (status !== 200 || exchange.request.method !== 'initialize') return
    const id = headerOf(headers, 'mcp-session-id')
    if (id !== undefined && SESSION_ID.test(id)) this.#sessionId = id
  }

  /**
   * 404 by the specification; some servers answer 400 and say so in words.
   *
   * Source: MCP 2025-11-25, Streamable HTTP, "Session Management".
   */
  isSessionGone(status: number, body: Message | undefined): boolean {
    if (this.#sessionId === undefined) return false
    if (status === 404) return true
    if (status !== 400 || body?.kind !== 'error') return false
    const error = asObject(readJson(body, body.error))
    return typeof error?.['message'] === 'string' && /\bsession\b/i.test(error['message'])
  }

  onMessage(message: Message): void {
    this.#heard += 1
    if (message.kind === 'request') {
      const answer = answerTo(message, this.#era)
      if (answer === undefined || this.#posts >= POSTS_MAX) this.onStray()
      else void this.#post(answer, undefined)
    } else if (message.kind !== 'notification') {
      this.onStray()
    } else if (message.method === 'notifications/tools/list_changed') {
      this.#deps.events.onToolsChanged()
    } else if (message.method === 'notifications/progress') {
      const token = readProgressToken(message)
      const live = token === undefined ? undefined : this.#live.get(token)
      live?.exchange.hear(message)
    }
  }

  onStray(): void {
    this.#deps.events.onStray()
  }

  /** Source: MCP 2025-11-25, Streamable HTTP, "Resumability and Redelivery". The modern era has none. */
  mayResume(): boolean {
    return this.#era === 'legacy' && this.#lost === undefined
  }

  resume(handler: HttpExchange, lastEventId: string): void {
    this.#openStream(handler, lastEventId)
  }

  onSettled(handler: HttpExchange, lingers: boolean): void {
    this.#live.delete(handler.exchange.id)
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
    this.#sessionId = undefined
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

  #dispatch(
    method: 'POST' | 'GET' | 'DELETE',
    headers: readonly string[],
    body: Buffer | null,
    handler: Dispatcher.DispatchHandler,
  ): void {
    const { pool, path, servername } = this.#target
    const options = { method, path, headers: headers as string[], body } // undici does not change them
    if (method === 'GET') Object.assign(options, PATIENT)
    pool.dispatch(servername === undefined ? options : { ...options, ...{ servername } }, handler)
  }

  #sessionHeaders(): string[] {
    const headers = ['mcp-protocol-version', this.#version]
    if (this.#sessionId !== undefined) headers.push('mcp-session-id', this.#sessionId)
    return headers
  }

  #headersFor({ request }: Exchange): readonly string[] {
    if (this.#era === 'modern') return this.#modernHeaders(request.method, request)
    // The version is only negotiated by this very request.
    if (request.method === 'initialize') return [...ACCEPT, ...this.#target.headers]
    return this.#headers
  }

  /** Source: MCP 2026-07-28, Streamable HTTP, "Standard request headers". */
  #modernHeaders(method: string, request: Partial<Exchange['request']>): readonly string[] {
    const headers = [...this.#headers, 'mcp-method', method]
    if (request.name !== undefined) headers.push('mcp-name', encodeHeaderValue(request.name))
    for (const name in request.paramHeaders) {
      const value = request.paramHeaders[name]
      if (value !== undefined) headers.push(name, value)
    }
    return headers
  }

  /** Sends what has no answer. Resolves when the server has it, or will never have it. */
  #post(body: Buffer, method: string | undefined): Promise<void> {
    if (this.#lost !== undefined || this.#posts >= POSTS_MAX) return Promise.resolve()
    const modern = this.#era === 'modern' && method !== undefined
    const headers = modern ? this.#modernHeaders(method, {}) : this.#headers
    this.#posts += 1
    return new Promise((resolve) => {
      const over = (): void => {
        this.#posts -= 1
        resolve()
      }
      this.#dispatch('POST', headers, body, discard(over))
    })
  }

  #openStream(handler: Dispatcher.DispatchHandler, lastEventId: string): void {
    if (this.#era === 'legacy') {
      const headers = ['accept', 'text/event-stream', ...this.#sessionHeaders()]
      headers.push(...this.#target.headers)
      if (lastEventId !== '') headers.push('last-event-id', lastEventId)
      this.#dispatch('GET', headers, null, handler)
      return
    }
    const id = this.#nextId
    this.#nextId += 1
    const params = { notifications: { toolsListChanged: true } }
    const encode = ownRequest('subscriptions/listen', params, this.#deps.clientInfo)
    const body = encode({ id, era: this.#era, version: this.#version })
    this.#dispatch('POST', this.#modernHeaders('subscriptions/listen', {}), body, handler)
  }

  async #close(reason: string): Promise<void> {
    const expired = this.#lost !== undefined
    this.#lost ??= new AppError('server_lost', reason)
    this.#stream?.close()
    clearTimeout(this.#lingerTimer)
    for (const handler of this.#lingering) handler.cancel()
    this.#lingering.clear()
    if (expired) await Promise.race([this.#target.pool.close(), this.#endNow.promise])
    for (const handler of this.#live.values()) {
      const outcome = handler.exchange.handedOver ? 'unknown' : 'not_sent'
      handler.fail(new AppError('server_lost', this.#lost.message, { outcome }))
    }
    await this.#sayGoodbye()
    await this.#target.pool.destroy()
  }

  /** Source: MCP 2025-11-25, Streamable HTTP, "Session Management": DELETE, which may be refused. */
  async #sayGoodbye(): Promise<void> {
    if (this.#sessionId === undefined) return
    const headers = [...this.#sessionHeaders(), ...this.#target.headers]
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, GOODBYE_MS)
    this.#dispatch('DELETE', headers, null, discard(resolve))
    await promise
    clearTimeout(timer)
  }
}

/** Reads an answer to its end, or 64 KiB of it, and keeps nothing. */
function discard(over: () => void): Dispatcher.DispatchHandler {
  let bytes = 0
  return {
    onRequestStart: () => undefined,
    onResponseStart: (controller, _status, headers) => {
      const type = headerOf(headers, 'content-type') ?? ''
      if (type.startsWith('text/event-stream')) controller.abort(new Error('not wanted'))
    },
    onResponseData: (controller, chunk) => {
      bytes += chunk.length
      if (bytes > 64 * 1_024) controller.abort(new Error('not wanted'))
    },
    onResponseEnd: over,
    onResponseError: over,
  }
}
