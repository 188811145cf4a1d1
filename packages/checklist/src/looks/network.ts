import { lookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8)
LOOPBACK.addAddress('::1', 'ipv6')

/** Source: RFC 1918, RFC 3927, RFC 4193, RFC 4291 §2.5.6, RFC 6598. */
const PRIVATE = new BlockList()
for (const [network, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
] as const) {
  PRIVATE.addSubnet(network, bits)
}
PRIVATE.addSubnet('fc00::', 7, 'ipv6')
PRIVATE.addSubnet('fe80::', 10, 'ipv6')

/** Who can reach an address. `every`: it stands for all addresses of the machine. */
export type Reach = 'loopback' | 'private' | 'public' | 'every'

/** Who can reach an IP address; what is no address counts as public. */
export function reachOf(address: string): Reach {
  const bare = address.replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '')
  const family = isIP(bare) === 6 ? 'ipv6' : 'ipv4'
  if (isIP(bare) === 0) return 'public'
  if (bare === '0.0.0.0' || bare === '::') return 'every'
  if (LOOPBACK.check(bare, family)) return 'loopback'
  return PRIVATE.check(bare, family) ? 'private' : 'public'
}

/** Whether a host, as it is written, is this machine without a network between: a loopback name or a socket's folder. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase()
  if (bare === '' || bare === 'localhost' || bare.startsWith('/')) return true
  return isIP(bare) !== 0 && reachOf(bare) === 'loopback'
}

/** Where a host is. */
export interface HostPlace {
  readonly address: string
  readonly reach: Reach
  /** Whether the address is one of this machine. */
  readonly isHere: boolean
}

/** The address that a host has; undefined where its name is not known here. */
export async function placeOfHost(host: string): Promise<HostPlace | undefined> {
  const bare = host.replace(/^\[|\]$/g, '')
  if (bare === '' || bare.startsWith('/')) {
    return { address: '127.0.0.1', reach: 'loopback', isHere: true }
  }
  const found = await lookup(bare).catch(() => undefined) // a name that is not known is the answer
  if (found === undefined) return undefined
  const reach = reachOf(found.address)
  const own = Object.values(networkInterfaces()).flatMap((one) => one ?? [])
  const isHere = reach === 'loopback' || own.some(({ address }) => address === found.address)
  return { address: found.address, reach, isHere }
}

const LISTENING = '0A'

/**
 * The addresses on which something of this machine listens at a port.
 *
 * Source: proc_pid_net(5), `/proc/net/tcp`.
 *
 * @throws {Error} of the file system, where the kernel tells nobody
 */
export async function listeningAddresses(port: number): Promise<string[]> {
  const four = await readFile('/proc/net/tcp', 'latin1')
  const six = await readFile('/proc/net/tcp6', 'latin1').catch(() => '') // without IPv6
  return [...new Set([...four.split('\n'), ...six.split('\n')].flatMap((line) => at(line, port)))]
}

function at(line: string, port: number): string[] {
  const [, local = '', , state] = line.trim().split(/\s+/)
  const [address = '', hex = ''] = local.split(':')
  if (state !== LISTENING || Number.parseInt(hex, 16) !== port) return []
  return [addressFrom(address)]
}

/** Words of 32 bits in the order of the machine, which is little-endian wherever this runs. */
function addressFrom(hex: string): string {
  const words = hex.match(/.{8}/g) ?? []
  const bytes = words.flatMap((word) => (word.match(/../g) ?? []).toReversed())
  if (bytes.length === 4) return bytes.map((byte) => Number.parseInt(byte, 16)).join('.')
  const text = bytes.join('').toLowerCase()
  if (/^0{32}$/.test(text)) return '::'
  if (/^0{31}1$/.test(text)) return '::1'
  if (/^0{20}ffff/.test(text)) {
    return bytes
      .slice(12)
      .map((byte) => Number.parseInt(byte, 16))
      .join('.')
  }
  return (text.match(/.{4}/g) ?? []).join(':')
}
