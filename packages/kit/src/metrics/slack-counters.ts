import { Counter, Gauge, type Registry } from 'prom-client'

/** How an attempt to install a Slack app ended; all but `installed` are failures. */
export const INSTALL_OUTCOMES = [
  'installed',
  'app_unknown',
  'busy',
  'denied',
  'internal',
  'misconfigured',
  'not_kept',
  'rate_limited',
  'refused',
  'request_invalid',
  'state_invalid',
  'unavailable',
  'unsupported',
] as const
export type InstallOutcome = (typeof INSTALL_OUTCOMES)[number]

/** What became of a refresh: `reinstall` needs a person, `failed` is tried again. */
export const REFRESH_OUTCOMES = ['ok', 'failed', 'reinstall'] as const
export type RefreshOutcome = (typeof REFRESH_OUTCOMES)[number]

/** What became of something that Slack sent. `refused`: not signed by Slack, too old, or a replay. */
export const EVENT_OUTCOMES = ['handled', 'ignored', 'repeat', 'refused', 'failed'] as const
export type EventOutcome = (typeof EVENT_OUTCOMES)[number]

/** Installations by state. */
export type InstallationReading = Readonly<Record<'active' | 'reinstall' | 'removed', number>>

/** Counts installations of Slack apps, their tokens, and what Slack sends by itself. */
export class SlackCounters {
  readonly #counters: ReturnType<typeof createCounters>
  readonly #registry: Registry

  constructor(registry: Registry) {
    this.#registry = registry
    this.#counters = createCounters(registry)
  }

  /** An attempt to install came to its last page. */
  installFinished(outcome: InstallOutcome): void {
    this.#counters.installs.inc({ outcome })
  }

  /** A token was to be refreshed. */
  tokenRefreshed(outcome: RefreshOutcome): void {
    this.#counters.refreshes.inc({ outcome })
  }

  /** Slack sent an event or an interaction, or somebody in its name. */
  eventReceived(outcome: EventOutcome): void {
    this.#counters.events.inc({ outcome })
  }

  /** Shows installations by state, read at each scrape. Once. */
  watchInstallations(read: () => InstallationReading): void {
    new Gauge({
      name: 'sallyport_slack_installations',
      help: 'Installations that are kept, by state; those in `reinstall` need a person.',
      labelNames: ['state'],
      registers: [this.#registry],
      collect() {
        for (const [state, count] of Object.entries(read())) this.set({ state }, count)
      },
    })
  }
}

function createCounters(registry: Registry) {
  const counter = (name: string, help: string) =>
    new Counter({
      name: `sallyport_slack_${name}`,
      help,
      labelNames: ['outcome'],
      registers: [registry],
    })
  const counters = {
    installs: counter('installs_total', 'Attempts to install a Slack app, by how they ended.'),
    refreshes: counter('token_refreshes_total', 'Refreshes of Slack tokens, by how they ended.'),
    events: counter('events_total', 'Requests in the name of Slack, by what became of them.'),
  }
  // So that a rate over the first one is seen: a series that is not there yet has no rate.
  for (const outcome of INSTALL_OUTCOMES) counters.installs.inc({ outcome }, 0)
  for (const outcome of REFRESH_OUTCOMES) counters.refreshes.inc({ outcome }, 0)
  for (const outcome of EVENT_OUTCOMES) counters.events.inc({ outcome }, 0)
  return counters
}
