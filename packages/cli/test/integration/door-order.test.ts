import { afterAll, beforeAll, expect, test } from 'vitest'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { head, RawConnection } from '../fixtures/raw-connection.ts'
import { send } from '../fixtures/send.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
})

const JSON_TYPE = 'Content-Type: application/json'

test('401 is sent before any byte of the body has come [door/body/unread]', async () => {
  await using connection = await RawConnection.open(gateway.url)
  await connection.write(
    head('POST', '/mcp', ['Host: localhost', JSON_TYPE, 'Content-Length: 1000000']),
  )
  expect(await connection.status()).toBe(401)
})

test('without a credential a client that asks to go on is told 401, not to go on [door/body/unread]', async () => {
  await using connection = await RawConnection.open(gateway.url)
  const headers = ['Host: localhost', JSON_TYPE, 'Content-Length: 100', 'Expect: 100-continue']
  await connection.write(head('POST', '/mcp', headers))
  expect(await connection.status()).toBe(401)
})

test('a body larger than the limit is 401 without a credential: the limit is not told to strangers', async () => {
  const body = 'x'.repeat(2_000_000)
  expect(await send(gateway.url, { body })).toMatchObject({ status: 401 })
})

test('a foreign Host is 403 before the credential is judged [door/order]', async () => {
  expect(await send(gateway.url, { headers: { host: 'evil.test' } })).toMatchObject({ status: 403 })
})

test.each(['GET', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'POST'])(
  '%s without a credential is 401, whatever the path [door/challenge]',
  async (method) => {
    const paths = ['/', '/mcp', '/mcp/', '/servers/x/mcp', '/metrics', '/api/v1/keys', '/healthz']
    const statuses = await Promise.all(
      [gateway.data, gateway.admin].flatMap((listener) =>
        paths
          .filter((path) => !(listener === gateway.admin && path === '/metrics'))
          .map(async (path) => (await send(`${listener}${path}`, { method })).status),
      ),
    )
    expect(new Set(statuses)).toEqual(new Set([401]))
  },
)

test('health says its verdict and nothing else to strangers, on both listeners [health/strangers]', async () => {
  for (const listener of [gateway.data, gateway.admin]) {
    for (const path of ['/health', '/health/live', '/health/ready', '/health/startup']) {
      const { status, text } = await send(`${listener}${path}`, { method: 'GET' })
      expect([status, text]).toEqual([200, '{"status":"ok"}'])
    }
  }
})

test('health says more with a key', async () => {
  const headers = { authorization: `Bearer ${gateway.token}` }
  const { json } = await send(`${gateway.data}/health/ready`, { method: 'GET', headers })
  expect(json).toMatchObject({ status: 'ok', store: { writable: true }, servers: [] })
})

test('well-known addresses are 404 without a credential: nothing is configured there [door/well-known]', async () => {
  for (const path of ['oauth-protected-resource', 'oauth-authorization-server/mcp']) {
    const url = `${gateway.data}/.well-known/${path}`
    expect(await send(url, { method: 'GET' })).toMatchObject({ status: 404 })
  }
})

test('metrics need no key on loopback; the admin API does [observe/metrics/loopback]', async () => {
  const metrics = await send(`${gateway.admin}/metrics`, { method: 'GET' })
  expect(metrics.status).toBe(200)
  expect(metrics.text).toContain('sallyport_')
  expect(await send(`${gateway.admin}/api/v1/servers`, { method: 'GET' })).toMatchObject({
    status: 401,
  })
})
