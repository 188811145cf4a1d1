import type { CallQuotas, Quota } from '@sallyport/contract/config'
import { ManualClock } from '@sallyport/kit/clock'
import { silentLog } from '@sallyport/kit/log'
import type { UsageRecord, UsageStore } from '@sallyport/kit/store'
import { Quotas, type QuotasDeps } from './quotas.ts'

/** 22 November 2026, 10:00 UTC. */
export const MORNING_MS = Date.UTC(2026, 10, 22, 10)

export const NO_QUOTA: Quota = {
  ...{ rate: undefined, burst: undefined, concurrent: undefined, daily: undefined },
}

/** Bounds of a server or tool of which only these are set. */
export function callQuotas({
  writes = {},
  each = {},
  eachWrites = {},
  ...all
}: Partial<Quota> & {
  readonly writes?: Partial<Quota>
  readonly each?: Partial<Quota>
  readonly eachWrites?: Partial<Quota>
}): CallQuotas {
  return {
    ...{ ...NO_QUOTA, ...all },
    writes: { ...NO_QUOTA, ...writes },
    perPrincipal: { ...NO_QUOTA, ...each, writes: { ...NO_QUOTA, ...eachWrites } },
  }
}

/** A store of usage in memory. */
export class MemoryUsage implements UsageStore {
  readonly batches: (readonly UsageRecord[])[] = []
  readonly #calls = new Map<string, number>()
  /** Rejects what is added until it is set to false. */
  broken = false
  /** What is added waits for this. */
  held: Promise<void> | undefined

  async read(day: string): Promise<readonly UsageRecord[]> {
    return [...this.#calls].flatMap(([key, calls]) => {
      const [of = '', scope = ''] = key.split('\n')
      return of === day ? [{ day: of, scope, calls }] : []
    })
  }

  async add(records: readonly UsageRecord[]): Promise<readonly UsageRecord[]> {
    if (this.broken) throw new TypeError('the disk is full')
    await this.held
    this.batches.push(records)
    for (const { day, scope, calls } of records) {
      const key = `${day}\n${scope}`
      this.#calls.set(key, (this.#calls.get(key) ?? 0) + calls)
    }
    return records.map(({ day, scope }) => {
      return { day, scope, calls: this.#calls.get(`${day}\n${scope}`) ?? 0 }
    })
  }
}

/** Quotas with what a gateway has by default. */
export function openTestQuotas(
  perPrincipal: Partial<QuotasDeps['perPrincipal']> = {},
  deps: Partial<Pick<QuotasDeps, 'clock' | 'store' | 'perTenant'>> = {},
): Promise<Quotas> {
  const { clock = new ManualClock(MORNING_MS), store = new MemoryUsage() } = deps
  const defaults = { daily: 1_000_000, writes: { ...NO_QUOTA, daily: 10_000 } }
  return Quotas.open({
    ...deps,
    ...{ clock, store, log: silentLog },
    perPrincipal: { ...defaults, ...perPrincipal },
  })
}
