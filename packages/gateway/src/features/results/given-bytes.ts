import type { Clock } from '@sallyport/kit/clock'

const READERS_MAX = 20_000

/** How long a reader's count goes on; as a client session does. */
export interface GivenLimits {
  readonly idleMs: number
  readonly totalMs: number
}

interface Given {
  bytes: number
  readonly beganMs: number
  seenMs: number
}

/** Bytes of whole results that each session was given; of each principal where there are no sessions. */
export class GivenBytes {
  readonly #clock: Clock
  readonly #readers = new Map<string, Given>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Counts a result, unless it would be more than `max` then: false, and nothing is counted. */
  give(
    reader: string,
    bytes: number,
    { max, idleMs, totalMs }: GivenLimits & { readonly max: number },
  ): boolean {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#readers.get(reader)
    const goesOn = known && nowMs - known.seenMs < idleMs && nowMs - known.beganMs < totalMs
    const given = goesOn ? known : { bytes: 0, beganMs: nowMs, seenMs: nowMs }
    // Whoever was seen last comes last.
    this.#readers.delete(reader)
    this.#readers.set(reader, given)
    if (this.#readers.size > READERS_MAX) this.#forgetOldest()
    given.seenMs = nowMs
    if (given.bytes + bytes > max) return false
    given.bytes += bytes
    return true
  }

  #forgetOldest(): void {
    for (const reader of this.#readers.keys()) {
      this.#readers.delete(reader)
      return
    }
  }
}
