import { request } from 'node:http'
import { expect, test, vi } from 'vitest'
import { failureOf, namesOf, openPost, post, RawClient, textOf } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'

const LIST = { jsonrpc: '2.0', id: 1, method: 'tools/list' }

test('without a key everything is 401 with a challenge, whatever is there [door/challenge]', async () => {
  await using gateway = await TestGateway.start({ mcpServers: { one: hostileEntry('echo') } })
  const asked = [
    ...['POST', 'GET', 'DELETE', 'PUT'].map((method) => [method, '/mcp'] as const),
    ...['/servers/one/mcp', '/servers/none/mcp', '/nothing', '/mcp/', '/health/'].map(
      (path) => ['POST', path] as const,
    ),
  ]
  const answers = await Promise.all(
    asked.map(([method, path]) => fetch(`${gateway.data}${path}`, { method })),
  )
  const seen = answers.map(({ status, headers }) => [status, headers.get('www-authenticate')])
  expect(seen).toEqual(asked.map(() => [401, 'Bearer']))
})

test('with a key an address that is not there is 404, and so is a server that is not configured', async () => {
  await using gateway = await TestGateway.start({ mcpServers: { one: hostileEntry('echo') } })
  const headers = { authorization: `Bearer ${gateway.key}` }
  const statusOf = async (path: string) =>
    (await post(`${gateway.data}${path}`, LIST, headers)).status
  expect(await statusOf('/servers/none/mcp')).toBe(404)
  expect(await statusOf('/servers/toString/mcp')).toBe(404)
  expect(await statusOf('/mcp/other')).toBe(404)
  expect(await statusOf('/.well-known/oauth-protected-resource')).toBe(404)
})

test('a revoked key ends its session, stream and call within a second or so, and no other key [door/key/revoked-ends]', async () => {
  await using gateway = await TestGateway.start({
    mcpServers: { one: hostileEntry('hang,echo') },
    // Bob's key is tried until the door knows it.
    config: { limits: { lockout: { failures: 0 } } },
  })
  const bobs = await gateway.createKey('bob')
  const alice = await RawClient.open(gateway, 'legacy')
  const bob = await vi.waitFor(() => RawClient.open(gateway, 'legacy', bobs), 5_000)
  await bob.list()
  const stream = await alice.listen()
  const call = alice.call('one__hang')
  await vi.waitFor(() => expect(gateway.auditRows().at(-1)).toMatchObject({ tool: 'hang' }), 5_000)
  // What comes after it on the same pipe is answered: the server has it.
  expect(textOf(await alice.call('one__echo'))).toBe('{}')

  const revokedMs = performance.now()
  await gateway.withKeys((keys) => keys.revoke('first', Date.now()))
  await stream.over
  expect(failureOf(await call)).toMatchObject({ outcome: 'unknown', retryable: false })
  // A look at the keys every second, and a little for a busy machine.
  expect(performance.now() - revokedMs).toBeLessThan(2_500)
  expect((await alice.list()).status).toBe(401)
  expect(namesOf(await bob.list())).toEqual(['one__echo', 'one__hang'])
})

/** An answer to a request that may carry any header, `Host` included. */
function statusWith(url: string, headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({
      ...LIST,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25' },
    })
    const asked = request(
      url,
      { method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
      (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      },
    )
    asked.on('error', reject)
    asked.end(body)
  })
}

test.each(['via', 'forwarded', 'x-forwarded-for'])(
  'without authentication whatever came through a proxy (%s) is refused [door/anonymous]',
  async (header) => {
    await using gateway = await TestGateway.start({ config: { auth: { anonymous: true } } })
    expect(gateway.running.firstKey).toBe(undefined)
    expect(await statusWith(gateway.url(), { [header]: '1.1 proxy' })).toBe(403)
    expect(await statusWith(gateway.url(), { host: 'rebound.example' })).toBe(403)
    expect(await statusWith(gateway.url(), {})).toBe(200)
  },
)

test('health says only its status to strangers, and more to who has a key [health/strangers] [health/ready/servers]', async () => {
  await using gateway = await TestGateway.start({ mcpServers: { one: hostileEntry('echo') } })
  const ask = async (path: string, headers: Readonly<Record<string, string>> = {}) => {
    const response = await fetch(`${gateway.data}${path}`, { headers })
    return [response.status, await response.json()]
  }
  for (const path of ['/health', '/health/live', '/health/ready', '/health/startup']) {
    expect(await ask(path)).toEqual([200, { status: 'ok' }])
  }
  const authorization = `Bearer ${gateway.key}`
  expect(await ask('/health/ready', { authorization })).toMatchObject([
    200,
    { status: 'ok', servers: [{ name: 'one', state: 'cold' }] },
  ])
  const [wrong] = await ask('/health/ready', { authorization: 'Bearer sp_wrong' })
  expect(wrong).toBe(401)
})

test('a store that cannot be written refuses calls unsent and is not ready, until it can be again [record/unwritable] [record/before-answer] [health/ready/store]', async () => {
  await using gateway = await TestGateway.start({
    mcpServers: { one: { ...hostileEntry('lines,echo'), tools: { echo: { readOnly: true } } } },
  })
  const client = await RawClient.open(gateway, 'modern')
  const ready = async () => (await fetch(`${gateway.data}/health/ready`)).status
  await client.list()
  const lines = async () => Number(textOf(await client.call('one__lines')))
  const before = await lines()

  gateway.sql("create trigger broken before insert on audit begin select raise(abort, 'no'); end")
  const refused = await client.call('one__lines')
  expect([refused.status, failureOf(refused)]).toMatchObject([
    503,
    { code: 'store_unwritable', outcome: 'not_sent', retryable: true },
  ])
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  expect(refused.text).not.toContain('trigger')
  // A call pinned read-only leaves no intent: it ran, and its answer is held back.
  const held = await client.call('one__echo')
  expect([held.status, failureOf(held)]).toMatchObject([503, { code: 'store_unwritable' }])
  expect((await client.list()).status).toBe(503)
  expect([await ready(), (await fetch(`${gateway.data}/health/live`)).status]).toEqual([503, 200])

  gateway.sql('drop trigger broken')
  await vi.waitFor(async () => expect(await ready()).toBe(200), { timeout: 10_000, interval: 50 })
  // A line a call: what was refused never reached the server, what was held back did.
  expect(await lines()).toBe(before + 2)
  expect((await client.list()).status).toBe(200)
})

test('a body is not read before its sender is known [door/body/unread]', async () => {
  await using gateway = await TestGateway.start()
  const response = await openPost(gateway.url(), { ...LIST, padding: 'x'.repeat(3_000_000) }, {})
  expect(response.status).toBe(401)
  const known = { authorization: `Bearer ${gateway.key}` }
  const large = await post(gateway.url(), { ...LIST, padding: 'x'.repeat(3_000_000) }, known)
  expect(large.status).toBe(413)
})
