import type { KeyChange, KeyCreate, KeyRotate } from '@sallyport/contract/admin'
import type { Clock } from '@sallyport/kit/clock'
import { adoptKey, createKey, createKeyText, ruleOf } from '@sallyport/kit/door'
import { AppError } from '@sallyport/kit/errors'
import type { Principal } from '@sallyport/kit/principal'
import { Secret } from '@sallyport/kit/secret'
import type { KeyPage, KeyRecord, KeyStore } from '@sallyport/kit/store'
import { assertMayGive, assertMayManage, isInSight } from './grant-rules.ts'
import type { LiveGrants } from './live-grants.ts'

export interface KeyServiceDeps {
  readonly keys: Pick<KeyStore, 'create' | 'page' | 'find' | 'change' | 'rotate' | 'revoke'>
  readonly grants: LiveGrants
  readonly clock: Clock
  /** Resolves once the door knows of a change. */
  readonly changed: () => Promise<void>
}

/** A key as it was made or turned, with its text, this once. */
export interface KeyMade {
  readonly record: KeyRecord
  readonly text: Secret
}

/**
 * What administrators do to keys. Nobody gives what it lacks, or turns a key that is allowed more. Whoever
 * belongs to a tenant finds only its keys.
 */
export class KeyService {
  readonly #deps: KeyServiceDeps

  constructor(deps: KeyServiceDeps) {
    this.#deps = deps
  }

  /** Oldest first. @throws {AppError} `request_invalid` for a cursor that is none */
  page(
    query: { readonly limit: number; readonly cursor?: string | undefined },
    caller: Principal,
  ): Promise<KeyPage> {
    return this.#deps.keys.page({ ...query, tenant: caller.tenant ?? undefined })
  }

  /** @throws {AppError} `not_found`; `conflict` when several tenants have one of that name */
  async find(idOrName: string, caller: Principal): Promise<KeyRecord> {
    const key = await this.#deps.keys.find(idOrName, caller.tenant ?? undefined)
    if (key !== undefined && isInSight(key.tenant, caller)) return key
    throw new AppError('not_found', 'no key of that id or name is in force')
  }

  /**
   * @throws {AppError} `forbidden`, `request_invalid`; `config_invalid` for a name that is taken, and for a key to
   *   take over that is none of ours
   */
  async create({ expiresInMs, key, ...input }: KeyCreate, caller: Principal): Promise<KeyMade> {
    const { keys, clock, grants } = this.#deps
    const tenant = input.tenant === undefined ? caller.tenant : input.tenant
    assertMayGive({ roles: [input.role], tenant, rule: ruleOf(input) }, caller, grants)
    const expiresAtMs = this.#endOf(expiresInMs)
    const wanted = { ...input, tenant, expiresAtMs, clock }
    const made = key === undefined ? createKey(wanted) : adoptKey(new Secret(key), wanted)
    await keys.create(made.record)
    await this.#deps.changed()
    return made
  }

  /** @throws {AppError} `not_found`, `forbidden`, `request_invalid`, `version_conflict`, `conflict` */
  async change(
    idOrName: string,
    { expiresInMs, ...given }: KeyChange,
    { caller, version }: { readonly caller: Principal; readonly version: number },
  ): Promise<KeyRecord> {
    const { keys, grants } = this.#deps
    const key = await this.#ofMine(idOrName, caller)
    const changes = {
      ...withoutAbsent(given),
      ...(expiresInMs !== undefined && { expiresAtMs: this.#endOf(expiresInMs) }),
    }
    const next = { ...key, ...changes }
    assertMayGive({ roles: [next.role], tenant: next.tenant, rule: ruleOf(next) }, caller, grants)
    const changed = await keys.change({ id: key.id, version }, changes)
    await this.#deps.changed()
    return changed
  }

  /** Gives the key another text; id and principal stay. @throws {AppError} `not_found`, `forbidden` */
  async rotate(idOrName: string, { overlapMs }: KeyRotate, caller: Principal): Promise<KeyMade> {
    const { keys, clock } = this.#deps
    const key = await this.#ofMine(idOrName, caller)
    const { text, hash } = createKeyText(key.id)
    const atMs = clock.nowMs()
    const previousUntilMs = overlapMs === 0 ? null : atMs + overlapMs
    const record = await keys.rotate(key.id, { hash, previousUntilMs, atMs })
    await this.#deps.changed()
    return { record, text }
  }

  /** @throws {AppError} `not_found`, `forbidden` */
  async revoke(idOrName: string, caller: Principal): Promise<KeyRecord> {
    const { keys, clock } = this.#deps
    const key = await this.#ofMine(idOrName, caller)
    if (!(await keys.revoke(key.id, clock.nowMs()))) {
      throw new AppError('not_found', 'no key of that id or name is in force')
    }
    await this.#deps.changed()
    return key
  }

  /** A key that is in force and allowed no more than the caller. */
  async #ofMine(idOrName: string, caller: Principal): Promise<KeyRecord> {
    const key = await this.find(idOrName, caller)
    if (key.revokedAtMs !== null) {
      throw new AppError('not_found', 'no key of that id or name is in force')
    }
    const held = { roles: [key.role], tenant: key.tenant, rule: ruleOf(key) }
    assertMayManage(held, caller, this.#deps.grants)
    return key
  }

  #endOf(lifeMs: number | null): number | null {
    return lifeMs === null ? null : this.#deps.clock.nowMs() + lifeMs
  }
}

type Given<Value> = { [Key in keyof Value]?: Exclude<Value[Key], undefined> }

function withoutAbsent<Value extends object>(value: Value): Given<Value> {
  const given = Object.entries(value).filter(([, one]) => one !== undefined)
  return Object.fromEntries(given) as Given<Value> // nothing but what was there
}
