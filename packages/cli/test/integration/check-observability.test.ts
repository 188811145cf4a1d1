import type { Deployment } from '@sallyport/checklist'
import { readFigures } from '@sallyport/checklist'
import { isInstalled, startPrometheus } from '@sallyport/checklist/testing/monitoring'
import { describe, expect, test } from 'vitest'
import { findings, openChecked, textOf } from '../fixtures/check-edge.ts'
import { startGateway } from '../fixtures/gateway.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import { callTool } from '../fixtures/wire.ts'

const IDS = [
  'prometheus/scrapes-gateway',
  'prometheus/targets-up',
  'performance/health',
  'performance/calls',
  'performance/queries',
  'performance/cache',
  'performance/memory',
  'performance/cpu',
  'performance/baseline',
  'metrics/errors',
  'metrics/business',
]
const CALLS = 120

describe.runIf(await isInstalled('prometheus'))('a gateway with a Prometheus', () => {
  test('is measured as it runs, its metrics read with a key, and kept as a baseline [check/prometheus/scrapes-gateway] [check/performance/health] [check/performance/calls] [check/performance/queries] [check/performance/baseline] [check/metrics/errors] [check/metrics/business]', async () => {
    const metrics = { perTool: true, protect: true }
    const config = { metrics, mcpServers: { own: stdioServer() } }
    await using gateway = await startGateway({ config })
    const scrape = {
      job_name: 'gateway',
      authorization: { credentials: gateway.token },
      static_configs: [{ targets: [new URL(gateway.admin).host] }],
    }
    const starting = startPrometheus({ config: { scrape_configs: [scrape] } })
    for (let made = 0; made < CALLS; made += 1) await callTool(gateway, 'own__echo', {})
    await using prometheus = await starting

    await using opened = await openChecked(gateway)
    const { settings, book } = opened.deployment
    const deployment: Deployment = {
      ...opened.deployment,
      settings: { ...settings, prometheus: { url: prometheus.url } },
    }
    const at = new Date().toISOString()
    const { figures } = await readFigures(deployment, AbortSignal.timeout(20_000))
    for (const figure of figures) await book?.setBaseline({ ...figure, at })

    const found = await findings(deployment, IDS)
    const states = IDS.map((id) => [id, found.get(id)?.state])
    expect(Object.fromEntries(states)).toEqual({
      ...Object.fromEntries(IDS.map((id) => [id, 'proved'])),
      'performance/cache': 'not_applicable',
      // It started a moment ago.
      'performance/memory': 'unproved',
      'performance/cpu': 'unproved',
    })
    expect(textOf(found.get('performance/baseline'))).toContain('call p95 is ')
    expect(textOf(found.get('metrics/errors'))).toContain(`0 of ${CALLS} calls since`)
  })
})
