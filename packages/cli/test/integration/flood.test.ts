import { expect, test } from 'vitest'
import { auditRows } from '../fixtures/audit-rows.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { type Answer, send } from '../fixtures/send.ts'
import { waitUntil } from '../fixtures/wait-until.ts'

const PING = { jsonrpc: '2.0', id: 1, method: 'ping' }
const REQUESTS = 100
const BURST = 5

function ping(gateway: TestGateway, credential: string): Promise<Answer> {
  return send(gateway.url, { headers: { authorization: `Bearer ${credential}` }, body: PING })
}

/** How many requests the door refused with this code, as the metrics say. */
async function refusals(gateway: TestGateway, code: string): Promise<number> {
  const { text } = await send(`${gateway.admin}/metrics`, { method: 'GET' })
  const line = new RegExp(`^sallyport_door_refusals_total\\{code="${code}"\\} (\\d+)$`, 'm')
  return Number(line.exec(text)?.[1] ?? 0)
}

test('a principal that floods gets 429 with a time to retry on every request too many; another gets none [limits/rate]', async () => {
  const limits = { perPrincipal: { rate: '1/s', burst: BURST } }
  await using gateway = await startGateway({ config: { limits } })
  const other = await gateway.createKey('other')
  const startedMs = performance.now()
  const answers = await Promise.all(
    Array.from({ length: REQUESTS }, () => ping(gateway, gateway.token)),
  )
  const refilled = Math.ceil((performance.now() - startedMs) / 1_000)
  const refused = answers.filter(({ status }) => status !== 200)
  const passed = REQUESTS - refused.length
  expect(passed).toBeGreaterThanOrEqual(BURST)
  expect(passed).toBeLessThanOrEqual(BURST + refilled)
  for (const { status, headers, json } of refused) {
    expect([status, json.error?.data]).toMatchObject([429, { code: 'rate_limited' }])
    expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1)
  }
  expect(await ping(gateway, other)).toMatchObject({ status: 200 })
  expect(await refusals(gateway, 'rate_limited')).toBe(refused.length)
  await waitUntil(
    'the flooded bucket to hold a token again',
    async () => (await ping(gateway, gateway.token)).status === 200,
  )
})

test('a flood of bad credentials is counted whole and recorded in part [record/door-flood]', async () => {
  const limits = { lockout: { failures: 0 } }
  await using gateway = await startGateway({ config: { limits } })
  const startedMs = performance.now()
  await Promise.all(Array.from({ length: REQUESTS }, () => ping(gateway, 'nobody')))
  const seconds = Math.ceil((performance.now() - startedMs) / 1_000)
  expect(await refusals(gateway, 'credential_invalid')).toBe(REQUESTS)
  await gateway.stop()
  const kept = auditRows(gateway.storeFile).filter(({ kind }) => kind === 'door')
  expect(kept.length).toBeGreaterThanOrEqual(10)
  expect(kept.length).toBeLessThanOrEqual(10 + 10 * seconds)
  expect(kept.length).toBeLessThan(REQUESTS)
})
