import type { IncomingHttpHeaders } from 'node:http'
import { type Message, scanReply } from '@sallyport/kit/mcp'
import type { Dispatcher } from 'undici'
import { headerOf } from './http-failure.ts'
import { SseReader } from './sse-reader.ts'

const WAIT_MS_FIRST = 1_000
const WAIT_MS_MAX = 30_000
/** A stream that held this long was a good one: the next wait is short again. */
const GOOD_MS = 10_000

export interface HttpStreamOptions {
  readonly eventBytesMax: number
  /** Opens the request anew: the legacy GET, or the modern `subscriptions/listen`. */
  open(handler: Dispatcher.DispatchHandler, lastEventId: string): void
  onMessage(message: Message): void
  onStray(): void
  random(): number
}

/**
 * A listening stream that is kept open with back-off until closed. A server that refuses it (405, or any
 * other 4xx) is not asked again.
 *
 * Source: MCP 2025-11-25, Streamable HTTP, "Listening for Messages from the Server".
 */
export class HttpStream {
  readonly #options: HttpStreamOptions
  #controller: Dispatcher.DispatchController | undefined
  #timer: NodeJS.Timeout | undefined
  #failures = 0
  #lastEventId = ''
  #closed = false

  constructor(options: HttpStreamOptions) {
    this.#options = options
    this.#open()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#controller?.abort(new Error('the session is closed'))
  }

  #open(): void {
    const openedMs = performance.now()
    let events: SseReader | undefined
    let refused = false
    const over = (): void => {
      this.#controller = undefined
      if (events !== undefined && events.lastId !== '') this.#lastEventId = events.lastId
      if (performance.now() - openedMs > GOOD_MS) this.#failures = 0
      if (refused) this.#closed = true
      else this.#openLater(events?.retryMs)
    }
    const start = (status: number, headers: IncomingHttpHeaders): void => {
      refused = status >= 400 && status < 500 && status !== 429
      const type = headerOf(headers, 'content-type') ?? ''
      if (status === 200 && type.startsWith('text/event-stream')) events = this.#reader()
      else this.#controller?.abort(new Error('no event stream'))
    }
    this.#options.open(
      {
        onRequestStart: (controller) => {
          this.#controller = controller
          if (this.#closed) controller.abort(new Error('the session is closed'))
        },
        onResponseStart: (_controller, status, headers) => {
          if (status >= 200) start(status, headers)
        },
        onResponseData: (_controller, chunk) => events?.push(chunk),
        onResponseEnd: over,
        onResponseError: over,
      },
      this.#lastEventId,
    )
  }

  #reader(): SseReader {
    return new SseReader({
      eventBytesMax: this.#options.eventBytesMax,
      onData: (data) => {
        const message = scanReply(data)
        if (message === undefined) this.#options.onStray()
        else this.#options.onMessage(message)
      },
      onOversize: () => this.#controller?.abort(new Error('the event is too large')),
    })
  }

  #openLater(retryMs: number | undefined): void {
    if (this.#closed) return
    const backOffMs = Math.min(WAIT_MS_MAX, WAIT_MS_FIRST * 2 ** this.#failures)
    this.#failures = Math.min(this.#failures + 1, 10)
    const waitMs = Math.min(WAIT_MS_MAX, Math.max(retryMs ?? 0, backOffMs))
    const timer = setTimeout(() => this.#open(), waitMs * (0.5 + this.#options.random() / 2))
    timer.unref()
    this.#timer = timer
  }
}
