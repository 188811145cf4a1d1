import { isLoopback } from '../http/index.ts'
import { parseHost } from './host-rules.ts'

/** Which browser origins may call; the configuration's keys of the same names. */
export interface OriginSettings {
  readonly publicUrl?: string | undefined
  readonly origins: readonly string[]
  /** Whether this listener is bound to a loopback address. */
  readonly loopback: boolean
}

/**
 * Browsers say where a page came from; only known origins pass, compared whole. On a loopback listener a page
 * served by the very host and port that is asked passes, too. `null` never does.
 *
 * Source: MCP 2026-07-28, Streamable HTTP, "Security Warning"; RFC 6454 §6.2.
 */
export class OriginRules {
  readonly #origins: ReadonlySet<string>
  readonly #loopback: boolean

  constructor(settings: OriginSettings) {
    const own = settings.publicUrl === undefined ? [] : [toOrigin(settings.publicUrl)]
    const known = new Set([...settings.origins.map(toOrigin), ...own])
    known.delete('null')
    this.#origins = known
    this.#loopback = settings.loopback
  }

  /** @param host the request's `Host`, already allowed */
  allows(origin: string, host: string): boolean {
    const lower = origin.toLowerCase()
    if (this.#origins.has(lower)) return true
    if (!this.#loopback) return false
    const authority = /^https?:\/\/([^/]+)$/.exec(lower)?.[1]
    if (authority === undefined || authority !== host.toLowerCase()) return false
    const name = parseHost(authority)?.name
    return name !== undefined && isLoopback(name)
  }
}

/** The origin as browsers write it. Schemes of their own (`vscode-webview://id`) are kept as they are. */
export function toOrigin(url: string): string {
  const parsed = URL.parse(url)
  if (parsed === null || parsed.origin === 'null') return url.toLowerCase().replace(/\/$/, '')
  return parsed.origin
}
