import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '@sallyport/kit/errors'
import { type Message, scanReply } from '@sallyport/kit/mcp'
import type { Dispatcher } from 'undici'
import { connectionFailure, headerOf, statusFailure } from './http-failure.ts'
import { Turns } from './read-paced.ts'
import { SseReader } from './sse-reader.ts'

const ENDPOINT_CHARACTERS_MAX = 4_096

export interface SseSessionStreamOptions {
  readonly eventBytesMax: number
  nowMs(): number
  /** Where messages go; the first event of a stream that is one of ours. At most once. */
  onEndpoint(endpoint: string): void
  /** Anything came, a comment included. */
  onBytes(): void
  onMessage(message: Message): void
  onOversize(head: Buffer, tail: Buffer): void
  onStray(): void
  /** It is over, or never began. Called once, never after `close`. */
  onEnd(error: AppError): void
}

/** The event stream of an HTTP+SSE session. The handler of its own dispatch. */
export class SseSessionStream implements Dispatcher.DispatchHandler {
  readonly #options: SseSessionStreamOptions
  #controller: Dispatcher.DispatchController | undefined
  #turns: Turns | undefined
  #endpoint = false
  #over = false

  constructor(options: SseSessionStreamOptions) {
    this.#options = options
  }

  close(): void {
    this.#over = true
    this.#turns?.stop()
    this.#controller?.abort(new Error('the session is closed'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#over) controller.abort(new Error('the session is closed'))
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200 || this.#over) return
    const type = headerOf(headers, 'content-type') ?? ''
    if (status !== 200) this.#end(statusFailure(status, headers, this.#options.nowMs()))
    else if (!type.startsWith('text/event-stream')) {
      const sentence = 'the server opened no event stream'
      this.#end(new AppError('server_protocol', sentence, { outcome: 'not_sent' }))
    } else {
      const events = this.#reader()
      this.#turns = new Turns(controller, (chunk) => events.push(chunk))
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#options.onBytes()
    this.#turns?.push(chunk)
  }

  onResponseEnd(): void {
    this.#turns?.flush()
    this.#end(new AppError('server_lost', 'the server ended its event stream'))
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#turns?.flush()
    this.#end(connectionFailure(error, this.#turns !== undefined))
  }

  #reader(): SseReader {
    const { eventBytesMax, onOversize } = this.#options
    return new SseReader({
      eventBytesMax,
      goesOn: true,
      onData: (data) => this.#onData(data),
      onOther: (type, data) => this.#onOther(type, data),
      onOversize: (head, tail) => !this.#over && onOversize(head, tail),
    })
  }

  #onData(data: Buffer): void {
    if (this.#over) return
    const message = scanReply(data)
    if (message === undefined) this.#options.onStray()
    else this.#options.onMessage(message)
  }

  #onOther(type: string, data: Buffer): void {
    if (this.#over || type !== 'endpoint') return
    if (this.#endpoint || data.length > ENDPOINT_CHARACTERS_MAX) {
      this.#options.onStray()
      return
    }
    this.#endpoint = true
    this.#options.onEndpoint(data.toString())
  }

  #end(error: AppError): void {
    if (this.#over) return
    this.#over = true
    this.#controller?.abort(error)
    this.#options.onEnd(error)
  }
}
