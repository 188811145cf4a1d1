import type { ServerResponse } from 'node:http'
import { onOneLine } from './splice.ts'

export interface StreamLimits {
  /** A reader that takes nothing for this long is cut off, milliseconds. */
  readonly stallMs: number
  /** Bytes waiting for the reader beyond which the stream is cut off. */
  readonly unreadBytesMax: number
}

const KEEP_ALIVE_MS = 15_000
const KEEP_ALIVE = Buffer.from(': keep-alive\n\n')
const DATA = Buffer.from('event: message\ndata: ')
const END = Buffer.from('\n\n')

/**
 * The writing side of one server-sent event stream. Owns its timers and ends with its response; a reader
 * that takes nothing, be it the end, is cut off.
 *
 * Source: WHATWG HTML, "Server-sent events"; MCP Streamable HTTP.
 */
export class EventStream {
  readonly #response: ServerResponse
  readonly #limits: StreamLimits
  readonly #keepAlive: NodeJS.Timeout
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
    // Node looks at what the kernel took: a slow reader of much is no reader that takes nothing.
    response.setTimeout(limits.stallMs, () => {
      if (response.writableLength > 0 || response.writableEnded) response.destroy()
    })
    this.#keepAlive = setInterval(() => this.#write(KEEP_ALIVE), KEEP_ALIVE_MS)
    this.#keepAlive.unref()
    response.once('close', () => this.#closed())
  }

  /** Whether messages can still be sent. */
  get open(): boolean {
    return this.#open
  }

  /** Whether all that was written has left this process. */
  get delivered(): boolean {
    return this.#response.writableFinished
  }

  /**
   * Sends one message, under an event id if it has one. False when the stream is over or its reader too
   * slow; then nothing was sent.
   */
  send(message: Buffer, id?: string): boolean {
    if (!this.#open) return false
    if (this.#response.writableLength + message.length > this.#limits.unreadBytesMax) {
      this.#response.destroy()
      return false
    }
    const head = id === undefined ? [DATA] : [Buffer.from(`id: ${id}\n`), DATA]
    this.#write(Buffer.concat([...head, onOneLine(message), END]))
    return true
  }

  /** Says when to come back after a loss and, with an id, from where. */
  prime(id: string | undefined, retryMs: number): void {
    const event = id === undefined ? '' : `id: ${id}\ndata:\n`
    this.#write(Buffer.from(`retry: ${retryMs}\n${event}\n`))
  }

  /** Sends an event that is no message. Neither text may hold a line break. */
  announce(event: string, data: string): void {
    this.#write(Buffer.from(`event: ${event}\ndata: ${data}\n\n`))
  }

  /** Sends the last message and ends. */
  finish(message: Buffer): void {
    this.send(message)
    this.end()
  }

  /** Ends the stream after what was sent; nothing is written from now on. Safe to call twice. */
  end(): void {
    if (!this.#open) return
    this.#stop()
    this.#response.end()
  }

  #write(bytes: Buffer): void {
    if (this.#open) this.#response.write(bytes)
  }

  #stop(): void {
    this.#open = false
    clearInterval(this.#keepAlive)
  }

  #closed(): void {
    this.#stop()
    this.onClose?.()
  }
}
