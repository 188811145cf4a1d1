import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Baseline } from '@sallyport/contract/checklist'
import { OBSERVABILITY } from '../../src/answers/observability.ts'
import type { Deployment } from '../../src/deployment.ts'
import { GOOD_ALERTS, HOLLOW_ALERTS, ruleFile } from '../fixtures/alert-rules.ts'
import { readFigures } from '../../src/performance/figures.ts'
import { deploymentOf, Place } from '../fixtures/deployment.ts'
import { type Found, idsIn, lookAll, textOf } from '../fixtures/family.ts'
import { serveGrafana } from '../fixtures/fake-grafana.ts'
import {
  isInstalled,
  type PrometheusSetup,
  servePages,
  serveBytes,
  startAlertmanager,
  startPrometheus,
  writeHistory,
} from '../fixtures/monitoring.ts'
import { watchGateways, type Course } from '../fixtures/watched-gateways.ts'

const available = await isInstalled('prometheus', 'promtool', 'prometheus-alertmanager', 'amtool')

const COURSES = {
  good: {},
  failing: { calls: { ok: 570, failed: 30 } },
  slow: { callSeconds: 0.8 },
  sleepy: { healthMs: 110 },
  rising: { mib: [200, 400] },
  fat: { mib: [1_100, 1_100] },
  busy: { cores: 0.9 },
  untold: { perTool: false },
  quiet: { calls: { ok: 7 } },
  stranger: { isScraped: false },
} as const satisfies Readonly<Record<string, Course>>

const GOOD_ROUTES = {
  route: { receiver: 'team', routes: [{ receiver: 'nobody', matchers: ['alertname="Watchdog"'] }] },
  receivers: [
    { name: 'nobody' },
    { name: 'team', webhook_configs: [{ url: 'http://127.0.0.1:9/told' }] },
  ],
}
const SILENT_ROUTES = { route: { receiver: 'nobody' }, receivers: [{ name: 'nobody' }] }
const SLACK = { clientId: '1.2', clientSecret: 'made-up', scopes: ['chat:write'] }
const PANELS = ['rate(sallyport_calls_total[$__rate_interval])', 'sallyport_server_healthy']

const UNITS = ['prometheus', 'alerts', 'alertmanager', 'grafana', 'performance', 'metrics']

type Name = keyof typeof COURSES

/** Everything that the deployments of this file look at. */
async function startWorld(opening: AsyncDisposableStack) {
  const gateways = opening.use(await watchGateways<Name>(COURSES))
  const exporter = opening.use(
    await servePages((path) => {
      if (path === '/node') return { text: 'node_memory_MemAvailable_bytes 1e9\n' }
      if (path === '/page') return { text: '<html>hello</html>\n', type: 'text/html' }
      if (path === '/json') return { text: '{"status":"up"}\n', type: 'application/json' }
      return path === '/empty' ? { text: '' } : undefined
    }),
  )
  const history = await writeHistory(opening, gateways.history)
  const [team, silent] = await Promise.all([
    startAlertmanager(GOOD_ROUTES),
    startAlertmanager(SILENT_ROUTES),
  ])
  opening.use(team)
  opening.use(silent)
  const target = (path: string, host = exporter.host) => ({
    job_name: path,
    metrics_path: `/${path}`,
    static_configs: [{ targets: [host] }],
  })
  const alerting = (targets: readonly string[]) => ({
    alertmanagers: [{ static_configs: [{ targets }] }],
  })
  const good = {
    scrape_configs: [...gateways.scrapes, target('node')],
    rule_files: ['rules/*.yml', 'more.yml'],
    alerting: alerting([team.url.slice('http://'.length)]),
  }
  const rules = {
    'rules/gateway.yml': ruleFile(GOOD_ALERTS),
    'more.yml': { groups: [{ name: 'more', rules: [{ record: 'one', expr: 'vector(1)' }] }] },
  }
  const wire = opening.use(await serveBytes('E\0\0\0\x83SFATAL\0unsupported frontend protocol\0'))
  const start = async (config: object, more: Partial<PrometheusSetup> = {}) => {
    const setup = { config: { ...good, ...config }, rules, history, ...more }
    return opening.use(await startPrometheus(setup))
  }
  const faulty = [
    target('closed', new URL(CLOSED).host),
    target('wire', wire.host),
    ...['page', 'json', 'empty', 'absent'].map((path) => target(path)),
  ]
  const [fine, faulted, deaf, missing, hollow, short] = await Promise.all([
    start({}),
    start({ scrape_configs: [...good.scrape_configs, ...faulty] }),
    start({ alerting: alerting([]) }),
    start({ rule_files: [...good.rule_files, 'rules.missing.yml'] }),
    start({}, { rules: { ...rules, 'rules/gateway.yml': ruleFile(HOLLOW_ALERTS) } }),
    start({}, { retention: '1h' }),
  ])
  const [grafana, open, bare, stale] = await Promise.all([
    serveGrafana({ password: 'a-good-one', dashboards: { Gateway: PANELS } }),
    serveGrafana({ password: 'admin', dashboards: { Gateway: PANELS } }),
    serveGrafana({ password: 'a-good-one', dashboards: { Host: ['node_load1'] } }),
    serveGrafana({
      password: 'a-good-one',
      dashboards: { Gateway: [...PANELS, 'sallyport_gone_total'] },
    }),
  ])
  for (const each of [grafana, open, bare, stale]) opening.use(each)
  const place = opening.use(await Place.make())
  return {
    folder: place.folder,
    gateways,
    alertmanagers: { team, silent },
    prometheus: { fine, faulted, deaf, missing, hollow, short },
    grafana: { grafana, open, bare, stale },
  }
}

type World = Awaited<ReturnType<typeof startWorld>>

/** What differs from the good deployment. */
interface Copy {
  readonly gateway?: Name
  readonly prometheus?: keyof World['prometheus']
  readonly alertmanager?: keyof World['alertmanagers']
  readonly grafana?: keyof World['grafana']
  readonly objectives?: Readonly<Record<string, string>>
  readonly baselines?: readonly Baseline[]
  readonly checklist?: Readonly<Record<string, unknown>>
}

const AT = '2026-11-01T00:00:00.000Z'
const BASELINES: readonly Baseline[] = [
  { name: 'health p95', value: 400, unit: 'ms', at: AT },
  { name: 'call p95', value: 30, unit: 'ms', at: AT },
  { name: 'memory', value: 200 * 1024 ** 2, unit: 'bytes', at: AT },
  { name: 'cpu', value: 10, unit: 'percent', at: AT },
]
/** Beside a figure that is judged by its objective, baselines would fail as well. */
const NO_BASELINE = { baselines: [] } as const
const NONE_ACCEPTED = 'performance/baseline: no baseline was accepted yet'
/** A port that nobody uses. */
const CLOSED = 'http://127.0.0.1:4'

describe.runIf(available)('a deployment that is watched', () => {
  const opening = new AsyncDisposableStack()
  let world: World

  beforeAll(async () => {
    world = await startWorld(opening)
  })
  afterAll(() => opening.disposeAsync())

  function deploymentLike(copy: Copy): Deployment {
    const { gateway = 'good', objectives = {}, baselines = BASELINES } = copy
    const prometheus = world.prometheus[copy.prometheus ?? 'fine']
    const alertmanager = world.alertmanagers[copy.alertmanager ?? 'team']
    const grafana = world.grafana[copy.grafana ?? 'grafana']
    const password = copy.grafana === 'open' ? 'admin' : 'a-good-one'
    const checklist = {
      prometheus: { url: prometheus.url, config: prometheus.file },
      alertmanager: { url: alertmanager.url, config: alertmanager.file },
      grafana: { url: grafana.url, password },
      objectives,
      ...copy.checklist,
    }
    const source = { slack: SLACK, metrics: { perTool: gateway !== 'untold' }, checklist }
    return deploymentOf(world.folder, source, {
      gateway: world.gateways.view(gateway),
      book: { baselines: async () => baselines } as Deployment['book'], // the rest of it is not asked for
    })
  }

  /** What every probe of the family found: ids that failed, and the words of what is unproved. */
  async function lookAt(copy: Copy) {
    const deployment = deploymentLike(copy)
    const found = await lookAll(OBSERVABILITY, UNITS, deployment)
    const unproved = idsIn(found, 'unproved').map((id) => `${id}: ${textOf(found, id)}`)
    return { found, failed: idsIn(found, 'failed'), unproved }
  }

  /** Of every probe of the family just these fail, and nothing else is left open. */
  async function expectOnly(ids: readonly string[], copy: Copy): Promise<Found> {
    const { found, failed, unproved } = await lookAt(copy)
    const open = copy.baselines === undefined ? [] : [NONE_ACCEPTED]
    expect({ failed, unproved }).toEqual({ failed: ids.toSorted(), unproved: open })
    return found
  }

  test('is proved in everything that can be seen of it', async () => {
    await expectOnly([], {})
  })

  test('where a target is down, speaks another protocol or shows no metrics, each is named [check/prometheus/targets-up]', async () => {
    const found = await expectOnly(['prometheus/targets-up'], { prometheus: 'faulted' })
    const words = found.get('prometheus/targets-up')?.evidence.map(({ text }) => text) ?? []
    expect(words.map((text) => text.replace(/127\S+ /, '').replace(/[:;].*/, '')).sort()).toEqual([
      'absent is down',
      'closed is down',
      'empty is no metrics endpoint',
      'json is no metrics endpoint',
      'page is no metrics endpoint',
      'wire is no metrics endpoint',
    ])
  })

  test('a rule file that is named and missing fails [check/prometheus/rules-loaded]', async () => {
    const found = await expectOnly(['prometheus/rules-loaded'], { prometheus: 'missing' })
    expect(textOf(found, 'prometheus/rules-loaded')).toContain('rules.missing.yml')
  })

  test('a rule that Prometheus could not load fails before it is loaded [check/prometheus/rules-loaded]', async () => {
    await using place = await Place.make({
      'prometheus.yml': `rule_files: [rules.yml]\nalerting: { alertmanagers: [{ dns_sd_configs: [] }] }\n`,
      'rules.yml': 'groups: [{ name: one, rules: [{ alert: Down, expr: "rate(up) == 0" }] }]\n',
    })
    const config = `${place.folder}/prometheus.yml`
    const prometheus = { url: world.prometheus.fine.url, config }
    const found = await expectOnly(['prometheus/rules-loaded'], { checklist: { prometheus } })
    expect(textOf(found, 'prometheus/rules-loaded')).toMatch(
      /promtool check rules.*type range vector/s,
    )
  })

  test('an empty list of Alertmanagers fails [check/prometheus/alertmanager]', async () => {
    await expectOnly(['prometheus/alertmanager'], { prometheus: 'deaf' })
  })

  test('a retention of one hour fails [check/prometheus/retention]', async () => {
    await expectOnly(['prometheus/retention'], { prometheus: 'short' })
  })

  test('rules that have the right names and read nothing of the gateway cover nothing [check/alerts/servers] [check/alerts/critical] [check/alerts/warning] [check/alerts/oauth] [check/alerts/database] [check/alerts/uptime] [check/alerts/checklist]', async () => {
    const ids = Object.keys(OBSERVABILITY).filter((id) => id.startsWith('alerts/'))
    await expectOnly(ids, { prometheus: 'hollow' })
  })

  test('a data store of the deployment without an exporter fails [check/prometheus/exporters]', async () => {
    const redis = `redis://:made-up@${new URL(CLOSED).host}`
    const { found, failed, unproved } = await lookAt({ checklist: { redis } })
    expect(failed).toEqual(['prometheus/exporters'])
    expect(textOf(found, 'prometheus/exporters')).toBe('Redis is not measured: `redis_up == 1`')
    expect(unproved.map((text) => text.replace(/:.*/, ''))).toEqual(['performance/cache'])
  })

  test('a gateway that Prometheus does not scrape fails, though it scrapes others [check/prometheus/scrapes-gateway]', async () => {
    const { failed, unproved } = await lookAt({ gateway: 'stranger' })
    expect(failed).toEqual(['prometheus/scrapes-gateway'])
    expect(unproved.map((text) => text.replace(/:.*/, ''))).toEqual(['performance/memory'])
  })

  test('what does not answer fails, and all that only it could tell is unproved [check/prometheus/reachable] [check/alertmanager/reachable] [check/grafana/reachable]', async () => {
    const closed = { url: CLOSED }
    const checklist = { prometheus: closed, alertmanager: closed, grafana: closed }
    const { failed, unproved } = await lookAt({ checklist })
    expect(failed).toEqual(['alertmanager/reachable', 'grafana/reachable', 'prometheus/reachable'])
    const ids = Object.keys(OBSERVABILITY).filter((id) => /^(?:prometheus|alert|grafana)/.test(id))
    const open = ids.filter((id) => !failed.includes(id))
    expect(unproved.map((text) => text.replace(/:.*/, ''))).toEqual(
      [...open, 'performance/memory'].sort(),
    )
  })

  test('a receiver that tells nobody fails [check/alertmanager/receivers]', async () => {
    await expectOnly(['alertmanager/receivers'], { alertmanager: 'silent' })
  })

  test('a route to a receiver that is not there fails before it is loaded [check/alertmanager/receivers]', async () => {
    await using place = await Place.make({
      'alertmanager.yml': 'route: { receiver: team }\nreceivers: [{ name: others }]\n',
    })
    const alertmanager = {
      url: world.alertmanagers.team.url,
      config: `${place.folder}/alertmanager.yml`,
    }
    const found = await expectOnly(['alertmanager/receivers'], { checklist: { alertmanager } })
    expect(textOf(found, 'alertmanager/receivers')).toContain('amtool check-config')
  })

  test('a Grafana that takes the password it ships with fails [check/grafana/password]', async () => {
    await expectOnly(['grafana/password'], { grafana: 'open' })
  })

  test('a Grafana without a dashboard of the gateway fails, and so does a panel of a series that nobody exports [check/grafana/dashboards]', async () => {
    await expectOnly(['grafana/dashboards'], { grafana: 'bare' })
    const found = await expectOnly(['grafana/dashboards'], { grafana: 'stale' })
    expect(textOf(found, 'grafana/dashboards')).toBe(
      'the panel panel 2 of Gateway draws sallyport_gone_total, which nobody exports',
    )
  })

  test('a Grafana that shows its dashboards to nobody unproves them [check/grafana/dashboards]', async () => {
    const grafana = { url: world.grafana.grafana.url }
    const { failed, unproved } = await lookAt({ checklist: { grafana } })
    expect({ failed, unproved: unproved.map((text) => text.replace(/:.*/, '')) }).toEqual({
      failed: [],
      unproved: ['grafana/dashboards'],
    })
  })

  test('a health that is told too slowly fails [check/performance/health]', async () => {
    const objectives = { p95: '100ms' }
    await expectOnly(['performance/health'], { gateway: 'sleepy', objectives })
  })

  test('calls slower than the objective fail, and than the baseline by more than half too [check/performance/calls] [check/performance/baseline]', async () => {
    await expectOnly(['performance/calls'], { gateway: 'slow', ...NO_BASELINE })
    const found = await expectOnly(['performance/baseline'], {
      gateway: 'slow',
      objectives: { p95: '2s' },
    })
    expect(textOf(found, 'performance/baseline')).toMatch(/^call p95 is \d+.* ms, and was 30 ms/)
  })

  test('memory that grows within the hour fails, and memory over the objective [check/performance/memory]', async () => {
    await expectOnly(['performance/memory'], { gateway: 'rising', ...NO_BASELINE })
    await expectOnly(['performance/memory'], { gateway: 'fat', ...NO_BASELINE })
  })

  test('a core that is busy all the time fails [check/performance/cpu]', async () => {
    await expectOnly(['performance/cpu'], { gateway: 'busy', ...NO_BASELINE })
  })

  test('an error rate of 5 percent fails [check/metrics/errors]', async () => {
    await expectOnly(['metrics/errors'], { gateway: 'failing' })
  })

  test('calls that are not counted by tool fail [check/metrics/business]', async () => {
    await expectOnly(['metrics/business'], { gateway: 'untold' })
  })

  test('seven calls prove neither their time nor their errors [check/performance/calls] [check/metrics/errors] [check/performance/baseline]', async () => {
    const { failed, unproved } = await lookAt({ gateway: 'quiet' })
    expect({ failed, unproved }).toEqual({
      failed: [],
      unproved: [
        'metrics/errors: 7 calls were seen since the gateway started, and 100 are needed to judge them',
        'performance/baseline: call p95 cannot be compared: 7 calls were seen, and 100 are needed',
        'performance/calls: 7 calls were seen since the gateway started, and 100 are needed to judge them',
      ],
    })
  })

  test('the figures of a gateway are measured with their units, to be kept as baselines [check/performance/baseline]', async () => {
    const { figures, missing } = await readFigures(deploymentLike({}), AbortSignal.timeout(10_000))
    expect(figures.map(({ name, unit }) => `${name} ${unit}`)).toEqual([
      'health p95 ms',
      'call p95 ms',
      'memory bytes',
      'cpu percent',
    ])
    expect(missing.size).toBe(0)
  })
})
