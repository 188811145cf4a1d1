import { execFileSync, spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { Metrics, NO_SERVER } from './metrics.ts'
import type { RuntimeReading } from './runtime-gauges.ts'

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface Family {
  readonly help: string
  readonly type: string
  readonly samples: Sample[]
}

/**
 * A strict reader of the Prometheus text format 0.0.4; throws at what it does not know. `Nan` is how prom-client
 * writes NaN, and Prometheus reads it in any case.
 */
function parseExposition(text: string): Map<string, Family> {
  const families = new Map<string, Family>()
  let current: { name: string; family: Family } | undefined
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const head = /^# (HELP|TYPE) ([a-z_:][a-z0-9_:]*) (.+)$/.exec(line)
    const [, keyword, name = '', rest = ''] = head ?? []
    if (keyword === 'HELP') {
      if (families.has(name)) throw new Error(`family twice: ${name}`)
      current = { name, family: { help: rest, type: '', samples: [] } }
    } else if (keyword === 'TYPE') {
      if (current?.name !== name) throw new Error(`type without help: ${line}`)
      families.set(name, { ...current.family, type: rest })
    } else {
      const family = families.get(current?.name ?? '')
      if (family === undefined) throw new Error(`sample without family: ${line}`)
      family.samples.push(parseSample(line))
    }
  }
  return families
}

function parseSample(line: string): Sample {
  const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (-?[\d.]+(?:e[+-]?\d+)?|NaN|Nan|[+-]Inf)$/.exec(
    line,
  )
  if (match === null) throw new Error(`no sample: ${line}`)
  const labels: Record<string, string> = {}
  const inner = match[2] ?? ''
  const pair = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/y
  while (pair.lastIndex < inner.length) {
    const found = pair.exec(inner)
    if (found === null) throw new Error(`bad labels: ${line}`)
    labels[found[1] ?? ''] = found[2] ?? ''
  }
  return { name: match[1] ?? '', labels, value: Number(match[3]?.replace('Inf', 'Infinity')) }
}

async function familiesOf(metrics: Metrics): Promise<Map<string, Family>> {
  return parseExposition(await metrics.render())
}

function valueOf(family: Family | undefined, labels: Record<string, string>): number | undefined {
  return family?.samples.find((sample) =>
    Object.entries(labels).every(([name, value]) => sample.labels[name] === value),
  )?.value
}

const STAYS_UP: RuntimeReading = {
  servers: [
    { ...{ name: 'slow', state: 'degraded', inFlight: 0 }, ...{ breaker: 'open', checkMs: 1_500 } },
    { ...{ name: 'cold', state: 'cold', inFlight: 0 }, breaker: 'closed' },
  ],
  groups: [
    { ...{ name: 'pair', healthy: 1, minHealthy: 2 }, breaker: 'closed' },
    { ...{ name: 'shut', healthy: 1, minHealthy: 1 }, breaker: 'open' },
    { name: 'well', healthy: 2, minHealthy: 1 },
  ],
  config: { generation: 7, lastReloadOk: false },
  resultsKept: 3,
  draining: true,
}

function used(perTool = false): Metrics {
  const metrics = new Metrics({ version: '0.1.0', perTool })
  metrics.callFinished('files', 'tools/call', 'ok', 0.003)
  metrics.callFinished('files', 'tools/call', 'failed', 31)
  metrics.callFinished(NO_SERVER, 'tools/list', 'ok', 0.0001)
  metrics.toolFinished('files', 'read "x"\n\\', true)
  metrics.doorRefused('credential_missing')
  metrics.serverStarted('files', true)
  metrics.serverRestarted('files')
  metrics.serverStrayed('files')
  metrics.auditAppended('call')
  metrics.auditFailed()
  metrics.stayUp.serverChecked('files', true)
  metrics.stayUp.reloaded('refused')
  metrics.stayUp.quotaRefused('daily')
  metrics.stayUp.keyedCall('replayed')
  metrics.watch(() => STAYS_UP)
  return metrics
}

test('writes text that a strict reader accepts, with names as Prometheus wants them [observe/metrics/format]', async () => {
  const metrics = used(true)
  metrics.watch(() => ({ servers: [{ name: 'files', state: 'ready', inFlight: 1, queued: 2 }] }))
  const families = await familiesOf(metrics)
  const seen = new Set<string>()
  for (const [name, family] of families) {
    expect(name).toMatch(/^sallyport_/)
    expect(family.help).not.toBe('')
    expect(name.endsWith('_total')).toBe(family.type === 'counter')
    expect(name).not.toMatch(/milliseconds|_ms$|gauge|counter|histogram$/)
    for (const sample of family.samples) {
      const id = JSON.stringify([sample.name, sample.labels])
      expect(seen.has(id)).toBe(false)
      seen.add(id)
    }
  }
  expect(families.has('sallyport_nodejs_eventloop_lag_seconds')).toBe(true)
  expect(families.has('sallyport_process_resident_memory_bytes')).toBe(true)
  expect(valueOf(families.get('sallyport_build_info'), { version: '0.1.0' })).toBe(1)
})

test.skipIf(spawnSync('promtool', ['--version']).error !== undefined)(
  'passes promtool',
  async () => {
    execFileSync('promtool', ['check', 'metrics'], { input: await used(true).render() })
  },
)

test('counts calls by server, method and outcome, and their time in buckets [observe/metrics/calls]', async () => {
  const families = await familiesOf(used())
  const calls = families.get('sallyport_calls_total')
  expect(valueOf(calls, { server: 'files', method: 'tools/call', outcome: 'ok' })).toBe(1)
  expect(valueOf(calls, { server: 'files', method: 'tools/call', outcome: 'failed' })).toBe(1)
  const duration = families.get('sallyport_call_duration_seconds')
  const files = { server: 'files', method: 'tools/call' }
  expect(valueOf(duration, { ...files, le: '0.0025' })).toBe(0)
  expect(valueOf(duration, { ...files, le: '0.005' })).toBe(1)
  expect(valueOf(duration, { ...files, le: '30' })).toBe(1)
  expect(valueOf(duration, { ...files, le: '+Inf' })).toBe(2)
  expect(families.has('sallyport_tool_calls_total')).toBe(false)
})

test('files invented methods and too many servers under other [observe/metrics/bounded]', async () => {
  const metrics = new Metrics({ version: '0', perTool: false })
  for (let n = 0; n < 2_000; n += 1) metrics.callFinished('files', `evil/${n}`, 'refused', 0)
  for (let n = 0; n < 1_100; n += 1) metrics.callFinished(`s${n}`, 'ping', 'ok', 0)
  const calls = (await familiesOf(metrics)).get('sallyport_calls_total')
  expect(valueOf(calls, { server: 'files', method: 'other' })).toBe(2_000)
  expect(valueOf(calls, { server: 'other', method: 'ping' })).toBe(101)
  expect(calls?.samples).toHaveLength(1_001)
})

test('keeps at most 500 series of tools and files the rest under other [observe/metrics/bounded]', async () => {
  const metrics = new Metrics({ version: '0', perTool: true })
  for (let n = 0; n < 600; n += 1) {
    metrics.toolFinished('files', `t${n}`, true)
    metrics.toolFinished('files', `t${n}`, false)
  }
  const tools = (await familiesOf(metrics)).get('sallyport_tool_calls_total')
  expect(tools?.samples.filter((sample) => sample.labels['tool'] !== 'other')).toHaveLength(500)
  expect(valueOf(tools, { tool: 'other', outcome: 'ok' })).toBe(350)
  expect(valueOf(tools, { tool: 't249', outcome: 'error' })).toBe(1)
})

test('shows what is held now, and forgets a server that is gone', async () => {
  const metrics = new Metrics({ version: '0', perTool: false })
  metrics.watch(() => ({ bufferedBytes: 10, storeWritable: false }))
  metrics.watch(() => ({ bufferedBytes: 5, openStreams: 2 }))
  const forget = metrics.watch(() => ({
    servers: [{ name: 'files', state: 'degraded', inFlight: 3 }],
  }))
  const before = await familiesOf(metrics)
  const state = before.get('sallyport_server_state')
  expect(valueOf(before.get('sallyport_buffered_bytes'), {})).toBe(15)
  expect(valueOf(before.get('sallyport_store_writable'), {})).toBe(0)
  expect(valueOf(before.get('sallyport_calls_in_flight'), { server: 'files' })).toBe(3)
  expect(valueOf(state, { server: 'files', state: 'degraded' })).toBe(1)
  expect(valueOf(state, { server: 'files', state: 'ready' })).toBe(0)
  forget()
  expect((await familiesOf(metrics)).get('sallyport_server_state')?.samples).toEqual([])
})

test('shows how servers, groups and the configuration do [observe/metrics/stay-up]', async () => {
  const families = await familiesOf(used())
  const shown = (name: string, labels: Record<string, string> = {}): number | undefined =>
    valueOf(families.get(`sallyport_${name}`), labels)
  expect(shown('server_checks_total', { server: 'files', outcome: 'ok' })).toBe(1)
  expect(shown('server_check_seconds', { server: 'slow' })).toBe(1.5)
  expect(shown('server_check_seconds', { server: 'cold' })).toBeUndefined()
  expect(shown('server_healthy', { server: 'slow' })).toBe(0)
  expect(shown('server_healthy', { server: 'cold' })).toBe(1)
  expect(shown('server_breaker', { server: 'slow', state: 'open' })).toBe(1)
  expect(shown('server_breaker', { server: 'slow', state: 'half-open' })).toBe(0)
  expect(['pair', 'shut', 'well'].map((group) => shown('group_up', { group }))).toEqual([0, 0, 1])
  expect(shown('group_members_healthy', { group: 'pair' })).toBe(1)
  expect(shown('group_min_healthy', { group: 'pair' })).toBe(2)
  expect(shown('group_breaker', { group: 'shut', state: 'open' })).toBe(1)
  expect(shown('config_generation')).toBe(7)
  expect(shown('config_last_reload_success')).toBe(0)
  expect(shown('config_reloads_total', { outcome: 'refused' })).toBe(1)
  expect(shown('config_reloads_total', { outcome: 'applied' })).toBe(0)
  expect(shown('quota_refusals_total', { kind: 'daily' })).toBe(1)
  expect(shown('idempotent_calls_total', { outcome: 'replayed' })).toBe(1)
  expect(shown('results_kept')).toBe(3)
  expect(shown('draining')).toBe(1)
})

test('looks at too many servers are filed under other, and what is gone leaves the gauges [observe/metrics/bounded]', async () => {
  const metrics = new Metrics({ version: '0', perTool: false })
  for (let n = 0; n < 1_100; n += 1) metrics.stayUp.serverChecked(`s${n}`, false)
  const forget = metrics.watch(() => STAYS_UP)
  const before = await familiesOf(metrics)
  const checks = before.get('sallyport_server_checks_total')
  expect(valueOf(checks, { server: 'other', outcome: 'failed' })).toBe(100)
  expect(before.get('sallyport_group_up')?.samples).toHaveLength(3)
  forget()
  const after = await familiesOf(metrics)
  expect(after.get('sallyport_group_up')?.samples).toEqual([])
  expect(after.get('sallyport_server_healthy')?.samples).toEqual([])
  expect(valueOf(after.get('sallyport_config_last_reload_success'), {})).toBe(1)
  expect(valueOf(after.get('sallyport_draining'), {})).toBe(0)
})

test('has a registry of its own: two gateways in one process do not meet', async () => {
  const other = new Metrics({ version: '0', perTool: false })
  expect((await familiesOf(other)).get('sallyport_calls_total')?.samples).toEqual([])
})

test('tenants are named where that is asked for, and beyond the hundredth together [tenancy/metrics]', async () => {
  const named = new Metrics({ version: '0', perTool: false, perTenant: true })
  for (let n = 0; n < 150; n += 1) named.tenantFinished(`t${n}`, 'ok')
  named.tenantFinished('t1', 'refused')
  const family = (await familiesOf(named)).get('sallyport_tenant_calls_total')
  expect(valueOf(family, { tenant: 't1', outcome: 'ok' })).toBe(1)
  expect(valueOf(family, { tenant: 't1', outcome: 'refused' })).toBe(1)
  expect(valueOf(family, { tenant: 'other', outcome: 'ok' })).toBe(50)
  expect(family?.samples).toHaveLength(102)
  const silent = new Metrics({ version: '0', perTool: false })
  silent.tenantFinished('t1', 'ok')
  expect((await familiesOf(silent)).has('sallyport_tenant_calls_total')).toBe(false)
})
