import { isIP, isIPv6 } from 'node:net'
import { normaliseAddress } from '../http/index.ts'
import { AddressRanges } from './address-ranges.ts'
import { DUPLICATE, type DoorHeaders } from './header-scan.ts'

const HOPS_MAX = 32

/** Who asks, and for what, once the proxies in front of us are believed. */
export interface Arrival {
  /** Normalised; empty on a Unix socket. */
  readonly address: string
  /** The `Host` to judge. */
  readonly host: string | undefined
  readonly protocol: 'http' | 'https'
}

/**
 * The proxies whose `X-Forwarded-For`, `-Host` and `-Proto` are believed. From anybody else these headers
 * mean nothing.
 */
export class TrustedProxies {
  readonly #trusted: AddressRanges

  /**
   * @param ranges `10.0.0.0/8`, `fd00::/8` or single addresses
   * @throws {AppError} `config_invalid`
   */
  constructor(ranges: readonly string[]) {
    this.#trusted = new AddressRanges('trustedProxies', ranges)
  }

  /** Whether an address belongs to a trusted proxy. */
  includes(address: string): boolean {
    return this.#trusted.includes(address)
  }

  /** @param peer the normalised address of the TCP peer */
  read(peer: string, headers: DoorHeaders): Arrival {
    if (!headers.isForwarded || !this.includes(peer)) {
      return { address: peer, host: headers.host, protocol: 'http' }
    }
    return {
      address: this.#origin(peer, headers.forwardedFor),
      // Two Host lines stay two Host lines, whatever the proxy adds.
      host: headers.host === DUPLICATE ? DUPLICATE : (last(headers.forwardedHost) ?? headers.host),
      protocol: last(headers.forwardedProto)?.toLowerCase() === 'https' ? 'https' : 'http',
    }
  }

  /** From the right: each proxy vouches for the hop before it, and the first that is no proxy is the caller. */
  #origin(peer: string, forwardedFor: string | undefined): string {
    const hops = forwardedFor?.split(',').slice(-HOPS_MAX) ?? []
    let address = peer
    for (const hop of hops.reverse()) {
      const stated = parseHop(hop)
      if (stated === undefined) return address
      address = stated
      if (!this.includes(stated)) return stated
    }
    return address
  }
}

function last(list: string | undefined): string | undefined {
  const value = list?.slice(list.lastIndexOf(',') + 1).trim()
  return value === '' ? undefined : value
}

/** An address, with or without a port; undefined for names and garbage. */
function parseHop(text: string): string | undefined {
  const hop = text.trim()
  const bracketed = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(hop)?.[1]
  if (bracketed !== undefined) return isIPv6(bracketed) ? normaliseAddress(bracketed) : undefined
  const bare = isIPv6(hop) ? hop : hop.replace(/:\d{1,5}$/, '')
  return isIP(bare) === 0 ? undefined : normaliseAddress(bare)
}
