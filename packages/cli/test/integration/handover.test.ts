import { expect, test } from 'vitest'
import { Load } from '../fixtures/load.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import { Supervised } from '../fixtures/supervised.ts'
import { waitUntil } from '../fixtures/wait-until.ts'

const ROOMY = {
  limits: { perPrincipal: { rate: '100000/s', burst: 100_000, writes: { daily: 1_000_000 } } },
}

interface Verified {
  readonly ok: boolean
  readonly writers: number
  readonly rows: number
}

test('under load three gateways take over from one another without a failed call, and sessions go on [handover/no-failed-call] [handover/sessions] [handover/audit]', async () => {
  await using supervised = await Supervised.start({
    config: { ...ROOMY, mcpServers: { own: stdioServer() } },
  })
  await using load = new Load()
  const { target } = supervised
  load.keepAlive(target, 'own__echo', 8)
  load.connecting(target, 'own__echo', 2)
  await load.sessions(target, 'own__echo', 2)
  await load.sdk(target, 'own__echo', 4)
  const pids = new Set([supervised.current.pid])
  for (let round = 0; round < 3; round += 1) {
    const before = load.answered
    await waitUntil('some calls', () => load.answered > before + 100)
    pids.add((await supervised.handOver()).pid)
    expect(supervised.current.data).toBe(new URL(target.url).origin)
  }
  const last = load.answered
  await waitUntil('calls to the last', () => load.answered > last + 100)
  await load.stop()
  expect(load.failures).toEqual([])
  expect(pids.size).toBe(4)
  const verified = await supervised.files.json<Verified>(['audit', 'verify'])
  expect(verified).toMatchObject({ ok: true, writers: 4 })
  expect(verified.rows).toBeGreaterThanOrEqual(load.answered)
  expect(await supervised.stop()).toBe(0)
}, 60_000)
