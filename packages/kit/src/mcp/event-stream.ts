import type { ServerResponse } from 'node:http'
import { onOneLine } from './splice.ts'

export interface StreamLimits {
  /** A reader that takes nothing for this long is cut off, milliseconds. */
  readonly stallMs: number
  /** Bytes waiting for the reader beyond which the stream is cut off. */
  readonly unreadBytesMax: number
}

const KEEP_ALIVE_MS = 15_000
const DATA = Buffer.from('event: message\ndata: ')
const END = Buffer.from('\n\n')

/**
 * The writing side of one server-sent event stream. Owns its timers and ends with its response.
 *
 * Source: WHATWG HTML, "Server-sent events"; MCP Streamable HTTP.
 */
export class EventStream {
  readonly #response: ServerResponse
  readonly #limits: StreamLimits
  readonly #keepAlive: NodeJS.Timeout
  #stalled: NodeJS.Timeout | undefined
  #open = true
  /** Called once, whoever ended the stream. */
  onClose: (() => void) | undefined

  constructor(response: ServerResponse, headers: Record<string, string>, limits: StreamLimits) {
    this.#response = response
    this.#limits = limits
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      ...headers,
    })
    response.flushHeaders()
    this.#keepAlive = setInterval(() => this.#write(Buffer.from(': keep-alive\n\n')), KEEP_ALIVE_MS)
    this.#keepAlive.unref()
    response.once('close', () => this.#closed())
  }

  get open(): boolean {
    return this.#open
  }

  /** Sends one message. False when the stream is over or its reader too slow; then nothing was sent. */
  send(message: Buffer): boolean {
    if (!this.#open) return false
    if (this.#response.writableLength + message.length > this.#limits.unreadBytesMax) {
      this.#response.destroy()
      return false
    }
    this.#write(Buffer.concat([DATA, onOneLine(message), END]))
    return true
  }

  /** Ends the stream after what was sent. Safe to call twice. */
  end(): void {
    if (this.#open) this.#response.end()
  }

  #write(bytes: Buffer): void {
    if (!this.#open || this.#response.write(bytes) || this.#stalled) return
    this.#stalled = setTimeout(() => this.#response.destroy(), this.#limits.stallMs)
    this.#response.once('drain', () => {
      clearTimeout(this.#stalled)
      this.#stalled = undefined
    })
  }

  #closed(): void {
    this.#open = false
    clearInterval(this.#keepAlive)
    clearTimeout(this.#stalled)
    this.onClose?.()
  }
}
