import type { IncomingHttpHeaders } from 'node:http'
import { type Message, scanReply } from '@sallyport/kit/mcp'
import type { Dispatcher } from 'undici'
import { headerOf } from './http-failure.ts'
import { Turns } from './read-paced.ts'
import { readWords } from './session.ts'
import { SseReader } from './sse-reader.ts'

const WAIT_MS_FIRST = 1_000
const WAIT_MS_MAX = 30_000
/** A stream that held this long was a good one: the next wait is short again. */
const GOOD_MS = 10_000

const REFUSAL_BYTES_MAX = 16 * 1_024

interface Refusal {
  readonly status: number
  readonly body: Buffer[]
  bytes: number
}

export interface HttpStreamOptions {
  readonly eventBytesMax: number
  /** Opens the request anew: the legacy GET, or the modern `subscriptions/listen`. */
  open(handler: Dispatcher.DispatchHandler, lastEventId: string): void
  onMessage(message: Message): void
  onStray(): void
  /** It stands again after a break. `resumes`: the server numbers its events, and goes on where it ended. */
  onReopened(resumes: boolean): void
  /** The server does not serve it, or no more; `words` are its own. */
  onRefused(words: string, how: { readonly status: number; readonly served: boolean }): void
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
  #opened = false

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
    let turns: Turns | undefined
    let refusal: Refusal | undefined
    const over = (): void => {
      turns?.flush()
      this.#controller = undefined
      if (events !== undefined && events.lastId !== '') this.#lastEventId = events.lastId
      if (performance.now() - openedMs > GOOD_MS) this.#failures = 0
      if (refusal !== undefined) this.#refuse(refusal)
      else this.#openLater(events?.retryMs)
    }
    const start = (
      controller: Dispatcher.DispatchController,
      status: number,
      headers: IncomingHttpHeaders,
    ): void => {
      const type = headerOf(headers, 'content-type') ?? ''
      const refused = status >= 400 && status < 500 && status !== 429
      if (status === 200 && type.startsWith('text/event-stream')) {
        const reader = this.#reader()
        events = reader
        turns = new Turns(controller, (chunk) => reader.push(chunk))
        this.#noteOpen()
      } else if (refused || (status === 200 && type.startsWith('application/json'))) {
        refusal = { status, body: [], bytes: 0 }
      } else this.#controller?.abort(new Error('no event stream'))
    }
    const read = (chunk: Buffer): void => {
      if (refusal !== undefined) {
        refusal.bytes += chunk.length
        if (refusal.bytes <= REFUSAL_BYTES_MAX) refusal.body.push(chunk)
        else this.#controller?.abort(new Error('not wanted'))
      } else turns?.push(chunk)
    }
    this.#options.open(
      {
        onRequestStart: (controller) => {
          this.#controller = controller
          if (this.#closed) controller.abort(new Error('the session is closed'))
        },
        onResponseStart: (controller, status, headers) => {
          if (status >= 200) start(controller, status, headers)
        },
        onResponseData: (_controller, chunk) => read(chunk),
        onResponseEnd: over,
        onResponseError: over,
      },
      this.#lastEventId,
    )
  }

  #noteOpen(): void {
    if (this.#opened) this.#options.onReopened(this.#lastEventId !== '')
    this.#opened = true
  }

  #refuse({ status, body }: Refusal): void {
    if (this.#closed) return
    this.#closed = true
    const answer = scanReply(Buffer.concat(body))
    const words = answer && readWords(answer)
    const sentence = words ?? `the server answered ${status} without a stream`
    this.#options.onRefused(sentence, { status, served: this.#opened })
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
