import { isIP } from 'node:net'
import { OWN_HEADERS } from '@sallyport/contract/config'
import { CALLER_HEADER } from '@sallyport/kit/callers'
import { Pool } from 'undici'
import { guardedConnector, type LookUp } from './guarded-connector.ts'
import { chooseProxy, type Proxy } from './http-proxy.ts'
import { type OwnServer, ownConnector } from './own-server.ts'
import { contextOf, forwardConnector, tunnelConnector } from './proxy-tunnel.ts'
import type { HttpServerConfig } from './server-config.ts'
import type { TlsMaterial } from './tls-material.ts'
import type { UpstreamRequest } from './upstream.ts'

const CONNECT_MS_DEFAULT = 10_000
/** Beside the calls: notifications, answers to the server, one listening stream, one probe. */
const SPARE_CONNECTIONS = 8
const HEADER_BYTES_MAX = 32 * 1_024

/** Where one session's requests go: its own connections, and the headers all of them carry. */
export interface HttpTarget {
  /**
   * Ends an answer that is silent for longer than `readTimeout`. A stream that may be silent is asked for
   * with {@link PATIENT}.
   */
  readonly pool: Pool
  /** What stands in the request line: path and query, or the whole address where a proxy forwards. */
  readonly path: string
  /** The server's own address. */
  readonly url: URL
  /** Name and value alternating, without those that differ per request. */
  readonly headers: readonly string[]
  /** Tells who calls, for servers that are told so; undefined for all others. */
  readonly assertion: Assertion | undefined
  /** Name checked in the certificate; undefined = that of the address connected to. */
  readonly servername: string | undefined
}

/** The value of `Sallyport-Caller` for one request. @param caller undefined for one of our own */
export type Assertion = (caller: UpstreamRequest['caller']) => string

/** For a stream that listens: it may be silent for any time. */
export const PATIENT = { headersTimeout: 0, bodyTimeout: 0 } as const

export interface TargetSurroundings {
  readonly tls: TlsMaterial | undefined
  /** The gateway's own environment: it may name a proxy. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Looks up names of servers that were added over the admin API; the system's by default. */
  readonly lookUp?: LookUp | undefined
  /** What the server is when it is a child of the gateway. */
  readonly own?: OwnServer | undefined
  readonly assertion?: Assertion | undefined
}

/**
 * Prepares the connections of one session; none is opened yet. Only configured headers and our own reach
 * the server: nothing of a client's request does.
 *
 * @throws {AppError} `server_start_failed` when the environment names no usable proxy
 */
export function openTarget(
  config: HttpServerConfig,
  { tls, environment, lookUp, own, assertion }: TargetSurroundings,
): HttpTarget {
  const url = new URL(config.url)
  const { restrictions } = config
  // Which address is connected to would be the proxy's to say.
  const proxy = restrictions || own ? undefined : chooseProxy(url, config.proxy, environment)
  const headers = headersOf(config)
  if (own !== undefined) headers.push('authorization', `Bearer ${own.token.reveal()}`)
  const connectMs = Math.min(config.connectMs ?? CONNECT_MS_DEFAULT, config.startMs)
  const options = {
    connections: config.inFlight + SPARE_CONNECTIONS,
    pipelining: 1,
    allowH2: false,
    // Deadlines are the call's.
    headersTimeout: config.readMs ?? 0,
    bodyTimeout: config.readMs ?? 0,
    maxHeaderSize: HEADER_BYTES_MAX,
  }
  const path = `${url.pathname}${url.search}`
  if (proxy !== undefined && url.protocol === 'http:') {
    const connect = forwardConnector({ proxy, tls, connectMs })
    if (config.hostHeader === undefined) headers.push('host', url.host)
    headers.push(...authorizationOf(proxy))
    const pool = new Pool(proxy.origin, { ...options, connect })
    const target = `${url.origin}${path}`
    return { pool, url, path: target, headers, assertion, servername: undefined }
  }
  const direct = restrictions
    ? guardedConnector({ addresses: restrictions.addresses, tls, connectMs, lookUp })
    : { timeout: connectMs, ...contextOf(tls) }
  const reached =
    own === undefined ? direct : ownConnector(own, { startMs: config.startMs, connectMs })
  const connect = proxy === undefined ? reached : tunnelConnector({ proxy, tls, connectMs })
  const host = url.hostname.replaceAll(/^\[|\]$/g, '')
  const named = url.protocol === 'https:' && config.hostHeader !== undefined && isIP(host) === 0
  const pool = new Pool(url.origin, { ...options, connect })
  return { pool, url, path, headers, assertion, servername: named ? host : undefined }
}

function headersOf(config: HttpServerConfig): string[] {
  const headers = ['user-agent', 'sallyport']
  for (const [name, value] of Object.entries(config.headers)) {
    if (!OWN_HEADERS.has(name.toLowerCase())) headers.push(name, value.reveal())
  }
  if (config.hostHeader !== undefined) headers.push('host', config.hostHeader)
  return headers
}

function authorizationOf({ authorization }: Proxy): string[] {
  return authorization === undefined ? [] : ['proxy-authorization', authorization]
}

/** Headers of one request with who calls, where the server is told so. */
export function withCaller(
  headers: readonly string[],
  { assertion }: Pick<HttpTarget, 'assertion'>,
  caller?: UpstreamRequest['caller'],
): readonly string[] {
  return assertion === undefined ? headers : [...headers, CALLER_HEADER, assertion(caller)]
}

/** The request line's address for another place on the same server. */
export function requestPath(target: HttpTarget, url: URL): string {
  const path = `${url.pathname}${url.search}`
  return target.path.startsWith('/') ? path : `${url.origin}${path}`
}
