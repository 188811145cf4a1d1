/** A view that is kept, or that there is none. */
export interface Slot<View> {
  readonly view: View | undefined
  usedAt: number
}

/**
 * What is kept per scope and sight, at most so many; the one that was asked for longest ago goes first. A
 * look-up changes nothing but a number.
 */
export class RestrictedViews<View> {
  readonly #viewsMax: number
  readonly #onDropped: (view: View) => void
  /** By sight, then by scope. */
  readonly #sights = new Map<string, Map<string, Slot<View>>>()
  #size = 0
  #uses = 0

  /** @param onDropped told of each view that gives way */
  constructor(viewsMax: number, onDropped: (view: View) => void) {
    this.#viewsMax = Math.max(1, viewsMax)
    this.#onDropped = onDropped
  }

  /** Views kept now. */
  get size(): number {
    return this.#size
  }

  /** What is kept of a scope under a sight; undefined when nothing is. */
  find(scope: string, sight: string): Slot<View> | undefined {
    const known = this.#sights.get(sight)?.get(scope)
    if (known === undefined) return undefined
    this.#uses += 1
    known.usedAt = this.#uses
    return known
  }

  /** Keeps the view of a scope under a sight of which none is kept; undefined = there is none. */
  keep(scope: string, sight: string, view: View | undefined): void {
    if (this.#size >= this.#viewsMax) this.#dropOldest()
    this.#uses += 1
    const scopes = this.#sights.get(sight) ?? new Map<string, Slot<View>>()
    this.#sights.set(sight, scopes.set(scope, { view, usedAt: this.#uses }))
    this.#size += 1
  }

  *values(): Iterable<View> {
    for (const scopes of this.#sights.values()) {
      for (const { view } of scopes.values()) if (view !== undefined) yield view
    }
  }

  #dropOldest(): void {
    let oldest:
      | { readonly sight: string; readonly scope: string; readonly slot: Slot<View> }
      | undefined
    for (const [sight, scopes] of this.#sights) {
      for (const [scope, slot] of scopes) {
        if (slot.usedAt < (oldest?.slot.usedAt ?? Infinity)) oldest = { sight, scope, slot }
      }
    }
    if (!oldest) return
    const scopes = this.#sights.get(oldest.sight)
    scopes?.delete(oldest.scope)
    if (scopes?.size === 0) this.#sights.delete(oldest.sight)
    this.#size -= 1
    if (oldest.slot.view !== undefined) this.#onDropped(oldest.slot.view)
  }
}
