import type { Claim } from './claim.ts'
import type { Ending } from './ending.ts'

/** What those who wait for a call are told: how it ended, or that they have to look again. */
export type Verdict = Ending | { readonly kind: 'stuck' }

/** A keyed call of this process, from its claim until its ending is in the store. */
export class RunningCall {
  readonly claim: Claim
  /** Since when, monotonic milliseconds. */
  readonly sinceMs: number
  /** Set once it has ended. */
  ending: Ending | undefined = undefined
  /** Whether its ending could not be written, so that it has to be tried again. */
  unsaved = false
  readonly #verdict = Promise.withResolvers<Verdict>()

  constructor(claim: Claim, sinceMs: number) {
    this.claim = claim
    this.sinceMs = sinceMs
  }

  /** Resolves for those who wait. */
  get verdict(): Promise<Verdict> {
    return this.#verdict.promise
  }

  /** The first verdict stays. */
  settle(verdict: Verdict): void {
    this.#verdict.resolve(verdict)
  }
}
