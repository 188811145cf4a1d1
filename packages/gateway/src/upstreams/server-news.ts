import type { Clock } from '@sallyport/kit/clock'
import type { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { Message } from '@sallyport/kit/mcp'
import type { ListRead } from './catalogue-reader.ts'
import type { HealthCheck, Kind, ServerFacts, ServerStatus, UpstreamEvents } from './upstream.ts'

const UNATTRIBUTED_EVERY_MS = 60_000

export interface ServerNewsOptions {
  readonly server: string
  readonly events: UpstreamEvents
  readonly clock: Clock
  readonly log: Log
}

/** What one server tells the rest of the gateway. */
export class ServerNews {
  readonly #options: ServerNewsOptions
  #shown = ''
  /** When a question put to nobody was last logged, monotonic. */
  #unattributedMs = -Infinity
  #isPast = false

  constructor(options: ServerNewsOptions) {
    this.#options = options
  }

  /** Another server has its name: what it lists and how it is are nobody's concern any more. */
  retire(): void {
    this.#isPast = true
  }

  list(kind: Kind, { pages, announced }: ListRead): void {
    const { events, server } = this.#options
    if (!this.#isPast) events.onList(server, kind, pages, announced)
  }

  facts(facts: ServerFacts): void {
    if (!this.#isPast) this.#options.events.onFacts?.(this.#options.server, facts)
  }

  /** Each state and reason once. */
  state(status: ServerStatus): void {
    const shown = `${status.state} ${status.reason}`
    if (shown === this.#shown) return
    this.#shown = shown
    if (!this.#isPast) this.#options.events.onState?.(status)
  }

  check(check: HealthCheck): void {
    if (!this.#isPast) this.#options.events.onCheck?.(this.#options.server, check)
  }

  started(how: 'ok' | 'restarted' | 'failed'): void {
    this.#options.events.onStart?.(this.#options.server, how)
  }

  stray(): void {
    this.#options.events.onStray?.(this.#options.server)
  }

  resourceUpdated(key: string, uri: string, params: string): void {
    this.#options.events.onResourceUpdated?.(this.#options.server, key, uri, params)
  }

  notification(key: string, message: Message): void {
    this.#options.events.onNotification?.(this.#options.server, key, message)
  }

  /** A session could not be ended as it should. */
  endFailed(error: AppError): void {
    this.#options.log.error({ err: error }, 'server session not ended')
  }

  /** Said once a minute: a server may ask without end. */
  unattributed(question: string, clients: number): void {
    const { clock, log } = this.#options
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#unattributedMs < UNATTRIBUTED_EVERY_MS) return
    this.#unattributedMs = nowMs
    const why = 'it names no call, and those in flight are of several clients'
    const remedy = 'give each client a key of its own, with `share: none`'
    log.warn({ question, clients }, `question put to nobody: ${why}; ${remedy}`)
  }
}
