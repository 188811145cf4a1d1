import { type SessionItem, sessionList } from '@sallyport/contract/admin'
import { callSocket, socketPathOf } from '@sallyport/kit/lifecycle'
import { expect, test, vi } from 'vitest'
import { failureOf, namesOf, RawClient, textOf } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'

/** Asks as the administrator of this machine. */
function ask(
  gateway: TestGateway,
  url: string,
  method: 'GET' | 'POST' | 'DELETE' = 'GET',
): Promise<unknown> {
  const path = socketPathOf(gateway.storeFile)
  return callSocket({ path, method, url: `/api/v1/${url}`, signal: AbortSignal.timeout(5_000) })
}

async function sessions(gateway: TestGateway): Promise<readonly SessionItem[]> {
  return sessionList.parse(await ask(gateway, 'sessions')).items
}

test('shows who has something open in either era, and never the id that is as good as a key [sessions/list]', async () => {
  await using gateway = await TestGateway.start({ mcpServers: { one: hostileEntry('hang,echo') } })
  const legacy = await RawClient.open(gateway, 'legacy')
  const modern = await RawClient.open(gateway, 'modern')
  expect(await sessions(gateway)).toMatchObject([
    {
      ...{ era: 'legacy', version: '2025-11-25', scope: '', streams: 0, callsInFlight: 0 },
      ...{ client: { name: 't', version: '1' }, tenant: null, suspended: null, name: 'first' },
    },
  ])
  const streams = [await legacy.listen(), await modern.listen()]
  const call = legacy.call('one__hang')
  await vi.waitFor(async () => {
    const [first] = await sessions(gateway)
    expect(first).toMatchObject({ streams: 1, callsInFlight: 1 })
  })
  const [own, listen] = await sessions(gateway)
  expect(listen).toMatchObject({ era: 'modern', version: '2026-07-28', streams: 1 })
  expect(own?.id).toMatch(/^[0-9a-f]{16}$/)
  expect(legacy.sessionId).not.toContain(own?.id)

  await ask(gateway, `sessions/${listen?.id}`, 'DELETE')
  await streams[1]?.over
  await ask(gateway, `sessions/${own?.id}`, 'DELETE')
  await streams[0]?.over
  expect(failureOf(await call)).toMatchObject({ code: 'cancelled' })
  expect((await legacy.list()).status).toBe(404)
  expect(await sessions(gateway)).toEqual([])
})

test("a suspended session's very next call is refused, running ones finish, and others go on; resumed it goes on [sessions/suspend]", async () => {
  const servers = { one: hostileEntry('sleep,echo') }
  await using gateway = await TestGateway.start({ mcpServers: servers })
  const alice = await RawClient.open(gateway, 'legacy')
  const other = await RawClient.open(gateway, 'legacy')
  await alice.list()
  const [first] = (await sessions(gateway)).toSorted((a, b) => (a.since < b.since ? -1 : 1))
  const id = first?.id ?? ''
  const stream = await alice.listen()
  const running = alice.call('one__sleep', { ms: 700 })
  await vi.waitFor(async () => {
    expect((await sessions(gateway)).find((one) => one.id === id)?.callsInFlight).toBe(1)
  })
  await ask(gateway, `sessions/${id}/suspend`, 'POST')
  const refused = await alice.call('one__echo')
  expect(failureOf(refused)).toMatchObject({ code: 'suspended', outcome: 'not_sent' })
  expect(failureOf(await alice.list())).toMatchObject({ code: 'suspended' })
  await stream.over
  expect((await alice.listen()).status).toBe(403)
  expect(textOf(await other.call('one__echo'))).toBe('{}')
  expect(textOf(await running)).toBe('slept')
  expect(gateway.auditRows().some((row) => row['code'] === 'suspended')).toBe(true)

  await gateway.restart()
  expect(failureOf(await alice.call('one__echo'))).toMatchObject({ code: 'suspended' })
  await ask(gateway, `sessions/${id}/resume`, 'POST')
  expect(textOf(await alice.call('one__echo'))).toBe('{}')
})

test("a suspended principal's very next request is refused in both eras, over a restart, until it is resumed [sessions/suspend] [sessions/suspend/kept]", async () => {
  await using gateway = await TestGateway.start({ mcpServers: { one: hostileEntry('echo') } })
  const bobs = await gateway.createKey('bob')
  const alice = await RawClient.open(gateway, 'legacy')
  const modern = await RawClient.open(gateway, 'modern')
  const bob = await RawClient.open(gateway, 'modern', bobs)
  await vi.waitFor(async () => expect((await bob.list()).status).toBe(200), 5_000)
  const stream = await modern.listen()
  const principal = (await sessions(gateway))[0]?.principal ?? ''
  await ask(gateway, `principals/${principal}/suspend`, 'POST')
  for (const client of [alice, modern]) {
    const refused = await client.call('one__echo')
    expect([refused.status, refused.text.includes('suspended')]).toEqual([403, true])
  }
  await stream.over
  expect(namesOf(await bob.list())).toEqual(['one__echo'])

  await gateway.restart()
  expect((await modern.list()).status).toBe(403)
  await ask(gateway, `principals/${principal}/resume`, 'POST')
  expect(namesOf(await modern.list())).toEqual(['one__echo'])
  expect(namesOf(await alice.list())).toEqual(['one__echo'])
})

test('what another process suspends is out within a second [sessions/suspend/everywhere]', async () => {
  await using gateway = await TestGateway.start({ mcpServers: { one: hostileEntry('echo') } })
  const client = await RawClient.open(gateway, 'modern')
  await client.list()
  const principal = gateway.auditRows().at(-1)?.['principal']
  gateway.sql(
    `insert into suspensions values ('principal', '${String(principal)}', '', 'local', 1);
     insert into changes values ('suspensions', 100) on conflict (topic) do update set version = version + 1`,
  )
  const sinceMs = performance.now()
  await vi.waitFor(async () => expect((await client.list()).status).toBe(403), {
    timeout: 5_000,
    interval: 20,
  })
  // A look every second, and a little for a busy machine.
  expect(performance.now() - sinceMs).toBeLessThan(2_000)
})
