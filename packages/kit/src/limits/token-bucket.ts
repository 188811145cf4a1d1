/** The answer to "may this one pass now". */
export interface Admission {
  readonly allowed: boolean
  /** Zero when allowed; otherwise when one token will be there, rounded up. */
  readonly retryAfterMs: number
}

/** How full a bucket was when it was last looked at. */
export interface BucketState {
  readonly tokens: number
  /** Monotonic clock. */
  readonly updatedMs: number
}

/** The shape of a bucket: `capacity` tokens at once, `refillPerSecond` in the long run. */
export interface BucketLimits {
  readonly capacity: number
  readonly refillPerSecond: number
}

/** Takes one token if there is one. Pure: the caller stores the returned state. */
export function takeToken(
  state: BucketState,
  limits: BucketLimits,
  nowMs: number,
): { state: BucketState; admission: Admission } {
  const elapsedMs = Math.max(0, nowMs - state.updatedMs)
  const tokens = Math.min(
    limits.capacity,
    state.tokens + (elapsedMs / 1_000) * limits.refillPerSecond,
  )
  if (tokens >= 1) {
    return { state: { tokens: tokens - 1, updatedMs: nowMs }, admission: ADMITTED }
  }
  const retryAfterMs = Math.ceil(((1 - tokens) / limits.refillPerSecond) * 1_000)
  return { state: { tokens, updatedMs: nowMs }, admission: { allowed: false, retryAfterMs } }
}

const ADMITTED: Admission = { allowed: true, retryAfterMs: 0 }
