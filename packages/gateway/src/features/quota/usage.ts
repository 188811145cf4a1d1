import type { UsageItem } from '@sallyport/contract/admin'
import { AppError, type ErrorCode } from '@sallyport/kit/errors'
import type { Counter, DailyCounters, DayTable } from './daily-counters.ts'

const ROWS_MAX = 10_000
const CALLS = 'calls '
const WRITES = 'writes '
/** How the id of a row begins that is a tenant's. */
const TENANT = 'tenant:'
const NO_BOUNDS: TenantDailyBounds = { calls: undefined, writes: undefined }

/** What is told of a principal, but for the name, which nothing is counted by. */
export type UsageRow = Omit<UsageItem, 'name'>

/** Daily quotas of each principal. */
export interface DailyBounds {
  readonly calls: number
  readonly writes: number | undefined
}

/** Daily quotas of each tenant. */
export interface TenantDailyBounds {
  readonly calls: number | undefined
  readonly writes: number | undefined
}

/** What one principal does and did. */
export class PrincipalUsage {
  readonly principalId: string
  /** Since the gateway started. */
  calls = 0
  rateLimited = 0
  inFlight = 0
  queued = 0
  readonly refusals = new Map<ErrorCode, number>()
  /** The day that the two counters are of. */
  table: DayTable
  today: Counter
  todayWrites: Counter

  constructor(principalId: string, table: DayTable) {
    this.principalId = principalId
    this.table = table
    this.today = table.counter(CALLS + principalId)
    this.todayWrites = table.counter(WRITES + principalId)
  }

  /** Sees that the counters are those of the day. */
  turn(table: DayTable): void {
    if (this.table === table) return
    this.table = table
    this.today = table.counter(CALLS + this.principalId)
    this.todayWrites = table.counter(WRITES + this.principalId)
  }

  /** Counts a call that ended with an error, where that was a refusal of ours. */
  failed(thrown: unknown): void {
    if (!(thrown instanceof AppError)) return
    const { code, spec } = thrown
    if (code === 'queue_full' || (spec.family === 'rejection' && code !== 'cancelled')) {
      this.refused(code)
    }
  }

  refused(code: ErrorCode): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1)
  }
}

/** What each principal does and did; at most 10,000 of them, the longest idle one gives way. */
export class Usage {
  readonly #counters: DailyCounters
  readonly #rows = new Map<string, PrincipalUsage>()
  #last: PrincipalUsage | undefined
  #bounds: DailyBounds
  #tenantBounds: TenantDailyBounds
  #lastTenant: PrincipalUsage | undefined

  constructor(
    counters: DailyCounters,
    bounds: DailyBounds,
    tenantBounds: TenantDailyBounds = NO_BOUNDS,
  ) {
    this.#counters = counters
    this.#bounds = bounds
    this.#tenantBounds = tenantBounds
  }

  get bounds(): DailyBounds {
    return this.#bounds
  }

  apply(bounds: DailyBounds, tenantBounds: TenantDailyBounds = NO_BOUNDS): void {
    this.#bounds = bounds
    this.#tenantBounds = tenantBounds
  }

  /** What is counted of all principals of a tenant together. */
  ofTenant(tenant: string): PrincipalUsage {
    const table = this.#counters.today()
    const last = this.#lastTenant
    const id =
      last?.principalId.slice(TENANT.length) === tenant ? last.principalId : TENANT + tenant
    const row = last?.principalId === id ? last : this.#row(id, table)
    this.#lastTenant = row
    row.turn(table)
    return row
  }

  /** What is counted of a principal, its counters those of today. */
  of(principalId: string): PrincipalUsage {
    const table = this.#counters.today()
    const last = this.#last
    const row = last?.principalId === principalId ? last : this.#row(principalId, table)
    this.#last = row
    row.turn(table)
    return row
  }

  /** Counts a refusal of the door. */
  doorRefused(principalId: string, code: ErrorCode): void {
    const row = this.of(principalId)
    row.refused(code)
    if (code === 'rate_limited') row.rateLimited += 1
  }

  /** Everybody who called since the start or today, by id; tenants as `tenant:<name>`. */
  list(): UsageRow[] {
    const table = this.#counters.today()
    const ids = new Set(this.#rows.keys())
    for (const [scope] of table.entries()) {
      if (scope.startsWith(CALLS)) ids.add(scope.slice(CALLS.length))
    }
    return [...ids].toSorted().map((id) => this.#describe(id, table))
  }

  #describe(principal: string, table: DayTable): UsageRow {
    const row = this.#rows.get(principal)
    const today = table.counter(CALLS + principal).calls
    const writes = table.counter(WRITES + principal).calls
    const bounds = principal.startsWith(TENANT) ? this.#tenantBounds : this.#bounds
    const daily = bounds.calls ?? null
    const writesDaily = bounds.writes ?? null
    const refusals = Object.fromEntries(
      [...(row?.refusals ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    )
    let refused = 0
    for (const times of Object.values(refusals)) refused += times
    return {
      ...{ principal, day: table.day, calls: today, daily, writes, writesDaily },
      remaining: daily === null ? null : Math.max(0, daily - today),
      writesRemaining: writesDaily === null ? null : Math.max(0, writesDaily - writes),
      callsTotal: row?.calls ?? 0,
      ...{ refused, refusals, rateLimited: row?.rateLimited ?? 0 },
      ...{ inFlight: row?.inFlight ?? 0, queued: row?.queued ?? 0 },
    }
  }

  #row(principalId: string, table: DayTable): PrincipalUsage {
    const known = this.#rows.get(principalId)
    if (known) return known
    if (this.#rows.size >= ROWS_MAX) this.#makeRoom()
    const row = new PrincipalUsage(principalId, table)
    this.#rows.set(principalId, row)
    return row
  }

  #makeRoom(): void {
    for (const [id, { inFlight, queued }] of this.#rows) {
      if (inFlight + queued > 0) continue
      this.#rows.delete(id)
      return
    }
  }
}
