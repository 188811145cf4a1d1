import { hash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Renewal } from '../door/credential-holder.ts'
import { type Grant, type GrantResolver, isSameGrant } from '../door/grants.ts'
import type { Pending, TokenJudge, TokenVisit } from '../door/door.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log/log.ts'
import type { Principal } from '../principal.ts'
import { isForAny, isForUs, type OwnAddress } from './audience.ts'
import { grantOf } from './grant-of.ts'
import { IssuerKeys } from './issuer-keys.ts'
import type { IssuerRules } from './issuer-rules.ts'
import { judgeClaims, judgeHeader } from './judge-claims.ts'
import { looksLikeJwt, readJwt, TOKEN_CHARS_MAX } from './jwt-parts.ts'
import { KnownTokens } from './known-tokens.ts'
import { isSignedWith } from './verify-signature.ts'

/** How long a token counts as verified before its signature and keys are looked at again. */
const REMEMBER_MS = 5 * 60_000
const KNOWN_MAX = 10_000
const PENDING_MAX = 1_000
const SWEEP_EVERY_MS = 1_000

export interface TokenIssuersDeps {
  readonly clock: Clock
  readonly log: Log
  readonly grants: GrantResolver
  /** Where clients reach the gateway now. */
  readonly own: () => OwnAddress
  /** The public part of a principal's id for that subject of that issuer. The same every time. */
  readonly digestOf: (issuer: string, subject: string) => string
  /** A subject showed a good token. Must neither throw nor wait. */
  readonly onSeen: (id: string, issuer: string, subject: string) => void
  /** The last token of a principal is over: end its sessions and streams. Must not throw. */
  readonly onExpired: (principalId: string) => void
}

/** The token behind a principal. */
export interface TokenStanding {
  /** Our name of its issuer. */
  readonly issuer: string
  /** Those of its scopes that the configuration knows. */
  readonly scopes: readonly string[]
}

interface Issuer {
  readonly name: string
  readonly rules: IssuerRules
  readonly keys: IssuerKeys
}

/** A token that was verified. */
interface Known {
  readonly issuer: Issuer
  /** Of the issuer's keys, then. */
  readonly revision: number
  readonly audiences: readonly string[]
  readonly principal: Principal
  readonly grant: Grant
  /** Of roles and tenants, then. */
  readonly grantsVersion: number
  /** With the skew. */
  readonly endsAtMs: number
  readonly lookAgainMs: number
}

/**
 * Judges access tokens of identity providers: JWTs of the issuers of the configuration, for this gateway. A
 * token that was found good is remembered by its SHA-256 for five minutes, until it ends, or until the keys
 * of its issuer or the configuration change. Whatever is wrong with a token, its sender is told the same.
 *
 * Source: RFC 9068 §4, RFC 8725 §3, MCP 2026-07-28, "Authorization".
 */
export class TokenIssuers implements TokenJudge, Disposable {
  readonly #deps: TokenIssuersDeps
  readonly #ending = new AbortController()
  readonly #known = new KnownTokens<Known>(KNOWN_MAX)
  readonly #pending = new Map<string, Promise<Known>>()
  /** When the longest-lived token of a principal ends. */
  readonly #ends = new Map<string, number>()
  readonly #standings = new WeakMap<Principal, TokenStanding>()
  readonly #sweeping: NodeJS.Timeout
  #issuers: ReadonlyMap<string, Issuer> = new Map()
  /** Counts up with the configuration. */
  #version = 0

  constructor(rules: Readonly<Record<string, IssuerRules>>, deps: TokenIssuersDeps) {
    this.#deps = deps
    this.apply(rules)
    this.#sweeping = setInterval(() => this.sweep(), SWEEP_EVERY_MS)
    this.#sweeping.unref()
  }

  /** Whether any issuer is configured. */
  get active(): boolean {
    return this.#issuers.size > 0
  }

  /**
   * Takes on other issuers. Keys of those that stay the same are kept; every token is judged anew.
   *
   * @returns the ids of principals whose issuer is gone or judges by other rules now
   */
  apply(rules: Readonly<Record<string, IssuerRules>>): readonly string[] {
    const next = new Map<string, Issuer>()
    for (const [name, one] of Object.entries(rules)) next.set(one.issuer, this.#toIssuer(name, one))
    const kept = new Set([...next.values()].map(({ name }) => name))
    const changed = [...this.#issuers.values()].filter(
      (issuer) => !kept.has(issuer.name) || next.get(issuer.rules.issuer) !== issuer,
    )
    this.#issuers = next
    this.#version += 1
    this.#known.clear()
    this.#pending.clear()
    const prefixes = changed.map(({ name }) => `subject:${name}:`)
    const lost = [...this.#ends.keys()].filter((id) =>
      prefixes.some((prefix) => id.startsWith(prefix)),
    )
    for (const id of lost) this.#ends.delete(id)
    return lost
  }

  #toIssuer(name: string, rules: IssuerRules): Issuer {
    const known = this.#issuers.get(rules.issuer)
    if (known?.name === name && JSON.stringify(known.rules) === JSON.stringify(rules)) return known
    const { clock, log } = this.#deps
    return { name, rules, keys: new IssuerKeys(rules, { clock, log, signal: this.#ending.signal }) }
  }

  judge(token: string, { path }: TokenVisit): Pending<Principal> | undefined {
    if (this.#issuers.size === 0 || !looksLikeJwt(token)) return undefined
    if (token.length > TOKEN_CHARS_MAX) throw invalid()
    const digest = hash('sha256', token, 'base64')
    const known = this.#known.get(digest)
    if (known !== undefined && this.#isFresh(known)) {
      return this.#admit(this.#current(digest, known), path)
    }
    return this.#judgeSlowly(token, digest, known).then((judged) => this.#admit(judged, path))
  }

  /** Resolves roles and tenants anew; returns whose principal is another one now. */
  regrant(): readonly Renewal[] {
    const renewals: Renewal[] = []
    for (const [digest, known] of this.#known.entries()) {
      const now = this.#current(digest, known)
      if (now === known || isSameGrant(known.principal, now.principal)) continue
      renewals.push({ before: known.principal, after: now.principal, lostText: false })
    }
    return renewals
  }

  /** What stands behind a principal; undefined for one of another kind. */
  standingOf(principal: Principal): TokenStanding | undefined {
    return this.#standings.get(principal)
  }

  /** Forgets what is over, and reports principals whose last token is. */
  sweep(): void {
    const nowMs = this.#deps.clock.nowMs()
    this.#known.forget(({ endsAtMs }) => endsAtMs <= nowMs)
    for (const [id, endsAtMs] of this.#ends) {
      if (endsAtMs > nowMs) continue
      this.#ends.delete(id)
      this.#deps.onExpired(id)
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#sweeping)
    this.#ending.abort()
    this.#known.clear()
  }

  #isFresh({ issuer, revision, endsAtMs, lookAgainMs }: Known): boolean {
    const nowMs = this.#deps.clock.nowMs()
    return endsAtMs > nowMs && lookAgainMs > nowMs && issuer.keys.revision === revision
  }

  /** The token with what its roles and its tenant give now. */
  #current(digest: string, known: Known): Known {
    const { grants } = this.#deps
    if (known.grantsVersion === grants.version) return known
    const granted = grants.resolve(known.grant)
    const { principal: before } = known
    const principal = isSameGrant(before, granted) ? before : { ...before, ...granted }
    const standing = this.#standings.get(before)
    if (standing !== undefined) this.#standings.set(principal, standing)
    const now = { ...known, principal, grantsVersion: grants.version }
    this.#known.replace(digest, now)
    return now
  }

  #admit({ issuer, audiences, principal }: Known, path: string): Principal {
    // Otherwise it is good everywhere.
    const byAddress = issuer.rules.audience === undefined
    if (!byAddress || isForUs(audiences, this.#deps.own(), path)) return principal
    throw invalid()
  }

  /** Whether there is any address here that these audiences are good at. */
  #mayBeOurs(audiences: readonly string[], { audience }: IssuerRules): boolean {
    return audience === undefined
      ? isForAny(audiences, this.#deps.own())
      : audiences.some((one) => audience.includes(one))
  }

  /** One verification for however many requests bring the same token at the same time. */
  #judgeSlowly(token: string, digest: string, known: Known | undefined): Promise<Known> {
    const under = this.#pending.get(digest)
    if (under !== undefined) return under
    if (this.#pending.size >= PENDING_MAX) {
      const message = 'too many tokens wait to be verified'
      return Promise.reject(new AppError('overloaded', message, { retryAfterMs: 1_000 }))
    }
    const judging = this.#look(token, digest, known).finally(() => {
      if (this.#pending.get(digest) === judging) this.#pending.delete(digest)
    })
    this.#pending.set(digest, judging)
    return judging
  }

  async #look(token: string, digest: string, known: Known | undefined): Promise<Known> {
    const version = this.#version
    try {
      const judged = await this.#verify(token)
      if (version === this.#version) this.#remember(digest, judged)
      return judged
    } catch (thrown) {
      const error = AppError.from(thrown)
      const nowMs = this.#deps.clock.nowMs()
      const wasGood = known !== undefined && known.endsAtMs > nowMs && version === this.#version
      // An issuer that is away for a while takes nothing back.
      if (error.code !== 'issuer_unavailable' || !wasGood) throw error
      const kept = {
        ...known,
        revision: known.issuer.keys.revision,
        lookAgainMs: nowMs + REMEMBER_MS,
      }
      this.#known.set(digest, kept)
      return kept
    }
  }

  #remember(digest: string, judged: Known): void {
    this.#known.set(digest, judged)
    const { id } = judged.principal
    if (!this.#ends.has(id) && this.#ends.size >= KNOWN_MAX) {
      const [oldest] = this.#ends.keys()
      if (oldest !== undefined) this.#ends.delete(oldest)
    }
    this.#ends.set(id, Math.max(judged.endsAtMs, this.#ends.get(id) ?? 0))
  }

  /** The signature before anything else that its sender cannot know: what follows costs the same. */
  async #verify(token: string): Promise<Known> {
    const parts = readJwt(token)
    if (parts === undefined) throw this.#refuse('malformed')
    const { iss } = parts.claims
    const issuer = typeof iss === 'string' ? this.#issuers.get(iss) : undefined
    if (issuer === undefined) throw this.#refuse('issuer')
    const { name, rules, keys } = issuer
    const header = judgeHeader(parts.header, rules)
    if (typeof header === 'string') throw this.#refuse(header, name)
    const key = await keys.find(header.keyId, header.algorithm)
    if (key === undefined) throw this.#refuse('key', name)
    const { revision } = keys
    if (!isSignedWith(token, key, header.algorithm)) throw this.#refuse('signature', name)
    const nowMs = this.#deps.clock.nowMs()
    const good = judgeClaims(parts.claims, rules, nowMs)
    if (typeof good === 'string') throw this.#refuse(good, name)
    if (!this.#mayBeOurs(good.audiences, rules)) throw this.#refuse('audience', name)
    const claimed = grantOf(parts.claims, rules)
    if (claimed === undefined) {
      throw new AppError('tenant_required', 'the token names no tenant, and callers need one here')
    }
    const id = `subject:${name}:${this.#deps.digestOf(rules.issuer, good.subject)}`
    const endsAtMs = good.expiresAtMs + rules.skewMs
    this.#deps.onSeen(id, name, good.subject)
    const { grants } = this.#deps
    const principal: Principal = {
      id,
      kind: 'subject',
      name: claimed.name ?? id,
      ...grants.resolve(claimed.grant),
      expiresAtMs: endsAtMs,
    }
    this.#standings.set(principal, { issuer: name, scopes: claimed.scopes })
    const { audiences } = good
    const lookAgainMs = nowMs + REMEMBER_MS
    const given = { grant: claimed.grant, grantsVersion: grants.version }
    return { issuer, revision, audiences, principal, ...given, endsAtMs, lookAgainMs }
  }

  #refuse(why: string, issuer?: string): AppError {
    this.#deps.log.debug({ why, issuer }, 'token of an identity provider refused')
    return invalid()
  }
}

/** One sentence for everything, the same as for a key that is unknown. */
function invalid(): AppError {
  return new AppError('credential_invalid', 'the key or token is not valid')
}
