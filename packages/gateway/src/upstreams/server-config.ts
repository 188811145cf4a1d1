import type { Secret } from '@sallyport/kit/secret'

interface CommonConfig {
  readonly name: string
  /** How long a session without a call stays open, milliseconds. */
  readonly idleAfterMs: number
  /** `none`: a session per principal. `all`: one session for every principal. */
  readonly share: 'none' | 'all'
  /** Time limit for a start, handshake included, milliseconds. */
  readonly startMs: number
  readonly health: { readonly everyMs: number }
}

export interface StdioServerConfig extends CommonConfig {
  readonly kind: 'stdio'
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, Secret>>
  readonly cwd: string
  /** Children alive at once, 1 or more. */
  readonly children: number
}

export interface HttpServerConfig extends CommonConfig {
  readonly kind: 'http'
  readonly url: string
  readonly headers: Readonly<Record<string, Secret>>
  /** Calls in flight to this server; bounds its connections. */
  readonly inFlight: number
  /** Replaces `Host`, for servers that only answer to one name. */
  readonly hostHeader?: string | undefined
  /** `ca`: PEM text or the path of a PEM file. */
  readonly tls?: { readonly ca?: string | undefined } | undefined
}

/** What the upstream side reads of a server's configuration. */
export type ServerConfig = StdioServerConfig | HttpServerConfig
