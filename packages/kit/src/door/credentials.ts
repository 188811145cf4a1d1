import { hash, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Principal } from '../principal.ts'
import type { KeyRecord } from '../store/key-record.ts'
import {
  type CertificateSubject,
  type CredentialChanges,
  type Holder,
  holderOfCertificate,
  holderOfKey,
  holderOfToken,
  isSameKey,
  isSameToken,
  regrant,
  type Renewal,
  type StaticToken,
} from './credential-holder.ts'
import { builtInGrants, type GrantResolver } from './grants.ts'

/** One text that is good for a holder. */
interface Entry {
  readonly hash: Buffer
  readonly holder: Holder
  /** Wall clock; null = as long as its holder is. */
  readonly untilMs: number | null
}

type Entries = ReadonlyMap<string, Entry>

/**
 * Every credential that is valid now, by its SHA-256, in memory: the door asks without waiting. Keys come
 * from the store through `CredentialsRefresher`.
 */
export class Credentials {
  readonly #clock: Clock
  readonly #grants: GrantResolver
  #tokens: Entries
  /** By the SHA-256 of their subjects. */
  #certificates: Entries = new Map()
  #keys: Entries = new Map()
  #used = new Map<string, number>()

  constructor(
    clock: Clock,
    tokens: readonly StaticToken[],
    grants: GrantResolver = builtInGrants(),
  ) {
    this.#clock = clock
    this.#grants = grants
    this.#tokens = entriesOf(tokens.map((token) => holderOfToken(token, grants)))
  }

  /**
   * Who presents this credential; undefined when it is unknown, revoked or expired. Compared by hash and in
   * constant time, so that the answer's timing says nothing about how much of it was right.
   *
   * @param address of the caller, after trusted proxies; absent where none is known
   * @throws {AppError} `address_not_allowed` when it is good, but not from there
   */
  lookup(credential: string, address?: string): Principal | undefined {
    const digest = hash('sha256', credential, 'binary')
    return this.#admit(this.#keys.get(digest) ?? this.#tokens.get(digest), digest, address)
  }

  /**
   * Who has a certificate of this subject, which a trusted proxy has checked; undefined when it is unknown.
   *
   * @throws {AppError} as `lookup`
   */
  certificate(subject: string, address: string): Principal | undefined {
    const digest = hash('sha256', subject, 'binary')
    return this.#admit(this.#certificates.get(digest), digest, address)
  }

  #admit(entry: Entry | undefined, digest: string, address?: string): Principal | undefined {
    if (entry === undefined) return undefined
    if (!timingSafeEqual(entry.hash, Buffer.from(digest, 'binary'))) return undefined
    const nowMs = this.#clock.nowMs()
    if (isOver(entry, nowMs)) return undefined
    const { principal, keyId, allowFrom } = entry.holder
    if (allowFrom !== undefined && address !== undefined && !allowFrom.includes(address)) {
      throw new AppError(
        'address_not_allowed',
        'the key or token may not be used from this address',
      )
    }
    if (keyId !== null) this.#used.set(keyId, nowMs)
    return principal
  }

  /** Names of the keys and tokens that are valid now, by the ids of their principals. */
  names(): ReadonlyMap<string, string> {
    const entries = this.#all()
    return new Map(entries.map(({ holder: { principal } }) => [principal.id, principal.name]))
  }

  /** Tenants of the keys and tokens that are valid now, by the ids of their principals. */
  tenants(): ReadonlyMap<string, string | null> {
    const entries = this.#all()
    return new Map(entries.map(({ holder: { principal } }) => [principal.id, principal.tenant]))
  }

  /** Replaces the tokens of the configuration. An unchanged token keeps its principal object. */
  replaceTokens(tokens: readonly StaticToken[]): CredentialChanges {
    const next = keepSame(
      this.#tokens,
      tokens.map((token) => holderOfToken(token, this.#grants)),
    )
    const changes = compare(this.#tokens, next)
    this.#tokens = next
    return changes
  }

  /** The same with the client certificates of the configuration. */
  replaceCertificates(subjects: readonly CertificateSubject[]): CredentialChanges {
    const next = keepSame(
      this.#certificates,
      subjects.map((one) => holderOfCertificate(one, this.#grants)),
    )
    const changes = compare(this.#certificates, next)
    this.#certificates = next
    return changes
  }

  /**
   * Replaces all keys by those of the store; revoked and expired ones are left out. An unchanged key keeps
   * its principal object.
   */
  replaceKeys(records: readonly KeyRecord[]): CredentialChanges {
    const known = holdersOf(this.#keys)
    const holders = this.#inForce(records).map((record) => this.#holderOf(record, known))
    return this.#takeOver(entriesOf(holders))
  }

  /** Replaces these keys and leaves all others as they are. */
  changeKeys(records: readonly KeyRecord[]): CredentialChanges {
    const known = holdersOf(this.#keys)
    const changed = new Set(records.map(({ id }) => id))
    const holders = this.#inForce(records).map((record) => this.#holderOf(record, known))
    const others = [...this.#keys].filter(([, { holder }]) => !changed.has(holder.keyId ?? ''))
    return this.#takeOver(new Map([...others, ...entriesOf(holders)]))
  }

  /** Gives everybody what the roles and tenants of now allow. Whoever is not concerned keeps its principal. */
  regrant(): CredentialChanges {
    const renewed: Renewal[] = []
    const holders = new Map<Holder, Holder>()
    const renew = (entries: Entries): Entries =>
      new Map(
        [...entries].map(([digest, entry]) => {
          const holder = holders.get(entry.holder) ?? regrant(entry.holder, this.#grants)
          if (!holders.has(entry.holder) && holder !== entry.holder) {
            const { principal: before } = entry.holder
            renewed.push({ before, after: holder.principal, lostText: false })
          }
          holders.set(entry.holder, holder)
          return [digest, holder === entry.holder ? entry : { ...entry, holder }]
        }),
      )
    this.#tokens = renew(this.#tokens)
    this.#certificates = renew(this.#certificates)
    this.#keys = renew(this.#keys)
    return { ended: [], renewed }
  }

  /** Drops what has expired, also while the store cannot be read. */
  sweep(): CredentialChanges {
    const nowMs = this.#clock.nowMs()
    const left = [...this.#keys].filter(([, entry]) => !isOver(entry, nowMs))
    if (left.length === this.#keys.size) return NO_CHANGES
    return this.#takeOver(new Map(left))
  }

  /** The keys used since the last call, with the time of their last use. */
  takeUsed(): ReadonlyMap<string, number> {
    const used = this.#used
    if (used.size > 0) this.#used = new Map()
    return used
  }

  #all(): readonly Entry[] {
    return [...this.#tokens.values(), ...this.#certificates.values(), ...this.#keys.values()]
  }

  #inForce(records: readonly KeyRecord[]): readonly KeyRecord[] {
    const nowMs = this.#clock.nowMs()
    return records.filter(
      ({ revokedAtMs, expiresAtMs }) => revokedAtMs === null && !hasPassed(expiresAtMs, nowMs),
    )
  }

  #holderOf(record: KeyRecord, known: ReadonlyMap<string, Holder>): Holder {
    const before = known.get(`key:${record.id}`)
    const isKnown = before !== undefined && isSameKey(before, record, this.#clock.nowMs())
    return isKnown ? before : holderOfKey(record, this.#grants, this.#clock.nowMs())
  }

  #takeOver(next: Entries): CredentialChanges {
    const changes = compare(this.#keys, next)
    this.#keys = next
    return changes
  }
}

/** A hash as the key of a map, one character a byte: made three times as fast as a buffer. */
function keyOf(digest: Buffer): string {
  return digest.toString('binary')
}

const NO_CHANGES: CredentialChanges = { ended: [], renewed: [] }

function entriesOf(holders: readonly Holder[]): Entries {
  return new Map(
    holders.flatMap((holder) =>
      holder.texts.map(({ hash: of, untilMs }) => [keyOf(of), { hash: of, holder, untilMs }]),
    ),
  )
}

/** The entries of these holders; what is as it was keeps its principal object. */
function keepSame(before: Entries, holders: readonly Holder[]): Entries {
  const known = holdersOf(before)
  return entriesOf(
    holders.map((holder) => {
      const same = known.get(holder.principal.id)
      return same !== undefined && isSameToken(same, holder) ? same : holder
    }),
  )
}

function holdersOf(entries: Entries): Map<string, Holder> {
  return new Map([...entries.values()].map(({ holder }) => [holder.principal.id, holder]))
}

/**
 * What became of each principal. One that has none of its texts any more ends, also where it has another now:
 * whoever held the old one must come back with what is valid.
 */
function compare(before: Entries, after: Entries): CredentialChanges {
  const lost = new Set<string>()
  const kept = new Map<string, Renewal>()
  for (const [digest, { holder }] of before) {
    const { principal } = holder
    const next = after.get(digest)?.holder
    if (next?.principal.id === principal.id) {
      const lostText = next.allowFrom !== undefined && next.from !== holder.from
      kept.set(principal.id, { before: principal, after: next.principal, lostText })
    } else lost.add(principal.id)
  }
  const ended = [...lost].filter((id) => !kept.has(id))
  const all = [...kept].map(([id, one]) => ({
    ...one,
    lostText: one.lostText || lost.has(id),
  }))
  return { ended, renewed: all.filter((one) => one.lostText || one.before !== one.after) }
}

function isOver({ holder, untilMs }: Entry, nowMs: number): boolean {
  return hasPassed(untilMs, nowMs) || hasPassed(holder.principal.expiresAtMs, nowMs)
}

function hasPassed(atMs: number | null, nowMs: number): boolean {
  return atMs !== null && atMs <= nowMs
}
