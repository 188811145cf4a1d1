import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '@sallyport/kit/errors'
import type { Dispatcher } from 'undici'
import { connectionFailure, statusFailure } from './http-failure.ts'
import type { Exchange } from './session.ts'

/** Of what the server says to a POST only this much is looked at, bytes. */
const BODY_BYTES_MAX = 4_096

export interface SsePostOwner {
  nowMs(): number
  /** The server does not have the message, or not surely. `gone`: it knows our session no more. */
  onRefused(post: SsePost, error: AppError, gone: boolean): void
  /** Nothing more comes of it. */
  onOver(post: SsePost): void
}

/** One message on its way to a server that answers on its event stream. The handler of its own dispatch. */
export class SsePost implements Dispatcher.DispatchHandler {
  /** The request it carries; undefined for notifications and answers of ours. */
  readonly exchange: Exchange | undefined
  /** When its answer came, monotonic; for one that lingers. */
  settledAtMs = 0
  readonly #owner: SsePostOwner
  #controller: Dispatcher.DispatchController | undefined
  #status = 0
  #headers: IncomingHttpHeaders = {}
  #body = ''
  #over = false

  constructor(owner: SsePostOwner, exchange: Exchange | undefined) {
    this.#owner = owner
    this.exchange = exchange
  }

  get over(): boolean {
    return this.#over
  }

  /** Drops it, and with it what was not sent yet. */
  cancel(): void {
    this.#end()
    this.#controller?.abort(new Error('the message is not wanted any more'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#over) controller.abort(new Error('the message is not wanted any more'))
    else if (this.exchange !== undefined) this.exchange.handedOver = true
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return
    this.#status = status
    this.#headers = headers
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#body += chunk.toString('latin1', 0, BODY_BYTES_MAX - this.#body.length)
    if (this.#body.length < BODY_BYTES_MAX) return
    this.onResponseEnd()
    controller.abort(new Error('not wanted'))
  }

  onResponseEnd(): void {
    if (this.#over) return
    this.#end()
    if (this.#status < 300) return
    const gone =
      this.#status === 404 || (this.#status === 400 && /\b(?:session|transport)/i.test(this.#body))
    const error = statusFailure(this.#status, this.#headers, this.#owner.nowMs())
    this.#owner.onRefused(this, error, gone)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return
    this.#end()
    // Taken, with an answer that broke off: what counts comes on the stream.
    if (this.#status >= 200 && this.#status < 300) return
    const handedOver = this.exchange?.handedOver ?? true
    this.#owner.onRefused(this, connectionFailure(error, handedOver), false)
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    this.#owner.onOver(this)
  }
}
