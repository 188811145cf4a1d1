/** Where a listener stands. `host` is an IP address in its one normal spelling, so loopback is decidable. */
export interface ListenAddress {
  /** Empty for an inherited socket until it was looked at. */
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  /** Number of a socket that the parent process bound and handed over. */
  readonly fd?: number
}

/** 0 to 2 are the standard streams; beyond 15 Node does not keep them from its children in every case. */
const FD_MIN = 3
const FD_MAX = 15

/**
 * Reads `127.0.0.1:9100`, `[::1]:9100`, `localhost:9100` (127.0.0.1) or `fd:3`; `undefined` for anything else.
 */
export function parseListen(text: string): ListenAddress | undefined {
  const inherited = /^fd:(\d{1,2})$/.exec(text)
  if (inherited !== null) {
    const fd = Number(inherited[1])
    return fd < FD_MIN || fd > FD_MAX ? undefined : { host: '', port: 0, fd }
  }
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? []
  const named = plain?.toLowerCase() === 'localhost' ? '127.0.0.1' : plain
  const host = bracketed === undefined ? normalIpv4(named) : normalIpv6(bracketed)
  const port = Number(digits)
  return host === undefined || !(port <= 65_535) ? undefined : { host, port }
}

/** A network such as `10.0.0.0/8`, or a single address, in its normal spelling; `undefined` otherwise. */
export function parseCidr(text: string): string | undefined {
  const [, address = '', digits] = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const host = normalIpv4(address) ?? normalIpv6(address)
  if (host === undefined) return undefined
  const bitsMax = host.includes(':') ? 128 : 32
  const bits = digits === undefined ? bitsMax : Number(digits)
  return bits > bitsMax ? undefined : `${host}/${bits}`
}

function normalIpv4(text: string | undefined): string | undefined {
  if (text === undefined || !/^(?:(?:0|[1-9]\d{0,2})(?:\.|$)){4}$/.test(text)) return undefined
  return text.endsWith('.') || text.split('.').some((part) => Number(part) > 255) ? undefined : text
}

/** RFC 5952 spelling; IPv4-mapped addresses (RFC 4291 §2.5.5.2) become IPv4. */
function normalIpv6(text: string): string | undefined {
  if (!/^[0-9A-Fa-f:.]+$/.test(text) || !text.includes(':')) return undefined
  const url = URL.parse(`http://[${text}]`)
  if (url === null) return undefined
  const address = url.hostname.slice(1, -1)
  const [, high = '', low = ''] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(address) ?? []
  if (high === '') return address
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
  return [a >> 8, a & 255, b >> 8, b & 255].join('.')
}
