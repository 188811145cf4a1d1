import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { operate } from '../fixtures/operator.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { callTool } from '../fixtures/wire.ts'

async function counterOf(gateway: TestGateway, series: string): Promise<number> {
  const text = await (await fetch(new URL('/metrics', gateway.admin))).text()
  const line = text.split('\n').find((each) => each.startsWith(`${series} `))
  return Number(line?.slice(series.length + 1) ?? 0)
}

test('starts, failed starts and restarts of servers are counted [observe/metrics/starts]', async () => {
  const broken = { command: process.execPath, args: ['-e', 'process.exit(3)'] }
  await using gateway = await startGateway({
    config: { mcpServers: { own: stdioServer(), broken } },
  })
  const starts = (server: string, outcome: string) =>
    counterOf(gateway, `sallyport_server_starts_total{server="${server}",outcome="${outcome}"}`)
  const restarts = () => counterOf(gateway, 'sallyport_server_restarts_total{server="own"}')
  await callTool(gateway, 'own__echo', {})
  await callTool(gateway, 'broken__any', {})
  expect([await starts('own', 'ok'), await restarts()]).toEqual([1, 0])
  expect(await starts('broken', 'failed')).toBeGreaterThan(0)
  expect(await starts('broken', 'ok')).toBe(0)

  for (const { pid } of await gateway.children()) process.kill(pid, 'SIGKILL')
  await waitUntil('the server runs again', async () => {
    await callTool(gateway, 'own__echo', {})
    return (await restarts()) === 1
  })
  expect(await starts('own', 'ok')).toBe(2)
})

test('what keeps the gateway up is counted where it happens: looks, groups, quotas, keys, kept results, reloads, the drain [observe/metrics/stay-up]', async () => {
  const tools = { wait: { limits: { daily: 1 } } }
  const config = {
    mcpServers: { own: stdioServer({}, { tools }), spare: stdioServer() },
    groups: { pair: { members: ['own', 'spare'], minHealthy: 2 } },
    limits: { results: { perCall: '1KiB' } },
  }
  await using gateway = await startGateway({ config })
  const shown = (series: string) => counterOf(gateway, `sallyport_${series}`)
  const key = { headers: { 'idempotency-key': 'k' } }
  for (let made = 0; made < 3; made += 1) await callTool(gateway, 'own__echo', {}, key)
  await callTool(gateway, 'own__echo', { message: 'x' }, key)
  await callTool(gateway, 'own__echo', { message: 'x'.repeat(2_000) })
  await callTool(gateway, 'own__wait', { ms: 1 })
  await callTool(gateway, 'own__wait', { ms: 1 })
  await operate(gateway, 'servers', 'check', 'own')
  expect({
    ran: await shown('idempotent_calls_total{outcome="ran"}'),
    replayed: await shown('idempotent_calls_total{outcome="replayed"}'),
    conflict: await shown('idempotent_calls_total{outcome="conflict"}'),
    kept: await shown('results_kept'),
    daily: await shown('quota_refusals_total{kind="daily"}'),
    looked: (await shown('server_checks_total{server="own",outcome="ok"}')) > 0,
    timed: (await shown('server_check_seconds{server="own"}')) > 0,
    closed: await shown('server_breaker{server="own",state="closed"}'),
    members: await shown('group_members_healthy{group="pair"}'),
    needed: await shown('group_min_healthy{group="pair"}'),
    up: await shown('group_up{group="pair"}'),
  }).toEqual({
    ...{ ran: 1, replayed: 2, conflict: 1, kept: 1, daily: 1, looked: true, timed: true },
    ...{ closed: 1, members: 2, needed: 2, up: 1 },
  })

  await operate(gateway, 'servers', 'block', 'spare')
  const before = await shown('config_generation')
  const text = await readFile(gateway.configFile, 'utf8')
  for (const more of [{ names: 'short' }, { colour: 'red' }]) {
    await writeFile(gateway.configFile, JSON.stringify({ ...JSON.parse(text), ...more }))
    await operate(gateway, 'config', 'reload')
  }
  await operate(gateway, 'drain')
  expect({
    members: await shown('group_members_healthy{group="pair"}'),
    up: await shown('group_up{group="pair"}'),
    generation: (await shown('config_generation')) - before,
    applied: await shown('config_reloads_total{outcome="applied"}'),
    refused: (await shown('config_reloads_total{outcome="refused"}')) > 0,
    success: await shown('config_last_reload_success'),
    draining: await shown('draining'),
  }).toEqual({
    ...{ members: 1, up: 0, generation: 1, applied: 1, refused: true, success: 0, draining: 1 },
  })
})
