import { callSocket, socketPathOf } from '@sallyport/kit/lifecycle'
import { expect, onTestFinished, test, vi } from 'vitest'
import { listingEntry } from '../fixtures/path-client.ts'
import { failureOf, RawClient, textOf } from '../fixtures/raw-mcp.ts'
import { FILES, type Holder, tenantsConfig, TOKENS } from '../fixtures/tenants.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'

const HOUR = { timeout: 20_000, interval: 20 }
/** Everybody sees everything here: it is about what each may use. */
const TENANTS = { acme: {}, globex: {} }

async function start(options: {
  readonly limits?: object
  readonly mcpServers?: Readonly<Record<string, object>>
  readonly config?: object
}): Promise<TestGateway> {
  const { limits = {}, config = {} } = options
  const { mcpServers = { one: hostileEntry('echo,pid,sleep') } } = options
  const { endpoints: _none, ...own } = tenantsConfig({ tenants: TENANTS, limits }) as Record<
    string,
    unknown
  > // a configuration is a map
  const gateway = await TestGateway.start({ mcpServers, config: { ...own, ...config } })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  return gateway
}

const open = (gateway: TestGateway, holder: Holder, era: 'legacy' | 'modern' = 'modern') =>
  RawClient.open(gateway, era, TOKENS[holder])

const codeOf = (reply: Parameters<typeof failureOf>[0]): unknown =>
  Reflect.get(Object(failureOf(reply)), 'code')

async function ask(
  gateway: TestGateway,
  url: string,
): Promise<{ items: Record<string, unknown>[] }> {
  const path = socketPathOf(gateway.storeFile)
  const signal = AbortSignal.timeout(5_000)
  const answer = await callSocket({ path, method: 'GET', url, signal })
  return answer as { items: Record<string, unknown>[] } // its schema is tested with the API
}

test.each(['legacy', 'modern'] as const)(
  'what one tenant uses of its day over %s takes nothing from another, and is told of it [tenancy/limits/apart] [tenancy/usage]',
  async (era) => {
    const gateway = await start({ limits: { perTenant: { daily: 3 } } })
    const clients = {
      acme: await open(gateway, 'acme', era),
      second: await open(gateway, 'second', era),
      globex: await open(gateway, 'globex', era),
      nobody: await open(gateway, 'nobody', era),
    }
    const codes: unknown[] = []
    for (const who of ['acme', 'second', 'acme', 'second', 'acme', 'globex', 'nobody'] as const) {
      codes.push(codeOf(await clients[who].call('one__echo')))
    }
    const over = 'quota_exceeded'
    expect(codes).toEqual([undefined, undefined, undefined, over, over, undefined, undefined])
    const { items } = await ask(gateway, '/api/v1/usage')
    const tenants = items.filter(({ principal }) => String(principal).startsWith('tenant:'))
    expect(tenants).toMatchObject([
      { principal: 'tenant:acme', calls: 3, daily: 3, remaining: 0, refused: 2 },
      { principal: 'tenant:globex', calls: 1, daily: 3, remaining: 2, refused: 0 },
    ])
  },
)

test('a tenant that floods waits for its own cap, and another’s call runs at once [tenancy/limits/apart] [tenancy/limits/fair]', async () => {
  const gateway = await start({
    limits: { perTenant: { concurrent: 2 } },
    mcpServers: { one: hostileEntry('echo,sleep') },
    config: { groups: { g: { members: ['one'] } } },
  })
  const [acme, second, globex] = [
    await open(gateway, 'acme'),
    await open(gateway, 'second'),
    await open(gateway, 'globex'),
  ]
  for (const client of [acme, second, globex]) await client.call('one__echo')
  let done = 0
  const flood = [acme, second, acme, second].flatMap((client) =>
    ['one__sleep', 'g__sleep'].map(async (name) => {
      const reply = await client.call(name, { ms: 300 })
      done += 1
      return textOf(reply)
    }),
  )
  await vi.waitFor(async () => {
    const { items } = await ask(gateway, '/api/v1/usage')
    expect(items.find(({ principal }) => principal === 'tenant:acme')).toMatchObject({
      inFlight: expect.any(Number),
    })
  }, HOUR)
  expect(textOf(await globex.call('one__echo', { text: 'x' }))).toBeDefined()
  expect(done).toBeLessThan(8)
  const startedMs = performance.now()
  expect(await Promise.all(flood)).toEqual(Array.from({ length: 8 }, () => 'slept'))
  // Eight calls of 300 ms, two at once.
  expect(performance.now() - startedMs).toBeGreaterThan(600)
})

test('audit rows carry the tenant, of refusals too, and are searched by it [tenancy/audit]', async () => {
  const gateway = await start({ config: { metrics: { perTenant: true } } })
  const acme = await open(gateway, 'acme')
  const globex = await open(gateway, 'globex')
  await acme.call('one__echo')
  await acme.call('none__x')
  await globex.call('one__echo')
  const { items } = await ask(gateway, '/api/v1/audit?tenant=acme')
  const calls = items.filter(({ kind }) => kind === 'call')
  expect(calls.map(({ tenant, principal, outcome }) => [tenant, principal, outcome])).toEqual([
    ['acme', 'token:acme', 'refused'],
    ['acme', 'token:acme', 'ok'],
  ])
  expect((await ask(gateway, '/api/v1/audit?tenant=none')).items).toEqual([])
  const metrics = await (await fetch(`http://${gateway.running.adminAddress}/metrics`)).text()
  expect(metrics).toMatch(/sallyport_tenant_calls_total\{tenant="acme",outcome="refused"\} 1/)
  expect(metrics).toMatch(/sallyport_tenant_calls_total\{tenant="globex",outcome="ok"\} 1/)
})

test('tenants share no upstream session, no links and no cursors [tenancy/shared/nothing]', async () => {
  const files = { ...listingEntry('files', FILES), share: 'tenant' }
  const gateway = await start({
    mcpServers: {
      one: { ...hostileEntry('pid'), share: 'tenant' },
      files,
      twin: { ...listingEntry('twin', FILES), share: 'tenant' },
    },
    limits: { listTools: 2 },
  })
  const [acme, second, globex] = [
    await open(gateway, 'acme', 'legacy'),
    await open(gateway, 'second', 'legacy'),
    await open(gateway, 'globex', 'legacy'),
  ]
  const pid = async (client: RawClient) => textOf(await client.call('one__pid'))
  const [mine, ours, theirs] = [await pid(acme), await pid(second), await pid(globex)]
  expect(mine).toMatch(/^\d+$/)
  expect([ours, theirs === mine]).toEqual([mine, false])
  const page = await acme.list()
  const cursor = page.message.result?.['nextCursor']
  expect((await acme.list({ cursor })).message.error).toBeUndefined()
  expect((await globex.list({ cursor })).message.error?.code).toBe(-32_602)
  // A link that a server gave to one tenant leads another nowhere near it.
  await acme.call('twin__link', { uri: 'x:given' })
  const read = async (client: RawClient) =>
    JSON.stringify((await client.request('resources/read', { uri: 'x:given' })).message)
  expect(await read(acme)).toContain('twin x:given')
  expect(await read(globex)).toContain('Resource not found')
})
