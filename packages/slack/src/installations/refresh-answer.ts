import { AppError } from '@sallyport/kit/errors'
import { Secret } from '@sallyport/kit/secret'
import { z } from 'zod'
import type { SlackApp } from '../settings/settings.ts'
import type { TokenKind } from './installation.ts'
import type { KeptToken } from './kept-installation.ts'

/** Slack's answer: the body of a success, or its own code. */
export type RefreshAnswer =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly error: string }

/**
 * Spends a refresh token at Slack, once.
 *
 * @throws {AppError} when Slack cannot be reached, takes no more for now, or answers something else
 */
export type SpendRefreshToken = (
  app: SlackApp,
  refreshToken: string,
  signal: AbortSignal,
) => Promise<RefreshAnswer>

/** `dead`: the refresh token is of no use any more. `failed`: it may still be. */
export type RefreshVerdict =
  | { readonly kind: 'issued'; readonly token: KeptToken }
  | { readonly kind: 'dead'; readonly error: string }
  | { readonly kind: 'failed'; readonly error: string; readonly retryAfterMs: number }

/** Source: Slack, "oauth.v2.access", errors. */
const DEAD: ReadonlySet<string> = new Set([
  'invalid_refresh_token',
  'token_expired',
  'token_revoked',
  'account_inactive',
  'invalid_auth',
])

const pairSchema = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1).optional(),
  expires_in: z.number().positive().optional(),
  token_type: z.enum(['bot', 'user']).optional(),
})
const answerSchema = z.object({ authed_user: pairSchema.partial().optional() }).loose()

/** Refreshes a token and judges the answer. Total: it never throws. */
export async function refreshToken(
  ask: () => Promise<RefreshAnswer>,
  kind: TokenKind,
  nowMs: () => number,
): Promise<RefreshVerdict> {
  try {
    const answer = await ask()
    if (!answer.ok) {
      if (DEAD.has(answer.error)) return { kind: 'dead', error: answer.error }
      return { kind: 'failed', error: answer.error, retryAfterMs: 0 }
    }
    return readPair(answer.body, kind, nowMs())
  } catch (thrown) {
    const { code, retryAfterMs = 0 } = AppError.from(thrown)
    return { kind: 'failed', error: code, retryAfterMs }
  }
}

/**
 * The new pair. That of a person stands at the top with its type, not nested as in a first grant; nested is taken
 * as well.
 *
 * Source: Slack, "Token rotation".
 */
function readPair(body: unknown, kind: TokenKind, nowMs: number): RefreshVerdict {
  const outer = answerSchema.safeParse(body)
  const top = pairSchema.safeParse(body)
  const nested = pairSchema.safeParse(outer.data?.authed_user)
  const pair = kind === 'user' && nested.success ? nested.data : top.data
  if (pair === undefined || (pair.token_type !== undefined && pair.token_type !== kind)) {
    return { kind: 'failed', error: 'slack_protocol', retryAfterMs: 0 }
  }
  const { access_token, refresh_token, expires_in } = pair
  return {
    kind: 'issued',
    token: {
      token: new Secret(access_token),
      refresh: refresh_token === undefined ? undefined : new Secret(refresh_token),
      expiresAtMs: expires_in === undefined ? null : nowMs + expires_in * 1_000,
      issuedAtMs: nowMs,
    },
  }
}
