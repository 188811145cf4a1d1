import type { CallSignal } from '@sallyport/kit/call-signal'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import { type Subscriber, memberTexts, objectText } from '@sallyport/kit/mcp'
import type { Target } from '../routing/target.ts'
import type { Asker, Upstreams } from '../upstreams/upstream.ts'

const UPDATED = 'notifications/resources/updated'
/** Resources one client may watch at once. */
const PER_SUBSCRIBER_MAX = 1_000

/** One client's wish to hear of one resource. */
export interface Watch {
  readonly subscriber: Subscriber
  readonly asker: Asker
  readonly target: Target
  /** What the client calls the resource. */
  readonly shownUri: string
}

export interface SubscriptionsDeps {
  readonly upstreams: Pick<Upstreams, 'subscribe' | 'unsubscribe' | 'keyOf'>
  /** Whether the resource is still there for who watches it; it always is by default. */
  readonly sees?: (watch: Watch) => boolean
  readonly log: Log
}

/** Who watches which resource: legacy sessions by `resources/subscribe`, modern clients by a listen. */
export class Subscriptions {
  readonly #deps: SubscriptionsDeps
  /** By server, upstream session and the server's own URI. */
  #watches = new Map<string, Set<Watch>>()
  /** Where each of them stands in there. */
  readonly #keys = new Map<Watch, string>()
  readonly #own = new Map<Subscriber, Map<string, Watch>>()
  /** Those that the server has not answered yet. */
  readonly #pending = new Set<Watch>()

  constructor(deps: SubscriptionsDeps) {
    this.#deps = deps
  }

  /** Resources watched, each client counted. */
  get size(): number {
    let total = 0
    for (const watches of this.#own.values()) total += watches.size
    return total
  }

  /**
   * Watches a resource until `remove` or the subscriber's end. A second time changes nothing.
   *
   * @throws {AppError} `overloaded` beyond 1,000 resources, `cancelled` for a subscriber that is over, or as
   *   `Upstreams.subscribe`
   */
  async add(watch: Watch, signal: CallSignal): Promise<void> {
    const { subscriber, asker, target, shownUri } = watch
    const own = this.#ownOf(subscriber)
    if (this.#own.get(subscriber) !== own) throw new AppError('cancelled', 'the client left')
    if (own.has(shownUri)) return
    if (own.size >= PER_SUBSCRIBER_MAX) {
      throw new AppError('overloaded', `${PER_SUBSCRIBER_MAX} resources are watched already`)
    }
    // Before the server is asked: news may come ahead of its answer.
    own.set(shownUri, watch)
    this.#place(watch)
    this.#pending.add(watch)
    try {
      await this.#deps.upstreams.subscribe(target.server, asker, target.name, signal)
    } catch (thrown) {
      this.#pending.delete(watch)
      this.#forget(watch)
      throw thrown
    }
    this.#pending.delete(watch)
    // The subscriber ended meanwhile, or let go: then so must the server.
    if (own.get(shownUri) !== watch) this.#letGo(watch)
  }

  /** Ends one watch; nothing when there is none. */
  remove(subscriber: Subscriber, shownUri: string): void {
    const watch = this.#own.get(subscriber)?.get(shownUri)
    if (!watch) return
    this.#forget(watch)
    this.#letGo(watch)
  }

  /**
   * Passes the news of a server on to everyone who watches the resource over that session. The watch of who
   * does not see it any more ends without a word.
   */
  updated(server: string, key: string, uri: string, params: string): void {
    for (const watch of [...(this.#watches.get(`${server}\n${key}\n${uri}`) ?? [])]) {
      const { subscriber, shownUri } = watch
      if (this.#deps.sees?.(watch) === false) {
        this.remove(subscriber, shownUri)
        continue
      }
      const members = memberTexts(params)
      members.set('uri', JSON.stringify(shownUri))
      subscriber.send(UPDATED, shownUri === uri ? params : objectText(members))
    }
  }

  /** Goes by other servers from now on: who shares a session with whom may be another. */
  rekey(): void {
    const watches = [...this.#keys.keys()]
    this.#watches = new Map()
    for (const watch of watches) this.#place(watch)
  }

  #place(watch: Watch): void {
    const key = this.#keyOf(watch)
    this.#keys.set(watch, key)
    const known = this.#watches.get(key)
    if (known) known.add(watch)
    else this.#watches.set(key, new Set([watch]))
  }

  #ownOf(subscriber: Subscriber): Map<string, Watch> {
    const known = this.#own.get(subscriber)
    if (known) return known
    const own = new Map<string, Watch>()
    this.#own.set(subscriber, own)
    subscriber.onEnd(() => {
      this.#own.delete(subscriber)
      for (const watch of [...own.values()]) {
        own.delete(watch.shownUri)
        this.#forget(watch)
        this.#letGo(watch)
      }
    })
    return own
  }

  #forget(watch: Watch): void {
    const own = this.#own.get(watch.subscriber)
    if (own?.get(watch.shownUri) === watch) own.delete(watch.shownUri)
    const key = this.#keys.get(watch)
    if (key === undefined) return
    this.#keys.delete(watch)
    const watches = this.#watches.get(key)
    watches?.delete(watch)
    if (watches?.size === 0) this.#watches.delete(key)
  }

  /** One subscription of ours ends where the server has it; what is still being asked for ends when it is there. */
  #letGo(watch: Watch): void {
    if (this.#pending.has(watch)) return
    const { target, asker } = watch
    this.#deps.upstreams.unsubscribe(target.server, asker, target.name)
  }

  #keyOf({ target, asker }: Watch): string {
    return `${target.server}\n${this.#deps.upstreams.keyOf(target.server, asker)}\n${target.name}`
  }
}
