/** A call that is made at most once. */
export interface OnceCall {
  /** Whose key it is: principal and tenant. */
  readonly holder: string
  /** Id of the principal, for people. */
  readonly principal: string
  readonly tool: string
  readonly key: string
  /** What the key was first used with; another text is a conflict. */
  readonly args: string
  readonly signal: AbortSignal
}

/** What a call came to, and whether it was an earlier one. */
export interface OnceResult {
  /** JSON text. */
  readonly text: string
  readonly replayed: boolean
}

/** Makes calls with an idempotency key at most once, over all processes of one store. */
export interface SlackOnce {
  /**
   * Makes the call, or answers with what an earlier one with this key came to.
   *
   * @param perform rejects with outcome `not_sent` exactly when nothing was done
   * @throws {AppError} `idempotency_conflict`, `slack_outcome_unknown`, `quota_exceeded`, `store_unwritable`, the
   *   signal's own reason, or whatever the call ends with
   */
  run(call: OnceCall, perform: () => Promise<string>): Promise<OnceResult>
}
