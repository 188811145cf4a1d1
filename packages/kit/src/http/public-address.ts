import { BlockList, isIP } from 'node:net'
import { normaliseAddress } from './address.ts'

/**
 * IPv4 that no server of the internet has: this host and network, private, shared (carrier-grade NAT), loopback,
 * link-local with its metadata services, protocol assignments, documentation, 6to4 relays, benchmarks,
 * multicast, reserved and broadcast.
 *
 * Source: IANA IPv4 Special-Purpose Address Registry; RFC 6890, RFC 1112 §4, RFC 5771.
 */
const NOT_PUBLIC_V4: readonly (readonly [network: string, bits: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]

/**
 * What is special inside 2000::/3: protocol assignments with Teredo and ORCHID, documentation, 6to4.
 *
 * Source: IANA IPv6 Special-Purpose Address Registry; RFC 4380, RFC 3849, RFC 9637, RFC 3056.
 */
const NOT_PUBLIC_V6: readonly (readonly [network: string, bits: number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]

const notPublic = new BlockList()
for (const [network, bits] of NOT_PUBLIC_V4) notPublic.addSubnet(network, bits, 'ipv4')
const unicast = new BlockList()
unicast.addSubnet('2000::', 3, 'ipv6')
const special = new BlockList()
for (const [network, bits] of NOT_PUBLIC_V6) special.addSubnet(network, bits, 'ipv6')

/**
 * Whether an IP address is one of the public internet. Of IPv6 only global unicast is, so that loopback,
 * link-local, unique local and every form that carries an IPv4 address (mapped, compatible, translated, NAT64,
 * 6to4, Teredo) is not; a mapped one counts as the IPv4 address it is. False for an address with a zone and
 * for anything that is no address.
 *
 * Source: RFC 4291 §2.4, §2.5.5; RFC 6052; RFC 4007 §11.
 */
export function isPublicAddress(address: string): boolean {
  if (address.includes('%')) return false
  const normal = normaliseAddress(address)
  switch (isIP(normal)) {
    case 4:
      return !notPublic.check(normal, 'ipv4')
    case 6:
      return unicast.check(normal, 'ipv6') && !special.check(normal, 'ipv6')
    default:
      return false
  }
}

/**
 * Whether a host of a URL names this machine: `localhost` and what is below it, with or without the dot at the end.
 *
 * Source: RFC 6761 §6.3.
 */
export function isLocalhostName(host: string): boolean {
  return /(?:^|\.)localhost\.?$/i.test(host)
}
