import type { Deadline } from '../limits/index.ts'
import type { EdgeDeps } from './edge-deps.ts'
import { EventStream } from './event-stream.ts'
import type { Answer } from './exchange.ts'
import type { Inbound } from './inbound.ts'
import type { Send } from './line.ts'
import { wholeAnswer } from './reply.ts'
import type { LegacySession } from './session.ts'
import type { SessionStream } from './session-stream.ts'

/** A client that takes streams gets one after this long without an answer, so that proxies wait on. */
const STREAM_AFTER_MS = 10_000
/** Sooner where the client can come back to it: what is not begun cannot be resumed. */
const RESUMABLE_AFTER_MS = 1_000

/** The way back of one HTTP request: JSON, unless something must be sent before the answer. */
export class Outbound {
  readonly #inbound: Inbound
  readonly #deps: EdgeDeps
  readonly #session: LegacySession | undefined
  /** Sends what belongs to the request before its answer; undefined when the client takes no stream. */
  readonly send: Send | undefined
  readonly #waiting: Deadline | undefined
  #stream: SessionStream | EventStream | undefined

  /** @param session whose client may come back to the stream; a modern client cannot */
  constructor(inbound: Inbound, deps: EdgeDeps, session?: LegacySession) {
    this.#inbound = inbound
    this.#deps = deps
    this.#session = session
    if (!inbound.accepts.stream) return
    this.send = (message) => this.#open()?.send(message) ?? false
    const afterMs = session ? RESUMABLE_AFTER_MS : STREAM_AFTER_MS
    this.#waiting = deps.deadlines.add(afterMs, () => void this.#open())
  }

  /** Whether nobody reads: its connection is closed, and none took its place. */
  get gone(): boolean {
    return this.#stream ? !this.#stream.open : this.#inbound.response.closed
  }

  /** Sends the answer down the stream if there is one, otherwise hands it back. */
  finish(answer: Answer): Answer | 'sent' {
    if (!this.#stream) return answer
    this.#stream.finish(wholeAnswer(answer))
    return 'sent'
  }

  /** To be called when the answer is there, or will never be: no stream is begun any more. */
  stopWaiting(): void {
    this.#waiting?.cancel()
  }

  /** Undefined when the client has gone before there was a stream to come back to. */
  #open(): SessionStream | EventStream | undefined {
    const { response, caller } = this.#inbound
    if (this.#stream || response.closed) return this.#stream
    const headers = { 'x-request-id': caller.requestId }
    if (this.#session) {
      const stream = this.#session.openStream(this.#deps)
      stream.begin(response, headers)
      this.#stream = stream
    } else {
      this.#stream = new EventStream(response, headers, this.#deps.limits)
    }
    return this.#stream
  }
}
