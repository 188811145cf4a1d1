import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Secret } from '@sallyport/kit/secret'

const SKEW_SECONDS_MAX = 5 * 60

/** A request as it arrived, before anything of it is parsed. */
export interface SignedRequest {
  readonly rawBody: Buffer
  readonly timestamp: string
  readonly signature: string
}

/**
 * Whether the stamp of a request is near enough to now. Both sides: a time far ahead would keep a captured request
 * good for longer.
 *
 * @param nowMs wall clock
 */
export function isFresh(timestamp: string, nowMs: number): boolean {
  if (!/^\d{1,12}$/.test(timestamp)) return false
  return Math.abs(Math.floor(nowMs / 1_000) - Number(timestamp)) <= SKEW_SECONDS_MAX
}

/**
 * Whether this secret signed these very bytes, compared in constant time.
 *
 * Source: Slack, "Verifying requests from Slack".
 */
export function isSignedBy(request: SignedRequest, secret: Secret): boolean {
  const hmac = createHmac('sha256', secret.reveal())
    .update(`v0:${request.timestamp}:`)
    .update(request.rawBody)
  const expected = Buffer.from(`v0=${hmac.digest('hex')}`)
  const received = Buffer.from(request.signature)
  return expected.length === received.length && timingSafeEqual(expected, received)
}

/** For how long a request could be sent again and still be fresh, milliseconds. */
export const REPLAY_LIFE_MS = 2 * SKEW_SECONDS_MAX * 1_000
