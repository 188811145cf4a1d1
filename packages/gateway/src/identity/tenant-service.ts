import type { TenantChange, TenantCreate } from '@sallyport/contract/admin'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Principal, SightRule } from '@sallyport/kit/principal'
import type { TenantRecord, TenantStore } from '@sallyport/kit/store'
import { assertRulesWithin, isInSight } from './grant-rules.ts'
import { notOurs } from './role-service.ts'

/** A tenant of any source. */
export interface KnownTenant {
  readonly name: string
  readonly title: string
  readonly rule: SightRule
  readonly source: 'file' | 'store'
  /** Undefined outside the store. */
  readonly record?: TenantRecord
}

export interface TenantServiceDeps {
  readonly tenants: TenantStore
  /** Those of the file in force. */
  readonly file: () => Readonly<
    Record<string, { readonly title: string; readonly rule: SightRule }>
  >
  readonly clock: Clock
  /** Resolves once the change counts here. */
  readonly changed: () => Promise<void>
}

/** What administrators do to tenants. Whoever belongs to one finds only that. */
export class TenantService {
  readonly #deps: TenantServiceDeps

  constructor(deps: TenantServiceDeps) {
    this.#deps = deps
  }

  /** Those that count. */
  async list(caller: Principal): Promise<readonly KnownTenant[]> {
    const known = new Map<string, KnownTenant>()
    for (const record of await this.#deps.tenants.list()) {
      known.set(record.name, { ...record, source: 'store', record })
    }
    for (const [name, tenant] of Object.entries(this.#deps.file())) {
      known.set(name, { ...tenant, name, source: 'file' })
    }
    return [...known.values()].filter(({ name }) => isInSight(name, caller))
  }

  /** @throws {AppError} `not_found` */
  async find(name: string, caller: Principal): Promise<KnownTenant> {
    const tenant = (await this.list(caller)).find((one) => one.name === name)
    if (tenant !== undefined) return tenant
    throw new AppError('not_found', 'there is no tenant of that name')
  }

  /** @throws {AppError} `forbidden`; `conflict` when there is one of that name */
  async create({ name, title, ...rule }: TenantCreate, caller: Principal): Promise<KnownTenant> {
    assertRulesWithin([rule], caller)
    if (Object.hasOwn(this.#deps.file(), name)) {
      throw new AppError('conflict', `a tenant named "${name}" exists; choose another name`)
    }
    const nowMs = this.#deps.clock.nowMs()
    const record = await this.#deps.tenants.create(name, { title, rule }, nowMs)
    await this.#deps.changed()
    return { ...record, source: 'store', record }
  }

  /** @throws {AppError} `not_found`, `forbidden`, `conflict`, `version_conflict` */
  async change(
    { name, version }: { readonly name: string; readonly version: number },
    { title, ...changes }: TenantChange,
    caller: Principal,
  ): Promise<KnownTenant> {
    const { source, rule } = await this.find(name, caller)
    if (source !== 'store') throw notOurs('tenant', name, source)
    const values = { ...(title !== undefined && { title }), rule: changed(rule, changes) }
    assertRulesWithin([values.rule], caller)
    const nowMs = this.#deps.clock.nowMs()
    const record = await this.#deps.tenants.change({ name, version }, values, nowMs)
    await this.#deps.changed()
    return { ...record, source: 'store', record }
  }

  /** Its callers may and see nothing from then on. @throws {AppError} as `change` */
  async remove(
    target: { readonly name: string; readonly version: number },
    caller: Principal,
  ): Promise<void> {
    const { source } = await this.find(target.name, caller)
    if (source !== 'store') throw notOurs('tenant', target.name, source)
    await this.#deps.tenants.remove(target)
    await this.#deps.changed()
  }
}

/** What is left out stays; null restricts nothing any more. */
function changed(rule: SightRule, changes: Omit<TenantChange, 'title'>): SightRule {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined)
  const next = Object.entries({ ...rule, ...Object.fromEntries(given) })
  return Object.fromEntries(next.filter(([, value]) => value !== null))
}
