import { AppError } from '@sallyport/kit/errors'
import { type ListenFilter, type Message, META_SUBSCRIPTION } from '@sallyport/kit/mcp'
import { asObject, readJson } from './session.ts'

const ACKNOWLEDGE_MS = 10_000
export const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged'

/** What becomes of one subscription. */
export interface ListenEvents {
  /** The server took it, and grants these URIs of it. */
  onAcknowledged(uris: readonly string[]): void
  /** It is over without our doing, or was refused; `words` are the server's. */
  onOver(words: string): void
}

/** Opens one `subscriptions/listen`; gives what ends it. */
export type OpenListen = (filter: ListenFilter, events: ListenEvents) => () => void

/** One subscription, from the wish for it to its end. */
interface Subscription {
  readonly filter: ListenFilter
  readonly done: PromiseWithResolvers<readonly string[]>
  timer: NodeJS.Timeout | undefined
  /** Ends it at the server. */
  end: (() => void) | undefined
}

/**
 * The one standing subscription of a session with a modern server. A wider or narrower one is acknowledged
 * before the one before it ends, so that nothing falls between them. Wishes that come while one is being
 * opened are one more.
 *
 * Source: MCP 2026-07-28, "Subscriptions".
 */
export class Listener {
  readonly #open: OpenListen
  #current: Subscription | undefined
  #opening: Subscription | undefined
  #next: Subscription | undefined
  #closed = false

  constructor(open: OpenListen) {
    this.#open = open
  }

  /**
   * Exchanges the subscription for one of this filter. Resolves to the URIs that the server grants.
   *
   * @throws {AppError} `server_protocol` when it is refused, `deadline_exceeded` when nothing comes back
   */
  async want(filter: ListenFilter): Promise<readonly string[]> {
    if (this.#closed) return []
    const latest = this.#next ?? this.#opening ?? this.#current
    if (latest !== undefined && isSame(latest.filter, filter)) return latest.done.promise
    const done = this.#next?.done ?? Promise.withResolvers<readonly string[]>()
    const wanted = { filter, done, timer: undefined, end: undefined }
    if (this.#opening === undefined) this.#begin(wanted)
    else this.#next = wanted
    return done.promise
  }

  close(): void {
    this.#closed = true
    const { current, opening } = { current: this.#current, opening: this.#opening }
    for (const one of [opening, this.#next]) one?.done.resolve([])
    clearTimeout(opening?.timer)
    this.#current = this.#opening = this.#next = undefined
    opening?.end?.()
    current?.end?.()
  }

  #begin(wanted: Subscription): void {
    this.#opening = wanted
    if (isEmpty(wanted.filter)) {
      this.#take(wanted, [])
      return
    }
    wanted.timer = setTimeout(() => {
      const sentence = 'the server did not acknowledge subscriptions/listen'
      this.#over(wanted, new AppError('deadline_exceeded', sentence, { outcome: 'unknown' }))
    }, ACKNOWLEDGE_MS)
    const end = this.#open(wanted.filter, {
      onAcknowledged: (uris) => this.#take(wanted, uris),
      onOver: (words) =>
        this.#over(wanted, new AppError('server_protocol', words, { outcome: 'not_sent' })),
    })
    wanted.end = end
  }

  #take(taken: Subscription, uris: readonly string[]): void {
    if (this.#opening !== taken) return
    this.#current?.end?.()
    this.#current = taken
    taken.done.resolve(uris)
    this.#goOn(taken)
  }

  #over(lost: Subscription, error: AppError): void {
    if (this.#current === lost) this.#current = undefined
    if (this.#opening !== lost) return
    lost.end?.()
    lost.done.reject(error)
    this.#goOn(lost)
  }

  #goOn(settled: Subscription): void {
    clearTimeout(settled.timer)
    this.#opening = undefined
    const next = this.#next
    this.#next = undefined
    if (next !== undefined) this.#begin(next)
  }
}

/** Reads which subscription an acknowledgement is about, and which URIs it grants. */
export function readAcknowledged(message: Message): {
  readonly id: unknown
  readonly uris: readonly string[]
} {
  const params = asObject(readJson(message, message.params))
  const uris = asObject(params?.['notifications'])?.['resourceSubscriptions']
  return {
    id: asObject(params?.['_meta'])?.[META_SUBSCRIPTION],
    uris: Array.isArray(uris) ? uris.filter((uri) => typeof uri === 'string') : [],
  }
}

function isEmpty({ tools, prompts, resources, uris }: ListenFilter): boolean {
  return !tools && !prompts && !resources && uris.length === 0
}

function isSame(one: ListenFilter, other: ListenFilter): boolean {
  return (
    one.tools === other.tools &&
    one.prompts === other.prompts &&
    one.resources === other.resources &&
    one.uris.length === other.uris.length &&
    one.uris.every((uri, index) => uri === other.uris[index])
  )
}
