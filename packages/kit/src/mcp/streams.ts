import { AppError } from '../errors.ts'
import type { LegacySessions } from './sessions.ts'
import { changeOf, type ListKind, type Subscription } from './subscription.ts'

const PER_PRINCIPAL_MAX = 256

/** Who is told of changes: the subscriptions of modern clients, and legacy sessions that listen. */
export class Streams {
  readonly #sessions: LegacySessions
  readonly #subscriptions = new Set<Subscription>()
  readonly #perPrincipal = new Map<string, number>()
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
    subscription.onEnd(() => {
      this.#subscriptions.delete(subscription)
      const left = (this.#perPrincipal.get(id) ?? 1) - 1
      if (left > 0) this.#perPrincipal.set(id, left)
      else this.#perPrincipal.delete(id)
    })
  }

  /** Tells everyone whose scope is concerned; a session hears it on one stream only. */
  announce(kind: ListKind, concerns: (scope: string) => boolean): void {
    const known = new Map<string, boolean>()
    const concerned = (scope: string): boolean => {
      const verdict = known.get(scope) ?? concerns(scope)
      known.set(scope, verdict)
      return verdict
    }
    const method = changeOf(kind)
    const sessions = this.#sessions.values().filter(({ lines }) => lines.length > 0)
    for (const listener of [...this.#subscriptions, ...sessions]) {
      if (concerned(listener.scope)) listener.send(method)
    }
  }

  endPrincipal(principalId: string): void {
    for (const subscription of this.#subscriptions) {
      if (subscription.principal.id === principalId) subscription.end()
    }
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
