import { setTimeout as wait } from 'node:timers/promises'
import { postgresAvailable, startPostgres } from '@sallyport/kit/testing/postgres'
import { expect, test } from 'vitest'
import { TestGateway } from '../fixtures/gateway.ts'
import { freePort } from '../fixtures/free-port.ts'
import { proxyAvailable, startProxy } from '../fixtures/haproxy.ts'
import { Load } from '../fixtures/load.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import { waitUntil } from '../fixtures/wait-until.ts'

const TOKEN = 'Zk3vQ9xLw7Rt2Yb8Nc4Hd6Jf1Gm5Ps0A'
/** More than the proxy takes between two looks. */
const SEEN_MS = 400

interface Gateway {
  readonly gateway: TestGateway
  readonly port: number
}

async function startOn(store: string): Promise<Gateway> {
  const port = await freePort()
  const gateway = await TestGateway.start({
    env: { SHARED_TOKEN: TOKEN },
    config: {
      listen: `127.0.0.1:${port}`,
      store,
      masterKey: 'ab'.repeat(32),
      auth: { tokens: [{ name: 'shared', value: '${env:SHARED_TOKEN}' }] },
      limits: {
        stopDelay: '1500ms',
        perPrincipal: { rate: '100000/s', burst: 100_000, writes: { daily: 1_000_000 } },
      },
      mcpServers: { own: stdioServer() },
    },
  })
  return { gateway, port }
}

test.runIf(postgresAvailable() && proxyAvailable())(
  'two gateways on one PostgreSQL behind haproxy are restarted in turn without a failed call [handover/rolling]',
  async () => {
    await using postgres = await startPostgres()
    const one = await startOn(postgres.url)
    await using first = one.gateway
    const two = await startOn(postgres.url)
    await using second = two.gateway
    await using proxy = await startProxy([one.port, two.port])
    await using load = new Load()
    const target = { url: `${proxy.origin}/mcp`, token: TOKEN }
    load.keepAlive(target, 'own__echo', 6)
    load.connecting(target, 'own__echo', 2)
    await load.sessions(target, 'own__echo', 2)
    await load.sdk(target, 'own__echo', 2)
    for (const gateway of [first, second]) {
      const before = load.answered
      await waitUntil('some calls', () => load.answered > before + 50 || load.failures.length > 0)
      expect(await gateway.stop()).toBe(0)
      await gateway.restart()
      await waitUntil(
        'it to be ready',
        async () => (await fetch(`${gateway.data}/health/ready`)).ok,
      )
      await wait(SEEN_MS)
    }
    await load.stop()
    expect(load.failures).toEqual([])
    expect(await first.json(['audit', 'verify'])).toMatchObject({ ok: true })
  },
  90_000,
)
