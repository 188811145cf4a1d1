import type { ServerResponse } from 'node:http'
import type { EventType } from '@sallyport/contract/admin'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Principal } from '@sallyport/kit/principal'
import { seesServer } from '../sees-server.ts'
import type { Events, GatewayEvent } from './events.ts'

const HEARTBEAT_MS = 15_000
/** Clients come back after this. */
const RETRY_MS = 2_000
const UNREAD_BYTES_MAX = 256 * 1_024
/** Time a reader has to take the last words. */
const LAST_WORDS_MS = 5_000

/** Why a stream ends, told as its last event. */
export type EndReason = 'slow' | 'revoked' | 'suspended' | 'expired' | 'stopping'

export interface EventStreamsDeps {
  readonly events: Events
  readonly clock: Clock
  /** Streams open at once. */
  readonly streamsMax: () => number
}

/** Who wants to be told what. */
export interface Watcher {
  readonly principal: Principal
  /** Undefined = all but what is told only by name. */
  readonly types: readonly EventType[] | undefined
  /** `Last-Event-ID`: what came after it is told first. */
  readonly lastId: string | undefined
}

interface Stream extends Omit<Watcher, 'lastId'> {
  principal: Principal
  readonly response: ServerResponse
  readonly unlisten: () => void
}

/** The streams of `GET /api/v1/events`: bounded in number and in what they hold for slow readers. */
export class EventStreams implements Disposable {
  readonly #deps: EventStreamsDeps
  readonly #streams = new Set<Stream>()
  #heartbeat: NodeJS.Timeout | undefined
  #stopped = false

  constructor(deps: EventStreamsDeps) {
    this.#deps = deps
  }

  get size(): number {
    return this.#streams.size
  }

  /**
   * Begins a stream on a response whose head was not sent.
   *
   * @throws {AppError} `overloaded` when there are too many, `shutting_down`
   */
  open(response: ServerResponse, { principal, types, lastId }: Watcher): void {
    const { events, streamsMax } = this.#deps
    if (this.#stopped) throw new AppError('shutting_down', 'the gateway is stopping')
    if (this.#streams.size >= streamsMax()) {
      const text = `${this.#streams.size} streams of events are open: end one, or raise limits.eventStreams`
      throw new AppError('overloaded', text, { retryAfterMs: RETRY_MS })
    }
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    })
    response.write(`retry: ${RETRY_MS}\n\n`)
    const unlisten = events.listen((event) => this.#send(stream, event))
    const stream: Stream = { principal, types, response, unlisten }
    this.#streams.add(stream)
    response.once('close', () => this.#forget(stream))
    this.#heartbeat ??= setInterval(() => this.#beat(), HEARTBEAT_MS).unref()
    if (lastId !== undefined) this.#catchUp(stream, lastId)
  }

  /** Ends the streams of a principal that may watch no longer. */
  endPrincipal(principalId: string, reason: EndReason): void {
    for (const stream of this.#streams) {
      if (stream.principal.id === principalId) this.#end(stream, reason)
    }
  }

  /** Goes on with a principal that may do or see something else now, or ends its streams. */
  renewPrincipal(principal: Principal): void {
    for (const stream of this.#streams) {
      const before = stream.principal
      if (before.id !== principal.id) continue
      const isSame =
        principal.tenant === before.tenant && principal.sight?.key === before.sight?.key
      if (isSame && principal.permissions.has('events.read')) stream.principal = principal
      else this.#end(stream, 'revoked')
    }
  }

  /** Ends all, and opens no others. */
  [Symbol.dispose](): void {
    this.#stopped = true
    for (const stream of this.#streams) this.#end(stream, 'stopping')
  }

  #catchUp(stream: Stream, lastId: string): void {
    const { events, lost } = this.#deps.events.after(lastId)
    if (lost !== 0) {
      // How many others lost is no tenant's to know.
      const told = stream.principal.tenant === null ? lost : null
      stream.response.write(`event: gap\ndata: ${JSON.stringify({ lost: told })}\n\n`)
    }
    for (const event of events) this.#send(stream, event)
  }

  #send(stream: Stream, event: GatewayEvent): void {
    const { response } = stream
    if (!concerns(stream, event) || response.writableEnded) return
    const { item } = event
    response.write(`id: ${event.id}\nevent: ${item.type}\ndata: ${JSON.stringify(item)}\n\n`)
    if (response.writableLength > UNREAD_BYTES_MAX) this.#end(stream, 'slow')
  }

  #beat(): void {
    const nowMs = this.#deps.clock.nowMs()
    for (const stream of this.#streams) {
      const { expiresAtMs } = stream.principal
      if (expiresAtMs !== null && expiresAtMs <= nowMs) this.#end(stream, 'expired')
      else stream.response.write(': heartbeat\n\n')
    }
  }

  #end(stream: Stream, reason: EndReason): void {
    const { response } = stream
    this.#forget(stream)
    if (response.writableEnded) return
    response.end(`event: end\ndata: ${JSON.stringify({ reason })}\n\n`)
    const cut = setTimeout(() => response.destroy(), LAST_WORDS_MS).unref()
    response.once('close', () => clearTimeout(cut))
  }

  #forget(stream: Stream): void {
    stream.unlisten()
    this.#streams.delete(stream)
    if (this.#streams.size > 0) return
    clearInterval(this.#heartbeat)
    this.#heartbeat = undefined
  }
}

/** Whether it is told that event: what it asked for, and what is its own or of a server that it sees. */
function concerns(
  { principal, types }: Pick<Stream, 'principal' | 'types'>,
  { item }: GatewayEvent,
): boolean {
  const { type, server, tenant } = item
  if (types === undefined ? type.startsWith('session.') : !types.includes(type)) return false
  if (server !== null) return seesServer(principal, server)
  return principal.tenant === null || tenant === principal.tenant
}
