import { isIPv6 } from 'node:net'
import { isLoopback, normaliseAddress } from '../http/index.ts'

/** Which names a listener answers to; the configuration's keys of the same names. */
export interface HostSettings {
  readonly publicUrl?: string | undefined
  readonly allowedHosts: readonly string[]
  /** Whether this listener is bound to a loopback address. */
  readonly loopback: boolean
}

/** A `Host` header, or a name from the configuration, taken apart. */
export interface HostName {
  /** Lower case, without trailing dot or brackets, IP addresses normalised. */
  readonly name: string
  /** Empty when there is none. */
  readonly port: string
}

const KNOWN_MAX = 256

/**
 * Keeps web pages from reaching the gateway under a name of their own (DNS rebinding): `Host` must be the
 * host of `publicUrl`, one of `allowedHosts` (any port, unless the entry has one), or, where the listener is
 * bound to loopback, a loopback name or address.
 *
 * Source: MCP 2026-07-28, Streamable HTTP, "Security Warning"; RFC 9110 §7.2.
 */
export class HostRules {
  readonly #loopback: boolean
  readonly #names = new Set<string>()
  /** `Host` values that passed, as they came, so that the next one costs a look-up. */
  readonly #known = new Set<string>()

  constructor(settings: HostSettings) {
    this.#loopback = settings.loopback
    if (settings.publicUrl !== undefined) {
      this.#names.add(parseHost(new URL(settings.publicUrl).hostname)?.name ?? '')
    }
    for (const entry of settings.allowedHosts) {
      const host = parseHost(entry)
      if (host !== undefined) this.#names.add(host.port === '' ? host.name : joinHost(host))
    }
  }

  /** Whether a request for this `Host` is ours to answer. */
  allows(host: string): boolean {
    if (this.#known.has(host)) return true
    const parsed = parseHost(host)
    if (parsed === undefined || !this.#allowsName(parsed)) return false
    if (this.#known.size >= KNOWN_MAX) this.#known.clear()
    this.#known.add(host)
    return true
  }

  #allowsName(host: HostName): boolean {
    if (this.#names.has(host.name) || this.#names.has(joinHost(host))) return true
    return this.#loopback && isLoopback(host.name)
  }
}

/** Takes `name`, `name:port`, `1.2.3.4:port` or `[::1]:port` apart; undefined for anything else. */
export function parseHost(text: string): HostName | undefined {
  const match = HOST.exec(text)
  if (match === null) return undefined
  const [, bracketed, plain = '', port = ''] = match
  if (port !== '' && Number(port) > 65_535) return undefined
  if (bracketed !== undefined) {
    return isIPv6(bracketed) ? { name: normaliseAddress(bracketed), port } : undefined
  }
  return { name: plain.toLowerCase().replace(/\.$/, ''), port }
}

const HOST =
  /^(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9_](?:[A-Za-z0-9._-]{0,253})))(?::(\d{1,5}))?$/

function joinHost({ name, port }: HostName): string {
  return `${name} ${port}`
}
