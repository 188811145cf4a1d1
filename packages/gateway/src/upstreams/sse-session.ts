import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { LiveTable } from '@sallyport/kit/limits'
import {
  type Era,
  LATEST_LEGACY,
  type ListenFilter,
  type Message,
  notificationMessage,
} from '@sallyport/kit/mcp'
import type { Dispatcher } from 'undici'
import { type HttpTarget, PATIENT, requestPath, withCaller } from './http-target.ts'
import { traceHeaders } from './http-wire.ts'
import { Incoming, type IncomingOptions, type IncomingOwner } from './incoming.ts'
import { idAtEdges } from './line-reader.ts'
import { cancelParams } from './own-messages.ts'
import { OwnPosts } from './own-posts.ts'
import { type Exchange, readId, type Session } from './session.ts'
import { SsePost, type SsePostOwner } from './sse-session-post.ts'
import { SseSessionStream } from './sse-session-stream.ts'

/** How long a POST may stay open after its answer came before its connection is dropped. */
const LINGER_MS = 1_000
const ACCEPT = ['content-type', 'application/json', 'accept', 'application/json, text/event-stream']

export interface SseSessionDeps extends IncomingOptions {
  /** The session's own from now on: closed with it, and when it cannot be opened. */
  readonly target: HttpTarget
  readonly resultBytes: number
  readonly clock: Clock
  /** Longest silence of the stream while an answer is owed, milliseconds; undefined = any. */
  readonly readMs?: number | undefined
}

/**
 * A session over the older HTTP transport: one event stream that everything comes on, and a POST for each
 * message of ours. Always of the legacy era; it ends with its stream.
 *
 * Source: MCP 2024-11-05, Transports, "HTTP with SSE".
 */
export class SseSession implements Session, SsePostOwner, IncomingOwner {
  readonly era = 'legacy'
  readonly pid = undefined
  readonly lastWords: readonly string[] = []
  readonly #deps: SseSessionDeps
  readonly #stream: SseSessionStream
  readonly #incoming: Incoming
  readonly #pending = new LiveTable<number, SsePost>()
  readonly #posts = new OwnPosts()
  readonly #lingering = new Set<SsePost>()
  #lingerTimer: NodeJS.Timeout | undefined
  readonly #opening = Promise.withResolvers<void>()
  #open = false
  #endpoint = ''
  #version: string = LATEST_LEGACY
  #headers: readonly string[]
  #nextId = 1
  #heard = 0
  #lost: AppError | undefined
  #activeMs = 0
  #silenceTimer: NodeJS.Timeout | undefined
  #closing: Promise<void> | undefined

  /**
   * Opens the stream and waits for the address that messages go to.
   *
   * @param withinMs time for that, milliseconds
   * @throws {AppError} `server_unavailable`, `server_unauthorized`, `server_protocol` (it is no server of
   *   this kind), `server_lost`, `deadline_exceeded`, or the signal's own reason; always `not_sent`
   */
  static async open(
    deps: SseSessionDeps,
    withinMs: number,
    signal: AbortSignal,
  ): Promise<SseSession> {
    const session = new SseSession(deps)
    const leave = (error: AppError): void => session.#opening.reject(error)
    const onAbort = (): void => leave(AppError.from(signal.reason))
    const timer = setTimeout(() => {
      const sentence = `the server named no address for messages within ${withinMs} ms`
      leave(new AppError('deadline_exceeded', sentence))
    }, withinMs)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      if (signal.aborted) onAbort()
      else session.#openStream()
      await session.#opening.promise
      session.#open = true
      return session
    } catch (thrown) {
      const error = AppError.from(thrown)
      await session.close(error.message)
      throw error.withOutcome('not_sent')
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
  }

  private constructor(deps: SseSessionDeps) {
    this.#deps = deps
    this.#headers = [...ACCEPT, ...deps.target.headers]
    this.#incoming = new Incoming(this, deps)
    this.#stream = new SseSessionStream({
      eventBytesMax: deps.resultBytes,
      nowMs: () => this.nowMs(),
      onEndpoint: (endpoint) => this.#onEndpoint(endpoint),
      onBytes: () => {
        this.#activeMs = deps.clock.monotonicMs()
      },
      onMessage: (message) => this.#onMessage(message),
      onOversize: (head, tail) => this.#onOversize(head, tail),
      onStray: () => deps.events.onStray(),
      onEnd: (error) => this.#onEnd(error),
    })
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

  /** There is no other era here. */
  adopt(_era: Era, version: string): void {
    const { headers } = this.#deps.target
    this.#version = version
    this.#headers = [...ACCEPT, 'mcp-protocol-version', version, ...headers]
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
    const { request } = exchange
    const body = request.encode({ id, era: this.era, version: this.#version })
    // The version is only negotiated by this very request.
    const first = request.method === 'initialize'
    const own = first ? [...ACCEPT, ...this.#deps.target.headers] : this.#headers
    const headers = request.trace === undefined ? own : [...own, ...traceHeaders(request.trace)]
    const post = new SsePost(this, exchange)
    this.#watchSilence()
    this.#pending.add(id, post)
    this.#dispatch('POST', withCaller(headers, this.#deps.target, request.caller), body, post)
  }

  cancel(exchange: Exchange, tells: boolean): void {
    const post = this.#pending.get(exchange.id)
    if (post?.exchange !== exchange) return
    this.#pending.delete(exchange.id)
    if (!exchange.handedOver) {
      post.cancel()
      return
    }
    this.#linger(post)
    if (tells) void this.notify('notifications/cancelled', cancelParams(exchange.id))
  }

  notify(method: string, params?: object): Promise<void> {
    return this.#post(notificationMessage(method, params))
  }

  /** Everything comes on the one stream, unasked. */
  async listen(filter: ListenFilter): Promise<readonly string[]> {
    return filter.uris
  }

  close(reason: string): Promise<void> {
    this.#lost ??= new AppError('server_lost', reason)
    this.#closing ??= this.#close(this.#lost.message)
    return this.#closing
  }

  nowMs(): number {
    return this.#deps.clock.nowMs()
  }

  find(id: number): Exchange | undefined {
    return this.#pending.get(id)?.exchange
  }

  exchanges(): Exchange[] {
    const found: Exchange[] = []
    for (const { exchange } of this.#pending.values()) if (exchange) found.push(exchange)
    return found
  }

  reply(answer: Buffer, refusal: boolean): void {
    if (refusal && !this.#posts.hasRoom) this.#deps.events.onStray()
    else void this.#post(answer)
  }

  onRefused(post: SsePost, error: AppError, gone: boolean): void {
    const { exchange } = post
    const owed = exchange !== undefined && this.#pending.get(exchange.id) === post
    if (owed) this.#pending.delete(exchange.id)
    // First, so that what moves on does not come back to this session.
    if (gone) this.#onEnd(new AppError('server_lost', 'the session ended'))
    if (!owed) return
    const sentence = 'the session ended'
    exchange.fail(gone ? new AppError('server_lost', sentence, { outcome: 'not_sent' }) : error)
  }

  onOver(post: SsePost): void {
    this.#lingering.delete(post)
  }

  #openStream(): void {
    const { target } = this.#deps
    const { pool, path, servername } = target
    const own = ['accept', 'text/event-stream', 'cache-control', 'no-cache', ...target.headers]
    const headers = [...withCaller(own, target)]
    const options = { method: 'GET', path, headers, ...PATIENT } as const
    const named = servername === undefined ? options : { ...options, ...{ servername } }
    pool.dispatch(named, this.#stream)
  }

  /** Source: MCP 2024-11-05: the client sends all further messages to the address it was given. */
  #onEndpoint(text: string): void {
    const { target } = this.#deps
    const url = URL.parse(text, target.url.href)
    if (url === null || url.origin !== target.url.origin) {
      const what = url === null ? 'that is none' : 'on another origin'
      const sentence = `the server named an address for messages ${what}`
      this.#opening.reject(new AppError('server_protocol', sentence))
      return
    }
    this.#endpoint = requestPath(target, url)
    this.#opening.resolve()
  }

  #onMessage(message: Message): void {
    this.#heard += 1
    switch (message.kind) {
      case 'response':
      case 'error':
        this.#onAnswer(message)
        return
      case 'notification':
        this.#incoming.notification(message, 'session')
        return
      case 'request':
        this.#incoming.request(message, 'session')
        return
      default:
        message.kind satisfies never
    }
  }

  #onAnswer(message: Message): void {
    const exchange = this.#take(readId(message))
    if (exchange === undefined) this.#deps.events.onStray()
    else exchange.succeed(message)
  }

  #onOversize(head: Buffer, tail: Buffer): void {
    this.#heard += 1
    // Where the message does not tell, a single call in flight leaves no doubt.
    const [only] = this.#pending.size === 1 ? this.#pending.values() : []
    const exchange = this.#take(idAtEdges(head, tail) ?? only?.exchange?.id)
    if (exchange === undefined) {
      this.#deps.events.onStray()
      return
    }
    const sentence = `the result exceeds ${this.#deps.resultBytes} bytes`
    exchange.fail(new AppError('result_too_large', sentence, { outcome: 'unknown' }))
  }

  #take(id: number | undefined): Exchange | undefined {
    const post = id === undefined ? undefined : this.#pending.get(id)
    if (id === undefined || post === undefined) return undefined
    this.#pending.delete(id)
    this.#linger(post)
    return post.exchange
  }

  /** Nobody waits for this POST any more, but its connection is worth something if it ends soon. */
  #linger(post: SsePost): void {
    if (post.over) return
    post.settledAtMs = this.#deps.clock.monotonicMs()
    this.#lingering.add(post)
    this.#lingerTimer ??= setTimeout(this.#endLingering, LINGER_MS).unref()
  }

  readonly #endLingering = (): void => {
    this.#lingerTimer = undefined
    const untilMs = this.#deps.clock.monotonicMs() - LINGER_MS
    for (const post of this.#lingering) if (post.settledAtMs <= untilMs) post.cancel()
    if (this.#lingering.size === 0) return
    this.#lingerTimer = setTimeout(this.#endLingering, LINGER_MS).unref()
  }

  #onEnd(error: AppError): void {
    if (this.#lost !== undefined) return
    this.#lost = error
    if (this.#open) this.#deps.events.onLost(error)
    else this.#opening.reject(error)
    this.#failAll(error.message)
  }

  /** Sends what has no answer. Resolves when the server has it, or will never have it. */
  #post(body: Buffer): Promise<void> {
    if (this.#lost !== undefined) return Promise.resolve()
    return this.#posts.add((over) => {
      const owner: SsePostOwner = {
        nowMs: () => this.nowMs(),
        onRefused: (refused, error, gone) => this.onRefused(refused, error, gone),
        onOver: over,
      }
      const post = new SsePost(owner, undefined)
      this.#dispatch('POST', withCaller(this.#headers, this.#deps.target), body, post)
      return () => post.cancel()
    })
  }

  #dispatch(
    method: 'POST',
    headers: readonly string[],
    body: Buffer,
    handler: Dispatcher.DispatchHandler,
  ): void {
    const { pool, servername } = this.#deps.target
    const path = this.#endpoint
    const options = { method, path, headers: headers as string[], body } // undici does not change them
    pool.dispatch(servername === undefined ? options : { ...options, ...{ servername } }, handler)
  }

  /** Counts silence from the last byte, or from when the first answer was owed. */
  #watchSilence(): void {
    const { readMs, clock } = this.#deps
    if (readMs === undefined) return
    if (this.#pending.size === 0) this.#activeMs = clock.monotonicMs()
    this.#silenceTimer ??= setTimeout(this.#endSilence, readMs)
  }

  readonly #endSilence = (): void => {
    this.#silenceTimer = undefined
    const { readMs = 0, clock } = this.#deps
    if (this.#pending.size === 0) return
    const leftMs = this.#activeMs + readMs - clock.monotonicMs()
    if (leftMs > 0) {
      this.#silenceTimer = setTimeout(this.#endSilence, leftMs)
      return
    }
    const sentence = 'the server was silent for longer than `readTimeout`'
    this.#onEnd(new AppError('server_lost', sentence))
  }

  #failAll(reason: string): void {
    clearTimeout(this.#silenceTimer)
    const posts = this.#pending.values()
    this.#pending.clear()
    for (const post of posts) {
      const { exchange } = post
      post.cancel()
      const outcome = exchange?.handedOver === true ? 'unknown' : 'not_sent'
      exchange?.fail(new AppError('server_lost', reason, { outcome }))
    }
  }

  async #close(reason: string): Promise<void> {
    this.#stream.close()
    this.#failAll(reason)
    clearTimeout(this.#lingerTimer)
    for (const post of [...this.#lingering]) post.cancel()
    this.#posts.close()
    await this.#deps.target.pool.destroy()
  }
}
