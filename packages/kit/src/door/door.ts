import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { AppError } from '../errors.ts'
import { createRequestId, isLoopback, normaliseAddress, pathOf } from '../http/index.ts'
import type { RateLimits } from '../limits/index.ts'
import { CALLER, type Principal } from '../principal.ts'
import { AddressRanges } from './address-ranges.ts'
import { readCredential } from './bearer.ts'
import { type CertificateHeaders, readSubject } from './certificate-header.ts'
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

/** A verdict that may need waiting for, as a token seen for the first time does. */
export type Pending<Verdict> = Verdict | Promise<Verdict>

/** What judges a credential that is neither a key nor a token of the configuration. */
export interface TokenJudge {
  /**
   * Who presents that token; undefined when it is of another kind. At once where it was seen before.
   *
   * @throws {AppError} also as a rejection: `credential_invalid`, which counts against the address, or
   *   `issuer_unavailable`, which does not
   */
  judge(token: string, visit: TokenVisit): Pending<Principal> | undefined
}

/** What of a request decides whether a token is good for it. */
export interface TokenVisit {
  /** The caller's address, after trusted proxies. */
  readonly address: string
  /** Of the request, without its query. */
  readonly path: string
}

/** What judges a request without an Authorization header, by its cookies. */
export interface CookieJudge {
  /**
   * Who sends that cookie; undefined when none is sent. At once where the session is known.
   *
   * @param host the request's, after trusted proxies; one that is allowed
   * @throws {AppError} also as a rejection: `credential_invalid` for a session that is over or forged, which
   *   counts against the address; `csrf_failed` when another page may have sent it
   */
  judge(req: IncomingMessage, host: string): Pending<Principal> | undefined
}

/** Whom a request is for. */
export interface SpokenFor {
  readonly principal: Principal
  /** Under which the request is known already; undefined = under none. */
  readonly requestId?: string
}

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
  /** Ranges of addresses that may come in, after trusted proxies; absent = all. */
  readonly allowFrom?: readonly string[] | undefined
  /** Where trusted proxies name the subject of a client certificate; absent = nowhere. */
  readonly clientCertificates?: CertificateHeaders | undefined
  /** Whether callers who must have a credential must be of a tenant as well. */
  readonly requireTenant?: boolean
}

/** What the door shares with the other listener's. */
export interface DoorDeps {
  readonly credentials: Credentials
  readonly rates: RateLimits
  readonly lockout: Lockout
  /** Asked in this order for what is no key. */
  readonly tokens?: readonly TokenJudge[]
  /** Where people come in with a browser; absent = cookies mean nothing. */
  readonly cookies?: CookieJudge | undefined
  /**
   * Who calls, where the credential is of one that speaks for others; absent = everybody speaks for themselves. Not
   * asked where credentials are optional.
   *
   * @throws {AppError} `credential_missing` or `credential_invalid` where it does not say so in a way that is believed
   */
  readonly spokenFor?: ((req: IncomingMessage, principal: Principal) => SpokenFor) | undefined
  /** Whether the principal with that id is suspended. */
  readonly isSuspended?: (principalId: string) => boolean
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
  ...CALLER,
}

/** A request on its way through the rules. */
interface Visit {
  readonly req: IncomingMessage
  readonly headers: DoorHeaders
  readonly address: string
  readonly host: string | undefined
  readonly requestId: string
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
  readonly #allowFrom: AddressRanges | undefined
  readonly #requireTenant: boolean
  readonly #certificates: CertificateHeaders | undefined
  readonly #deps: DoorDeps

  /** @throws {AppError} `config_invalid` for an address range that is none */
  constructor(settings: DoorSettings, deps: DoorDeps) {
    const rules = { ...settings, loopback: isLoopback(settings.host) }
    this.cors = new Cors(settings.origins)
    this.proxies = new TrustedProxies(settings.trustedProxies)
    this.#hosts = new HostRules(rules)
    this.#origins = new OriginRules(rules)
    this.#anonymous = settings.anonymous && rules.loopback
    this.#allowFrom = settings.allowFrom && new AddressRanges('allowFrom', settings.allowFrom)
    this.#requireTenant = settings.requireTenant ?? false
    this.#certificates = settings.clientCertificates
    this.#deps = deps
  }

  /** Judges one request; at once unless its token must be looked into. Total: never throws or rejects. */
  judge(
    req: IncomingMessage,
    options?: { readonly auth?: 'required'; readonly rate?: boolean },
  ): Pending<DoorVerdict>
  judge(req: IncomingMessage, options: DoorOptions): Pending<DoorVerdict<Principal | undefined>>
  judge(
    req: IncomingMessage,
    options: DoorOptions = {},
  ): Pending<DoorVerdict<Principal | undefined>> {
    const headers = scanHeaders(req.rawHeaders)
    const { address, host } = this.proxies.read(peerOf(req.socket), headers)
    const visit: Visit = { req, headers, address, host, requestId: createRequestId() }
    try {
      this.#checkNames(visit)
      const found = this.#identify(visit, options.auth ?? 'required')
      if (!(found instanceof Promise)) return this.#admit(visit, found, options)
      return found.then(
        (principal) => this.#admit(visit, principal, options),
        (thrown: unknown) => this.#refuse(visit, thrown, undefined),
      )
    } catch (thrown) {
      return this.#refuse(visit, thrown, undefined)
    }
  }

  /** The host that a request was sent to, as trusted proxies tell it. */
  hostOf(req: IncomingMessage): string | undefined {
    return this.proxies.read(peerOf(req.socket), scanHeaders(req.rawHeaders)).host
  }

  #admit(
    visit: Visit,
    found: Principal | undefined,
    options: DoorOptions,
  ): DoorVerdict<Principal | undefined> {
    const { address } = visit
    let { requestId } = visit
    let principal = found
    try {
      if (found !== undefined && options.auth !== 'optional') {
        const spoken = this.#deps.spokenFor?.(visit.req, found)
        principal = spoken?.principal ?? found
        requestId = spoken?.requestId ?? requestId
      }
      if (principal !== undefined && this.#deps.isSuspended?.(principal.id) === true) {
        throw new AppError('suspended', 'this principal is suspended; ask an operator')
      }
      if (this.#requireTenant && options.auth === undefined && principal?.tenant === null) {
        throw new AppError('tenant_required', 'this caller belongs to no tenant; ask an operator')
      }
      this.#checkLoad(visit, principal, options)
      return { pass: { principal, address, requestId } }
    } catch (thrown) {
      return this.#refuse({ address, requestId }, thrown, principal)
    }
  }

  #refuse(
    { address, requestId }: Pick<Visit, 'address' | 'requestId'>,
    thrown: unknown,
    principal: Principal | undefined,
  ): DoorRefusal {
    const refuse = AppError.from(thrown)
    this.#deps.onRefused(refuse, address, principal, requestId)
    return { refuse, challenge: refuse.spec.http === 401, address, requestId }
  }

  #checkNames({ headers, host, address }: Visit): void {
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
    if (this.#allowFrom?.includes(address) === false) {
      throw new AppError(
        'address_not_allowed',
        'this address may not call; add it to allowFrom if it should',
      )
    }
    if (this.#anonymous && headers.isForwarded) {
      throw new AppError(
        'forwarded_not_allowed',
        'a request that came through a proxy needs authentication; set auth.anonymous to false',
      )
    }
  }

  #identify(visit: Visit, auth: 'required' | 'optional' | 'none'): Pending<Principal | undefined> {
    if (auth === 'none') return undefined
    let found: Pending<Principal> | undefined
    try {
      const credential = readCredential(visit.headers)
      // Looked at also where it is not needed: from whom it may not come it is refused.
      const subject = this.#certificates && this.#subjectOf(visit, this.#certificates)
      if (credential !== undefined) found = this.#lookUp(visit, credential)
      else if (subject !== undefined) found = this.#certified(visit, subject)
      else found = this.#deps.cookies?.judge(visit.req, visit.host ?? '')
    } catch (thrown) {
      throw this.#bad(visit, thrown)
    }
    if (found instanceof Promise) {
      return found.catch((thrown: unknown) => {
        throw this.#bad(visit, thrown)
      })
    }
    if (found !== undefined) return found
    if (this.#anonymous) return ANONYMOUS
    if (auth === 'optional') return undefined
    throw new AppError(
      'credential_missing',
      'a key or token is needed: Authorization: Bearer <key>',
    )
  }

  #subjectOf({ req }: Visit, headers: CertificateHeaders): string | undefined {
    const isTrusted = this.proxies.includes(peerOf(req.socket))
    return readSubject(req.rawHeaders, headers, isTrusted)
  }

  #certified({ address }: Visit, subject: string): Principal {
    const known = this.#deps.credentials.certificate(subject, address)
    if (known !== undefined) return known
    throw new AppError(
      'credential_invalid',
      'nobody is known by this client certificate; add its subject to auth.clientCertificates',
    )
  }

  #lookUp({ req, address }: Visit, credential: string): Pending<Principal> {
    const known = this.#deps.credentials.lookup(credential, address)
    if (known !== undefined) return known
    for (const judge of this.#deps.tokens ?? []) {
      const found = judge.judge(credential, { address, path: pathOf(req.url ?? '') })
      if (found !== undefined) return found
    }
    throw new AppError('credential_invalid', 'the key or token is not valid')
  }

  /** Counts a bad credential; while the address is held the answer says when to come back instead. */
  #bad({ address }: Visit, thrown: unknown): AppError {
    const error = AppError.from(thrown)
    if (error.spec.http !== 400 && error.spec.http !== 401) return error
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
