import { setTimeout as wait } from 'node:timers/promises'
import type { CallSignal } from '../call-signal.ts'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { KeyedOutcome } from '../metrics/index.ts'
import { orAborted } from '../or-aborted.ts'
import type { OutcomeRecord, OutcomeStore } from '../store/store.ts'
import type { Claim } from './claim.ts'
import { ClaimantWatch } from './claimant-watch.ts'
import { type Ending, type KeptAnswer, PAUSED, RELEASED, UNKNOWN } from './ending.ts'
import type { OutcomeKeeper } from './outcome-keeper.ts'
import type { RunningCall, Verdict } from './running-call.ts'

/** Bounds on what is remembered of calls with a key. */
export interface KeyedRunLimits {
  /** How long an outcome is remembered, milliseconds. */
  readonly keepMs: number
  /** Outcomes remembered for one principal. */
  readonly perPrincipal: number
  /** How long a call may wait for its client between two rounds, milliseconds. */
  readonly waitingMs: number
}

export interface KeyedRunsDeps {
  readonly store: OutcomeStore
  readonly keeper: OutcomeKeeper
  readonly clock: Clock
  readonly limits: KeyedRunLimits
  /** What became of a call; one that failed before anything was decided is told of by its error alone. */
  readonly onDecided: (outcome: KeyedOutcome) => void
}

/** A call with a key, as its server makes it. */
export interface KeyedRun<Result> {
  readonly claim: Claim
  readonly signal: CallSignal
  /** Whether it brings what an earlier round of it waits for. */
  readonly resumes: boolean
  /**
   * Makes the call; called once at most.
   *
   * @param began whether earlier rounds of it were under way
   */
  perform(began: boolean): Promise<Result>
  /** What the result came to. */
  endingOf(result: Result, began: boolean): Ending
  /** What a failure came to. */
  failed(error: AppError, began: boolean): Ending
  /** The kept answer for who repeats the call. */
  replay(kept: KeptAnswer): Result
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
export class KeyedRuns {
  readonly #deps: KeyedRunsDeps

  constructor(deps: KeyedRunsDeps) {
    this.#deps = deps
  }

  /**
   * Makes the call, or answers with what an earlier one with this key came to.
   *
   * @throws {AppError} `idempotency_conflict`, `outcome_unknown`, `quota_exceeded`, `store_unwritable`, the
   *   signal's own reason, or whatever the call ends with
   */
  async run<Result>(run: KeyedRun<Result>): Promise<Result> {
    const { keeper, clock } = this.#deps
    const { claim, signal } = run
    const watch = new ClaimantWatch(clock)
    for (let lookMs = LOOK_MS_FIRST; ; lookMs = Math.min(lookMs * 2, LOOK_MS_MAX)) {
      const running = keeper.find(claim.id)
      if (running) {
        this.#assertSame(claim, running.claim)
        const kept = this.#kept(await orAborted(signal, () => running.verdict))
        if (kept) return run.replay(kept)
        continue
      }
      const own = keeper.enter(claim)
      const standing = await this.#claim(own, signal)
      if (standing === undefined) return await this.#first(run, own, false)
      if (await this.#continues(run, own, standing)) return await this.#first(run, own, true)
      keeper.leave(own)
      const verdict = this.#judge(claim, standing, watch)
      const kept = verdict && this.#kept(verdict)
      if (kept) return run.replay(kept)
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
  async #continues<Result>(
    run: KeyedRun<Result>,
    own: RunningCall,
    standing: OutcomeRecord,
  ): Promise<boolean> {
    const { store, keeper, clock } = this.#deps
    if (standing.state !== 'waiting' || standing.argumentsMac !== own.claim.argumentsMac)
      return false
    if (!run.resumes) return false
    const resuming = store.resume(own.claim.key, keeper.claimant, clock.nowMs())
    try {
      return await orAborted(run.signal, () => resuming)
    } catch (thrown) {
      resuming.then(
        (taken) => (taken ? void keeper.end(own, PAUSED) : keeper.leave(own)),
        () => void keeper.end(own, PAUSED),
      )
      throw AppError.from(thrown).withOutcome('not_sent')
    }
  }

  /** @param began whether earlier rounds of the call reached the server */
  async #first<Result>(run: KeyedRun<Result>, own: RunningCall, began: boolean): Promise<Result> {
    if (!began) this.#deps.onDecided('ran')
    let result: Result
    try {
      result = await run.perform(began)
    } catch (thrown) {
      const error = AppError.from(thrown)
      await this.#end(own, run.failed(error, began), run.signal)
      throw error
    }
    await this.#end(own, run.endingOf(result, began), run.signal)
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

  /** The answer that a repeat gets; undefined when it has to look again. */
  #kept(verdict: Verdict): KeptAnswer | undefined {
    const { onDecided } = this.#deps
    switch (verdict.kind) {
      case 'answer':
        onDecided('replayed')
        return verdict
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
