/** Told once when a call is aborted. */
export type AbortListener = (() => void) | { handleEvent(): void }

/** What a step needs of a call's signal: a real `AbortSignal` fits, and so does `CallController`. */
export interface CallSignal {
  readonly aborted: boolean
  /** Why it was aborted: an AppError. */
  readonly reason: unknown
  addEventListener(type: 'abort', listener: AbortListener, options?: { readonly once: true }): void
  removeEventListener(type: 'abort', listener: AbortListener): void
}

/** What ends a call; a real `AbortController` fits. */
export interface CallAbort {
  readonly signal: CallSignal
  /** Set where what runs goes on although its client has closed the connection. */
  detached?: boolean
  /** Who waits for the answer; undefined where that cannot be told from the call's own line. */
  client?: { readonly gone: boolean } | undefined
  /** The first reason stays; later ones change nothing. */
  abort(reason: unknown): void
}

/**
 * The one abort of one call. It does what an `AbortController` does for listeners that are told once, at a
 * tenth of its cost: a platform controller with one listener, added and removed, takes 4 to 6 us a call.
 */
export class CallController implements CallAbort, CallSignal {
  reason: unknown = undefined
  detached = false
  client: CallAbort['client'] = undefined
  #aborted = false
  /** Nearly always none or one. */
  #listener: AbortListener | undefined
  #more: AbortListener[] | undefined

  get aborted(): boolean {
    return this.#aborted
  }

  get signal(): CallSignal {
    return this
  }

  /** A listener that throws keeps none of the others from being told; its error surfaces as uncaught. */
  abort(reason: unknown): void {
    if (this.#aborted) return
    this.#aborted = true
    this.reason = reason
    const told = [this.#listener, ...(this.#more ?? [])]
    this.#listener = undefined
    this.#more = undefined
    for (const listener of told) {
      if (listener !== undefined) tell(listener)
    }
  }

  /** Once aborted, nobody is told any more: ask `aborted` first, as with any signal. */
  addEventListener(_type: 'abort', listener: AbortListener): void {
    if (this.#aborted) return
    if (this.#listener === undefined) this.#listener = listener
    else (this.#more ??= []).push(listener)
  }

  removeEventListener(_type: 'abort', listener: AbortListener): void {
    if (this.#listener === listener) this.#listener = undefined
    else this.#more = this.#more?.filter((known) => known !== listener)
  }
}

function tell(listener: AbortListener): void {
  try {
    if (typeof listener === 'function') listener()
    else listener.handleEvent()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
