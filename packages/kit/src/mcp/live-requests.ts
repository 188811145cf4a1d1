import type { CallAbort } from '../call-signal.ts'
import { LiveTable } from '../limits/index.ts'

/**
 * What of a session is in flight, by the literals of the requests' ids. An id is taken while its request is
 * answered, unless that goes on for a client whose connection is gone: what comes then is the client again.
 */
export class LiveRequests {
  readonly #ids = new LiveTable<CallAbort, string>()

  get size(): number {
    return this.#ids.size
  }

  add(id: string, request: CallAbort): void {
    this.#ids.add(request, id)
  }

  delete(request: CallAbort): void {
    this.#ids.delete(request)
  }

  /** Whether another request may not have this id now. */
  isTaken(id: string): boolean {
    if (!this.#ids.hasValue(id)) return false
    const known = this.#of(id)
    // A repeat that waits is not detached itself: what it waits for is.
    return !known.some(({ detached }) => detached) || known.some(({ client }) => !client?.gone)
  }

  /** Aborts the request of this id, and who waits for it; one that nobody knows is ignored. */
  abort(id: string, reason: unknown): void {
    for (const request of this.#of(id)) request.abort(reason)
  }

  /** The requests there are now; a copy, so that some may go meanwhile. */
  values(): CallAbort[] {
    return this.#ids.keys()
  }

  clear(): void {
    this.#ids.clear()
  }

  #of(id: string): CallAbort[] {
    return this.#ids.keys().filter((request) => this.#ids.get(request) === id)
  }
}
