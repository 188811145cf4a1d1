import type { Deadline } from '../limits/index.ts'
import type { EdgeDeps, EdgeLimits } from './edge-deps.ts'
import { EventStream } from './event-stream.ts'
import type { Answer } from './exchange.ts'
import type { Inbound } from './inbound.ts'
import type { Send } from './line.ts'
import { wholeAnswer } from './reply.ts'

/** A client that takes streams gets one after this long without an answer, so that proxies wait on. */
const STREAM_AFTER_MS = 10_000

/** The way back of one HTTP request: JSON, unless something must be sent before the answer. */
export class Outbound {
  readonly #inbound: Inbound
  readonly #limits: EdgeLimits
  /** Sends what belongs to the request before its answer; undefined when the client takes no stream. */
  readonly send: Send | undefined
  readonly #waiting: Deadline | undefined
  #stream: EventStream | undefined

  constructor(inbound: Inbound, { limits, deadlines }: EdgeDeps) {
    this.#inbound = inbound
    this.#limits = limits
    if (!inbound.accepts.stream) return
    this.send = (message) => this.#open()?.send(message) ?? false
    this.#waiting = deadlines.add(STREAM_AFTER_MS, () => void this.#open())
  }

  /** Waits for the answer: sends it down the stream if there is one, otherwise hands it back. */
  async answered(coming: Promise<Answer>): Promise<Answer | 'sent'> {
    try {
      const answer = await coming
      if (!this.#stream) return answer
      this.#stream.send(wholeAnswer(answer))
      this.#stream.end()
      return 'sent'
    } finally {
      this.#waiting?.cancel()
    }
  }

  /** Undefined when the client has gone before there was a stream. */
  #open(): EventStream | undefined {
    if (this.#stream) return this.#stream
    const { response, caller } = this.#inbound
    if (response.closed) return undefined
    this.#stream = new EventStream(response, { 'x-request-id': caller.requestId }, this.#limits)
    return this.#stream
  }
}
