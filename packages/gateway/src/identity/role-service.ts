import type { RoleChange, RoleCreate } from '@sallyport/contract/admin'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Principal } from '@sallyport/kit/principal'
import { BUILT_IN_ROLES } from '@sallyport/kit/roles'
import type { RoleRecord, RoleStore } from '@sallyport/kit/store'

/** A role of any source. */
export interface KnownRole {
  readonly name: string
  readonly description: string
  readonly permissions: readonly string[]
  readonly source: 'built-in' | 'file' | 'store'
  /** Undefined outside the store. */
  readonly record?: RoleRecord
}

export interface RoleServiceDeps {
  readonly roles: RoleStore
  /** Those of the file in force. */
  readonly file: () => Readonly<
    Record<string, { readonly description: string; readonly permissions: readonly string[] }>
  >
  readonly clock: Clock
  /** Resolves once the change counts here. */
  readonly changed: () => Promise<void>
}

/** What administrators do to roles. Nobody gives a role what it lacks, or changes one that allows more. */
export class RoleService {
  readonly #deps: RoleServiceDeps

  constructor(deps: RoleServiceDeps) {
    this.#deps = deps
  }

  /** Those that count; of a caller who belongs to a tenant, those that it may give. */
  async list(caller: Principal): Promise<readonly KnownRole[]> {
    const known = new Map<string, KnownRole>()
    for (const record of await this.#deps.roles.list()) {
      known.set(record.name, { ...record, source: 'store', record })
    }
    for (const [name, role] of Object.entries(this.#deps.file())) {
      known.set(name, { ...role, name, source: 'file' })
    }
    for (const [name, { description, permissions }] of Object.entries(BUILT_IN_ROLES)) {
      known.set(name, { name, description, permissions: [...permissions], source: 'built-in' })
    }
    const all = [...known.values()]
    return caller.tenant === null ? all : all.filter((role) => holds(role.permissions, caller))
  }

  /** @throws {AppError} `not_found` */
  async find(name: string, caller: Principal): Promise<KnownRole> {
    const role = (await this.list(caller)).find((one) => one.name === name)
    if (role !== undefined) return role
    throw new AppError('not_found', 'there is no role of that name')
  }

  /** @throws {AppError} `forbidden`; `conflict` when there is one of that name */
  async create({ name, ...values }: RoleCreate, caller: Principal): Promise<KnownRole> {
    assertHolds(values.permissions, caller)
    if (Object.hasOwn(BUILT_IN_ROLES, name) || Object.hasOwn(this.#deps.file(), name)) {
      throw new AppError('conflict', `a role named "${name}" exists; choose another name`)
    }
    const record = await this.#deps.roles.create(name, values, this.#deps.clock.nowMs())
    await this.#deps.changed()
    return { ...record, source: 'store', record }
  }

  /** @throws {AppError} `not_found`, `forbidden`, `conflict`, `version_conflict` */
  async change(
    { name, version }: { readonly name: string; readonly version: number },
    { description, permissions }: RoleChange,
    caller: Principal,
  ): Promise<KnownRole> {
    await this.#assertChangeable(name, caller)
    if (permissions !== undefined) assertHolds(permissions, caller)
    const values = {
      ...(description !== undefined && { description }),
      ...(permissions !== undefined && { permissions }),
    }
    const nowMs = this.#deps.clock.nowMs()
    const record = await this.#deps.roles.change({ name, version }, values, nowMs)
    await this.#deps.changed()
    return { ...record, source: 'store', record }
  }

  /** @throws {AppError} as `change` */
  async remove(
    target: { readonly name: string; readonly version: number },
    caller: Principal,
  ): Promise<void> {
    await this.#assertChangeable(target.name, caller)
    await this.#deps.roles.remove(target)
    await this.#deps.changed()
  }

  async #assertChangeable(name: string, caller: Principal): Promise<void> {
    const { source, permissions } = await this.find(name, caller)
    if (source !== 'store') throw notOurs('role', name, source)
    assertHolds(permissions, caller)
  }
}

/** Why what stands elsewhere is not changed over the API. */
export function notOurs(what: string, name: string, source: 'built-in' | 'file'): AppError {
  const remedy =
    source === 'file' ? 'it stands in the file: change it there' : 'it is built in: add another one'
  return new AppError('conflict', `the ${what} "${name}" is not changed here; ${remedy}`)
}

function holds(permissions: readonly string[], caller: Principal): boolean {
  const own: ReadonlySet<string> = caller.permissions
  return permissions.every((one) => own.has(one))
}

function assertHolds(permissions: readonly string[], caller: Principal): void {
  if (holds(permissions, caller)) return
  throw new AppError(
    'forbidden',
    'nobody gives what it lacks: the role allows more than your own do',
  )
}
