import { hash, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Principal } from '../principal.ts'
import type { Secret } from '../secret.ts'
import type { KeyRecord } from '../store/store.ts'
import { hashCredential, isMistyped } from './api-key.ts'
import { builtInGrants, type GrantResolver } from './grants.ts'

/** A bearer token of the configuration. */
export interface StaticToken {
  readonly name: string
  readonly value: Secret
}

interface Entry {
  readonly hash: Buffer
  readonly principal: Principal
  /** Id of the key; null for a static token. */
  readonly keyId: string | null
  /** Role name of the key, to tell a change. */
  readonly role: string
}

/**
 * Every credential that is valid now, by its SHA-256, in memory: the door asks without waiting. Keys come
 * from the store through `CredentialsRefresher`.
 */
export class Credentials {
  readonly #clock: Clock
  readonly #grants: GrantResolver
  #tokens: ReadonlyMap<string, Entry>
  #keys: ReadonlyMap<string, Entry> = new Map()
  #used = new Map<string, number>()

  constructor(
    clock: Clock,
    tokens: readonly StaticToken[],
    grants: GrantResolver = builtInGrants(),
  ) {
    this.#clock = clock
    this.#grants = grants
    this.#tokens = new Map(tokens.map((token) => this.#toTokenEntry(token)))
  }

  /**
   * Who presents this credential; undefined when it is unknown, revoked or expired. Compared by hash and in
   * constant time, so that the answer's timing says nothing about how much of it was right.
   */
  lookup(credential: string): Principal | undefined {
    if (isMistyped(credential)) return undefined
    const digest = hash('sha256', credential, 'hex')
    const entry = this.#keys.get(digest) ?? this.#tokens.get(digest)
    if (entry === undefined) return undefined
    if (!timingSafeEqual(entry.hash, Buffer.from(digest, 'hex'))) return undefined
    const { principal, keyId } = entry
    const nowMs = this.#clock.nowMs()
    if (principal.expiresAtMs !== null && principal.expiresAtMs <= nowMs) return undefined
    if (keyId !== null) this.#used.set(keyId, nowMs)
    return principal
  }

  /** Names of the keys and tokens that are valid now, by the ids of their principals. */
  names(): ReadonlyMap<string, string> {
    const entries = [...this.#tokens.values(), ...this.#keys.values()]
    return new Map(entries.map(({ principal: { id, name } }) => [id, name]))
  }

  /** Tenants of the keys and tokens that are valid now, by the ids of their principals. */
  tenants(): ReadonlyMap<string, string | null> {
    const entries = [...this.#tokens.values(), ...this.#keys.values()]
    return new Map(entries.map(({ principal: { id, tenant } }) => [id, tenant]))
  }

  /**
   * Replaces the tokens of the configuration. An unchanged token keeps its principal object.
   *
   * @returns the ids of principals that lost a token, also where they have another one now: whoever held the
   *   old one must come back with what is valid
   */
  replaceTokens(tokens: readonly StaticToken[]): readonly string[] {
    const before = this.#tokens
    const next = new Map(tokens.map((token) => this.#toTokenEntry(token)))
    for (const [digest, { principal }] of next) {
      const known = before.get(digest)
      if (known?.principal.id === principal.id) next.set(digest, known)
    }
    this.#tokens = next
    const lost = [...before].filter(([digest, entry]) => next.get(digest) !== entry)
    return lost.map(([, { principal }]) => principal.id)
  }

  /**
   * Replaces all keys by those of the store; revoked and expired ones are left out. An unchanged key keeps
   * its principal object.
   *
   * @returns the ids of principals that are no longer valid
   */
  replaceKeys(records: readonly KeyRecord[]): readonly string[] {
    const nowMs = this.#clock.nowMs()
    const next = new Map<string, Entry>()
    const valid = new Set<string>()
    for (const record of records) {
      if (record.revokedAtMs !== null || hasExpired(record.expiresAtMs, nowMs)) continue
      const digest = record.hash.toString('hex')
      const known = this.#keys.get(digest)
      const entry = known !== undefined && isSame(known, record) ? known : this.#toKeyEntry(record)
      next.set(digest, entry)
      valid.add(entry.principal.id)
    }
    const gone = [...this.#keys.values()].map((entry) => entry.principal.id)
    this.#keys = next
    return gone.filter((id) => !valid.has(id))
  }

  /** Drops keys that have expired, also while the store cannot be read. Returns their principals' ids. */
  sweep(): readonly string[] {
    const nowMs = this.#clock.nowMs()
    const expired = [...this.#keys].filter(([, { principal }]) =>
      hasExpired(principal.expiresAtMs, nowMs),
    )
    if (expired.length === 0) return []
    const next = new Map(this.#keys)
    for (const [digest] of expired) next.delete(digest)
    this.#keys = next
    return expired.map(([, { principal }]) => principal.id)
  }

  /** The keys used since the last call, with the time of their last use. */
  takeUsed(): ReadonlyMap<string, number> {
    const used = this.#used
    if (used.size > 0) this.#used = new Map()
    return used
  }

  #toTokenEntry(token: StaticToken): [string, Entry] {
    const digest = hashCredential(token.value.reveal())
    const principal: Principal = {
      id: `token:${token.name}`,
      kind: 'token',
      name: token.name,
      ...this.#grants.resolve({ roles: ['caller'], tenant: null }),
      expiresAtMs: null,
    }
    return [digest.toString('hex'), { hash: digest, principal, keyId: null, role: 'caller' }]
  }

  #toKeyEntry(record: KeyRecord): Entry {
    const { role, tenant } = record
    const principal: Principal = {
      id: `key:${record.id}`,
      kind: 'key',
      name: record.name,
      ...this.#grants.resolve({ roles: [role], tenant }),
      expiresAtMs: record.expiresAtMs,
    }
    return { hash: record.hash, principal, keyId: record.id, role }
  }
}

function isSame({ principal, keyId, role }: Entry, record: KeyRecord): boolean {
  return (
    keyId === record.id &&
    principal.name === record.name &&
    role === record.role &&
    principal.tenant === record.tenant &&
    principal.expiresAtMs === record.expiresAtMs
  )
}

function hasExpired(expiresAtMs: number | null, nowMs: number): boolean {
  return expiresAtMs !== null && expiresAtMs <= nowMs
}
