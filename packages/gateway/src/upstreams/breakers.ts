import type { BreakerConfig } from '@sallyport/contract/config'
import type { Clock } from '@sallyport/kit/clock'
import type { AppError } from '@sallyport/kit/errors'
import { Breaker, type BreakerState, verdictOf } from './breaker.ts'
import type { Call } from './call.ts'

/** Keys whose failures are remembered at once; the oldest is forgotten for a new one. */
const KEYS_MAX = 1_000
const OFF: BreakerConfig = { failures: 0, resetMs: 0 }

interface Entry {
  readonly breaker: Breaker
  /** What failed last: many calls may fail of one thing. */
  incident: object | undefined
}

export interface BreakersOptions {
  readonly config: BreakerConfig | undefined
  /**
   * `one`: whoever calls reaches the same thing, and each call by itself. `keyed`: each key has a child of its
   * own, and of a child that ends all its calls fail at once.
   */
  readonly scope: 'one' | 'keyed'
  readonly clock: Clock
}

/** The breakers of one server. Where nothing fails there are none. */
export class Breakers {
  readonly #options: BreakersOptions
  readonly #entries = new Map<string, Entry>()
  #config: BreakerConfig

  constructor(options: BreakersOptions) {
    this.#options = options
    this.#config = options.config ?? OFF
  }

  /** Whether nothing has failed since it last worked, for anyone. */
  get isQuiet(): boolean {
    return this.#entries.size === 0
  }

  configure(config: BreakerConfig | undefined): void {
    this.#config = config ?? OFF
    if (this.#config.failures === 0) this.#entries.clear()
    const nowMs = this.#options.clock.monotonicMs()
    for (const { breaker } of this.#entries.values()) breaker.configure(this.#config, nowMs)
  }

  /** As `Breaker.enter`. */
  enter(key: string, request: object): AppError | undefined {
    const entry = this.#entries.get(this.#keyOf(key))
    return entry?.breaker.enter(this.#options.clock.monotonicMs(), request)
  }

  /** Whether the call tries while others are refused, and so must really be made. */
  isProbe({ key, request }: Call): boolean {
    return this.#entries.get(this.#keyOf(key))?.breaker.isProbe(request) === true
  }

  /** Takes how a call ended that `enter` let in. */
  settle(call: Call, error: AppError | undefined): void {
    if (this.#entries.size === 0 && (error === undefined || this.#config.failures === 0)) return
    const key = this.#keyOf(call.key)
    const verdict = call.slot?.unwanted === true ? 'none' : verdictOf(error)
    const known = this.#entries.get(key)
    if (known === undefined && verdict !== 'failed') return
    const { breaker, incident } = known ?? this.#add(key)
    const of = this.#incidentOf(call, error)
    const isOld = of !== undefined && of === incident && !breaker.isProbe(call.request)
    breaker.settle(isOld ? 'none' : verdict, this.#options.clock.monotonicMs(), call.request)
    if (breaker.isQuiet) this.#entries.delete(key)
    else if (verdict === 'failed') this.#entries.set(key, { breaker, incident: of })
  }

  /** As `Breaker.relent`, for one key or for all. */
  relent(key?: string): void {
    if (key !== undefined) this.#entries.get(this.#keyOf(key))?.breaker.relent()
    else for (const { breaker } of this.#entries.values()) breaker.relent()
  }

  /** The worst there is. */
  get state(): BreakerState {
    if (this.#entries.size === 0) return 'closed'
    const nowMs = this.#options.clock.monotonicMs()
    let worst: BreakerState = 'closed'
    for (const { breaker } of this.#entries.values()) {
      const state = breaker.state(nowMs)
      if (state === 'open') return state
      if (state === 'half-open') worst = state
    }
    return worst
  }

  #keyOf(key: string): string {
    return this.#options.scope === 'one' ? '' : key
  }

  #add(key: string): Entry {
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size < KEYS_MAX) break
      this.#entries.delete(oldest)
    }
    const entry: Entry = { breaker: new Breaker(this.#config), incident: undefined }
    this.#entries.set(key, entry)
    return entry
  }

  /** The calls that wait for one start fail of one error, those of one child with its session. */
  #incidentOf({ session }: Call, error: AppError | undefined): object | undefined {
    if (session === undefined) return error
    return this.#options.scope === 'keyed' ? session : undefined
  }
}
