import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '@sallyport/kit/errors'
import { type Message, scanReply } from '@sallyport/kit/mcp'
import type { Dispatcher } from 'undici'
import { FAILURE_TURNS } from './failure-turns.ts'
import { connectionFailure, headerOf, statusFailure } from './http-failure.ts'
import type { Origin } from './incoming.ts'
import { Turns } from './read-paced.ts'
import { type Exchange, readId } from './session.ts'
import { SseReader } from './sse-reader.ts'

/** Longest body read from an HTTP error, bytes. */
const ERROR_BYTES_MAX = 64 * 1_024

/** What an exchange needs of its session. */
export interface HttpExchangeOwner {
  readonly resultBytesMax: number
  nowMs(): number
  /** The response has begun. True when the exchange is thereby over: the session was refused. */
  onStatus(exchange: HttpExchange, status: number, headers: IncomingHttpHeaders): void
  /** Decides whether an HTTP error says that our session is gone. */
  isSessionGone(status: number, body: Message | undefined): boolean
  /** A message that is not an answer: of this exchange, or of one that is over. */
  onMessage(message: Message, origin: Origin): void
  onStray(): void
  /** Whether a stream that ended early may be taken up again. */
  mayResume(): boolean
  resume(exchange: HttpExchange, lastEventId: string): void
  /** The exchange has its outcome; `lingers` when its stream is still open. */
  onSettled(exchange: HttpExchange, lingers: boolean): void
  /** The connection of a lingering exchange is free. */
  onFreed(exchange: HttpExchange): void
  onSessionGone(): void
}

/** Streams taken up again for one answer; with the longest wait that is five minutes. */
const RESUMES_MAX = 100
const RESUME_WAIT_MS = 1_000
const RESUME_WAIT_MS_MAX = 30_000
/** One for all: a thousand may be dropped in the same instant, and nobody looks at where. */
const UNWANTED = new Error('the answer is not wanted any more')

type Reading = 'nothing' | 'json' | 'events'

/** One POST and its answer, JSON or an event stream. The handler of its own dispatch. */
export class HttpExchange implements Dispatcher.DispatchHandler {
  readonly exchange: Exchange
  /** When the answer arrived, monotonic; for streams that linger. */
  settledAtMs = 0
  readonly #owner: HttpExchangeOwner
  #controller: Dispatcher.DispatchController | undefined
  #cancelled = false
  #settled = false
  #status = 0
  #headers: IncomingHttpHeaders = {}
  #reading: Reading = 'nothing'
  #events: SseReader | undefined
  #turns: Turns | undefined
  #body: Buffer | undefined
  #more: Buffer[] | undefined
  #bytes = 0
  #bytesMax: number
  #resumes = 0
  #lastEventId = ''
  #resumeTimer: NodeJS.Timeout | undefined

  constructor(owner: HttpExchangeOwner, exchange: Exchange) {
    this.#owner = owner
    this.exchange = exchange
    this.#bytesMax = owner.resultBytesMax
  }

  /** Drops the connection and forgets the exchange: neither `succeed` nor `fail` follow. */
  cancel(): void {
    this.#settled = true
    this.#abort()
  }

  /** Ends the exchange with a failure, once. */
  fail(error: AppError): void {
    if (this.#settled) return
    this.#settled = true
    this.#owner.onSettled(this, false)
    FAILURE_TURNS.run(() => this.exchange.fail(error))
    this.#abort()
  }

  /** As `fail`, when all there is to know has come: the rest is read, which saves the connection. */
  #refuse(error: AppError): void {
    this.#settled = true
    this.#owner.onSettled(this, true)
    FAILURE_TURNS.run(() => this.exchange.fail(error))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#cancelled) controller.abort(UNWANTED)
    else this.exchange.handedOver = true
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200 || this.#settled) return
    this.#status = status
    this.#headers = headers
    this.#owner.onStatus(this, status, headers)
    const type = headerOf(headers, 'content-type') ?? ''
    if (this.#resumes > 0 && !(status === 200 && type.startsWith('text/event-stream'))) {
      const sentence = `the server answered ${status} when its stream was taken up again`
      this.fail(new AppError('server_lost', sentence, { outcome: 'unknown' }))
      return
    }
    if (status === 401 || status === 403 || (status >= 300 && status < 400)) {
      this.#refuse(statusFailure(status, headers, this.#owner.nowMs()))
      return
    }
    if (status >= 400) this.#bytesMax = Math.min(ERROR_BYTES_MAX, this.#bytesMax)
    if (status < 300 && type.startsWith('text/event-stream')) {
      this.#reading = 'events'
      const events = new SseReader({
        eventBytesMax: this.#bytesMax,
        onData: (data) => this.#onEvent(data),
        onOversize: () => this.#tooLarge(),
      })
      this.#events = events
      this.#turns = new Turns(controller, (chunk) => events.push(chunk))
    } else if (type.startsWith('application/json')) {
      this.#reading = 'json'
      if (Number(headerOf(headers, 'content-length')) > this.#bytesMax) this.#tooLarge()
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#turns !== undefined) {
      this.#turns.push(chunk)
      return
    }
    if (this.#reading === 'nothing' || this.#settled) {
      // What nobody reads must end too, or the connection is worth nothing.
      this.#bytes += chunk.length
      if (this.#bytes > ERROR_BYTES_MAX) this.#giveUp()
      return
    }
    this.#bytes += chunk.length
    if (this.#bytes > this.#bytesMax) this.#tooLarge()
    else if (this.#body === undefined) this.#body = chunk
    else (this.#more ??= [this.#body]).push(chunk)
  }

  onResponseEnd(): void {
    this.#controller = undefined
    this.#turns?.flush()
    if (this.#settled) {
      this.#owner.onFreed(this)
      return
    }
    if (this.#events !== undefined) {
      const sentence = 'the server ended its stream without an answer'
      if (!this.#resumeLater(this.#events))
        this.fail(new AppError('server_lost', sentence, { outcome: 'unknown' }))
      return
    }
    const body = this.#more === undefined ? this.#body : Buffer.concat(this.#more)
    const message = body === undefined ? undefined : scanReply(body)
    if (this.#status >= 400) this.#onRefused(message)
    else if (message !== undefined && this.#isAnswer(message)) this.#succeed(message, false)
    else this.#onUnusable(body)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#controller = undefined
    this.#turns?.flush()
    if (this.#settled) this.#owner.onFreed(this)
    else if (this.#events !== undefined && this.#resumeLater(this.#events)) return
    else this.fail(connectionFailure(error, this.exchange.handedOver))
  }

  /** A legacy server that numbers its events may end the stream early and go on in another. */
  #resumeLater(events: SseReader): boolean {
    if (events.lastId !== '') this.#lastEventId = events.lastId
    const exhausted = this.#lastEventId === '' || this.#resumes >= RESUMES_MAX
    if (exhausted || !this.#owner.mayResume()) return false
    this.#resumes += 1
    // Until the new stream stands, a failure is the end of the call.
    this.#events = undefined
    this.#turns = undefined
    const waitMs = Math.min(events.retryMs ?? RESUME_WAIT_MS, RESUME_WAIT_MS_MAX)
    this.#resumeTimer = setTimeout(() => this.#owner.resume(this, this.#lastEventId), waitMs)
    return true
  }

  #onEvent(data: Buffer): void {
    const message = scanReply(data)
    if (message === undefined) {
      this.#owner.onStray()
    } else if (message.kind !== 'response' && message.kind !== 'error') {
      this.#owner.onMessage(message, this.#settled ? 'over' : this.exchange)
    } else if (!this.#settled && this.#isAnswer(message)) {
      this.#succeed(message, true)
    } else {
      this.#owner.onStray()
    }
  }

  /** An answer to this POST: our id, or an error that could not tell the id. */
  #isAnswer(message: Message): boolean {
    if (readId(message) === this.exchange.id) return true
    if (message.kind !== 'error') return false
    const { start, end } = message.id
    return start === -1 || message.bytes.toString('latin1', start, end) === 'null'
  }

  #onRefused(message: Message | undefined): void {
    if (this.#owner.isSessionGone(this.#status, message)) {
      // First, so that what moves on does not come back to this session.
      this.#owner.onSessionGone()
      this.fail(new AppError('server_lost', 'the session ended', { outcome: 'not_sent' }))
    } else if (message?.kind === 'error' && this.#isAnswer(message)) {
      this.#succeed(message, false)
    } else {
      this.fail(statusFailure(this.#status, this.#headers, this.#owner.nowMs()))
    }
  }

  #onUnusable(body: Buffer | undefined): void {
    const sentence =
      body === undefined
        ? `the server answered ${this.#status} without a JSON or event-stream body`
        : 'the server answered with something else than an answer to the request'
    const details = { status: this.#status }
    this.fail(new AppError('server_protocol', sentence, { outcome: 'unknown', details }))
  }

  #succeed(message: Message, lingers: boolean): void {
    this.#settled = true
    this.#owner.onSettled(this, lingers)
    this.exchange.succeed(message)
  }

  #tooLarge(): void {
    if (this.#settled || this.#status >= 400) {
      this.#giveUp()
      return
    }
    const sentence = `the result exceeds ${this.#bytesMax} bytes`
    this.fail(new AppError('result_too_large', sentence, { outcome: 'unknown' }))
  }

  /** Ends the request when nothing of its answer is wanted any more. */
  #giveUp(): void {
    if (this.#settled) this.#abort()
    else this.fail(statusFailure(this.#status, this.#headers, this.#owner.nowMs()))
  }

  #abort(): void {
    this.#cancelled = true
    clearTimeout(this.#resumeTimer)
    this.#turns?.stop()
    this.#controller?.abort(UNWANTED)
  }
}
