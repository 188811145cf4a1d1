import type { ConfigProblem } from '@sallyport/kit/config'
import type { LogLevel } from '@sallyport/kit/log'
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
  /** One, or two while clients go over from one to the other. */
  readonly values: readonly Secret[]
  /** Slack team ids; undefined = not bound: works while exactly one team is installed. */
  readonly teams: readonly string[] | undefined
}

/** Where writes are allowed: channel ids, and names without `#`, in lower case. */
export type WriteRule =
  | { readonly kind: 'none' }
  | { readonly kind: 'only'; readonly channels: readonly string[] }
  | { readonly kind: 'except'; readonly channels: readonly string[] }

/** What may be uploaded. */
export interface UploadRule {
  readonly bytesMax: number
  /** Ends of file names, lower case and without dot; empty = nothing is uploaded. */
  readonly kinds: readonly string[]
  /** Absolute; undefined = only what a call brings along. */
  readonly folder: string | undefined
}

/** Bounds of one process. */
export interface SlackLimits {
  /** Body of a request. */
  readonly requestBytes: number
  /** Answer of Slack's Web API. */
  readonly responseBytes: number
  /** A tool call in all, waiting for Slack's limits included. */
  readonly callMs: number
  /** Running calls may go on for so long after a stop was asked for. */
  readonly drainMs: number
  /** Requests of a principal. */
  readonly perPrincipal: {
    readonly ratePerSecond: number
    readonly burst: number
    readonly concurrent: number
  }
  readonly connections: number
  readonly connectionsPerAddress: number
}

/** Everything that a Slack server runs on; complete. */
export interface SlackSettings {
  /** `host` is a normalised IP literal; port 0 = any free one. */
  readonly listen: { readonly host: string; readonly port: number }
  /** Where browsers and clients reach it, without a slash at the end. */
  readonly publicUrl: string
  /** Where Slack sends browsers back to; its path ends in `/slack/oauth/callback`. */
  readonly redirectUri: string
  /** Further names allowed in the Host header. */
  readonly allowedHosts: readonly string[]
  /** Origins of web pages that may call. */
  readonly origins: readonly string[]
  /** Networks whose X-Forwarded-* is believed. */
  readonly trustedProxies: readonly string[]
  readonly logLevel: LogLevel
  readonly sessionTtlMs: number
  /** How long an installation may take from its first page to the callback. */
  readonly stateTtlMs: number
  /** A token that ends within this time is refreshed. */
  readonly refreshMarginMs: number
  readonly tokens: readonly SlackToken[]
  /** The gateway whose word for who calls is believed; undefined = none. */
  readonly callers:
    | {
        /** Ed25519 public keys, base64url. */
        readonly keys: readonly string[]
        /** The address that the gateway calls, as its configuration has it. */
        readonly audience: string
        /** Name of the token that it sends. */
        readonly token: string
      }
    | undefined
  /** By name; never empty. */
  readonly apps: readonly SlackApp[]
  /** Teams a tenant may use besides those that its own apps are installed in. */
  readonly tenantTeams: ReadonlyMap<string, readonly string[]>
  readonly toolsets: ReadonlySet<Toolset>
  readonly writes: WriteRule
  readonly uploads: UploadRule
  /** Whether search and unreads show private channels and direct messages of whoever installed the app. */
  readonly searchPrivate: boolean
  /** Longest file that is read. */
  readonly fileBytesMax: number
  /** Ends in a slash. */
  readonly apiUrl: string
  readonly authorizeUrl: string
  /** Calls a minute and method in place of Slack's own limits; only where `apiUrl` is not Slack's. */
  readonly testCallsPerMinute: number | undefined
  /** `sqlite:<absolute path>` or `postgres://...`. */
  readonly store: string
  /** The current one first; undefined = in a file beside the embedded store, made where there is none. */
  readonly masterKeys: readonly [Secret, ...Secret[]] | undefined
  /** How long rows of the audit log are kept; undefined = somebody else decides. */
  readonly auditKeepMs: number | undefined
  readonly limits: SlackLimits
  /** What does not stop the start. */
  readonly warnings: readonly ConfigProblem[]
}
