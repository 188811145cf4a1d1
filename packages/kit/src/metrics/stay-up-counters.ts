import { Counter, type Registry } from 'prom-client'

/** What became of a wish for another configuration. */
export const RELOAD_OUTCOMES = ['applied', 'unchanged', 'refused'] as const
export type ReloadOutcome = (typeof RELOAD_OUTCOMES)[number]

/** Which limit refused a call. A number of calls at once refuses none: what is beyond it waits. */
export const QUOTA_KINDS = ['rate', 'daily'] as const
export type QuotaKind = (typeof QUOTA_KINDS)[number]

/**
 * What became of a call with an idempotency key. `ran`: it was the first with it; `replayed`: it got the
 * remembered outcome; `conflict`: the key is another call's; `unknown`: nobody knows how the first one ended.
 */
export const KEYED_OUTCOMES = ['ran', 'replayed', 'conflict', 'unknown'] as const
export type KeyedOutcome = (typeof KEYED_OUTCOMES)[number]

const OTHER = 'other'
const SERVERS_MAX = 1_000

/** Counts what keeps the gateway up: looks at servers, reloads, quotas and keyed calls. */
export class StayUpCounters {
  readonly #counters: ReturnType<typeof createCounters>
  readonly #servers = new Set<string>()

  constructor(registry: Registry) {
    this.#counters = createCounters(registry)
  }

  /** A look at a server is over. */
  serverChecked(server: string, ok: boolean): void {
    const known = this.#servers.has(server) || this.#servers.size < SERVERS_MAX
    if (known) this.#servers.add(server)
    this.#counters.checks.inc({ server: known ? server : OTHER, outcome: ok ? 'ok' : 'failed' })
  }

  /** The configuration was to be replaced. */
  reloaded(outcome: ReloadOutcome): void {
    this.#counters.reloads.inc({ outcome })
  }

  /** A call was refused behind the door for what its principal, tool or server had used up. */
  quotaRefused(kind: QuotaKind): void {
    this.#counters.quotaRefusals.inc({ kind })
  }

  /** A call with an idempotency key was answered. */
  keyedCall(outcome: KeyedOutcome): void {
    this.#counters.keyedCalls.inc({ outcome })
  }
}

function createCounters(registry: Registry) {
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Counter<Label>({ name: `sallyport_${name}`, help, labelNames, registers: [registry] })
  const counters = {
    checks: counter('server_checks_total', 'Looks at servers, by what they found.', [
      'server',
      'outcome',
    ]),
    reloads: counter('config_reloads_total', 'Reloads of the configuration, by their outcome.', [
      'outcome',
    ]),
    quotaRefusals: counter(
      'quota_refusals_total',
      'Calls refused behind the door for a rate or a daily quota.',
      ['kind'],
    ),
    keyedCalls: counter(
      'idempotent_calls_total',
      'Calls with an idempotency key, by what became of them.',
      ['outcome'],
    ),
  }
  // So that a rate over the first one is seen: a series that is not there yet has no rate.
  for (const outcome of RELOAD_OUTCOMES) counters.reloads.inc({ outcome }, 0)
  for (const kind of QUOTA_KINDS) counters.quotaRefusals.inc({ kind }, 0)
  for (const outcome of KEYED_OUTCOMES) counters.keyedCalls.inc({ outcome }, 0)
  return counters
}
