import type { Principal, SightRule, SightSelection } from '../principal.ts'
import type { Secret } from '../secret.ts'
import type { KeyRecord } from '../store/key-record.ts'
import { AddressRanges } from './address-ranges.ts'
import { hashCredential } from './api-key.ts'
import { type Grant, type GrantResolver, isSameGrant } from './grants.ts'

/** A bearer token of the configuration. */
export interface StaticToken {
  readonly name: string
  /** One, or two while clients go over from one to the other. */
  readonly values: readonly Secret[]
  /** Names of roles; `caller` by default. */
  readonly roles?: readonly string[]
  readonly tenant?: string | null
  /** Restrictions of this token alone. */
  readonly rule?: SightRule | undefined
  /** Ranges of addresses that it may come from; absent = all. */
  readonly allowFrom?: readonly string[] | undefined
}

/** A client certificate of the configuration. Its principal is `certificate:<name>`. */
export interface CertificateSubject extends Omit<StaticToken, 'values'> {
  /** As the proxy writes it. */
  readonly subject: string
}

/** A key or token with all that it is good for. */
export interface Holder {
  readonly principal: Principal
  readonly grant: Grant
  /** What it may present: one text, or two while one takes the place of the other. */
  readonly texts: readonly { readonly hash: Buffer; readonly untilMs: number | null }[]
  /** Id of the key; null for a static token. */
  readonly keyId: string | null
  readonly allowFrom: AddressRanges | undefined
  /** The ranges as text, to tell a change. */
  readonly from: string
  /** Everything it was made of, to tell a change. */
  readonly mark: string
}

/** A principal that goes on, as it was and as it is now. */
export interface Renewal {
  readonly before: Principal
  readonly after: Principal
  /**
   * Whether one of its texts is no longer good while another one still is, or is good from other addresses only:
   * what was opened with it may have been opened with what is no longer good.
   */
  readonly lostText: boolean
}

/** What became of principals. */
export interface CredentialChanges {
  /** Ids of those that are no longer valid: their sessions and streams end. */
  readonly ended: readonly string[]
  readonly renewed: readonly Renewal[]
}

export function holderOfToken(token: StaticToken, grants: GrantResolver): Holder {
  const hashes = token.values.map((value) => hashCredential(value.reveal()))
  return holderOf('token', token, hashes, grants)
}

export function holderOfCertificate(one: CertificateSubject, grants: GrantResolver): Holder {
  return holderOf('certificate', one, [hashCredential(one.subject)], grants)
}

function holderOf(
  kind: 'token' | 'certificate',
  given: Omit<StaticToken, 'values'>,
  hashes: readonly Buffer[],
  grants: GrantResolver,
): Holder {
  const { name, roles = ['caller'], tenant = null, rule, allowFrom } = given
  const grant: Grant = { roles, tenant, rule }
  const texts = hashes.map((hash) => ({ hash, untilMs: null }))
  const principal: Principal = {
    ...{ id: `${kind}:${name}`, kind, name },
    ...grants.resolve(grant),
    expiresAtMs: null,
  }
  const mark = JSON.stringify([grant, allowFrom])
  const from = JSON.stringify(allowFrom ?? null)
  return { principal, grant, texts, keyId: null, allowFrom: rangesOf(allowFrom), from, mark }
}

export function holderOfKey(record: KeyRecord, grants: GrantResolver, nowMs: number): Holder {
  const { id, name, role, tenant, expiresAtMs } = record
  const grant: Grant = { roles: [role], tenant, rule: ruleOf(record) }
  const principal: Principal = {
    ...{ id: `key:${id}`, kind: 'key', name },
    ...grants.resolve(grant),
    expiresAtMs,
  }
  const allowFrom = rangesOf(record.allowFrom ?? undefined)
  const texts = textsOf(record, nowMs)
  const from = JSON.stringify(record.allowFrom)
  return { principal, grant, texts, keyId: id, allowFrom, from, mark: markOf(record) }
}

/** Whether the holder is of that record as it is now. */
export function isSameKey(holder: Holder, record: KeyRecord, nowMs: number): boolean {
  return holder.mark === markOf(record) && isSameTexts(holder.texts, textsOf(record, nowMs))
}

/** Whether two tokens or certificates of one name are the same. */
export function isSameToken(one: Holder, other: Holder): boolean {
  return one.mark === other.mark && isSameTexts(one.texts, other.texts)
}

/** The same holder with what roles and tenants give now; itself where that is no change. */
export function regrant(holder: Holder, grants: GrantResolver): Holder {
  const granted = grants.resolve(holder.grant)
  if (isSameGrant(granted, holder.principal)) return holder
  return { ...holder, principal: { ...holder.principal, ...granted } }
}

/** What a key restricts; undefined = nothing. */
export function ruleOf({
  servers,
  tools,
  readOnly,
}: {
  readonly servers: readonly string[] | null
  readonly tools: SightSelection | null
  readonly readOnly: boolean
}): SightRule | undefined {
  if (servers === null && tools === null && !readOnly) return undefined
  return {
    ...(servers !== null && { servers }),
    ...(tools !== null && { tools }),
    ...(readOnly && { readOnly }),
  }
}

function textsOf(
  { hash, previousHash, previousUntilMs }: KeyRecord,
  nowMs: number,
): Holder['texts'] {
  const own = { hash, untilMs: null }
  if (previousHash === null || previousUntilMs === null || previousUntilMs <= nowMs) return [own]
  return [own, { hash: previousHash, untilMs: previousUntilMs }]
}

function markOf({ name, role, tenant, expiresAtMs, ...record }: KeyRecord): string {
  return JSON.stringify([name, role, tenant, expiresAtMs, ruleOf(record), record.allowFrom])
}

function isSameTexts(one: Holder['texts'], other: Holder['texts']): boolean {
  return (
    one.length === other.length &&
    one.every(({ hash, untilMs }, at) => {
      const against = other[at]
      return against !== undefined && against.untilMs === untilMs && against.hash.equals(hash)
    })
  )
}

function rangesOf(allowFrom: readonly string[] | undefined): AddressRanges | undefined {
  if (allowFrom === undefined) return undefined
  try {
    return new AddressRanges('allowFrom', allowFrom)
  } catch {
    // One damaged row must not keep all other keys from being read: this one may come from nowhere.
    return new AddressRanges('allowFrom', [])
  }
}
