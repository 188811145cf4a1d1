import type { LimitsConfig, ServerConfig } from '@sallyport/contract/config'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { QuotaKind } from '@sallyport/kit/metrics'
import type { UsageStore } from '@sallyport/kit/store'
import type { Target } from '../../routing/target.ts'
import { type BoundScope, Bounds, type BoundTarget, type CallBounds, isWrite } from './bounds.ts'
import { DailyCounters, type DayTable } from './daily-counters.ts'
import { type PrincipalUsage, Usage } from './usage.ts'

type PrincipalLimits = Pick<LimitsConfig['perPrincipal'], 'daily' | 'writes'>
type TenantLimits = LimitsConfig['perTenant']

export interface QuotasDeps {
  readonly clock: Clock
  readonly log: Log
  readonly store: UsageStore
  readonly perPrincipal: PrincipalLimits
  /** Bounds of each tenant; none by default. */
  readonly perTenant?: TenantLimits
  /** A call was refused for a rate or a daily quota. */
  readonly onRefused?: (kind: QuotaKind) => void
}

const OWN: BoundScope = { name: 'principal', shared: false, writes: false, where: '' }
const OWN_WRITES: BoundScope = { ...OWN, writes: true }

/**
 * Rates and daily quotas of calls: of each principal, of servers, of tools, and apart for what may change
 * something. Lives on when the configuration changes.
 */
export class Quotas implements AsyncDisposable {
  readonly usage: Usage
  readonly bounds: Bounds
  readonly #counters: DailyCounters
  readonly #onRefused: QuotasDeps['onRefused']

  private constructor(counters: DailyCounters, deps: QuotasDeps) {
    const { clock, perPrincipal, perTenant, onRefused } = deps
    this.#counters = counters
    this.#onRefused = onRefused
    this.usage = new Usage(counters, dailyOf(perPrincipal), tenantDailyOf(perTenant))
    this.bounds = new Bounds(clock, perPrincipal.writes, perTenant)
  }

  /** Reads what was used today. The caller disposes. @throws {AppError} `store_unwritable` */
  static async open(deps: QuotasDeps): Promise<Quotas> {
    return new Quotas(await DailyCounters.open(deps), deps)
  }

  /** Writes what was counted and is not in the store yet. */
  flush(): Promise<void> {
    return this.#counters.flush()
  }

  /** Goes over to another configuration. What was used under bounds of the same names stays used. */
  apply({
    limits: { perPrincipal, perTenant },
    servers,
    groups,
  }: {
    readonly limits: { readonly perPrincipal: PrincipalLimits; readonly perTenant?: TenantLimits }
    readonly servers: Readonly<Record<string, ServerConfig>>
    readonly groups: Readonly<Record<string, unknown>>
  }): void {
    this.usage.apply(dailyOf(perPrincipal), tenantDailyOf(perTenant))
    const names = new Set([...Object.keys(servers), ...Object.keys(groups)])
    this.bounds.apply(perPrincipal.writes, names, perTenant)
  }

  /** Why a call is refused now; undefined when it may be made. Takes nothing. */
  check(target: Target, principalId: string, tenant: string | null = null): AppError | undefined {
    const usage = this.usage.of(principalId)
    const bounds = this.bounds.of(target, tenant)
    return this.#tell(this.#refuseOwn(target, usage) ?? this.#refuse(bounds, usage))
  }

  /** Takes what a call costs, of every bound; or says why it may not be made, and takes nothing at all. */
  take(target: Target, principalId: string, tenant: string | null = null): AppError | undefined {
    const bounds = this.bounds.of(target, tenant)
    const usage = this.usage.of(principalId)
    const refusal = this.#refuseOwn(target, usage) ?? this.#refuse(bounds, usage)
    if (refusal) return this.#tell(refusal)
    usage.calls += 1
    count(usage.today)
    if (isWrite(target)) count(usage.todayWrites)
    if (tenant !== null) this.#countTenant(tenant, isWrite(target))
    takeAll(bounds, usage)
    return undefined
  }

  /**
   * Takes what a call that went to a group costs at one of its members; or says why that member may not have
   * it, and takes nothing.
   */
  takeAtMember(target: BoundTarget, principalId: string): AppError | undefined {
    const bounds = this.bounds.atMember(target)
    if (bounds.rates.length === 0 && bounds.dailies.length === 0) return undefined
    const usage = this.usage.of(principalId)
    const refusal = this.#refuse(bounds, usage)
    if (refusal) return this.#tell(refusal)
    takeAll(bounds, usage)
    return undefined
  }

  /** Gives the daily quotas back that a call took which certainly reached no server. Rates stay taken. */
  giveBack(target: Target, principalId: string, tenant: string | null = null): void {
    const usage = this.usage.of(principalId)
    usage.calls -= 1
    uncount(usage.today)
    if (isWrite(target)) uncount(usage.todayWrites)
    if (tenant !== null) this.#uncountTenant(tenant, isWrite(target))
    uncountAll(this.bounds.of(target, tenant), usage)
  }

  /** As `giveBack`, of what was taken at a member. */
  giveBackAtMember(target: BoundTarget, principalId: string): void {
    const bounds = this.bounds.atMember(target)
    if (bounds.dailies.length > 0) uncountAll(bounds, this.usage.of(principalId))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#counters[Symbol.asyncDispose]()
  }

  #countTenant(tenant: string, writes: boolean): void {
    const usage = this.usage.ofTenant(tenant)
    usage.calls += 1
    count(usage.today)
    if (writes) count(usage.todayWrites)
  }

  #uncountTenant(tenant: string, writes: boolean): void {
    const usage = this.usage.ofTenant(tenant)
    usage.calls -= 1
    uncount(usage.today)
    if (writes) uncount(usage.todayWrites)
  }

  #tell(refusal: AppError | undefined): AppError | undefined {
    if (refusal) this.#onRefused?.(refusal.code === 'rate_limited' ? 'rate' : 'daily')
    return refusal
  }

  #refuseOwn(target: Target, usage: PrincipalUsage): AppError | undefined {
    const { calls, writes } = this.usage.bounds
    if (usage.today.calls >= calls) return this.#usedUp(OWN, calls)
    if (writes !== undefined && usage.todayWrites.calls >= writes && isWrite(target)) {
      return this.#usedUp(OWN_WRITES, writes)
    }
    return undefined
  }

  #refuse({ rates, dailies }: CallBounds, usage: PrincipalUsage): AppError | undefined {
    const { principalId, table } = usage
    for (const { scope, calls: daily } of dailies) {
      if (counterOf(table, scope, principalId).calls >= daily) return this.#usedUp(scope, daily)
    }
    for (const { scope, perSecond, limits } of rates) {
      const waitMs = limits.waitMs(scope.shared ? '' : principalId)
      if (waitMs > 0) return tooFast(scope, perSecond, waitMs)
    }
    return undefined
  }

  #usedUp(scope: BoundScope, daily: number): AppError {
    const retryAfterMs = this.#counters.renewedInMs()
    const who = whoIs(scope)
    const text = `the daily quota of ${callsOf(daily, scope)} is used up for ${who}; it is renewed at 00:00 UTC, in ${secondsOf(retryAfterMs)}`
    return new AppError('quota_exceeded', text, {
      ...{ retryAfterMs, remaining: 0, outcome: 'not_sent' },
    })
  }
}

function takeAll({ rates, dailies }: CallBounds, { principalId, table }: PrincipalUsage): void {
  for (const { scope, limits } of rates) limits.take(scope.shared ? '' : principalId)
  for (const { scope } of dailies) count(counterOf(table, scope, principalId))
}

function whoIs({ shared, ofTenant }: BoundScope): string {
  if (ofTenant === true) return 'this tenant'
  return shared ? 'all callers together' : 'this caller'
}

function tooFast(scope: BoundScope, perSecond: number, retryAfterMs: number): AppError {
  const who = whoIs(scope)
  const text = `${who} may make ${callsOf(perSecond, scope)} per second; try again in ${secondsOf(retryAfterMs)}`
  return new AppError('rate_limited', text, {
    ...{ retryAfterMs, remaining: 0, outcome: 'not_sent' },
  })
}

function callsOf(many: number, { writes, where }: BoundScope): string {
  const calls = many === 1 ? '1 call' : `${many} calls`
  return `${calls}${writes ? ' that may change something' : ''}${where}`
}

function secondsOf(durationMs: number): string {
  const seconds = Math.max(1, Math.ceil(durationMs / 1_000))
  return seconds === 1 ? '1 second' : `${seconds} seconds`
}

function counterOf(table: DayTable, { name, shared }: BoundScope, principalId: string) {
  return table.counter(shared ? name : `${name} ${principalId}`)
}

function count(counter: { calls: number; unsaved: number }): void {
  counter.calls += 1
  counter.unsaved += 1
}

/** A day that has just begun has nothing to give back. */
function uncount(counter: { calls: number; unsaved: number }): void {
  if (counter.calls === 0) return
  counter.calls -= 1
  counter.unsaved -= 1
}

function uncountAll({ dailies }: CallBounds, { principalId, table }: PrincipalUsage): void {
  for (const { scope } of dailies) uncount(counterOf(table, scope, principalId))
}

function dailyOf({ daily, writes }: PrincipalLimits) {
  return { calls: daily, writes: writes.daily }
}

function tenantDailyOf(limits: TenantLimits | undefined) {
  return { calls: limits?.daily, writes: limits?.writes.daily }
}
