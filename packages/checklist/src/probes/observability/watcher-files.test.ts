import { expect, test } from 'vitest'
import { OBSERVABILITY } from '../../answers/observability.ts'
import { deploymentOf, look, Place } from '../../../test/fixtures/deployment.ts'

type Id = keyof typeof OBSERVABILITY

/** What a probe says of files alone, without the folder; no tool is on the PATH. */
async function lookAt(id: Id, files: Readonly<Record<string, string>>): Promise<string> {
  await using place = await Place.make(files)
  const checklist = {
    prometheus: { config: 'monitoring/prometheus.yml' },
    alertmanager: { config: 'alertmanager.yml' },
  }
  const variables = { PATH: '' }
  const deployment = deploymentOf(place.folder, { checklist }, { variables })
  const { state, evidence } = await look(OBSERVABILITY[id], deployment)
  return `${state}: ${evidence.map(({ text }) => text.replaceAll(`${place.folder}/`, '')).join('; ')}`
}

const CONFIG = 'monitoring/prometheus.yml'

test.each([
  ['beside it', 'alerts.yml', 'monitoring/alerts.yml'],
  ['by a pattern', 'rules/*.yml', 'monitoring/rules/one.yml'],
  ['at a path of its container', '/etc/prometheus/rules/one.yml', 'monitoring/rules/one.yml'],
] as const)(
  'a rule file that is there %s is found, and that it is loaded is not proved',
  async (_what, name, file) => {
    const files = { [CONFIG]: `rule_files: ['${name}']\n`, [file]: 'groups: []\n' }
    expect(await lookAt('prometheus/rules-loaded', files)).toBe(
      'unproved: what Prometheus has loaded cannot be seen',
    )
  },
)

test.each([
  ['postgres:5432', 'PostgreSQL'],
  ['redis:6379', 'Redis'],
])(
  'a configuration that scrapes %s fails without asking Prometheus [check/prometheus/targets-up]',
  async (target, product) => {
    const scrape = `scrape_configs: [{ job_name: a, static_configs: [{ targets: ['${target}'] }]`
    const found = await lookAt('prometheus/targets-up', { [CONFIG]: `${scrape} }]\n` })
    expect(found).toContain(`failed: ${CONFIG} scrapes ${target}, which is no metrics endpoint`)
    expect(found).toContain(product)
    const through = `${scrape}, relabel_configs: [{ target_label: __address__ }] }]\n`
    expect(await lookAt('prometheus/targets-up', { [CONFIG]: through })).toMatch(/^unproved/)
  },
)

test.each(['alert_rules.yml', '/etc/prometheus/alert_rules.yml', 'rules/*.yml'])(
  'the rule file %s that is named and missing fails [check/prometheus/rules-loaded]',
  async (name) => {
    const files = { [CONFIG]: `rule_files: ['${name}']\n` }
    expect(await lookAt('prometheus/rules-loaded', files)).toBe(
      `failed: ${CONFIG} names the rule file ${name}, which is missing`,
    )
  },
)

test.each([
  [
    'a list without targets',
    'alerting: { alertmanagers: [{ static_configs: [{ targets: [] }] }] }',
  ],
  [
    'targets that are commented out',
    'alerting:\n  alertmanagers:\n    - static_configs:\n        - targets:\n          # - am:9093\n',
  ],
  ['nothing about alerts', 'scrape_configs: []'],
] as const)('%s sends alerts to nobody [check/prometheus/alertmanager]', async (_what, text) => {
  expect(await lookAt('prometheus/alertmanager', { [CONFIG]: text })).toBe(
    `failed: ${CONFIG} names no Alertmanager: its list of targets is empty or missing`,
  )
})

test.each([
  ['prometheus/rules-loaded', {}, `failed: ${CONFIG} is missing`],
  [
    'prometheus/rules-loaded',
    { [CONFIG]: '- a list' },
    `failed: ${CONFIG} is no configuration of Prometheus`,
  ],
  ['alertmanager/receivers', {}, 'failed: alertmanager.yml is missing'],
  [
    'alertmanager/receivers',
    { 'alertmanager.yml': '- a list' },
    'failed: alertmanager.yml is no configuration of Alertmanager',
  ],
  [
    'alertmanager/receivers',
    { 'alertmanager.yml': 'route: { receiver: gone }' },
    'failed: alertmanager.yml routes to the receiver gone, which it does not have',
  ],
  [
    'alertmanager/receivers',
    { 'alertmanager.yml': 'route: { receiver: a }\nreceivers: [{ name: a, slack_configs: [{}] }]' },
    'unproved: what Alertmanager runs on cannot be seen',
  ],
] as const)('%s of %j is %s', async (id, files, expected) => {
  expect(await lookAt(id, files)).toBe(expected)
})
