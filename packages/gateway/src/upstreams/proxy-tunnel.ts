import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type Socket } from 'node:net'
import { getCACertificates, type SecureContext } from 'node:tls'
import { AppError } from '@sallyport/kit/errors'
import { buildConnector } from 'undici'
import type { Proxy } from './http-proxy.ts'
import type { TlsMaterial } from './tls-material.ts'

export interface TunnelOptions {
  readonly proxy: Proxy
  readonly tls: TlsMaterial | undefined
  /** Time for the whole connection, milliseconds. */
  readonly connectMs: number
}

/**
 * Connects to https servers through a proxy: CONNECT, then TLS with the server inside. Its failures are
 * AppErrors, `not_sent`, without the proxy's credentials.
 *
 * Source: RFC 9110 §9.3.6.
 */
export function tunnelConnector(options: TunnelOptions): buildConnector.connector {
  const { connectMs, tls } = options
  const secure = buildConnector({ timeout: connectMs, allowH2: false, ...contextOf(tls) })
  return (target, callback) => {
    const authority = `${target.hostname}:${target.port || '443'}`
    const attempt = new AbortController()
    const timer = setTimeout(() => attempt.abort(), connectMs)
    openTunnel(authority, options, attempt.signal).then(
      (socket) => {
        const giveUp = (): void => void socket.destroy()
        attempt.signal.addEventListener('abort', giveUp, { once: true })
        secure({ ...target, httpSocket: socket }, (...outcome) => {
          clearTimeout(timer)
          attempt.signal.removeEventListener('abort', giveUp)
          callback(...outcome)
        })
      },
      (thrown: unknown) => {
        clearTimeout(timer)
        callback(AppError.from(thrown), null)
      },
    )
  }
}

/** Connects to the proxy itself, for http servers that it is asked for by their whole address. */
export function forwardConnector(options: TunnelOptions): buildConnector.connector {
  const { proxy, connectMs } = options
  const connect = buildConnector({
    timeout: connectMs,
    allowH2: false,
    ...proxyAuthorities(options),
  })
  // The name in the Host header is the server's and not what the proxy's certificate says.
  return ({ servername: _serversOwn, ...target }, callback) =>
    connect(target, (...[error, socket]) => {
      if (error === null) callback(null, socket)
      else callback(unreachable(proxy, error), null)
    })
}

/** What undici's connectors take for our certificate and trust; its types do not know `secureContext`. */
export function contextOf(tls: TlsMaterial | undefined): { secureContext?: SecureContext } {
  return tls === undefined ? {} : { secureContext: tls.context }
}

function openTunnel(
  authority: string,
  options: TunnelOptions,
  signal: AbortSignal,
): Promise<Socket> {
  const { proxy } = options
  const { protocol, hostname, port } = proxy.origin
  const host = hostname.replaceAll(/^\[|\]$/g, '')
  const auth = proxy.authorization
  const secured = protocol === 'https:'
  const request = (secured ? requestHttps : requestHttp)({
    ...{ method: 'CONNECT', host, port, path: authority, agent: false, signal },
    headers: { host: authority, ...(auth === undefined ? {} : { 'proxy-authorization': auth }) },
    ...(secured
      ? { ...proxyAuthorities(options), ...(isIP(host) ? {} : { servername: host }) }
      : {}),
  })
  return new Promise((resolve, reject) => {
    request.once('connect', ({ statusCode = 0 }, socket: Socket, early) => {
      // The server speaks second: what comes with the answer is no TLS.
      if (statusCode >= 200 && statusCode < 300 && early.length === 0) {
        resolve(socket)
        return
      }
      socket.on('error', () => undefined).destroy() // refused: nothing of it is read
      reject(refusedBy(proxy, statusCode))
    })
    request.on('error', (error) => reject(unreachable(proxy, error)))
    request.end()
  })
}

/** The proxy may stand under the private authority as well as under a public one. */
function proxyAuthorities({ tls }: TunnelOptions): { ca?: string[] } {
  return tls?.ca === undefined ? {} : { ca: [...getCACertificates('default'), tls.ca] }
}

function refusedBy({ origin }: Proxy, status: number): AppError {
  const what = status === 407 ? 'refused our credential with 407' : `answered ${status} to CONNECT`
  const sentence = `the proxy ${origin.host} ${what}`
  return new AppError('server_unavailable', sentence, { outcome: 'not_sent', details: { status } })
}

function unreachable({ origin }: Proxy, error: Error): AppError {
  const reason = error.name === 'AbortError' ? 'no answer in time' : reasonOf(error)
  const sentence = `the proxy ${origin.host} cannot be reached: ${reason}`
  return new AppError('server_unavailable', sentence, { cause: error, outcome: 'not_sent' })
}

function reasonOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.message
}
