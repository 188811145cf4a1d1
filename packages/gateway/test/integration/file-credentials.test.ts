import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test, vi } from 'vitest'
import { post, RawClient } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'

const mcpServers = { files: hostileEntry('echo'), pay: hostileEntry('charge') }
const [OLD, NEW, NEXT] = [0, 1, 2].map(() => randomBytes(32).toString('base64url')) as [
  string,
  string,
  string,
]

async function start(config: object): Promise<TestGateway> {
  const gateway = await TestGateway.start({ mcpServers, config })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  return gateway
}

async function reload(gateway: TestGateway, config: object): Promise<void> {
  gateway.configure({ mcpServers, config })
  const report = await gateway.running.config.reload({ cause: 'api', by: 'test' })
  expect(report).toMatchObject({ ok: true, changed: true })
}

const tokens = (value: unknown, more: object = {}) => ({
  auth: { tokens: [{ name: 'ci', value, ...more }] },
  limits: { lockout: { failures: 0 } },
})

const admin = async (gateway: TestGateway, key: string) => {
  const headers = { authorization: `Bearer ${key}` }
  return (await fetch(`http://${gateway.running.adminAddress}/api/v1/openapi.json`, { headers }))
    .status
}

test('a static token goes over to another value without a failed call; what listens comes back [keys/tokens/two]', async () => {
  const gateway = await start(tokens(OLD))
  const old = await RawClient.open(gateway, 'legacy', OLD)
  await reload(gateway, tokens([NEW, OLD]))
  const fresh = await RawClient.open(gateway, 'legacy', NEW)
  expect([(await old.list()).status, (await fresh.list()).status]).toEqual([200, 200])
  const stream = await fresh.listen()
  await reload(gateway, tokens([NEW]))
  await stream.over
  expect([(await old.list()).status, (await fresh.list()).status]).toEqual([401, 200])
  // A token whose every value is gone ends with its sessions.
  await reload(gateway, tokens([NEXT]))
  expect((await fresh.list()).status).toBe(401)
})

test('a changed role, restriction or tenant of the file counts from the next call on, in the open session [keys/roles/live]', async () => {
  const gateway = await start(tokens(OLD))
  const client = await RawClient.open(gateway, 'legacy', OLD)
  const names = async () => (await client.list()).message.result?.tools?.map(({ name }) => name)
  await vi.waitFor(async () => expect(await names()).toEqual(['files__echo', 'pay__charge']), 5_000)
  await reload(gateway, tokens(OLD, { servers: ['files'] }))
  expect(await names()).toEqual(['files__echo'])
  const own = { roles: { mine: { permissions: ['mcp.list'] } } }
  await reload(gateway, { ...tokens(OLD, { roles: ['mine'] }), ...own })
  expect(await names()).toHaveLength(2)
  expect(JSON.stringify((await client.call('files__echo')).message)).toContain('forbidden')
  await reload(gateway, tokens(OLD, { roles: ['mine'] }))
  expect(JSON.stringify((await client.list()).message)).toContain('forbidden')
})

test('a listener takes callers from its own addresses alone [keys/allow-from]', async () => {
  const gateway = await start({ ...tokens(OLD), allowFrom: { admin: ['192.0.2.0/24'] } })
  expect(await admin(gateway, OLD)).toBe(403)
  const client = await RawClient.open(gateway, 'modern', OLD)
  expect((await client.list()).status).toBe(200)
  await reload(gateway, { ...tokens(OLD), allowFrom: { listen: ['192.0.2.0/24'] } })
  expect(await admin(gateway, OLD)).toBe(200)
  const refused = await client.list()
  expect([refused.status, refused.text]).toEqual([
    403,
    expect.stringContaining('address_not_allowed'),
  ])
})

test('who a trusted proxy names by its certificate lists and calls; from others the header is refused [keys/certificates]', async () => {
  const subjects = [{ name: 'robot', subject: 'CN=robot', servers: ['files'] }]
  const certificates = (trusted: string) => ({
    trustedProxies: [trusted],
    auth: { clientCertificates: { header: 'X-Client-Subject', subjects } },
    limits: { lockout: { failures: 0 } },
  })
  const gateway = await start(certificates('127.0.0.1'))
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }
  const ask = async (subject: string) => {
    const headers = { 'x-client-subject': subject, 'mcp-protocol-version': '2025-06-18' }
    return (await post(gateway.url(), { ...body, method: 'initialize', params: SHAKE }, headers))
      .status
  }
  expect([await ask('CN=robot'), await ask('CN=other'), await ask('')]).toEqual([200, 401, 401])
  await reload(gateway, certificates('192.0.2.1'))
  expect(await ask('CN=robot')).toBe(401)
})

const SHAKE = {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 't', version: '1' },
}

test.each([
  ['three values', tokens([OLD, NEW, NEXT])],
  ['a weak second value', tokens([OLD, 'changeme'])],
  [
    'one value twice',
    {
      auth: {
        tokens: [
          { name: 'a', value: OLD },
          { name: 'b', value: [NEW, OLD] },
        ],
      },
    },
  ],
  ['no role', tokens(OLD, { roles: [] })],
  ['a range that is none', tokens(OLD, { allowFrom: ['10.0.0.0/40'] })],
  ['a built-in role of its own', { roles: { admin: { permissions: [] } } }],
  ['a permission that is none', { roles: { mine: { permissions: ['fly'] } } }],
  [
    'certificates without a proxy',
    {
      auth: { clientCertificates: { header: 'X-S', subjects: [{ name: 'a', subject: 'b' }] } },
    },
  ],
  [
    'a header that means something else',
    {
      trustedProxies: ['127.0.0.1'],
      auth: {
        clientCertificates: { header: 'Authorization', subjects: [{ name: 'a', subject: 'b' }] },
      },
    },
  ],
])(
  'a file with %s is refused, and no value is in what is said [keys/create/refused]',
  async (_case, config) => {
    const gateway = TestGateway.create({ mcpServers, config })
    onTestFinished(() => gateway[Symbol.asyncDispose]())
    const message = await gateway.restart().then(
      () => 'started',
      (thrown: Error) => thrown.message,
    )
    expect(message).not.toBe('started')
    for (const secret of [OLD, NEW, NEXT]) expect(message).not.toContain(secret)
  },
)
