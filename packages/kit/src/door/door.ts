import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { AppError } from '../errors.ts'
import { createRequestId, isLoopback, normaliseAddress } from '../http/index.ts'
import type { RateLimits } from '../limits/index.ts'
import type { Principal } from '../principal.ts'
import { readCredential } from './bearer.ts'
import { Cors } from './cors.ts'
import type { Credentials } from './credentials.ts'
import { DUPLICATE, type DoorHeaders, scanHeaders } from './header-scan.ts'
import { HostRules } from './host-rules.ts'
import type { Lockout } from './lockout.ts'
import { OriginRules } from './origin-rules.ts'
import { TrustedProxies } from './trusted-proxies.ts'

/** Who came in. */
export interface DoorPass<Who = Principal> {
  readonly principal: Who
  /** The peer's address, after trusted proxies; `local` on a Unix socket. */
  readonly address: string
  readonly requestId: string
}

/** Who did not, and why. Answered with `sendError`. */
export interface DoorRefusal {
  readonly refuse: AppError
  /** Whether the answer says how to authenticate. */
  readonly challenge: boolean
  readonly address: string
  readonly requestId: string
}

export type DoorVerdict<Who = Principal> = { readonly pass: DoorPass<Who> } | DoorRefusal

/** What one mount asks for. */
export interface DoorOptions {
  /**
   * `required` (default): no credential, no pass. `optional`: none is fine, a bad one is not. `none`:
   * credentials are not looked at.
   */
  readonly auth?: 'required' | 'optional' | 'none'
  /** Whether the request counts against the rate limit; true by default. */
  readonly rate?: boolean
}

/** The part of the configuration that the door obeys. */
export interface DoorSettings {
  /** Where this listener is bound; its own address, not that of the other listener. */
  readonly host: string
  readonly publicUrl?: string | undefined
  readonly allowedHosts: readonly string[]
  readonly origins: readonly string[]
  readonly trustedProxies: readonly string[]
  /** Callers without a credential are the principal `anonymous`. Counts on loopback listeners only. */
  readonly anonymous: boolean
}

/** What the door shares with the other listener's. */
export interface DoorDeps {
  readonly credentials: Credentials
  readonly rates: RateLimits
  readonly lockout: Lockout
  /** True while load must be shed; `LoopWatch`. */
  readonly overloaded?: () => boolean
  /** Counts a refusal. Must not throw. */
  readonly onRefused: (
    error: AppError,
    address: string,
    principal: Principal | undefined,
    requestId: string,
  ) => void
}

const ANONYMOUS: Principal = {
  id: 'anonymous',
  kind: 'anonymous',
  name: 'anonymous',
  role: 'caller',
  tenant: null,
  expiresAtMs: null,
}

/** A request on its way through the rules. */
interface Visit {
  readonly headers: DoorHeaders
  readonly address: string
  readonly host: string | undefined
}

/**
 * The first thing that a request meets on a listener: Host and Origin, credential, rate, in this order. Reads
 * the request line and headers only, waits for nothing, and no byte of a body is buffered or parsed before
 * it has passed.
 */
export class Door {
  readonly cors: Cors
  readonly proxies: TrustedProxies
  readonly #hosts: HostRules
  readonly #origins: OriginRules
  readonly #anonymous: boolean
  readonly #deps: DoorDeps

  /** @throws {AppError} `config_invalid` for a trusted proxy that is no address range */
  constructor(settings: DoorSettings, deps: DoorDeps) {
    const rules = { ...settings, loopback: isLoopback(settings.host) }
    this.cors = new Cors(settings.origins)
    this.proxies = new TrustedProxies(settings.trustedProxies)
    this.#hosts = new HostRules(rules)
    this.#origins = new OriginRules(rules)
    this.#anonymous = settings.anonymous && rules.loopback
    this.#deps = deps
  }

  /** Judges one request. Total: it never throws. */
  judge(
    req: IncomingMessage,
    options?: { readonly auth?: 'required'; readonly rate?: boolean },
  ): DoorVerdict
  judge(req: IncomingMessage, options: DoorOptions): DoorVerdict<Principal | undefined>
  judge(req: IncomingMessage, options: DoorOptions = {}): DoorVerdict<Principal | undefined> {
    const requestId = createRequestId()
    const headers = scanHeaders(req.rawHeaders)
    const { address, host } = this.proxies.read(peerOf(req.socket), headers)
    const visit: Visit = { headers, address, host }
    let principal: Principal | undefined
    try {
      this.#checkNames(visit)
      principal = this.#identify(visit, options.auth ?? 'required')
      this.#checkLoad(visit, principal, options)
      return { pass: { principal, address, requestId } }
    } catch (thrown) {
      const refuse = AppError.from(thrown)
      this.#deps.onRefused(refuse, address, principal, requestId)
      return { refuse, challenge: refuse.spec.http === 401, address, requestId }
    }
  }

  #checkNames({ headers, host }: Visit): void {
    if (host === undefined || host === DUPLICATE || !this.#hosts.allows(host)) {
      throw new AppError('host_not_allowed', hostSentence(host))
    }
    const { origin } = headers
    if (origin !== undefined && !this.#origins.allows(origin, host)) {
      throw new AppError(
        'origin_not_allowed',
        'the Origin header names no page that may call; add it to origins if it should',
      )
    }
    if (this.#anonymous && headers.isForwarded) {
      throw new AppError(
        'forwarded_not_allowed',
        'a request that came through a proxy needs authentication; set auth.anonymous to false',
      )
    }
  }

  #identify(visit: Visit, auth: 'required' | 'optional' | 'none'): Principal | undefined {
    if (auth === 'none') return undefined
    let credential: string | undefined
    try {
      credential = readCredential(visit.headers)
    } catch (thrown) {
      throw this.#bad(visit, AppError.from(thrown))
    }
    if (credential === undefined) {
      if (this.#anonymous) return ANONYMOUS
      if (auth === 'optional') return undefined
      throw new AppError(
        'credential_missing',
        'a key or token is needed: Authorization: Bearer <key>',
      )
    }
    const principal = this.#deps.credentials.lookup(credential)
    if (principal !== undefined) return principal
    throw this.#bad(visit, new AppError('credential_invalid', 'the key or token is not valid'))
  }

  /** Counts a bad credential; while the address is held the answer says when to come back instead. */
  #bad({ address }: Visit, error: AppError): AppError {
    const heldMs = this.#deps.lockout.fail(address)
    if (heldMs === 0) return error
    return new AppError('locked_out', 'too many bad credentials came from this address', {
      retryAfterMs: Math.ceil(heldMs),
    })
  }

  #checkLoad({ address }: Visit, principal: Principal | undefined, options: DoorOptions): void {
    if (options.rate === false) return
    if (this.#deps.overloaded?.() === true) {
      throw new AppError('overloaded', 'the event loop is too slow', { retryAfterMs: 1_000 })
    }
    const { allowed, retryAfterMs } = this.#deps.rates.take(principal?.id ?? `address:${address}`)
    if (allowed) return
    throw new AppError('rate_limited', 'too many requests; slow down', { retryAfterMs })
  }
}

function peerOf(socket: Socket): string {
  const { remoteAddress } = socket
  return remoteAddress === undefined ? 'local' : normaliseAddress(remoteAddress)
}

function hostSentence(host: string | undefined): string {
  if (host === undefined) return 'the Host header is missing'
  if (host === DUPLICATE) return 'there is more than one Host header'
  return 'the Host header names no address of this gateway; add it to allowedHosts if it should'
}
