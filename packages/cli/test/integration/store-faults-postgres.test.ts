import { postgresAvailable, startPostgres } from '@sallyport/kit/testing/postgres'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { startGateway } from '../fixtures/gateway.ts'
import { send } from '../fixtures/send.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import { Traffic } from '../fixtures/traffic.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { callTool, failureOf, textOf } from '../fixtures/wire.ts'

/** Of each call, milliseconds. */
const CALL_MS = 1_500
/** Beyond a deadline: coarse timers, and a machine with other work. */
const MARGIN_MS = 1_500
/** A stop waits for the store a little, and not for ever. */
const STOP_MS = 20_000

test.runIf(postgresAvailable())(
  'PostgreSQL stands still: no call waits beyond its deadline, readiness is 503, nothing answered lacks its record, and it recovers [store/faults/paused] [store/hang]',
  { timeout: 120_000 },
  async () => {
    await using postgres = await startPostgres()
    await using gateway = await startGateway({
      config: {
        store: postgres.url,
        masterKey: 'ab'.repeat(32),
        mcpServers: { own: stdioServer() },
        limits: { callTimeout: `${CALL_MS}ms` },
      },
    })
    const ready = async (): Promise<number> =>
      (await send(`${gateway.data}/health/ready`, { method: 'GET' })).status
    const key = await gateway.createKey('caller')
    const traffic = new Traffic({ url: gateway.url, token: key })
    await waitUntil('some traffic', () => traffic.told.length > 50)

    const pausedMs = performance.now()
    postgres.pause()
    await waitUntil('readiness to be 503', async () => (await ready()) === 503, 15_000)
    const keyed = await callTool(gateway, 'own__echo', {}, { headers: { 'idempotency-key': 'k' } })
    expect([keyed.status, failureOf(keyed)]).toMatchObject([503, { code: 'store_unwritable' }])
    const lateMs = performance.now()
    await waitUntil('more traffic', () => traffic.since(lateMs).length > 20)
    postgres.resume()
    await waitUntil('readiness to recover', async () => (await ready()) === 200, 30_000)
    expect(textOf(await callTool(gateway, 'own__echo', { message: 'after' }))).toBe('after')
    const told = await traffic.stop()

    const during = told.filter(({ startedMs }) => startedMs > pausedMs)
    expect(new Set(told.map(({ code }) => code))).toEqual(new Set(['ok', 'store_unwritable']))
    expect(Math.max(...told.map(({ durationMs }) => durationMs))).toBeLessThan(CALL_MS + MARGIN_MS)
    // Once the store is known to hang nobody waits for it.
    const late = during.filter(({ startedMs, code }) => startedMs > lateMs && code !== 'ok')
    expect(Math.min(...late.map(({ durationMs }) => durationMs))).toBeLessThan(250)
    expect(
      told.filter(({ code, status }) => code === 'store_unwritable' && status !== 503),
    ).toEqual([])

    const client = new Client({ connectionString: postgres.url })
    await client.connect()
    const { rows } = await client.query<{ request_id: string }>(
      "select request_id from audit where kind = 'call' and outcome = 'ok'",
    )
    await client.end()
    const recorded = new Set(rows.map((row) => row.request_id))
    const answered = told.filter(({ code }) => code === 'ok')
    expect(answered.filter(({ requestId }) => !recorded.has(requestId))).toEqual([])
    expect(await gateway.json(['audit', 'verify'])).toMatchObject({ ok: true, broken: [] })

    postgres.pause()
    const stoppingMs = performance.now()
    expect(await gateway.stop()).toBe(0)
    expect(performance.now() - stoppingMs).toBeLessThan(STOP_MS)
    postgres.resume()
  },
)
