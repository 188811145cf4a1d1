import { failed, judged, type Probe, proved, type Seen, unproved } from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { postgresPlaces, redisPlaces } from '../../looks/data-places.ts'
import type { PrometheusApi, Target } from '../../looks/prometheus.ts'
import { readPrometheusConfig } from '../../looks/prometheus-config.ts'
import { configFile } from './config-file.ts'
import { ownTarget } from './own-target.ts'
import { throughPrometheus } from './through-prometheus.ts'

/** `prometheus/targets-up` */
export const targetsUp: Probe = {
  kind: 'probe',
  title: 'Every target of Prometheus is up and speaks metrics',
  remedy: 'start what is down, take it out of `scrape_configs`, or scrape its exporter instead',
  async look(deployment, signal) {
    const live = await liveTargets(deployment, signal)
    if (live.state !== 'unproved') return live
    // What can only be down is known without asking.
    const wrong = await storesScraped(deployment, signal)
    return wrong.length > 0 ? failed([...wrong, ...live.evidence]) : live
  },
}

const liveTargets = throughPrometheus(async (api, _deployment, signal) => {
  const targets = await api.targets(signal)
  if (targets.length === 0) {
    const text = `${api.url} has no targets`
    return failed([{ kind: 'http', text }], 'add the gateway to `scrape_configs` of Prometheus')
  }
  const down = targets.filter(({ health }) => health === 'down')
  const up = targets.filter(({ health }) => health === 'up')
  const empty = await emptyTargets(api, up, signal)
  const faults = [
    ...down.map((target): Seen => ({ kind: 'http', text: faultOf(target) })),
    ...empty,
  ]
  const early = targets.filter(({ health }) => health === 'unknown').map(nameOf)
  if (faults.length === 0 && early.length > 0) {
    return unproved('http', `not looked at yet: ${early.join(', ')}`, 'check again in a minute')
  }
  return judged(faults, [{ kind: 'http', text: `up: ${targets.map(nameOf).join(', ')}` }])
})

/** Targets of the configuration whose port is that of a database. */
async function storesScraped(deployment: Deployment, signal: AbortSignal): Promise<Seen[]> {
  const file = await configFile(deployment, deployment.settings.prometheus?.config, signal)
  const config = file?.text === undefined ? undefined : readPrometheusConfig(file.text)
  return (config?.targets ?? []).flatMap((target): Seen[] => {
    const product = WIRE_PORTS[/:(\d+)$/.exec(target)?.[1] ?? '']
    if (product === undefined) return []
    const text = `${file?.path} scrapes ${target}, which is no metrics endpoint: its port is that of ${product} instead`
    return [{ kind: 'file', text }]
  })
}

/** A page that answers 200 without one sample counts as up. */
async function emptyTargets(
  api: PrometheusApi,
  up: readonly Target[],
  signal: AbortSignal,
): Promise<Seen[]> {
  const points = await api.query('scrape_samples_scraped == 0', signal)
  const isEmpty = (target: Target) => points.some(({ labels }) => isOf(target, labels))
  return up.filter(isEmpty).map((target) => ({
    kind: 'http',
    text: `${nameOf(target)} is no metrics endpoint: it answers without a sample`,
  }))
}

function isOf({ labels }: Target, other: Target['labels']): boolean {
  return labels['job'] === other['job'] && labels['instance'] === other['instance']
}

// Of Go's HTTP client and of Prometheus' readers, for answers that are no HTTP or no metrics.
const NO_METRICS =
  /malformed (?:HTTP|MIME)|transport connection broken|valid start token|expected .* got |unsupported Content-Type|invalid metric type|strconv\.ParseFloat|\bEOF$|connection reset by peer/
const WIRE_PORTS: Readonly<Record<string, string>> = {
  '5432': 'PostgreSQL, scrape prometheus-postgres-exporter',
  '6379': 'Redis, scrape prometheus-redis-exporter',
}

function faultOf(target: Target): string {
  const { scrapeUrl, lastError } = target
  const product = WIRE_PORTS[URL.parse(scrapeUrl)?.port ?? '']
  const hint = product === undefined ? '' : ` (its port is that of ${product} instead)`
  const isNone = product !== undefined || NO_METRICS.test(lastError)
  const what = isNone ? 'is no metrics endpoint' : 'is down'
  return `${nameOf(target)} ${what}${hint}: ${scrapeUrl} gave ${lastError || 'no answer'}`
}

function nameOf({ labels }: Target): string {
  return `${labels['job']} ${labels['instance']}`
}

/** `prometheus/scrapes-gateway` */
export const scrapesGateway: Probe = {
  kind: 'probe',
  title: 'Prometheus scrapes this very gateway',
  remedy: 'add the `/metrics` of the admin listener to `scrape_configs` of Prometheus',
  look: throughPrometheus(async (api, deployment, signal) => {
    const known = await api.query('sallyport_build_info', signal)
    if (known.length === 0) {
      return failed([{ kind: 'metric', text: `${api.url} has no metrics of a gateway` }])
    }
    const names = known.map(({ labels }) => `${labels['job']} ${labels['instance']}`).join(', ')
    if (deployment.gateway === undefined) {
      const text = `${api.url} scrapes ${names}, but no gateway runs here to compare with`
      return unproved('metric', text, 'start the gateway, and check again')
    }
    const own = await ownTarget(api, deployment, signal)
    if (own !== undefined) {
      const text = `${api.url} scrapes this process as ${own.job} ${own.instance}`
      return proved({ kind: 'metric', text })
    }
    return failed([
      { kind: 'metric', text: `${api.url} scrapes ${names}, which is not this gateway` },
    ])
  }),
}

interface Exporter {
  readonly what: string
  /** Has values while it works. */
  readonly expression: string
  readonly remedy: string
}

const HOST: Exporter = {
  what: 'the host',
  expression:
    'group({__name__=~"node_memory_MemAvailable_bytes|windows_os_physical_memory_free_bytes|container_memory_working_set_bytes"})',
  remedy: 'run prometheus-node-exporter on the host and scrape it',
}
const POSTGRES: Exporter = {
  what: 'PostgreSQL',
  expression: 'pg_up == 1',
  remedy: 'run prometheus-postgres-exporter for the store and scrape it',
}
const REDIS: Exporter = {
  what: 'Redis',
  expression: 'redis_up == 1',
  remedy: 'run prometheus-redis-exporter and scrape it',
}

/** `prometheus/exporters` */
export const exporters: Probe = {
  kind: 'probe',
  title: 'The host and the data stores of the deployment are measured by their exporters',
  remedy: 'run the exporters that are missing, and add them to `scrape_configs` of Prometheus',
  look: throughPrometheus(async (api, deployment, signal) => {
    const faults: Seen[] = []
    const seen: Seen[] = []
    const missing: string[] = []
    for (const { what, expression, remedy } of await neededBy(deployment, signal)) {
      const found = await api.query(expression, signal)
      const list = found.length > 0 ? seen : faults
      const text = `${what} ${found.length > 0 ? 'is measured' : 'is not measured'}: \`${expression}\``
      list.push({ kind: 'metric', text })
      if (found.length === 0) missing.push(remedy)
    }
    return missing.length > 0 ? failed(faults, missing.join('; ')) : proved(...seen)
  }),
}

async function neededBy(deployment: Deployment, signal: AbortSignal): Promise<Exporter[]> {
  const postgres = await postgresPlaces(deployment, signal)
  const redis = await redisPlaces(deployment, signal)
  return [
    HOST,
    ...(postgres.places.length > 0 ? [POSTGRES] : []),
    ...(redis.places.length > 0 ? [REDIS] : []),
  ]
}
