import { isIPv4, isIPv6 } from 'node:net'
import { AppError } from '../errors.ts'

/** Where to listen. `host` is a normalised IP literal. */
export interface ListenAddress {
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
}

/**
 * Reads `127.0.0.1:9100`, `[::1]:9100` or `localhost:9100` (which is 127.0.0.1: names are never looked up).
 *
 * @throws {AppError} `config_invalid`
 */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  const host = match === null ? undefined : parseHost(match[1], match[2])
  if (host !== undefined && port <= 65_535) return { host, port }
  throw new AppError(
    'config_invalid',
    `"${text}" must be an IP address with a port, like 127.0.0.1:9100 or [::1]:9100, or localhost:9100`,
  )
}

function parseHost(bracketed: string | undefined, plain: string | undefined): string | undefined {
  if (bracketed !== undefined) {
    return isIPv6(bracketed) && !bracketed.includes('%') ? normaliseAddress(bracketed) : undefined
  }
  if (plain?.toLowerCase() === 'localhost') return '127.0.0.1'
  return plain !== undefined && isIPv4(plain) ? plain : undefined
}

/** `host:port`, with brackets around IPv6. */
export function formatAddress(address: ListenAddress): string {
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `${host}:${address.port}`
}

/**
 * One spelling per IP address: IPv6 compressed and in lower case, IPv4-mapped IPv6 (`::ffff:127.0.0.1`,
 * `::ffff:7f00:1`) as IPv4. Anything that is no IP address is returned as it is.
 *
 * Source: RFC 5952; RFC 4291 §2.5.5.2.
 */
export function normaliseAddress(address: string): string {
  if (!address.includes(':')) return address
  if (address === '::1') return address
  const dotted = MAPPED_DOTTED.exec(address)?.[1]
  if (dotted !== undefined && isIPv4(dotted)) return dotted
  // A zone belongs to this host's interfaces, not to the address.
  const bare = address.replace(/%.*$/, '')
  if (!isIPv6(bare)) return address
  const canonical = new URL(`http://[${bare}]`).hostname.slice(1, -1)
  const mapped = MAPPED_HEX.exec(canonical)
  if (mapped === null) return canonical
  const bits = (Number.parseInt(mapped[1] ?? '', 16) << 16) | Number.parseInt(mapped[2] ?? '', 16)
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join('.')
}

const MAPPED_DOTTED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i
const MAPPED_HEX = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/

/** Whether a host is this machine alone: 127.0.0.0/8, ::1 (any spelling) or `localhost`. */
export function isLoopback(host: string): boolean {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  const address = normaliseAddress(bare)
  if (address === '::1' || address.toLowerCase() === 'localhost') return true
  return address.startsWith('127.') && isIPv4(address)
}
