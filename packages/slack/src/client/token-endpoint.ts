import { AppError } from '@sallyport/kit/errors'
import type { SlackApp } from '../settings/settings.ts'
import type { HttpExchange } from './http-exchange.ts'
import type { Verdict } from './verdict.ts'
import { TokenClient } from './web-client.ts'

const ANSWER_BYTES_MAX = 256 * 1_024
const ANSWER_MS_MAX = 10_000

/** Where tokens are issued. */
export interface TokenPlace {
  /** Slack's Web API, with a slash at its end. */
  readonly apiUrl: string
  readonly exchange: HttpExchange
}

/** What is handed in for tokens. */
export type TokenGrant =
  | { readonly kind: 'code'; readonly code: string; readonly redirectUri: string }
  | { readonly kind: 'refresh'; readonly refreshToken: string }

/** Slack's answer: the body of a success, or its own code, such as `invalid_code`. */
export type TokenAnswer =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly error: string }

/**
 * Asks `oauth.v2.access` once, with the credentials of `app`, within 10 s. Nothing of it is logged by anybody.
 *
 * Source: Slack, "oauth.v2.access"; "Token rotation".
 *
 * @throws {AppError} `slack_unavailable`, `slack_rate_limited` (with `retryAfterMs`, where Slack says it),
 *   `slack_protocol`, each with its `outcome`; the signal's own reason
 */
export async function askForTokens(
  place: TokenPlace,
  app: SlackApp,
  grant: TokenGrant,
  signal: AbortSignal,
): Promise<TokenAnswer> {
  // The credentials are the app's: there is no token yet, or it is not asked for.
  const client = new TokenClient(place.exchange, place.apiUrl, undefined)
  const credentials = { client_id: app.clientId, client_secret: app.clientSecret.reveal() }
  const verdict = await client.send(
    'oauth.v2.access',
    { ...credentials, ...argumentsOf(grant) },
    { signal, timeoutMs: ANSWER_MS_MAX, bytesMax: ANSWER_BYTES_MAX },
  )
  return toAnswer(verdict, signal)
}

function argumentsOf(grant: TokenGrant): Record<string, string> {
  if (grant.kind === 'code') return { code: grant.code, redirect_uri: grant.redirectUri }
  return { grant_type: 'refresh_token', refresh_token: grant.refreshToken }
}

function toAnswer(verdict: Verdict, signal: AbortSignal): TokenAnswer {
  switch (verdict.kind) {
    case 'ok':
      return { ok: true, body: verdict.body }
    case 'refused':
      return { ok: false, error: verdict.error }
    case 'limited': {
      const { retryAfterMs } = verdict
      throw new AppError('slack_rate_limited', 'Slack issues no more tokens for now', {
        outcome: 'not_sent',
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      })
    }
    case 'lost':
      return lose(verdict, signal)
  }
}

function lose(
  { why, sent, detail }: Extract<Verdict, { kind: 'lost' }>,
  signal: AbortSignal,
): never {
  if (why === 'aborted') signal.throwIfAborted()
  const outcome = sent ? 'unknown' : 'not_sent'
  const isOdd = why === 'unreadable' || why === 'too_large'
  throw new AppError(
    isOdd ? 'slack_protocol' : 'slack_unavailable',
    `oauth.v2.access brought no answer that can be used: ${why} (${detail})`,
    { outcome },
  )
}
