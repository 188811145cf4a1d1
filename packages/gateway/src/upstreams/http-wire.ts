import { encodeHeaderValue, type Era, LATEST_LEGACY } from '@sallyport/kit/mcp'
import type { TraceContext } from '@sallyport/kit/tracing'
import type { Dispatcher } from 'undici'
import { headerOf } from './http-failure.ts'
import { type HttpTarget, PATIENT, withCaller } from './http-target.ts'
import { OwnPosts } from './own-posts.ts'
import type { UpstreamRequest } from './upstream.ts'

const GOODBYE_MS = 2_000
const UNREAD_BYTES_MAX = 64 * 1_024
const ACCEPT = ['content-type', 'application/json', 'accept', 'application/json, text/event-stream']

/** The requests of one session as HTTP: which headers they carry, and what has no answer. */
export class HttpWire {
  readonly #target: HttpTarget
  #era: Era = 'legacy'
  #version: string = LATEST_LEGACY
  #headers: readonly string[]
  /** The server's session; undefined while it named none. */
  sessionId: string | undefined
  readonly #posts = new OwnPosts()

  constructor(target: HttpTarget) {
    this.#target = target
    this.#headers = [...ACCEPT, ...target.headers]
  }

  get era(): Era {
    return this.#era
  }

  get version(): string {
    return this.#version
  }

  adopt(era: Era, version: string): void {
    this.#era = era
    this.#version = version
    this.#headers = [...ACCEPT, ...this.#sessionHeaders(), ...this.#target.headers]
  }

  /** Sends a request that is answered through its handler. */
  send(request: UpstreamRequest, body: Buffer, handler: Dispatcher.DispatchHandler): void {
    const headers = withCaller(this.#headersFor(request), this.#target, request.caller)
    this.#dispatch('POST', headers, body, handler)
  }

  /**
   * Sends what has no answer: a notification of this method, or an answer of ours. Resolves when the server
   * has it, or will never have it; what is one too many is dropped.
   */
  post(body: Buffer, method: string | undefined): Promise<void> {
    const modern = this.#era === 'modern' && method !== undefined
    const headers = modern ? this.#modernHeaders({ method }) : this.#headers
    return this.#posts.add((over) => {
      const { handler, drop } = discard(over)
      this.#dispatch('POST', withCaller(headers, this.#target), body, handler)
      return drop
    })
  }

  /** Whether a refusal of ours may still be posted; half the places are kept for answers. */
  get hasRoom(): boolean {
    return this.#posts.hasRoom
  }

  /** Drops what is posted and has no answer yet; nothing of the kind leaves any more. */
  endPosts(): void {
    this.#posts.close()
  }

  /** Opens a stream that listens: the legacy GET, or in the modern era a POST of `body`. */
  openStream(
    handler: Dispatcher.DispatchHandler,
    { body, lastEventId }: { readonly body?: Buffer; readonly lastEventId: string },
  ): void {
    const { pool, path, servername } = this.#target
    if (body !== undefined) {
      const own = this.#modernHeaders({ method: 'subscriptions/listen' })
      const headers = [...withCaller(own, this.#target)]
      const options = { method: 'POST', path, headers, body, ...PATIENT, servername } as const
      pool.dispatch(options, handler)
      return
    }
    const own = ['accept', 'text/event-stream', ...this.#sessionHeaders()]
    const headers = [...withCaller([...own, ...this.#target.headers], this.#target)]
    if (lastEventId !== '') headers.push('last-event-id', lastEventId)
    const options = { method: 'GET', path, headers, ...PATIENT, servername } as const
    pool.dispatch(options, handler)
  }

  /** Source: MCP 2025-11-25, Streamable HTTP, "Session Management": DELETE, which may be refused. */
  async sayGoodbye(): Promise<void> {
    if (this.sessionId === undefined) return
    const own = [...this.#sessionHeaders(), ...this.#target.headers]
    const headers = withCaller(own, this.#target)
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, GOODBYE_MS)
    this.#dispatch('DELETE', headers, null, discard(resolve).handler)
    await promise
    clearTimeout(timer)
  }

  #dispatch(
    method: 'POST' | 'GET' | 'DELETE',
    headers: readonly string[],
    body: Buffer | null,
    handler: Dispatcher.DispatchHandler,
  ): void {
    const { pool, path, servername } = this.#target
    const options = { method, path, headers: headers as string[], body } // undici does not change them
    pool.dispatch(servername === undefined ? options : { ...options, ...{ servername } }, handler)
  }

  #sessionHeaders(): string[] {
    const headers = ['mcp-protocol-version', this.#version]
    if (this.sessionId !== undefined) headers.push('mcp-session-id', this.sessionId)
    return headers
  }

  #headersFor(request: UpstreamRequest): readonly string[] {
    const headers = this.#ownHeadersFor(request)
    return request.trace === undefined ? headers : [...headers, ...traceHeaders(request.trace)]
  }

  #ownHeadersFor(request: UpstreamRequest): readonly string[] {
    if (this.#era === 'modern') return this.#modernHeaders(request)
    // The version is only negotiated by this very request.
    if (request.method === 'initialize') return [...ACCEPT, ...this.#target.headers]
    return this.#headers
  }

  /** Source: MCP 2026-07-28, Streamable HTTP, "Standard request headers". */
  #modernHeaders(
    request: Pick<UpstreamRequest, 'method'> & Partial<UpstreamRequest>,
  ): readonly string[] {
    const { method, name } = request
    const own =
      name === undefined
        ? ['mcp-method', method]
        : ['mcp-method', method, 'mcp-name', encodeHeaderValue(name)]
    // In one step, since nearly no call adds to it.
    const headers = this.#headers.concat(own)
    for (const name in request.paramHeaders) {
      const value = request.paramHeaders[name]
      if (value !== undefined) headers.push(name, value)
    }
    return headers
  }
}

/** Source: W3C Trace Context §3. */
export function traceHeaders({ traceparent, tracestate }: TraceContext): string[] {
  const headers = ['traceparent', traceparent]
  if (tracestate !== undefined) headers.push('tracestate', tracestate)
  return headers
}

interface Discarding {
  readonly handler: Dispatcher.DispatchHandler
  /** Ends it, begun or not. */
  drop(): void
}

/** Reads an answer to its end, or 64 KiB of it, and keeps nothing. */
function discard(over: () => void): Discarding {
  let bytes = 0
  let dropped = false
  let sending: Dispatcher.DispatchController | undefined
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: (controller) => {
      sending = controller
      if (dropped) controller.abort(new Error('not wanted'))
    },
    onResponseStart: (controller, _status, headers) => {
      const type = headerOf(headers, 'content-type') ?? ''
      if (type.startsWith('text/event-stream')) controller.abort(new Error('not wanted'))
    },
    onResponseData: (controller, chunk) => {
      bytes += chunk.length
      if (bytes > UNREAD_BYTES_MAX) controller.abort(new Error('not wanted'))
    },
    onResponseEnd: over,
    onResponseError: over,
  }
  const drop = (): void => {
    dropped = true
    sending?.abort(new Error('not wanted'))
  }
  return { handler, drop }
}
