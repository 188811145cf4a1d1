import type { Secret } from '@sallyport/kit/secret'

/** Which token of an installation a call is made with. */
export type TokenKind = 'bot' | 'user'

/** An app in a workspace. Holds no token. */
export interface Installation {
  /** Name of the app. */
  readonly app: string
  /** Slack's id of the workspace, `T...`. */
  readonly team: string
  readonly teamName: string
  readonly enterprise: string | null
  readonly tenant: string | null
  readonly botUser: string
  readonly botScopes: readonly string[]
  /** Who installed it and the scopes they gave of their own; null = none. */
  readonly user: { readonly id: string; readonly scopes: readonly string[] } | null
  readonly installedBy: string
  /** Wall clock, milliseconds since 1970. */
  readonly installedAtMs: number
  /** When the bot's token ends; null = never. */
  readonly expiresAtMs: number | null
  /** `reinstall`: its tokens are dead and only a new installation helps; `removed`: uninstalled at Slack. */
  readonly state: 'active' | 'reinstall' | 'removed'
}

/** Tokens as Slack issued them. */
export interface IssuedToken {
  readonly token: Secret
  /** Undefined while the app does not rotate its tokens. */
  readonly refresh: Secret | undefined
  readonly expiresAtMs: number | null
}

/** What an exchange of a code brought. */
export interface Grant extends Omit<Installation, 'state' | 'expiresAtMs' | 'installedAtMs'> {
  readonly bot: IssuedToken
  readonly userToken: IssuedToken | undefined
}

/** Every installation that is kept, over all processes of one store. */
export interface Installations {
  /** By team and app; may be up to a second old. Null = of every tenant. */
  list(): readonly Installation[]
  /** Keeps what an installation brought, in place of an earlier one of that app and team. */
  save(grant: Grant): Promise<Installation>
  /** Removes tokens and all that is kept of it. False when there was none. */
  remove(app: string, team: string): Promise<boolean>
  /**
   * The token to call with; refreshed ahead of its end, once over all processes.
   *
   * @throws {AppError} `slack_reinstall`, `slack_scope_missing` where nobody gave a token of their own,
   *   `slack_unavailable`, `store_unwritable`, the signal's own reason
   */
  token(installation: Installation, kind: TokenKind, signal: AbortSignal): Promise<Secret>
  /**
   * Told that Slack refused a token by `error`; decides what that means. Resolves to true when the call is worth
   * making once more, with a token that came meanwhile. After false, `token` says whether there is one at all.
   *
   * @throws {AppError} `slack_unavailable` while Slack gives no new one, `store_unwritable`
   */
  refused(installation: Installation, kind: TokenKind, refusal: TokenRefusal): Promise<boolean>
  /**
   * Told by Slack itself, in a signed event, that tokens ended. False when there is no such installation, or it is
   * newer than what happened.
   */
  revoked(app: string, team: string, revocation: Revocation): Promise<boolean>
}

/** Tokens that ended at Slack. */
export interface Revocation {
  /** `app`: it was uninstalled, and its tokens are erased; `bot`, `user`: that token alone. */
  readonly what: 'app' | 'bot' | 'user'
  /** When it happened, wall clock, to the second that Slack says, rounded up. */
  readonly atMs: number
}

/** A token that Slack refused. */
export interface TokenRefusal {
  readonly token: Secret
  /** Slack's code, such as `token_revoked`. */
  readonly error: string
}
