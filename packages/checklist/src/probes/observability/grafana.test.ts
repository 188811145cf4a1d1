import { expect, onTestFinished, test } from 'vitest'
import { OBSERVABILITY } from '../../answers/observability.ts'
import { deploymentOf, look } from '../../../test/fixtures/deployment.ts'
import { servePages } from '../../../test/fixtures/monitoring.ts'

const SOURCE = { type: 'prometheus', uid: 'p' }
const SERIES = ['sallyport_calls_total', 'sallyport_server_healthy']

/** What a probe says of a Grafana that answers so, with a Prometheus that knows `SERIES`. */
async function lookAt(
  id: 'grafana/reachable' | 'grafana/password' | 'grafana/dashboards',
  answers: Readonly<Record<string, readonly [status: number, body: unknown]>>,
): Promise<string> {
  const pages = await servePages((path) => {
    if (path.startsWith('/api/v1/label/')) return { text: JSON.stringify({ data: SERIES }) }
    const [status, body] = answers[path.replace(/\?.*/, '')] ?? [404, {}]
    return { status, text: JSON.stringify(body), type: 'application/json' }
  })
  onTestFinished(() => pages[Symbol.asyncDispose]())
  const checklist = {
    prometheus: { url: pages.url },
    grafana: { url: pages.url, password: 'a-good-one' },
  }
  const { state, evidence } = await look(OBSERVABILITY[id], deploymentOf('/nowhere', { checklist }))
  return `${state}: ${evidence.map(({ text }) => text.replaceAll(pages.url, 'URL')).join('; ')}`
}

test.each([
  [
    200,
    { database: 'ok', version: '11.2.0' },
    'proved: URL answers as Grafana 11.2.0, its database is ok',
  ],
  [
    503,
    { database: 'failing', version: '11.2.0' },
    'failed: URL answers as Grafana 11.2.0, its database is failing',
  ],
  [
    200,
    { database: 'ok' },
    'proved: URL answers as Grafana of an unknown version, its database is ok',
  ],
  [200, 'hello', 'failed: URL/api/health answered 200, not as Grafana does'],
] as const)('health %i with %j is %s [check/grafana/reachable]', async (status, body, expected) => {
  expect(await lookAt('grafana/reachable', { '/api/health': [status, body] })).toBe(expected)
})

test.each([
  [200, 'failed'],
  [401, 'proved'],
  [429, 'unproved'],
  [502, 'unproved'],
  [302, 'unproved'],
] as const)(
  'an answer %i to the password that it ships with is %s [check/grafana/password]',
  async (status, state) => {
    expect(await lookAt('grafana/password', { '/api/user': [status, {}] })).toMatch(
      new RegExp(`^${state}: URL answers ${status} to admin`),
    )
  },
)

function dashboardWith(...panels: readonly object[]) {
  return {
    '/api/search': [200, [{ uid: 'one', title: 'One', type: 'dash-db' }]],
    '/api/dashboards/uid/one': [200, { dashboard: { panels } }],
  } as const
}

const CALLS = { title: 'Calls', targets: [{ expr: 'rate(sallyport_calls_total[5m])' }] }

test.each([
  [
    'panels in rows',
    [{ type: 'row', panels: [CALLS] }],
    'proved: every panel of One has its series',
  ],
  [
    'logs beside them, in another language',
    [
      CALLS,
      { title: 'Logs', datasource: { type: 'loki' }, targets: [{ expr: '{job="x"} | json' }] },
    ],
    'proved: every panel of One has its series',
  ],
  [
    'a data source by its name, and one of a variable',
    [
      { ...CALLS, datasource: 'Prometheus' },
      { ...CALLS, datasource: { uid: '${source}' } },
    ],
    'proved: every panel of One has its series',
  ],
  [
    'a series that is gone, twice',
    [
      CALLS,
      { title: 'Old', datasource: SOURCE, targets: [{ expr: 'mcp_old / mcp_old' }, { expr: '' }] },
    ],
    'failed: the panel Old of One draws mcp_old, which nobody exports',
  ],
  [
    'a panel of text alone',
    [{ type: 'text' }],
    'failed: none of 1 dashboards of URL draws a series of the gateway',
  ],
] as const)(
  'a dashboard with %s is %s [check/grafana/dashboards]',
  async (_what, panels, expected) => {
    const found = await lookAt('grafana/dashboards', dashboardWith(...panels))
    expect(found).toBe(expected)
  },
)

test('a Grafana without dashboards fails; one that breaks while it lists them proves nothing', async () => {
  expect(await lookAt('grafana/dashboards', { '/api/search': [200, []] })).toMatch(
    /^failed: none of 0/,
  )
  expect(await lookAt('grafana/dashboards', { '/api/search': [500, {}] })).toBe(
    'unproved: URL/api/search answered 500',
  )
})
