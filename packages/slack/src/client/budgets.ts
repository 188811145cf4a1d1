import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Deadlines } from '@sallyport/kit/limits'
import type { BudgetLimit, BudgetStore } from '@sallyport/kit/store'

/** Scopes that this process remembers; the one unused for longest gives way. */
const SCOPES_MAX = 10_000
/** Permits that were taken ahead are good for so long. */
const LEASE_MS = 1_000
/** What a request takes at least, once it may go. */
const MARGIN_MS = 500
const TAKES_BETWEEN_PRUNES = 500
const PRUNED_MAX = 1_000

/** How long a caller waits for its turn. */
export interface TurnBounds {
  readonly signal: AbortSignal
  /** Monotonic, milliseconds. */
  readonly deadlineMs: number
}

interface Scope {
  permits: number
  /** Until when `permits` are good, monotonic. */
  leasedUntilMs: number
  /** Permits asked for the next time: more where the last ones were used up while they were good. */
  lease: number
  /** Permits that were taken and not used, for the store. */
  returned: number
  /** Wall clock. */
  blockedUntilMs: number
  /** The last one in line for the store. */
  line: Promise<void> | undefined
}

/**
 * Slack's limits, kept together by all processes of one store. Where calls are rare each asks the store; where
 * they are many, a process takes up to a quarter of the burst at once and gives back what it did not use.
 */
export class Budgets {
  readonly #store: BudgetStore
  readonly #clock: Clock
  readonly #deadlines: Deadlines
  readonly #scopes = new Map<string, Scope>()
  #takes = 0

  constructor(parts: { store: BudgetStore; clock: Clock; deadlines: Deadlines }) {
    this.#store = parts.store
    this.#clock = parts.clock
    this.#deadlines = parts.deadlines
  }

  /**
   * Waits until one request may go; resolves with how long that took, milliseconds.
   *
   * @throws {AppError} `slack_rate_limited` at once where the deadline would pass before, `store_unwritable`,
   *   the signal's own reason
   */
  async take(name: string, limit: BudgetLimit, bounds: TurnBounds): Promise<number> {
    const scope = this.#scope(name)
    const startMs = this.#clock.monotonicMs()
    for (;;) {
      if (bounds.signal.aborted) throw bounds.signal.reason
      const startsAtMs = this.#takeLeased(scope) ?? (await this.#takeStored(name, limit, bounds))
      await this.#waitUntil(startsAtMs, scope, bounds)
      if (scope.blockedUntilMs <= this.#clock.nowMs()) return this.#clock.monotonicMs() - startMs
      // Somebody was told to wait meanwhile.
      scope.returned += 1
    }
  }

  /**
   * Keeps every process from asking for a while.
   *
   * @throws {AppError} `store_unwritable`
   */
  async block(name: string, forMs: number): Promise<void> {
    const untilMs = this.#clock.nowMs() + forMs
    const scope = this.#scope(name)
    scope.blockedUntilMs = Math.max(scope.blockedUntilMs, untilMs)
    await this.#store.block(name, untilMs)
  }

  /** The moment from which a permit of this process counts; undefined = there is none. */
  #takeLeased(scope: Scope): number | undefined {
    if (scope.permits === 0 || scope.line !== undefined) return undefined
    if (scope.blockedUntilMs > this.#clock.nowMs()) return undefined
    if (scope.leasedUntilMs < this.#clock.monotonicMs()) return undefined
    scope.permits -= 1
    return 0
  }

  async #takeStored(name: string, limit: BudgetLimit, bounds: TurnBounds): Promise<number> {
    const scope = this.#scope(name)
    const before = scope.line
    const { promise, resolve } = Promise.withResolvers<void>()
    scope.line = promise
    try {
      await before
      return await this.#takeInTurn(name, scope, limit, bounds)
    } finally {
      if (scope.line === promise) scope.line = undefined
      resolve()
    }
  }

  async #takeInTurn(
    name: string,
    scope: Scope,
    limit: BudgetLimit,
    bounds: TurnBounds,
  ): Promise<number> {
    if (bounds.signal.aborted) throw bounds.signal.reason
    const nowMs = this.#clock.nowMs()
    const blocked = scope.blockedUntilMs > nowMs
    const good = scope.leasedUntilMs >= this.#clock.monotonicMs() && !blocked
    if (scope.permits > 0 && good) {
      scope.permits -= 1
      return 0
    }
    const waitMsMax = Math.max(0, bounds.deadlineMs - this.#clock.monotonicMs() - MARGIN_MS)
    if (scope.blockedUntilMs - nowMs > waitMsMax && blocked) {
      throw tooSoon(scope.blockedUntilMs - nowMs)
    }
    const count = nextLease(scope, limit, good)
    const returned = scope.returned + scope.permits
    scope.permits = 0
    scope.returned = 0
    const grant = await this.#ask(name, { ...limit, count, returned, nowMs, waitMsMax }, scope)
    if (grant.granted === 0) throw tooSoon(grant.startsAtMs - nowMs)
    scope.permits = grant.granted - 1
    scope.leasedUntilMs = this.#clock.monotonicMs() + LEASE_MS
    return grant.startsAtMs
  }

  async #ask(
    name: string,
    ask: Parameters<BudgetStore['take']>[1],
    scope: Scope,
  ): ReturnType<BudgetStore['take']> {
    this.#takes += 1
    if (this.#takes % TAKES_BETWEEN_PRUNES === 0) await this.#store.prune(ask.nowMs, PRUNED_MAX)
    try {
      return await this.#store.take(name, ask)
    } catch (thrown) {
      scope.returned += ask.returned
      throw thrown
    }
  }

  async #waitUntil(startsAtMs: number, scope: Scope, { signal }: TurnBounds): Promise<void> {
    const waitMs = startsAtMs - this.#clock.nowMs()
    if (waitMs <= 0) return
    try {
      await pause(this.#deadlines, waitMs, signal)
    } catch (thrown) {
      scope.returned += 1
      throw thrown
    }
  }

  #scope(name: string): Scope {
    const known = this.#scopes.get(name)
    const scope = known ?? {
      permits: 0,
      leasedUntilMs: 0,
      lease: 1,
      returned: 0,
      blockedUntilMs: 0,
      line: undefined,
    }
    if (known !== undefined) this.#scopes.delete(name)
    this.#scopes.set(name, scope)
    if (this.#scopes.size > SCOPES_MAX) this.#forgetOldest()
    return scope
  }

  #forgetOldest(): void {
    for (const [name, { line }] of this.#scopes) {
      if (line !== undefined) continue
      this.#scopes.delete(name)
      return
    }
  }
}

/** Twice as many as before where these were gone before their time; one where calls are rare. */
function nextLease(scope: Scope, limit: BudgetLimit, good: boolean): number {
  const most = Math.max(1, Math.floor(limit.burst / 4))
  scope.lease = good ? Math.min(scope.lease * 2, most) : 1
  return scope.lease
}

function tooSoon(waitMs: number): AppError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000))
  return new AppError(
    'slack_rate_limited',
    `Slack's limit for this is used up: try again in ${seconds} s`,
    { retryAfterMs: seconds * 1_000, outcome: 'not_sent' },
  )
}

/** Waits, never shorter than asked. @throws the signal's own reason */
export async function pause(
  deadlines: Deadlines,
  forMs: number,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) throw signal.reason
  const { promise, resolve } = Promise.withResolvers<void>()
  const deadline = deadlines.add(forMs, resolve)
  const onAbort = (): void => resolve()
  signal.addEventListener('abort', onAbort, { once: true })
  await promise
  deadline.cancel()
  signal.removeEventListener('abort', onAbort)
  if (signal.aborted) throw signal.reason
}
