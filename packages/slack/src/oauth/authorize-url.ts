import type { SlackApp } from '../settings/settings.ts'

/** Where an installation leads the browser. */
export interface AuthorizePlace {
  /** Slack's page of consent. */
  readonly authorizeUrl: string
  readonly redirectUri: string
}

/**
 * Slack's page of consent for an app, with exactly the scopes that are configured.
 *
 * Source: Slack, "Installing with OAuth", "Asking for scopes".
 */
export function toAuthorizeUrl(place: AuthorizePlace, app: SlackApp, state: string): string {
  const url = new URL(place.authorizeUrl)
  url.searchParams.set('client_id', app.clientId)
  url.searchParams.set('scope', app.scopes.join(','))
  if (app.userScopes.length > 0) url.searchParams.set('user_scope', app.userScopes.join(','))
  url.searchParams.set('redirect_uri', place.redirectUri)
  url.searchParams.set('state', state)
  return url.href
}
