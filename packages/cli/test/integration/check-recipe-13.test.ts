import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GOOD_ALERTS, ruleFile } from '@sallyport/checklist/testing/alerts'
import { serveGrafana } from '@sallyport/checklist/testing/grafana'
import {
  isInstalled,
  startAlertmanager,
  startPrometheus,
} from '@sallyport/checklist/testing/monitoring'
import type { Report, ReportItem } from '@sallyport/contract/checklist'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Authority } from '../fixtures/certificates.ts'
import { freePort } from '../fixtures/free-port.ts'
import { TestGateway } from '../fixtures/gateway.ts'
import { goodNginxConf } from '../fixtures/nginx-conf.ts'
import { hasProxy, startNginx } from '../fixtures/proxies.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import { callTool } from '../fixtures/wire.ts'

const DRILLS = ['failover', 'cold-start', 'flood', 'auth', 'reload', 'recover', 'stop']
const GOOD = ['proved', 'attested', 'not_applicable']
const isReady = hasProxy('nginx') && (await isInstalled('prometheus', 'prometheus-alertmanager'))

describe.runIf(isReady)('a local deployment in order', () => {
  const scope = new AsyncDisposableStack()
  let gateway: TestGateway
  let report: Report

  beforeAll(async () => {
    const ports = { http: await freePort(), https: await freePort() }
    gateway = scope.use(
      await TestGateway.create({
        config: configOf(ports),
        env: { MCP_LOG_LEVEL: 'info', GRAFANA_PASSWORD: 'nobody-guesses-this' },
      }),
    )
    await writeFile(join(gateway.dir, 'sallyport.production.yaml'), 'environment: production\n')
    await gateway.restart()
    Authority.make(gateway.dir).issue('leaf')
    const conf = goodNginxConf({ ...ports, gateway: new URL(gateway.data).host })
    scope.use(await startNginx(gateway.dir, conf, ports.https))
    await watch(ports)
    await use()
    const drilled = await gateway.command(['drill', ...DRILLS])
    expect(drilled.stdout + drilled.stderr).not.toContain('FAILED')
    expect(drilled.code).toBe(0)
    const words = ['--by', 'Nemo Nobody', '--note', 'the plan was read by all']
    expect(await gateway.command(['attest', 'attest/incident-response', ...words])).toMatchObject({
      code: 0,
    })
    await writeFile(join(gateway.dir, 'gateway.jsonl'), gateway.logs)
    report = await check()
  }, 180_000)
  afterAll(() => scope.disposeAsync())

  function configOf(
    ports: { readonly https: number },
    checklist: object = {},
  ): Record<string, unknown> {
    const server = stdioServer(
      {},
      {
        ...{ owner: 'platform@example.com', share: 'all' },
        health: { call: { tool: 'echo', arguments: { message: 'well?' } } },
      },
    )
    return {
      environment: 'production',
      listen: '127.0.0.1:0',
      admin: '127.0.0.1:0',
      store: 'sqlite:./data/sallyport.db',
      publicUrl: `https://localhost:${ports.https}`,
      trustedProxies: ['127.0.0.1'],
      auth: { tokens: [{ name: 'prober', value: '${env:TEST_TOKEN}' }] },
      mcpServers: { one: server, two: server },
      groups: {
        both: { members: ['one', 'two'], strategy: 'priority', owner: 'platform@example.com' },
      },
      checklist: {
        ca: 'ca.pem',
        logs: ['gateway.jsonl'],
        objectives: { critical: ['both'], rto: '1m', rpo: '24h' },
        drills: { calls: { both: { tool: 'echo', arguments: { message: 'drill' } } } },
        ...checklist,
      },
    }
  }

  /** Starts what watches the gateway, and tells the checklist where it is. */
  async function watch(ports: { readonly https: number }): Promise<void> {
    const alertmanager = scope.use(
      await startAlertmanager({
        route: { receiver: 'team' },
        receivers: [{ name: 'team', webhook_configs: [{ url: 'http://127.0.0.1:9/page' }] }],
      }),
    )
    const prometheus = scope.use(
      await startPrometheus({
        config: {
          rule_files: ['rules.yml'],
          scrape_configs: [
            { job_name: 'good', static_configs: [{ targets: [new URL(gateway.admin).host] }] },
          ],
          alerting: {
            alertmanagers: [{ static_configs: [{ targets: [new URL(alertmanager.url).host] }] }],
          },
        },
        rules: { 'rules.yml': ruleFile(GOOD_ALERTS) },
      }),
    )
    const dashboards = { Calls: ['sum(rate(sallyport_calls_total[5m]))'] }
    const grafana = scope.use(await serveGrafana({ password: 'nobody-guesses-this', dashboards }))
    const seen = {
      prometheus: { url: prometheus.url, config: prometheus.file },
      alertmanager: { url: alertmanager.url, config: alertmanager.file },
      grafana: { url: grafana.url, password: '${env:GRAFANA_PASSWORD}' },
    }
    await writeFile(gateway.configFile, JSON.stringify(configOf(ports, seen)))
  }

  /** A client with a key of its own makes calls. */
  async function use(): Promise<void> {
    const token = await gateway.createKey('alice')
    for (const name of ['one__echo', 'two__echo', 'both__echo']) {
      const answer = await callTool({ url: gateway.url, token }, name, { message: 'hello' })
      expect(answer.json.result?.['isError']).not.toBe(true)
    }
  }

  async function check(...args: string[]): Promise<Report> {
    const { stdout, stderr } = await gateway.command(['check', '--json', ...args])
    if (!stdout.startsWith('{')) throw new Error(`no report: ${stdout}${stderr}`)
    return JSON.parse(stdout) as Report // what the command prints
  }

  function hangar(): readonly ReportItem[] {
    return report.items.filter(({ seed }) => seed === 'hangar')
  }

  test("every box of MCP Hangar's recipe 13 that awaits no later part is green [check/recipe-13]", () => {
    expect(hangar()).toHaveLength(44)
    const bad = hangar().filter(
      ({ state, awaits }) => awaits === undefined && !GOOD.includes(state),
    )
    expect(
      bad.map(({ id, state, evidence }) => [id, state, evidence.map(({ text }) => text)]),
    ).toEqual([])
  })

  test('its boxes stand in their order, and what a later part will tell is unproved', () => {
    const open = hangar().filter(
      ({ awaits, state }) => awaits !== undefined && state !== 'not_applicable',
    )
    expect(open.map(({ id, state }) => [id, state])).toEqual([
      ['hangar/security/policies', 'unproved'],
    ])
    const sections = [...new Set(hangar().map(({ section }) => section))]
    expect(sections.slice(0, 3)).toEqual(['Security', 'Reliability', 'Observability'])
    expect(sections.slice(-2)).toEqual(['Testing', 'Runbook'])
  })

  test('nothing of what it shows is a secret, and the report is signed', async () => {
    expect(JSON.stringify(report)).not.toContain(gateway.token)
    expect(JSON.stringify(report)).not.toContain('nobody-guesses-this')
    const file = join(gateway.dir, 'report.json')
    await writeFile(file, JSON.stringify(report))
    expect(await gateway.command(['check', 'verify', file])).toMatchObject({ code: 0 })
  })
})
