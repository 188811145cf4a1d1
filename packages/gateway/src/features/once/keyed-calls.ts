import { setTimeout as wait } from 'node:timers/promises'
import type { CallSignal } from '@sallyport/kit/call-signal'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { parseText, paramText } from '@sallyport/kit/mcp'
import type { KeyedOutcome } from '@sallyport/kit/metrics'
import type { OutcomeRecord, OutcomeStore } from '@sallyport/kit/store'
import type { CallHandler, CallResult } from '../../call/call.ts'
import { orAborted } from '../../upstreams/or-aborted.ts'
import { type Claim, describeClaim, type ToolCall } from './claim.ts'
import { ClaimantWatch } from './claimant-watch.ts'
import {
  type Ending,
  endingOfFailure,
  endingOfResult,
  PAUSED,
  RELEASED,
  UNKNOWN,
} from './ending.ts'
import type { OutcomeKeeper } from './outcome-keeper.ts'
import { encodeReplay } from './replay.ts'
import type { RunningCall, Verdict } from './running-call.ts'

/** Bounds on what is remembered of calls with a key. */
export interface KeyedCallLimits {
  /** How long an outcome is remembered, milliseconds. */
  readonly keepMs: number
  /** Outcomes remembered for one principal. */
  readonly perPrincipal: number
  /** Largest answer that is kept, bytes. */
  readonly resultBytes: number
  /** How long a call may wait for its client between two rounds, milliseconds. */
  readonly waitingMs: number
}

export interface KeyedCallsDeps {
  readonly store: OutcomeStore
  readonly keeper: OutcomeKeeper
  readonly argumentsMac: (bytes: Buffer) => string
  readonly clock: Clock
  readonly limits: KeyedCallLimits
  /** What became of a call; one that failed before anything was decided is told of by its error alone. */
  readonly onDecided: (outcome: KeyedOutcome) => void
}

/** Between two looks at a call that runs elsewhere, milliseconds. */
const LOOK_MS_FIRST = 100
const LOOK_MS_MAX = 1_000
/** How long an answer may wait for its outcome to be in the store, milliseconds. */
const SAVE_MS = 2_000
/** After the time that a client has to come back with answers. */
const WAITING_MARGIN_MS = 60_000

/**
 * Calls that are made at most once. A key is claimed in the store before anything is sent; whoever finds it
 * claimed gets what became of the first call, waits for it, or is told that nobody knows.
 */
export class KeyedCalls {
  readonly #deps: KeyedCallsDeps

  constructor(deps: KeyedCallsDeps) {
    this.#deps = deps
  }

  /**
   * Makes the call, or answers with what an earlier one with this key came to.
   *
   * @throws {AppError} `idempotency_conflict`, `outcome_unknown`, `quota_exceeded`, `store_unwritable`, the
   *   signal's own reason, or whatever the call ends with
   */
  async run(call: ToolCall, key: string, next: CallHandler): Promise<CallResult> {
    const { keeper, argumentsMac, clock } = this.#deps
    const { signal } = call.exchange.controller
    const claim = describeClaim(call, key, argumentsMac)
    const watch = new ClaimantWatch(clock)
    for (let lookMs = LOOK_MS_FIRST; ; lookMs = Math.min(lookMs * 2, LOOK_MS_MAX)) {
      const running = keeper.find(claim.id)
      if (running) {
        this.#assertSame(claim, running.claim)
        const verdict = await orAborted(signal, () => running.verdict)
        const repeated = this.#repeat(call, verdict)
        if (repeated) return repeated
        continue
      }
      const own = keeper.enter(claim)
      const standing = await this.#claim(own, signal)
      if (standing === undefined) return await this.#first(call, own, next, false)
      if (await this.#continues(call, own, standing)) {
        return await this.#first(call, own, next, true)
      }
      keeper.leave(own)
      const verdict = this.#judge(claim, standing, watch)
      const repeated = verdict && this.#repeat(call, verdict)
      if (repeated) return repeated
      await orAborted(signal, () => wait(lookMs, undefined, { ref: false }))
    }
  }

  /** What stands at the key; undefined when it is ours now. */
  async #claim(own: RunningCall, signal: CallSignal): Promise<OutcomeRecord | undefined> {
    const { store, keeper, clock, limits } = this.#deps
    const { keepMs, perPrincipal } = limits
    const { key, argumentsMac } = own.claim
    const atMs = clock.nowMs()
    const { claimant } = keeper
    const record = { ...key, argumentsMac, claimant, atMs, expiresAtMs: atMs + keepMs }
    const claiming = store.claim(record, perPrincipal)
    try {
      const standing = await orAborted(signal, () => claiming)
      if (signal.aborted) throw AppError.from(signal.reason)
      return standing
    } catch (thrown) {
      // Nobody may find it before it is certain that it is not ours.
      claiming.then(
        (standing) => (standing ? keeper.leave(own) : void keeper.end(own, RELEASED)),
        // A store that did not answer may have taken the claim all the same.
        (error: unknown) => {
          if (AppError.from(error).code === 'store_unwritable') void keeper.end(own, RELEASED)
          else keeper.leave(own)
        },
      )
      throw AppError.from(thrown).withOutcome('not_sent')
    }
  }

  /** Whether the client comes back with answers to a call that waits for them, and nobody else does. */
  async #continues(
    { exchange }: ToolCall,
    own: RunningCall,
    standing: OutcomeRecord,
  ): Promise<boolean> {
    const { store, keeper, clock } = this.#deps
    if (standing.state !== 'waiting' || standing.argumentsMac !== own.claim.argumentsMac)
      return false
    if (parseText(paramText(exchange.message, 'requestState')) === undefined) return false
    const { signal } = exchange.controller
    const resuming = store.resume(own.claim.key, keeper.claimant, clock.nowMs())
    try {
      return await orAborted(signal, () => resuming)
    } catch (thrown) {
      resuming.then(
        (taken) => (taken ? void keeper.end(own, PAUSED) : keeper.leave(own)),
        () => void keeper.end(own, PAUSED),
      )
      throw AppError.from(thrown).withOutcome('not_sent')
    }
  }

  /** @param began whether earlier rounds of the call reached the server */
  async #first(
    call: ToolCall,
    own: RunningCall,
    next: CallHandler,
    began: boolean,
  ): Promise<CallResult> {
    const { controller } = call.exchange
    if (!began) this.#deps.onDecided('ran')
    // A client that loses its connection comes back for the answer.
    controller.detached = true
    let result: CallResult
    try {
      result = await next(sentOnce(call))
    } catch (thrown) {
      const error = AppError.from(thrown)
      await this.#end(own, endingOfFailure(error, began), controller.signal)
      throw error
    }
    await this.#end(
      own,
      endingOfResult(result, began, this.#deps.limits.resultBytes),
      controller.signal,
    )
    return result
  }

  /** Waits for the outcome to be in the store, but not for a store that hangs: it is written later, then. */
  async #end(own: RunningCall, ending: Ending, signal: CallSignal): Promise<void> {
    const saved = this.#deps.keeper.end(own, ending)
    const over = new AbortController()
    const late = wait(SAVE_MS, undefined, { ref: false, signal: over.signal }).catch(
      () => undefined,
    ) // `saved` was first
    await orAborted(signal, () => Promise.race([saved, late])).catch(() => undefined) // the call has its ending, in time or not
    over.abort()
  }

  /** What is known of a call that is not this process' any more, or never was; undefined = it runs. */
  #judge(claim: Claim, standing: OutcomeRecord, watch: ClaimantWatch): Ending | undefined {
    const { keeper, clock, limits } = this.#deps
    this.#assertSame(claim, standing)
    switch (standing.state) {
      case 'done':
        return keeper.endingOf(standing)
      case 'waiting': {
        const waitedMs = clock.nowMs() - standing.seenAtMs
        return waitedMs > limits.waitingMs + WAITING_MARGIN_MS ? UNKNOWN : undefined
      }
      case 'pending':
        // Ours, and yet nobody here runs it: its ending was never written.
        if (standing.claimant === keeper.claimant) return UNKNOWN
        return watch.isGone(standing) ? UNKNOWN : undefined
      default:
        return standing.state satisfies never
    }
  }

  /** The answer for a repeat; undefined when it has to look again. */
  #repeat({ exchange }: ToolCall, verdict: Verdict): CallResult | undefined {
    const { onDecided } = this.#deps
    switch (verdict.kind) {
      case 'answer':
        onDecided('replayed')
        return encodeReplay(exchange, verdict)
      case 'unknown':
        onDecided('unknown')
        throw new AppError(
          'outcome_unknown',
          'an earlier call with this idempotency key ended without a known outcome; see what it did before calling with a new key',
          { outcome: 'unknown' },
        )
      case 'stuck':
        throw new AppError('store_unwritable', 'the claim of an earlier call is not released yet', {
          outcome: 'not_sent',
        })
      case 'released':
      case 'paused':
        return undefined
      default:
        return verdict satisfies never
    }
  }

  /** @throws {AppError} `idempotency_conflict` */
  #assertSame(one: { argumentsMac: string }, other: { argumentsMac: string }): void {
    if (one.argumentsMac === other.argumentsMac) return
    this.#deps.onDecided('conflict')
    throw new AppError(
      'idempotency_conflict',
      'the idempotency key was used with other arguments; take a new key for another call',
      { outcome: 'not_sent' },
    )
  }
}

/** A tool that may be repeated is not repeated for a keyed call, unless it changes nothing at all. */
function sentOnce(call: ToolCall): ToolCall {
  const { target } = call
  if (target.readOnly || !target.repeatable) return call
  return { ...call, target: { ...target, repeatable: false } }
}
