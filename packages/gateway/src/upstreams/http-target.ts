import { isIP } from 'node:net'
import { OWN_HEADERS } from '@sallyport/contract/config'
import { Pool } from 'undici'
import type { HttpServerConfig } from './server-config.ts'

const CONNECT_MS_MAX = 10_000
/** Beside the calls: notifications, answers to the server, one listening stream, one probe. */
const SPARE_CONNECTIONS = 8
const HEADER_BYTES_MAX = 32 * 1_024

/** Where one session's requests go: its own connections, and the headers all of them carry. */
export interface HttpTarget {
  readonly pool: Pool
  readonly path: string
  /** Name and value alternating, without those that differ per request. */
  readonly headers: readonly string[]
  /** Name checked in the server's certificate; undefined = that of the URL. */
  readonly servername: string | undefined
}

/**
 * Prepares the connections of one session; none is opened yet. Only configured headers and our own reach
 * the server: nothing of a client's request does.
 *
 * @param ca PEM text of certificate authorities to trust instead of the system's
 */
export function openTarget(config: HttpServerConfig, ca: string | undefined): HttpTarget {
  const url = new URL(config.url)
  const headers = ['user-agent', 'sallyport']
  for (const [name, value] of Object.entries(config.headers)) {
    if (!OWN_HEADERS.has(name.toLowerCase())) headers.push(name, value.reveal())
  }
  if (config.hostHeader !== undefined) headers.push('host', config.hostHeader)
  const pool = new Pool(url.origin, {
    connections: config.inFlight + SPARE_CONNECTIONS,
    pipelining: 1,
    allowH2: false,
    // Deadlines are the call's; a stream may be silent for long.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: HEADER_BYTES_MAX,
    connect: {
      timeout: Math.min(CONNECT_MS_MAX, config.startMs),
      ...(ca === undefined ? {} : { ca }),
    },
  })
  const host = url.hostname.replaceAll(/^\[|\]$/g, '')
  const named = url.protocol === 'https:' && config.hostHeader !== undefined && isIP(host) === 0
  return {
    pool,
    path: `${url.pathname}${url.search}`,
    headers,
    servername: named ? host : undefined,
  }
}
