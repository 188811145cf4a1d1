import { randomBytes } from 'node:crypto'
import type { Clock } from '@sallyport/kit/clock'
import { ByteBudget, type Deadline, type Deadlines } from '@sallyport/kit/limits'
import type { Reservation } from '@sallyport/kit/mcp'
import { holderOf, type Principal } from '@sallyport/kit/principal'

const RESULTS_MAX = 10_000
const HANDLE_BYTES = 16

/** A result that is read in parts. */
export interface KeptResult {
  readonly handle: string
  readonly principalId: string
  /** As `holderOf`. */
  readonly holder: string
  /** The JSON text of `result`, as its server wrote it. */
  readonly text: Buffer
  /** Bytes of the largest part that is given at once. */
  readonly partBytesMax: number
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number
}

interface Entry extends KeptResult {
  readonly reservation: Reservation
  readonly expiry: Deadline
  /** Whether its last part was given: it stays to be read again, but gives way. */
  isRead: boolean
}

export interface KeptResultsDeps {
  readonly clock: Clock
  readonly deadlines: Deadlines
  /** Counts what is kept against the buffered bytes of its principal. */
  readonly reserve: (principalId: string) => Reservation
  /** Bytes that may be kept; a quarter of them for one principal. */
  readonly bytesMax: number
}

/**
 * Results that were too large to be given whole, in memory, until they expire. They fill only part of the
 * buffered bytes, so that who has results to read can still make calls.
 */
export class KeptResults implements Disposable {
  readonly #deps: KeptResultsDeps
  readonly #entries = new Map<string, Entry>()
  readonly #room: ByteBudget

  constructor(deps: KeptResultsDeps) {
    this.#deps = deps
    this.#room = new ByteBudget({ totalBytesMax: deps.bytesMax })
  }

  /** Results that are kept now. */
  get size(): number {
    return this.#entries.size
  }

  /**
   * Keeps a copy of a text for its principal; undefined when there is no room. What the principal has read to
   * the end gives way.
   */
  keep(
    owner: Pick<Principal, 'id' | 'tenant'>,
    text: Buffer,
    { keepMs, partBytesMax }: { readonly keepMs: number; readonly partBytesMax: number },
  ): KeptResult | undefined {
    const { id: principalId } = owner
    const reservation =
      this.#take(principalId, text.length) ?? this.#makeRoom(principalId, text.length)
    if (!reservation) return undefined
    const handle = randomBytes(HANDLE_BYTES).toString('base64url')
    const entry: Entry = {
      ...{ handle, principalId, holder: holderOf(owner), partBytesMax, reservation },
      // The bytes that it comes in may be much more than it is.
      text: Buffer.from(text),
      expiresAtMs: this.#deps.clock.nowMs() + keepMs,
      expiry: this.#deps.deadlines.add(keepMs, () => this.#drop(entry)),
      isRead: false,
    }
    this.#entries.set(handle, entry)
    return entry
  }

  /** A holder's own result; undefined for anything else, whatever the reason. */
  find(holder: string, handle: string): KeptResult | undefined {
    const entry = this.#entries.get(handle)
    return entry?.holder === holder ? entry : undefined
  }

  /** Its last part was given. Safe to call twice. */
  read({ handle }: KeptResult): void {
    const entry = this.#entries.get(handle)
    if (entry) entry.isRead = true
  }

  /** Forgets what was kept for a principal whose credential is no longer valid. */
  endPrincipal(principalId: string): void {
    for (const entry of this.#entries.values()) {
      if (entry.principalId === principalId) this.#drop(entry)
    }
  }

  [Symbol.dispose](): void {
    for (const entry of this.#entries.values()) this.#drop(entry)
  }

  /** Counts bytes, or nothing. */
  #take(principalId: string, bytes: number): Reservation | undefined {
    if (this.#entries.size >= RESULTS_MAX || !this.#room.take(principalId, bytes)) return undefined
    const reservation = this.#deps.reserve(principalId)
    if (reservation.grow(bytes)) return reservation
    this.#room.release(principalId, bytes)
    return undefined
  }

  /** The same once the principal's read results are gone, the oldest first. */
  #makeRoom(principalId: string, bytes: number): Reservation | undefined {
    for (const entry of this.#entries.values()) {
      if (!entry.isRead || entry.principalId !== principalId) continue
      this.#drop(entry)
      const reservation = this.#take(principalId, bytes)
      if (reservation) return reservation
    }
    return undefined
  }

  #drop(entry: Entry): void {
    if (!this.#entries.delete(entry.handle)) return
    entry.expiry.cancel()
    entry.reservation.release()
    this.#room.release(entry.principalId, entry.text.length)
  }
}
