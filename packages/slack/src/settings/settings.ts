import type { Secret } from '@sallyport/kit/secret'

/** How an app is given out, which decides Slack's own limits for it. Source: Slack, "Rate limits". */
export const DISTRIBUTIONS = ['internal', 'marketplace', 'unlisted'] as const
export type Distribution = (typeof DISTRIBUTIONS)[number]

/** Groups of tools that are switched on together. */
export const TOOLSETS = ['read', 'write', 'manage', 'files'] as const
export type Toolset = (typeof TOOLSETS)[number]

/** A Slack app whose installations this server keeps. */
export interface SlackApp {
  /** `default` for the one of the environment. */
  readonly name: string
  readonly clientId: string
  readonly clientSecret: Secret
  /** Proves events and interactions; undefined = this app sends none. */
  readonly signingSecret: Secret | undefined
  /** Asked for the bot. */
  readonly scopes: readonly string[]
  /** Asked for whoever installs it; empty = none. */
  readonly userScopes: readonly string[]
  readonly distribution: Distribution
  /** Whose app it is; its installations are of that tenant. Null = everybody's. */
  readonly tenant: string | null
}

/** A bearer token and the teams it may use. */
export interface SlackToken {
  /** The token is `token:<name>` as a principal. */
  readonly name: string
  readonly value: Secret
  /** Slack team ids; undefined = not bound: works while exactly one team is installed. */
  readonly teams: readonly string[] | undefined
}

/** Where writes are allowed. Names are without `#`. */
export type WriteRule =
  | { readonly kind: 'none' }
  | { readonly kind: 'only'; readonly channels: readonly string[] }
  | { readonly kind: 'except'; readonly channels: readonly string[] }
