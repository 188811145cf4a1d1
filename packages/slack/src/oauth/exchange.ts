import type { Clock } from '@sallyport/kit/clock'
import { Secret } from '@sallyport/kit/secret'
import { z } from 'zod'
import { askForTokens, type TokenPlace } from '../client/token-endpoint.ts'
import type { Grant, IssuedToken } from '../installations/installation.ts'
import type { SlackApp } from '../settings/settings.ts'
import { cleanLine } from '../tools/untrusted.ts'

/** What came of a code. `refused` carries Slack's own code. */
export type Exchange =
  | { readonly kind: 'granted'; readonly grant: Grant }
  | { readonly kind: 'refused'; readonly error: string }
  /** For a whole Enterprise organisation, or with no bot: nothing that is kept here. */
  | { readonly kind: 'unsupported'; readonly what: 'organisation' | 'answer' }

/** Where codes are exchanged. */
export interface ExchangePlace extends TokenPlace {
  readonly redirectUri: string
}

/**
 * Exchanges the code that Slack sent the browser back with.
 *
 * @param signal carries the deadline
 * @throws {AppError} `slack_unavailable`, `slack_rate_limited`, `slack_protocol`, the signal's own reason
 */
export async function exchangeCode(
  place: ExchangePlace,
  app: SlackApp,
  asked: { readonly code: string; readonly clock: Clock },
  signal: AbortSignal,
): Promise<Exchange> {
  const { redirectUri } = place
  const grant = { kind: 'code', code: asked.code, redirectUri } as const
  const answer = await askForTokens(place, app, grant, signal)
  if (!answer.ok) return { kind: 'refused', error: answer.error }
  return readAnswer(app, answer.body, asked.clock.nowMs())
}

const token = { access_token: z.string().min(1).max(2_048) }
const rotation = {
  refresh_token: z.string().min(1).max(2_048).optional(),
  expires_in: z.number().int().min(1).max(31_536_000).optional(),
}
const scopes = z
  .string()
  .max(8_192)
  .transform((text) => text.split(',').filter((scope) => scope !== ''))

/** An installation by an organisation has no team of its own. */
const organisationSchema = z.object({ is_enterprise_install: z.literal(true) })

/** Source: Slack, "oauth.v2.access", "Installing with OAuth". */
const answerSchema = z.object({
  ...token,
  ...rotation,
  token_type: z.literal('bot'),
  scope: scopes,
  bot_user_id: z.string().min(1).max(32),
  team: z.object({
    id: z.string().regex(/^T[A-Z0-9]{1,31}$/),
    name: z.string().max(512).catch(''),
  }),
  enterprise: z.object({ id: z.string().max(32) }).nullish(),
  authed_user: z.object({
    id: z.string().min(1).max(32),
    scope: scopes.optional(),
    access_token: token.access_token.optional(),
    ...rotation,
  }),
})
type Answer = z.output<typeof answerSchema>

function readAnswer(app: SlackApp, body: unknown, nowMs: number): Exchange {
  if (organisationSchema.safeParse(body).success) {
    return { kind: 'unsupported', what: 'organisation' }
  }
  const { data: answer } = answerSchema.safeParse(body)
  if (answer === undefined) return { kind: 'unsupported', what: 'answer' }
  return { kind: 'granted', grant: toGrant(app, answer, nowMs) }
}

function toGrant(app: SlackApp, answer: Answer, nowMs: number): Grant {
  const { authed_user: user } = answer
  const userToken =
    user.access_token === undefined
      ? undefined
      : toIssued({ ...user, access_token: user.access_token }, nowMs)
  return {
    app: app.name,
    team: answer.team.id,
    // It stands in sentences of ours: on one line, and without what nobody sees.
    teamName: cleanLine(answer.team.name),
    enterprise: answer.enterprise?.id ?? null,
    tenant: app.tenant,
    botUser: answer.bot_user_id,
    botScopes: answer.scope,
    user: userToken === undefined ? null : { id: user.id, scopes: user.scope ?? [] },
    installedBy: user.id,
    bot: toIssued(answer, nowMs),
    userToken,
  }
}

function toIssued(
  issued: Pick<Answer, 'access_token' | 'refresh_token' | 'expires_in'>,
  nowMs: number,
): IssuedToken {
  const { access_token: value, refresh_token: refresh, expires_in: seconds } = issued
  return {
    token: new Secret(value),
    refresh: refresh === undefined ? undefined : new Secret(refresh),
    expiresAtMs: seconds === undefined ? null : nowMs + seconds * 1_000,
  }
}
