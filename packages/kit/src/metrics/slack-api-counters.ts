import { Counter, Histogram, type Registry } from 'prom-client'
import type { Tallies, Tally } from './tally.ts'

/** How one request to Slack ended. `refused`: by a code of Slack's; `lost`: no answer, or none that says anything. */
export const SLACK_REQUEST_OUTCOMES = ['ok', 'refused', 'limited', 'lost'] as const
export type SlackRequestOutcome = (typeof SLACK_REQUEST_OUTCOMES)[number]

const BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Counts requests to Slack's Web API and what was waited for its limits. */
export class SlackApiCounters {
  readonly #requests: Counter<'method' | 'outcome'>
  readonly #seconds: Histogram
  readonly #waits: Histogram
  readonly #tallies: Tallies
  readonly #series = new Map<string, Map<SlackRequestOutcome, Tally>>()

  constructor(registry: Registry, tallies: Tallies) {
    this.#tallies = tallies
    const registers = [registry]
    this.#requests = new Counter({
      name: 'sallyport_slack_requests_total',
      help: 'Requests to the Web API of Slack, by method and by how they ended.',
      labelNames: ['method', 'outcome'],
      registers,
    })
    this.#seconds = new Histogram({
      name: 'sallyport_slack_request_duration_seconds',
      help: 'From sending a request to Slack to the end of its answer.',
      buckets: BUCKETS,
      registers,
    })
    this.#waits = new Histogram({
      name: 'sallyport_slack_limit_wait_seconds',
      help: 'Waits for the limits of Slack, of requests that could not go at once.',
      buckets: BUCKETS,
      registers,
    })
  }

  /**
   * Counts one request. On the path of every call.
   *
   * @param method from a closed set
   * @param seconds from sending to answer
   */
  requested(method: string, outcome: SlackRequestOutcome, seconds: number): void {
    const outcomes = this.#series.get(method) ?? new Map<SlackRequestOutcome, Tally>()
    if (outcomes.size === 0) this.#series.set(method, outcomes)
    let tally = outcomes.get(outcome)
    if (tally === undefined) {
      tally = this.#tallies.of(this.#requests.labels(method, outcome))
      outcomes.set(outcome, tally)
    }
    tally.add()
    this.#seconds.observe(seconds)
  }

  /** A request waited for Slack's limits. */
  waited(seconds: number): void {
    this.#waits.observe(seconds)
  }
}
