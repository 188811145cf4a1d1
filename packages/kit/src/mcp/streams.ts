import { AppError } from '../errors.ts'
import { isSameHolder, type Principal } from '../principal.ts'
import type { Place } from './exchange.ts'
import type { LegacySessions } from './sessions.ts'
import { changeOf, LIST_KINDS, type ListKind, type Subscription } from './subscription.ts'

const PER_PRINCIPAL_MAX = 256

/** Who is told of changes: the subscriptions of modern clients, and legacy sessions that listen. */
export class Streams {
  readonly #sessions: LegacySessions
  readonly #subscriptions = new Set<Subscription>()
  readonly #perPrincipal = new Map<string, number>()
  /** Told of subscriptions that begin or are over. Must not throw. */
  onChange: ((what: 'opened' | 'closed', subscription: Subscription) => void) | undefined
  #finished = false

  constructor(sessions: LegacySessions) {
    this.#sessions = sessions
  }

  /** Streams somebody reads. */
  get size(): number {
    const lines = this.#sessions.values().flatMap((session) => session.lines)
    return this.#subscriptions.size + lines.filter(({ open }) => open).length
  }

  /**
   * Keeps a subscription until it ends.
   *
   * @throws {AppError} `overloaded` when the principal holds too many already
   */
  add(subscription: Subscription): void {
    const { id } = subscription.principal
    const held = this.#perPrincipal.get(id) ?? 0
    if (held >= PER_PRINCIPAL_MAX) {
      throw new AppError('overloaded', `${PER_PRINCIPAL_MAX} streams are open for this key`)
    }
    this.#perPrincipal.set(id, held + 1)
    this.#subscriptions.add(subscription)
    this.onChange?.('opened', subscription)
    subscription.onEnd(() => {
      this.onChange?.('closed', subscription)
      this.#subscriptions.delete(subscription)
      const left = (this.#perPrincipal.get(id) ?? 1) - 1
      if (left > 0) this.#perPrincipal.set(id, left)
      else this.#perPrincipal.delete(id)
    })
  }

  /**
   * Tells everyone whom it concerns, which is asked once for all who see the same of a scope; a session hears it
   * on one stream only.
   */
  announce(kind: ListKind, concerns: (place: Place) => boolean): void {
    const known = new Map<string, boolean>()
    const concerned = (place: Place): boolean => {
      const key = `${place.scope} ${place.principal.sight?.key ?? ''}`
      const verdict = known.get(key) ?? concerns(place)
      known.set(key, verdict)
      return verdict
    }
    const method = changeOf(kind)
    const sessions = this.#sessions.values().filter(({ lines }) => lines.length > 0)
    for (const listener of [...this.#subscriptions, ...sessions]) {
      if (mayList(listener) && concerned(listener)) listener.send(method)
    }
  }

  /**
   * Has sessions and subscriptions of a principal go on as it is now, and tells them that lists changed where it
   * sees others than it did. What it holds as a member of another tenant stays as it is.
   */
  renew(principal: Principal): void {
    for (const one of [...this.#subscriptions, ...this.#sessions.values()]) {
      const before = one.principal
      if (!isSameHolder(before, principal)) continue
      one.principal = principal
      if (before.sight?.key === principal.sight?.key && mayList({ principal: before })) continue
      if (mayList(one)) for (const kind of LIST_KINDS) one.send(changeOf(kind))
    }
  }

  endPrincipal(principalId: string): void {
    for (const subscription of this.#subscriptions) {
      if (subscription.principal.id === principalId) subscription.end()
    }
  }

  /** Subscriptions of modern clients that are open. */
  subscriptions(): readonly Subscription[] {
    return [...this.#subscriptions]
  }

  /** Whether subscriptions end as soon as they have begun. */
  get finished(): boolean {
    return this.#finished
  }

  /** Ends all subscriptions gracefully, also later ones: each gets its final result. */
  finish(): void {
    this.#finished = true
    for (const subscription of this.#subscriptions) subscription.finish()
  }
}

function mayList({ principal }: Pick<Place, 'principal'>): boolean {
  return principal.permissions.has('mcp.list')
}
