import type { ListenFilter, Message } from '@sallyport/kit/mcp'
import { FAMILIES } from './era.ts'
import { HttpStream } from './http-stream.ts'
import type { HttpWire } from './http-wire.ts'
import { ACKNOWLEDGED, type ListenEvents, Listener, readAcknowledged } from './listener.ts'
import { type ClientInfo, listenParams, ownRequest } from './own-messages.ts'
import type { SessionEvents } from './session.ts'

export interface HttpNewsOptions {
  readonly wire: HttpWire
  readonly clientInfo: ClientInfo
  readonly eventBytesMax: number
  readonly events: SessionEvents
  /** An id for a request of the session's own. */
  nextId(): number
  onMessage(message: Message): void
  /** The server has forgotten our session. */
  onSessionGone(): void
}

/** What a server says unasked over HTTP: a legacy session's GET stream, or the modern subscription. */
export class HttpNews {
  readonly #options: HttpNewsOptions
  readonly #listener: Listener
  /** Of the legacy era; a server that refused it is not asked again. */
  #stream: HttpStream | undefined
  #filter: ListenFilter | undefined

  constructor(options: HttpNewsOptions) {
    this.#options = options
    this.#listener = new Listener((filter, events) => this.#subscribe(filter, events))
  }

  /** As `Session.listen`. */
  async listen(filter: ListenFilter): Promise<readonly string[]> {
    if (this.#options.wire.era === 'modern') return this.#listener.want(filter)
    this.#filter = filter
    this.#stream ??= new HttpStream({
      eventBytesMax: this.#options.eventBytesMax,
      open: (handler, lastEventId) => this.#options.wire.openStream(handler, { lastEventId }),
      onMessage: (message) => this.#options.onMessage(message),
      onStray: () => this.#options.events.onStray(),
      onReopened: (resumes) => {
        if (!resumes && this.#filter) this.#mayHaveMissed(this.#filter)
      },
      onRefused: (_words, { status, served }) => {
        // A stream that it served is not there any more: nor is its session.
        if (status === 404 && served) this.#options.onSessionGone()
      },
      random: Math.random,
    })
    return filter.uris
  }

  close(): void {
    this.#stream?.close()
    this.#listener.close()
  }

  #subscribe(filter: ListenFilter, { onAcknowledged, onOver }: ListenEvents): () => void {
    const { wire, clientInfo, eventBytesMax, nextId } = this.#options
    const encode = ownRequest('subscriptions/listen', listenParams(filter), clientInfo)
    let reopened = false
    const stream = new HttpStream({
      eventBytesMax,
      open: (handler) => {
        const body = encode({ id: nextId(), era: wire.era, version: wire.version })
        wire.openStream(handler, { body, lastEventId: '' })
      },
      onMessage: (message) => {
        if (message.method === ACKNOWLEDGED) {
          onAcknowledged(readAcknowledged(message).uris)
          if (reopened) this.#mayHaveMissed(filter)
          reopened = false
        } else if (message.kind !== 'response') {
          // The final result is the graceful end, which the end of the stream tells too.
          this.#options.onMessage(message)
        }
      },
      onStray: () => this.#options.events.onStray(),
      onReopened: () => {
        reopened = true
      },
      onRefused: onOver,
      random: Math.random,
    })
    return () => stream.close()
  }

  /** Nothing was heard for a while: what may have changed meanwhile counts as changed. */
  #mayHaveMissed(filter: ListenFilter): void {
    const { events } = this.#options
    for (const family of FAMILIES) if (filter[family]) events.onListChanged(family)
    for (const uri of filter.uris) events.onResourceUpdated(uri, JSON.stringify({ uri }))
  }
}
