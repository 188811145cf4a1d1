import type {
  BreakerConfig,
  CapsConfig,
  ProbeCall,
  ServerRestrictions,
  TlsConfig,
} from '@sallyport/contract/config'
import type { Secret } from '@sallyport/kit/secret'

interface CommonConfig {
  readonly name: string
  /** How long a session without a call stays open, milliseconds. */
  readonly idleAfterMs: number
  /** `none`: a session per principal. `tenant`: one for all principals of a tenant. `all`: one for everybody. */
  readonly share: 'none' | 'tenant' | 'all'
  /** Roots it is told of: none (also when undefined), those of the one client it serves, or these. */
  readonly roots?: 'none' | 'client' | readonly string[] | undefined
  /** Time limit for a start, handshake included, milliseconds. */
  readonly startMs: number
  readonly health: {
    readonly everyMs: number
    /** Time one look may take, milliseconds; `everyMs`, at most 10 s, when undefined. */
    readonly timeoutMs?: number | undefined
    /** Failed looks in a row that make it degraded; 3 when undefined. */
    readonly failures?: number | undefined
    /** A ping of the protocol when undefined. */
    readonly call?: ProbeCall | undefined
  }
  /** None when undefined. */
  readonly breaker?: BreakerConfig | undefined
  /** Whether it is started with the gateway. */
  readonly prestart?: boolean | undefined
  /** Of a server that was added over the admin API; undefined: there are none. */
  readonly restrictions?: ServerRestrictions | undefined
}

export interface StdioServerConfig extends CommonConfig {
  readonly kind: 'stdio'
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, Secret>>
  readonly cwd: string
  /** Children alive at once, 1 or more. */
  readonly children: number
  /** Of them for one principal; 8 when undefined. */
  readonly childrenPerPrincipal?: number | undefined
  /** None when undefined. */
  readonly caps?: CapsConfig | undefined
}

export interface HttpServerConfig extends CommonConfig {
  readonly kind: 'http'
  readonly url: string
  readonly headers: Readonly<Record<string, Secret>>
  /** Calls in flight to this server; bounds its connections. */
  readonly inFlight: number
  /** Replaces `Host`, for servers that only answer to one name. */
  readonly hostHeader?: string | undefined
  /** A child of the gateway, wherever it listens. */
  readonly child?: 'slack' | undefined
  /** Whether it is told who calls, in every request. */
  readonly identity?: 'assert' | undefined
  /** `auto` when undefined: Streamable HTTP first, then HTTP+SSE. */
  readonly transport?: 'auto' | 'http' | 'sse' | undefined
  /** Each PEM text or the path of a PEM file; `cert` and `key` together. */
  readonly tls?: TlsConfig | undefined
  /** Time for a connection, proxy and TLS included, milliseconds; 10 s when undefined. */
  readonly connectMs?: number | undefined
  /** Longest silence between two bytes of an answer, milliseconds; any when undefined. */
  readonly readMs?: number | undefined
  /** URL of a proxy, perhaps with credentials; `none`: never; undefined: as the environment says. */
  readonly proxy?: 'none' | Secret | undefined
}

/** What the upstream side reads of a server's configuration. */
export type ServerConfig = StdioServerConfig | HttpServerConfig
