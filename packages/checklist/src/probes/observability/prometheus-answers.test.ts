import { expect, onTestFinished, test } from 'vitest'
import { OBSERVABILITY } from '../../answers/observability.ts'
import type { Finding } from '../../answers/answer.ts'
import { deploymentOf, look } from '../../../test/fixtures/deployment.ts'
import { servePages } from '../../../test/fixtures/monitoring.ts'

type Id = keyof typeof OBSERVABILITY

const RULE = { type: 'alerting', name: 'Down', query: 'up == 0', health: 'ok' }
const GOOD = {
  'status/buildinfo': { version: '2.42.0' },
  'status/runtimeinfo': { reloadConfigSuccess: true, storageRetention: '15d' },
  'status/config': { yaml: 'rule_files: [/etc/prometheus/one.yml]\n' },
  rules: { groups: [{ name: 'one', file: '/etc/prometheus/one.yml', rules: [RULE] }] },
  alertmanagers: { activeAlertmanagers: [{ url: 'http://am:9093/api/v2/alerts' }] },
  query: { resultType: 'vector', result: [] },
}

/** A Prometheus that answers as told, with a page of its own metrics. */
async function prometheus(answers: object = {}, metrics = '', status = 200): Promise<string> {
  const all: Readonly<Record<string, unknown>> = { ...GOOD, ...answers }
  const pages = await servePages((path) => {
    if (path === '/metrics') return { text: metrics }
    const data = all[path.replace(/^\/api\/v1\//, '').replace(/\?.*/, '')]
    const text = JSON.stringify({ status: 'success', data })
    return { text, status, type: 'application/json' }
  })
  onTestFinished(() => pages[Symbol.asyncDispose]())
  return pages.url
}

function lookAt(id: Id, url: string, more: object = {}): Promise<Finding> {
  const checklist = { prometheus: { url } }
  return look(OBSERVABILITY[id], deploymentOf('/nowhere', { checklist, ...more }))
}

function words({ state, evidence }: Finding): string {
  return `${state}: ${evidence.map(({ text }) => text.replace(/http:\/\/127\S+/g, 'URL')).join('; ')}`
}

test.each([
  ['prometheus/reachable', {}, 'proved: URL answers as Prometheus 2.42.0'],
  [
    'prometheus/reachable',
    { 'status/runtimeinfo': { reloadConfigSuccess: false, storageRetention: '15d' } },
    'failed: URL refused its last configuration and runs an older one',
  ],
  [
    'prometheus/reachable',
    { 'status/buildinfo': 'nginx' },
    'failed: URL does not answer as Prometheus does',
  ],
  [
    'prometheus/retention',
    { 'status/runtimeinfo': { reloadConfigSuccess: true, storageRetention: '6d or 2GiB' } },
    'failed: URL keeps samples for 6d or 2GiB',
  ],
  [
    'prometheus/retention',
    { 'status/runtimeinfo': { reloadConfigSuccess: true, storageRetention: '512MiB' } },
    'unproved: URL keeps samples for 512MiB, which says nothing of their age',
  ],
  [
    'prometheus/retention',
    { 'status/runtimeinfo': { reloadConfigSuccess: true, storageRetention: '1w1d' } },
    'proved: URL keeps samples for 1w1d',
  ],
  ['prometheus/rules-loaded', {}, 'proved: URL evaluates 1 groups with 1 alerts'],
  [
    'prometheus/rules-loaded',
    { rules: { groups: [] }, 'status/config': { yaml: '' } },
    'failed: URL has no rules',
  ],
  [
    'prometheus/rules-loaded',
    { 'status/config': { yaml: 'rule_files: [one.yml, other.yml, "none*.yml"]' } },
    'failed: nothing is loaded from the rule file other.yml: it is missing, or has no groups',
  ],
  [
    'prometheus/rules-loaded',
    rulesWith({ health: 'err', lastError: 'many-to-many matching' }),
    'failed: the rule Down of the group one cannot be evaluated: many-to-many matching',
  ],
  [
    'prometheus/rules-loaded',
    rulesWith({ health: 'unknown' }),
    'unproved: not evaluated yet: Down',
  ],
  ['prometheus/targets-up', { targets: { activeTargets: [] } }, 'failed: URL has no targets'],
  ['prometheus/targets-up', targetWith('unknown', ''), 'unproved: not looked at yet: db db:5432'],
  [
    'prometheus/targets-up',
    targetWith('down', 'context deadline exceeded'),
    'failed: db db:5432 is no metrics endpoint (its port is that of PostgreSQL, scrape prometheus-postgres-exporter instead): http://db:5432/metrics gave context deadline exceeded',
  ],
  ['prometheus/scrapes-gateway', {}, 'failed: URL has no metrics of a gateway'],
  [
    'prometheus/alertmanager',
    {},
    'proved: alerts go to http://am:9093/api/v2/alerts; none was sent yet',
  ],
  [
    'prometheus/alertmanager',
    {
      alertmanagers: { activeAlertmanagers: [] },
      'status/config': {
        yaml: 'alerting: { alertmanagers: [{ dns_sd_configs: [{ names: [am] }] }] }',
      },
    },
    'failed: URL sends alerts to no Alertmanager: it looks some up and finds none',
  ],
] as const)('%s: %j is %s', async (id, answers, expected) => {
  expect(words(await lookAt(id, await prometheus(answers)))).toBe(expected)
})

function rulesWith(more: object) {
  return {
    rules: {
      groups: [{ name: 'one', file: '/etc/prometheus/one.yml', rules: [{ ...RULE, ...more }] }],
    },
  }
}

function targetWith(health: string, lastError: string) {
  const labels = { job: 'db', instance: 'db:5432' }
  return {
    targets: {
      activeTargets: [{ labels, health, lastError, scrapeUrl: 'http://db:5432/metrics' }],
    },
  }
}

test('alerts that mostly do not arrive fail', async () => {
  const of = '{alertmanager="http://am:9093/api/v2/alerts"}'
  const metrics = `prometheus_notifications_sent_total${of} 10\nprometheus_notifications_errors_total${of} 6\n`
  expect(words(await lookAt('prometheus/alertmanager', await prometheus({}, metrics)))).toBe(
    'failed: of 10 alerts sent to http://am:9093/api/v2/alerts 6 failed',
  )
})

test('a Prometheus that wants a login is not told to be down', async () => {
  const url = await prometheus({}, '', 401)
  const expected = 'unproved: URL answered 401: it wants a login'
  expect(words(await lookAt('prometheus/reachable', url))).toBe(expected)
  expect(words(await lookAt('alerts/servers', url))).toBe(expected)
})

test.each([
  ['up == 0', 'proved'],
  ['up{job="gateway"} == 0', 'proved'],
  ['up{job="node"} == 0', 'failed'],
  ['up{instance=~"10.*"} == 0', 'failed'],
  ['probe_success{job="blackbox"} == 0', 'proved'],
  ['absent(sallyport_build_info)', 'proved'],
  ['absent(node_load1)', 'failed'],
  ['sallyport_build_info == 1', 'failed'],
] as const)(
  'an alert on %s leaves the uptime of the gateway %s [check/alerts/uptime]',
  async (query, state) => {
    const metric = { job: 'gateway', instance: '127.0.0.1:9101' }
    const known = { resultType: 'vector', result: [{ metric, value: [1, '1'] }] }
    const url = await prometheus({ ...rulesWith({ query }), query: known })
    expect((await lookAt('alerts/uptime', url)).state).toBe(state)
  },
)

test('alerts on Slack concern a deployment with a Slack app alone [check/alerts/oauth]', async () => {
  const url = await prometheus()
  const slack = { clientId: '1.2', clientSecret: 'made-up', scopes: ['chat:write'] }
  expect((await lookAt('alerts/oauth', url)).state).toBe('not_applicable')
  expect((await lookAt('alerts/oauth', url, { slack })).state).toBe('failed')
})

test('a deployment that says of nothing where it is proves nothing, and is told what to declare', async () => {
  const deployment = deploymentOf('/nowhere', {})
  const found = await Promise.all(
    Object.entries(OBSERVABILITY).map(async ([id, probe]) => {
      const { state, remedy = probe.remedy } = await look(probe, deployment)
      return { id, state, declares: /`checklist\.\w+\.url`/.test(remedy) }
    }),
  )
  const watchers = found.filter(({ id }) => /^(?:prometheus|alert|grafana)/.test(id))
  expect(
    watchers.filter(
      ({ id, state, declares }) => id !== 'alerts/oauth' && !(state === 'unproved' && declares),
    ),
  ).toEqual([])
  const own = found.filter(
    ({ id, state }) => /^(?:performance|metrics)/.test(id) && state !== 'unproved',
  )
  expect(own.map(({ id, state }) => `${id} ${state}`)).toEqual(['performance/cache not_applicable'])
})
