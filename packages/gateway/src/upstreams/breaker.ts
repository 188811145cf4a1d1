import type { BreakerConfig } from '@sallyport/contract/config'
import { AppError, type ErrorCode } from '@sallyport/kit/errors'

/** A call that waits for a person must not keep all others out: its place as the probe ends after this. */
const PROBE_MS_MAX = 30_000
/** Another call asks again this soon while one tries. */
const PROBED_RETRY_MS_MAX = 500

/**
 * How a call ended: `ok` = the other side answered, be it with an error of a tool; `failed` = the transport
 * failed; `none` = it says nothing, such as a caller who left.
 */
export type Verdict = 'ok' | 'failed' | 'none'

export type BreakerState = 'closed' | 'open' | 'half-open'

/**
 * Refuses calls while the transport keeps failing. After `failures` failures in a row it is open for
 * `resetMs`; then one call may try, whose outcome closes or opens it again. Nothing in it waits or has a
 * timer. Every call that `enter` lets through is to be settled exactly once.
 */
export class Breaker {
  #config: BreakerConfig
  /** In a row. Stays at the bound or above it until a call gets through. */
  #failures = 0
  #openUntilMs = -Infinity
  #probe: object | undefined
  #probedAtMs = 0

  constructor(config: BreakerConfig) {
    this.#config = config
  }

  /** Whether nothing failed since the last call that got through. */
  get isQuiet(): boolean {
    return this.#failures === 0
  }

  /** Takes other numbers. What has failed so far counts on, and while it is open a shorter reset holds at once. */
  configure(config: BreakerConfig, nowMs: number): void {
    this.#config = config
    this.#openUntilMs = Math.min(this.#openUntilMs, nowMs + config.resetMs)
  }

  /** @param nowMs monotonic, as everywhere here */
  state(nowMs: number): BreakerState {
    if (!this.#isTripped) return 'closed'
    return nowMs < this.#openUntilMs ? 'open' : 'half-open'
  }

  /**
   * Lets a call in, or says why not: `breaker_open`, `not_sent`, with the time to retry.
   *
   * @param call what stands for the call, the same at `settle`
   */
  enter(nowMs: number, call: object): AppError | undefined {
    if (this.#failures === 0 || !this.#isTripped) return undefined
    const waitMs = this.#openUntilMs - nowMs
    if (waitMs > 0) return this.#refusal(waitMs)
    const { resetMs } = this.#config
    const heldMs = nowMs - this.#probedAtMs
    if (this.#probe !== undefined && heldMs < Math.max(resetMs, PROBE_MS_MAX)) {
      return this.#refusal(Math.min(resetMs, PROBED_RETRY_MS_MAX))
    }
    this.#probe = call
    this.#probedAtMs = nowMs
    return undefined
  }

  /** Whether this is the call that tries while all others are refused. */
  isProbe(call: object): boolean {
    return this.#probe === call
  }

  /** Takes how a call ended that was let in. While it is not closed, that of the probe alone counts. */
  settle(verdict: Verdict, nowMs: number, call: object): void {
    if (verdict === 'ok' && this.#failures === 0) return
    if (this.#isTripped) {
      if (this.#probe !== call) return
      this.#probe = undefined
    }
    if (verdict === 'ok') this.#failures = 0
    if (verdict !== 'failed') return
    this.#failures += 1
    if (this.#isTripped) this.#openUntilMs = nowMs + this.#config.resetMs
  }

  /** Something other than a call found the other side well: when open, the next call may try at once. */
  relent(): void {
    this.#openUntilMs = -Infinity
  }

  get #isTripped(): boolean {
    const { failures } = this.#config
    return failures > 0 && this.#failures >= failures
  }

  #refusal(waitMs: number): AppError {
    const sentence = `calls are refused after ${this.#failures} transport failures in a row`
    return new AppError('breaker_open', sentence, {
      retryAfterMs: Math.ceil(waitMs),
      outcome: 'not_sent',
    })
  }
}

/**
 * Whether a call failed for the transport's sake, a start included. A caller's mistakes, what tools answer,
 * deadlines and rate limits never count.
 */
export function isTransportFailure(error: AppError): boolean {
  if (error.code === 'server_lost') return error.outcome === 'unknown'
  if (error.code === 'server_start_failed') return true
  return error.code === 'server_unavailable' && error.details['status'] !== 429
}

/** How a call fails to which the server did answer. */
const ANSWERED: ReadonlySet<ErrorCode> = new Set(['server_protocol', 'result_too_large'])

/** What an ended call says about the transport; every answer of the other side is `ok`. */
export function verdictOf(error: AppError | undefined): Verdict {
  if (error === undefined || ANSWERED.has(error.code)) return 'ok'
  return isTransportFailure(error) ? 'failed' : 'none'
}
