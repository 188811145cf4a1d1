import { Counter, type Registry } from 'prom-client'
import { printable } from '../log/printable.ts'
import type { AuditOutcome } from '../store/store.ts'
import type { Tallies, Tally } from './tally.ts'

type Outcome = Exclude<AuditOutcome, 'pending'>

const OTHER = 'other'
/** Tenants with a label of their own. */
const TENANTS_MAX = 100

/** Finished requests by tenant; beyond the 100th tenant they count as `other`. */
export class TenantCounter {
  readonly #counter: Counter<'tenant' | 'outcome'>
  readonly #tallies: Tallies
  readonly #tenants = new Map<string, Map<Outcome, Tally>>()

  constructor(registry: Registry, tallies: Tallies) {
    this.#tallies = tallies
    this.#counter = new Counter({
      name: 'sallyport_tenant_calls_total',
      help: 'Finished MCP requests by tenant, where metrics.perTenant is on.',
      labelNames: ['tenant', 'outcome'],
      registers: [registry],
    })
  }

  add(tenant: string, outcome: Outcome): void {
    const known = this.#tenants.get(tenant)
    const isFull = known === undefined && this.#tenants.size >= TENANTS_MAX
    const label = isFull ? OTHER : tenant
    const outcomes = known ?? this.#tenants.get(label) ?? new Map<Outcome, Tally>()
    this.#tenants.set(label, outcomes)
    let tally = outcomes.get(outcome)
    if (tally === undefined) {
      tally = this.#tallies.of(this.#counter.labels(printable(label, 128), outcome))
      outcomes.set(outcome, tally)
    }
    tally.add()
  }
}
