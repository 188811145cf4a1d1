import { BlockList, isIP } from 'node:net'
import { parseCidr } from '@sallyport/contract/config'
import { AppError } from '@sallyport/kit/errors'
import { isLoopback } from '@sallyport/kit/http'
import type { Secret } from '@sallyport/kit/secret'

/** A proxy on the way to a server. */
export interface Proxy {
  /** Scheme, host and port; never its credentials. */
  readonly origin: URL
  /** Value of `Proxy-Authorization`; undefined without credentials. */
  readonly authorization: string | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The proxy toward a server: the configured one, else what HTTPS_PROXY, HTTP_PROXY and NO_PROXY (in small
 * letters first) say. The environment never comes between us and loopback.
 *
 * @param configured URL of a proxy, `none`, or undefined to ask the environment
 * @throws {AppError} `server_start_failed` when the environment names no usable proxy
 */
export function chooseProxy(
  target: URL,
  configured: 'none' | Secret | undefined,
  environment: Environment,
): Proxy | undefined {
  if (configured === 'none') return undefined
  if (configured !== undefined) return readProxy(configured.reveal(), '`proxy`')
  const upper = target.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const text = environment[upper.toLowerCase()] || environment[upper] || ''
  const exempt = environment['no_proxy'] || environment['NO_PROXY'] || ''
  if (text === '' || isOwnMachine(target) || isExempt(target, exempt)) return undefined
  return readProxy(text, upper)
}

function readProxy(text: string, source: string): Proxy {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    const sentence = `${source} is no http or https URL of a proxy; correct it, or set \`proxy: none\``
    throw new AppError('server_start_failed', sentence, { outcome: 'not_sent' })
  }
  const credentials = [url.username, url.password].map(decode).join(':')
  const authorization =
    url.username === '' ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`
  return { origin: new URL(url.origin), authorization }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    // A lone percent sign: taken as it stands.
    return part
  }
}

function isOwnMachine({ hostname }: URL): boolean {
  return isLoopback(hostname) || hostname.endsWith('.localhost')
}

/**
 * Whether NO_PROXY names a target: `*`, a name (with all below it), an address, a network such as
 * `10.0.0.0/8`, each of the first three with a port where only that is meant.
 */
export function isExempt(target: URL, list: string): boolean {
  const host = target.hostname.replaceAll(/^\[|\]$|\.$/g, '')
  const port = target.port || (target.protocol === 'https:' ? '443' : '80')
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry !== '' && matches(entry, host, port))
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true
  const network = entry.includes('/') ? parseCidr(entry) : undefined
  if (network !== undefined) return isWithin(host, network)
  const [, bracketed, plain = entry, only] =
    /^(?:\[([^\]]+)\]|([^:]*))(?::(\d{1,5}))?$/.exec(entry) ?? []
  if (only !== undefined && only !== port) return false
  const name = (bracketed ?? plain).replace(/^\*?\./, '')
  return host === name || (isIP(host) === 0 && host.endsWith(`.${name}`))
}

function isWithin(host: string, network: string): boolean {
  const family = isIP(host)
  const [address = '', bits] = network.split('/')
  if (family === 0 || family !== isIP(address)) return false
  const type = family === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  list.addSubnet(address, Number(bits), type)
  return list.check(host, type)
}
