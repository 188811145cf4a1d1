import { fact } from '../deployment.ts'
import { type MetricsPage, ownMetrics, toNumber } from '../looks/own-metrics.ts'
import type { PrometheusApi } from '../looks/prometheus.ts'
import { knownOfOwn } from '../probes/observability/own-target.ts'
import { type Buckets } from './quantile.ts'

/** The fewest calls of which a part of a hundred can be told. */
export const CALLS_MIN = 100

/** Calls of tools, of a time. */
export interface Calls {
  /** `the last hour, by Prometheus` or `since the start of the gateway`. */
  readonly span: string
  readonly total: number
  readonly failed: number
  /** How many took how long; bounds in seconds. */
  readonly buckets: Buckets
}

const METHOD = 'tools/call'
const FAILED = ['tool_error', 'rpc_error', 'failed', 'unknown']

/**
 * Calls of the last hour where Prometheus knows enough of them, else all since the gateway started. Undefined where
 * no gateway runs.
 */
export const calls = fact<Calls | undefined>(async (deployment, signal) => {
  const lately = await knownOfOwn(deployment, signal, (api, where) =>
    ofLastHour(api, where, signal),
  )
  if (lately !== undefined && lately.total >= CALLS_MIN) return lately
  const page = await ownMetrics(deployment, signal)
  return page === undefined ? lately : sinceStart(page)
})

async function ofLastHour(api: PrometheusApi, own: string, signal: AbortSignal): Promise<Calls> {
  const where = `{method="${METHOD}",${own}}[1h]`
  const counts = `sum by (outcome) (increase(sallyport_calls_total${where}))`
  const outcomes = await api.query(counts, signal)
  const durations = `sum by (le) (increase(sallyport_call_duration_seconds_bucket${where}))`
  const buckets = await api.query(durations, signal)
  const named = outcomes.map(({ labels, value }) => ({ outcome: labels['outcome'] ?? '', value }))
  return {
    span: 'of the last hour, by Prometheus',
    ...tally(named),
    buckets: buckets.map(({ labels, value }) => ({
      bound: toNumber(labels['le'] ?? ''),
      count: value,
    })),
  }
}

function sinceStart(page: MetricsPage): Calls {
  const isCall = ({ labels }: { labels: Readonly<Record<string, string>> }) =>
    labels['method'] === METHOD
  const outcomes = (page.get('sallyport_calls_total') ?? []).filter(isCall)
  const counts = new Map<number, number>()
  for (const sample of page.get('sallyport_call_duration_seconds_bucket') ?? []) {
    if (!isCall(sample)) continue
    const bound = toNumber(sample.labels['le'] ?? '')
    counts.set(bound, (counts.get(bound) ?? 0) + sample.value)
  }
  return {
    span: 'since the gateway started',
    ...tally(outcomes.map(({ labels, value }) => ({ outcome: labels['outcome'] ?? '', value }))),
    buckets: [...counts].map(([bound, count]) => ({ bound, count })),
  }
}

function tally(outcomes: readonly { readonly outcome: string; readonly value: number }[]): {
  readonly total: number
  readonly failed: number
} {
  const sum = (some: typeof outcomes) => Math.round(some.reduce((all, { value }) => all + value, 0))
  return {
    total: sum(outcomes),
    failed: sum(outcomes.filter((one) => FAILED.includes(one.outcome))),
  }
}
