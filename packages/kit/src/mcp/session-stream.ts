import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Deadline } from '../limits/index.ts'
import type { EdgeDeps } from './edge-deps.ts'
import { EventStream } from './event-stream.ts'
import type { Reservation } from './exchange.ts'
import type { Line } from './line.ts'

const KEPT_EVENTS_MAX = 256
const KEPT_BYTES_MAX = 1024 * 1024
/** What is kept of a stream that was read to its end as far as we can see. */
const DELIVERED_BYTES_MAX = 64 * 1024
const KEPT_MS = 60_000
const RETRY_MS = 1_000
/** Earlier revisions know no event without data. Source: MCP 2025-11-25, Streamable HTTP. */
const PRIMED_SINCE = '2025-11-25'

/** What a stream of a session needs of its surroundings. */
export type SessionStreamDeps = Pick<EdgeDeps, 'reserve' | 'deadlines' | 'limits'>

export interface StreamOwner {
  readonly principalId: string
  /** Revision the session speaks. */
  readonly version: string
  /** Its connection is gone; another may follow. */
  lost(stream: SessionStream): void
  /** Nothing of it is kept any more. */
  forgotten(stream: SessionStream): void
}

interface KeptEvent {
  readonly seq: number
  readonly message: Buffer
  readonly hold: Reservation
}

/**
 * A stream of a legacy session, which outlives its connections: what it sent is kept for a while under ids
 * that name the stream, and a client that comes back with the last it saw gets the rest, of this stream
 * alone. The answer to a request ends it; a stream that only listens goes on.
 *
 * Source: MCP 2025-11-25, Streamable HTTP, "Resumability and Redelivery".
 */
export class SessionStream implements Line {
  /** Unguessable, so that no id of an earlier process fits. */
  readonly id = randomBytes(9).toString('base64url')
  readonly #owner: StreamOwner
  readonly #deps: SessionStreamDeps
  /** Whether it waits for an answer, and must not be forgotten before. */
  readonly #answers: boolean
  readonly #kept: KeptEvent[] = []
  #keptBytes = 0
  #lastSeq = 0
  #connection: EventStream | undefined
  #expiry: Deadline | undefined
  #over = false
  #forgotten = false

  constructor(owner: StreamOwner, deps: SessionStreamDeps, rules: { answers: boolean }) {
    this.#owner = owner
    this.#deps = deps
    this.#answers = rules.answers
  }

  get open(): boolean {
    return this.#connection?.open ?? false
  }

  /** Whether nothing will be sent on it any more. */
  get over(): boolean {
    return this.#over
  }

  /** Its first connection. */
  begin(response: ServerResponse, headers: Record<string, string>): void {
    const stream = this.#connect(response, headers)
    if (this.#owner.version >= PRIMED_SINCE) stream.prime(this.#eventId(0), RETRY_MS)
    else stream.prime(undefined, RETRY_MS)
  }

  /** Goes on over another connection, from what follows `afterSeq`. An earlier connection is closed. */
  resume(response: ServerResponse, headers: Record<string, string>, afterSeq: number): void {
    const stream = this.#connect(response, headers)
    stream.prime(undefined, RETRY_MS)
    for (const { seq, message } of this.#kept) {
      if (seq > afterSeq) stream.send(message, this.#eventId(seq))
    }
    if (this.#over) stream.end()
  }

  /** False when nobody reads it and nothing could be kept for later. */
  send(message: Buffer): boolean {
    if (this.#over) return false
    this.#lastSeq += 1
    const kept = this.#keep(this.#lastSeq, message)
    const id = kept ? this.#eventId(this.#lastSeq) : undefined
    return (this.#connection?.send(message, id) ?? false) || kept
  }

  /** Sends the answer, which is the last message. */
  finish(answer: Buffer): void {
    this.send(answer)
    this.#over = true
    this.#connection?.end()
    this.#expireLater()
  }

  /** Ends it for good. */
  end(): void {
    this.#over = true
    this.#connection?.end()
    this.forget()
  }

  /** Gives back what is kept; a connection that is open goes on without ids. Safe to call twice. */
  forget(): void {
    if (this.#forgotten) return
    this.#forgotten = true
    this.#expiry?.cancel()
    this.#trim(0, 0)
    this.#owner.forgotten(this)
  }

  #connect(response: ServerResponse, headers: Record<string, string>): EventStream {
    this.#expiry?.cancel()
    const before = this.#connection
    const stream = new EventStream(response, headers, this.#deps.limits)
    this.#connection = stream
    before?.end()
    stream.onClose = () => this.#closed(stream)
    return stream
  }

  #closed(stream: EventStream): void {
    if (this.#connection !== stream) return
    this.#connection = undefined
    if (this.#over && stream.delivered) this.#trim(KEPT_EVENTS_MAX, DELIVERED_BYTES_MAX)
    if (this.#over || !this.#answers) this.#expireLater()
    this.#owner.lost(this)
  }

  #expireLater(): void {
    if (this.#forgotten) return
    this.#expiry?.cancel()
    this.#expiry = this.#deps.deadlines.add(KEPT_MS, () => this.forget())
  }

  #keep(seq: number, message: Buffer): boolean {
    if (this.#forgotten) return false
    this.#trim(KEPT_EVENTS_MAX - 1, KEPT_BYTES_MAX - message.length)
    const hold = this.#deps.reserve(this.#owner.principalId)
    while (!hold.grow(message.length)) {
      if (this.#kept.length === 0) return false
      this.#trim(this.#kept.length - 1, KEPT_BYTES_MAX)
    }
    this.#kept.push({ seq, message, hold })
    this.#keptBytes += message.length
    return true
  }

  /** Drops the oldest until so much is left at most. */
  #trim(eventsMax: number, bytesMax: number): void {
    while (this.#kept.length > 0) {
      if (this.#kept.length <= eventsMax && this.#keptBytes <= bytesMax) return
      const oldest = this.#kept.shift()
      oldest?.hold.release()
      this.#keptBytes -= oldest?.message.length ?? 0
    }
  }

  #eventId(seq: number): string {
    return `${this.id}.${seq}`
  }
}

const EVENT_ID = /^([\w-]{12})\.(\d{1,15})$/

/** The stream and the place in it that an event id names; undefined for what was never one of ours. */
export function parseEventId(text: unknown): { streamId: string; seq: number } | undefined {
  const [, streamId, seq] = (typeof text === 'string' && EVENT_ID.exec(text)) || []
  return streamId === undefined ? undefined : { streamId, seq: Number(seq) }
}
