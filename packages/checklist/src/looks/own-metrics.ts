import { AppError } from '@sallyport/kit/errors'
import { type Fact, fact, type GatewayView } from '../deployment.ts'
import { askHttp } from './ask-http.ts'

/** One line of a metrics page. */
export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** What the gateway counts, by the name of the series. */
export type MetricsPage = ReadonlyMap<string, readonly MetricSample[]>

/**
 * The metrics of the running gateway, read from itself with a key where they are protected; undefined where none runs.
 *
 * @throws {AppError} `server_unavailable`, `server_protocol` and what asking throws
 */
export const ownMetrics: Fact<MetricsPage | undefined> = fact(async ({ gateway }, signal) => {
  if (gateway === undefined) return undefined
  return readMetrics(await pageOf(gateway, signal))
})

async function pageOf(gateway: GatewayView, signal: AbortSignal): Promise<string> {
  const url = `${gateway.adminUrl}/metrics`
  const open = await askHttp(url, signal)
  if (open.status === 200) return open.text
  if (open.status !== 401 && open.status !== 403) throw refused(url, open.status)
  const key = await gateway.key(signal)
  const authorization = `Bearer ${key.reveal()}`
  const answer = await askHttp(url, signal, { headers: { authorization } })
  if (answer.status !== 200) throw refused(url, answer.status)
  return answer.text
}

function refused(url: string, status: number): AppError {
  return new AppError('server_protocol', `${url} answered ${status} instead of metrics`)
}

const LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?[ \t]+(\S+)/
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g

/** Reads a metrics page; lines that are no samples are left out. Source: Prometheus, "Text-based format". */
export function readMetrics(text: string): MetricsPage {
  const page = new Map<string, MetricSample[]>()
  for (const line of text.split('\n')) {
    const [, name, labels = '', value = ''] = LINE.exec(line) ?? []
    if (name === undefined) continue
    const pairs = [...labels.matchAll(LABEL)].map(([, label = '', raw = '']) => [label, raw])
    const sample = { labels: Object.fromEntries(pairs), value: toNumber(value) }
    const known = page.get(name)
    if (known === undefined) page.set(name, [sample])
    else known.push(sample)
  }
  return page
}

/** A number as Prometheus writes it. */
export function toNumber(text: string): number {
  if (/^\+?inf$/i.test(text)) return Number.POSITIVE_INFINITY
  if (/^-inf$/i.test(text)) return Number.NEGATIVE_INFINITY
  return Number(text)
}

/** The only, or first, sample of a series. */
export function valueOf(page: MetricsPage, name: string): number | undefined {
  return page.get(name)?.[0]?.value
}
