import { type Logger, LogLevel, WebClient } from '@slack/web-api'
import { AppError } from '@sallyport/kit/errors'
import { z } from 'zod'
import type { SlackApp } from '../settings/settings.ts'
import { boundedFetch } from './bounded-fetch.ts'

const ANSWER_BYTES_MAX = 256 * 1024

/** What is handed in for tokens. */
export type TokenGrant =
  | { readonly kind: 'code'; readonly code: string; readonly redirectUri: string }
  | { readonly kind: 'refresh'; readonly refreshToken: string }

/** Slack's answer: the body of a success, or its own code, such as `invalid_code`. */
export type TokenAnswer =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly error: string }

/**
 * Asks `oauth.v2.access` once, with the credentials of `app`. Nothing of it is logged by anybody.
 *
 * Source: Slack, "oauth.v2.access"; "Token rotation".
 *
 * @param apiUrl Slack's Web API, with a slash at its end
 * @param signal carries the deadline
 * @throws {AppError} `slack_unavailable`, `slack_rate_limited` (with `retryAfterMs`), `slack_protocol`, the signal's
 *   own reason
 */
export async function askForTokens(
  apiUrl: string,
  app: SlackApp,
  grant: TokenGrant,
  signal: AbortSignal,
): Promise<TokenAnswer> {
  const client = new WebClient(undefined, {
    slackApiUrl: apiUrl,
    logger: NO_LOGGER,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    allowAbsoluteUrls: false,
    fetch: boundedFetch(signal, ANSWER_BYTES_MAX),
  })
  try {
    const body = await client.apiCall('oauth.v2.access', {
      client_id: app.clientId,
      client_secret: app.clientSecret.reveal(),
      ...argumentsOf(grant),
    })
    return { ok: true, body }
  } catch (thrown) {
    signal.throwIfAborted()
    return readFailure(thrown)
  }
}

function argumentsOf(grant: TokenGrant): Record<string, string> {
  if (grant.kind === 'code') return { code: grant.code, redirect_uri: grant.redirectUri }
  return { grant_type: 'refresh_token', refresh_token: grant.refreshToken }
}

/** The package's own logger prints the client secret and the code. */
const NO_LOGGER: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  setLevel: () => undefined,
  getLevel: () => LogLevel.ERROR,
  setName: () => undefined,
}

/** The package's errors, told by their fields: its classes may be there twice. */
const failureSchema = z.discriminatedUnion('code', [
  z.object({
    code: z.literal('slack_webapi_platform_error'),
    // A body that is no JSON stands here as a whole.
    data: z.object({ error: z.string() }),
  }),
  z.object({ code: z.literal('slack_webapi_rate_limited_error'), retryAfter: z.number() }),
  z.object({ code: z.literal('slack_webapi_http_error'), statusCode: z.number() }),
  z.object({ code: z.literal('slack_webapi_request_error') }),
])

/** Never hands the error on: its text holds what was sent. */
function readFailure(thrown: unknown): TokenAnswer {
  const { data: failure } = failureSchema.safeParse(thrown)
  switch (failure?.code) {
    case 'slack_webapi_platform_error': {
      const { error } = failure.data
      if (/^[a-z][a-z0-9_]{0,63}$/.test(error)) return { ok: false, error }
      throw new AppError('slack_protocol', 'oauth.v2.access answered with something else than JSON')
    }
    case 'slack_webapi_rate_limited_error':
      throw new AppError('slack_rate_limited', 'Slack takes no more exchanges for now', {
        retryAfterMs: failure.retryAfter * 1_000,
      })
    case 'slack_webapi_http_error':
      throw new AppError('slack_unavailable', `oauth.v2.access answered ${failure.statusCode}`)
    default:
      throw new AppError('slack_unavailable', 'oauth.v2.access could not be reached')
  }
}
