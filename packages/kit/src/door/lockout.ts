import type { Clock } from '../clock.ts'
import { isIPv6 } from 'node:net'

const SWEEP_EVERY_MS = 1_000

/** When an address is held, and for how long; `limits.lockout` of the configuration. */
export interface LockoutLimits {
  /** Bad credentials within the window that lead to a hold; 0 = never. */
  readonly failures: number
  readonly windowMs: number
  readonly holdMs: number
}

interface Offender {
  failures: number
  windowEndsMs: number
  heldUntilMs: number
}

/**
 * Slows down guessing: an address with too many bad credentials is held for a while. Valid credentials pass
 * all the time, so that an attacker behind a shared address locks nobody out. IPv6 counts by /64, which is
 * what one customer has. At most `entriesMax` addresses are kept; the oldest gives way.
 */
export class Lockout {
  readonly #clock: Clock
  readonly #limits: LockoutLimits
  readonly #entriesMax: number
  readonly #offenders = new Map<string, Offender>()
  #sweptMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, limits: LockoutLimits, options: { readonly entriesMax?: number } = {}) {
    this.#clock = clock
    this.#limits = limits
    this.#entriesMax = options.entriesMax ?? 10_000
  }

  /** Addresses in memory. */
  get size(): number {
    return this.#offenders.size
  }

  /**
   * Counts one bad credential.
   *
   * @returns how long the address is still held, in milliseconds; 0 when it is not. The failure that begins a
   *   hold is itself answered 0.
   */
  fail(address: string): number {
    if (this.#limits.failures === 0) return 0
    const nowMs = this.#clock.monotonicMs()
    const offender = this.#offender(toNetwork(address), nowMs)
    if (offender.heldUntilMs > nowMs) return offender.heldUntilMs - nowMs
    if (offender.windowEndsMs <= nowMs) {
      offender.failures = 0
      offender.windowEndsMs = nowMs + this.#limits.windowMs
    }
    offender.failures += 1
    if (offender.failures >= this.#limits.failures) {
      offender.heldUntilMs = nowMs + this.#limits.holdMs
      offender.windowEndsMs = nowMs
    }
    return 0
  }

  /** How long the address is held, in milliseconds; 0 when it is not. Counts nothing. */
  heldMs(address: string): number {
    const heldUntilMs = this.#offenders.get(toNetwork(address))?.heldUntilMs ?? 0
    return Math.max(0, heldUntilMs - this.#clock.monotonicMs())
  }

  #offender(network: string, nowMs: number): Offender {
    const known = this.#offenders.get(network)
    if (known !== undefined) return known
    if (this.#offenders.size >= this.#entriesMax) this.#makeRoom(nowMs)
    const offender: Offender = { failures: 0, windowEndsMs: nowMs, heldUntilMs: 0 }
    this.#offenders.set(network, offender)
    return offender
  }

  #makeRoom(nowMs: number): void {
    if (nowMs - this.#sweptMs >= SWEEP_EVERY_MS) {
      this.#sweptMs = nowMs
      for (const [network, { windowEndsMs, heldUntilMs }] of this.#offenders) {
        if (windowEndsMs <= nowMs && heldUntilMs <= nowMs) this.#offenders.delete(network)
      }
    }
    for (const network of this.#offenders.keys()) {
      if (this.#offenders.size < this.#entriesMax) return
      this.#offenders.delete(network)
    }
  }
}

/** IPv6 addresses by their /64, others as they are. */
function toNetwork(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':')
    while (groups.length + after.length < 8) groups.push('0')
    groups.push(...after)
  }
  return `${groups.slice(0, 4).join(':')}::/64`
}
