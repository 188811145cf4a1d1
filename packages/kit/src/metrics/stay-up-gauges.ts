import { Gauge, type Registry } from 'prom-client'

/** The states of a breaker, as shown in metrics. */
export const BREAKER_STATES = ['closed', 'open', 'half-open'] as const
export type BreakerReading = (typeof BREAKER_STATES)[number]

/** How well one server does. */
export interface ServerHealthReading {
  readonly name: string
  readonly state: string
  readonly breaker?: BreakerReading
  /** How long the last look at it took, milliseconds; undefined before the first. */
  readonly checkMs?: number | undefined
}

/** How well a group does. */
export interface GroupReading {
  readonly name: string
  /** Members that get calls. */
  readonly healthy: number
  /** Members it needs. */
  readonly minHealthy: number
  readonly breaker?: BreakerReading
}

/** What the configuration in force is. */
export interface ConfigReading {
  readonly generation: number
  /** Whether the last wish for another one was granted; true before the first. */
  readonly lastReloadOk: boolean
}

/** What keeps the gateway up, at this moment. */
export interface StayUpReading {
  readonly groups?: readonly GroupReading[]
  readonly config?: ConfigReading
  /** Results kept to be read in parts. */
  readonly resultsKept?: number
  /** Whether the gateway takes no new calls. */
  readonly draining?: boolean
}

/** Gauges of servers, groups and the configuration, set at each scrape. */
export class StayUpGauges {
  readonly #gauges: ReturnType<typeof createGauges>

  constructor(registry: Registry) {
    this.#gauges = createGauges(registry)
  }

  refresh(readings: readonly StayUpReading[], servers: readonly ServerHealthReading[]): void {
    const gauges = this.#gauges
    for (const gauge of Object.values(gauges)) gauge.reset()
    for (const server of servers) this.#setServer(server)
    for (const group of readings.flatMap((reading) => reading.groups ?? [])) this.#setGroup(group)
    const config = readings.find((reading) => reading.config !== undefined)?.config
    gauges.generation.set(config?.generation ?? 0)
    gauges.lastReload.set(config?.lastReloadOk === false ? 0 : 1)
    gauges.resultsKept.set(readings.reduce((sum, { resultsKept = 0 }) => sum + resultsKept, 0))
    gauges.draining.set(readings.some((reading) => reading.draining === true) ? 1 : 0)
  }

  #setServer({ name: server, state, breaker, checkMs }: ServerHealthReading): void {
    const { healthy, breaker: breakers, checkSeconds } = this.#gauges
    healthy.set({ server }, state === 'degraded' ? 0 : 1)
    if (checkMs !== undefined) checkSeconds.set({ server }, checkMs / 1_000)
    if (breaker === undefined) return
    for (const each of BREAKER_STATES) {
      breakers.set({ server, state: each }, each === breaker ? 1 : 0)
    }
  }

  #setGroup({ name: group, healthy, minHealthy, breaker }: GroupReading): void {
    const gauges = this.#gauges
    gauges.groupHealthy.set({ group }, healthy)
    gauges.groupMin.set({ group }, minHealthy)
    gauges.groupUp.set({ group }, healthy >= minHealthy && breaker !== 'open' ? 1 : 0)
    if (breaker === undefined) return
    for (const each of BREAKER_STATES) {
      gauges.groupBreaker.set({ group, state: each }, each === breaker ? 1 : 0)
    }
  }
}

function createGauges(registry: Registry) {
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge<Label>({ name: `sallyport_${name}`, help, labelNames, registers: [registry] })
  const breakerHelp = '1 for the state the breaker is in, 0 for the others.'
  return {
    healthy: gauge('server_healthy', '0 while a server is degraded; a cold one is healthy.', [
      'server',
    ]),
    checkSeconds: gauge('server_check_seconds', 'How long the last look at a server took.', [
      'server',
    ]),
    breaker: gauge('server_breaker', breakerHelp, ['server', 'state']),
    groupHealthy: gauge('group_members_healthy', 'Members of a group that get calls.', ['group']),
    groupMin: gauge('group_min_healthy', 'Members that a group needs.', ['group']),
    groupUp: gauge(
      'group_up',
      '1 while a group has the members it needs and its breaker is not open.',
      ['group'],
    ),
    groupBreaker: gauge('group_breaker', breakerHelp, ['group', 'state']),
    generation: gauge('config_generation', 'Number of the configuration in force.'),
    lastReload: gauge(
      'config_last_reload_success',
      '1 while the last reload succeeded, or there was none.',
    ),
    resultsKept: gauge('results_kept', 'Results kept to be read in parts.'),
    draining: gauge('draining', '1 while the gateway takes no new calls.'),
  }
}
