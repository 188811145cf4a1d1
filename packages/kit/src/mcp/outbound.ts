import type { Deadline } from '../limits/index.ts'
import type { EdgeDeps, EdgeLimits, Inbound } from './edge.ts'
import { EventStream } from './event-stream.ts'
import type { Answer } from './exchange.ts'
import { wholeAnswer } from './reply.ts'

/** A client that takes streams gets one after this long without an answer, so that proxies wait on. */
const STREAM_AFTER_MS = 10_000

/** The way back of one request: JSON, unless something must be sent before the answer. */
export class Outbound {
  readonly #inbound: Inbound
  readonly #limits: EdgeLimits
  /** Sends what belongs to the request before its answer; undefined when the client takes no stream. */
  readonly notify: ((message: Buffer) => void) | undefined
  readonly #waiting: Deadline | undefined
  #stream: EventStream | undefined

  constructor(inbound: Inbound, { limits, deadlines }: EdgeDeps) {
    this.#inbound = inbound
    this.#limits = limits
    if (!inbound.accepts.stream) return
    this.notify = (message) => void this.#open().send(message)
    this.#waiting = deadlines.add(STREAM_AFTER_MS, () => void this.#open())
  }

  /** Sends the answer down the stream if there is one; otherwise hands it back. */
  finish(answer: Answer): Answer | 'sent' {
    if (!this.#stream) return answer
    this.#stream.send(wholeAnswer(answer))
    this.#stream.end()
    return 'sent'
  }

  /** The answer is there, or never will be. */
  stopWaiting(): void {
    this.#waiting?.cancel()
  }

  #open(): EventStream {
    const { response, caller } = this.#inbound
    this.#stream ??= new EventStream(response, { 'x-request-id': caller.requestId }, this.#limits)
    return this.#stream
  }
}
