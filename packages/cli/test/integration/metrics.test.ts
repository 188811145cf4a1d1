import { expect, test } from 'vitest'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
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
