import { callSocket, socketPathOf } from '@sallyport/kit/lifecycle'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import {
  failureOf,
  type Headers,
  post,
  RawClient,
  type Reply,
  textOf,
} from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway, type TestGatewayOptions } from '../fixtures/test-gateway.ts'

const echo = (limits: object, tools: object = {}) => ({
  ...hostileEntry('echo,pid,hang,sleep'),
  limits,
  tools: { pid: { readOnly: true }, ...tools },
})

/** Calls one after the other; gives the codes of the refusals, undefined where there was none. */
async function callsOf(client: RawClient, tool: string, times: number): Promise<unknown[]> {
  const codes: unknown[] = []
  for (let call = 0; call < times; call += 1) {
    codes.push(Reflect.get(Object(failureOf(await client.call(tool))), 'code'))
  }
  return codes
}

interface Used {
  readonly principal: string
  readonly [field: string]: unknown
}

/** What the admin API says of each principal, on the socket of the local administrator. */
async function usageOf(gateway: TestGateway): Promise<readonly Used[]> {
  const { signal } = new AbortController()
  const path = socketPathOf(gateway.storeFile)
  const answer = await callSocket({ path, method: 'GET', url: '/api/v1/usage', signal })
  return (answer as { items: Used[] }).items // the schema is tested with the API
}

/** A client of another key; the gateway learns of it within seconds. */
async function openBob(gateway: TestGateway): Promise<RawClient> {
  const bob = await RawClient.open(gateway, 'modern', await gateway.createKey('bob'))
  await vi.waitFor(async () => expect((await bob.call('one__pid')).status).toBe(200), {
    timeout: 10_000,
    interval: 100,
  })
  return bob
}

const fits = [undefined, undefined]

test.each(['legacy', 'modern'] as const)(
  'beyond a rate a %s client is told how many seconds to wait, as a tool error [quotas/rate]',
  async (era) => {
    await using gateway = await TestGateway.start({
      mcpServers: { one: echo({ perPrincipal: { rate: '0.1/s', burst: 2 } }) },
    })
    const client = await RawClient.open(gateway, era)
    expect(await callsOf(client, 'one__echo', 2)).toEqual(fits)
    const refused = await client.call('one__echo')
    expect([refused.status, failureOf(refused)]).toEqual([
      200,
      {
        ...{ code: 'rate_limited', retryable: true, remaining: 0, outcome: 'not_sent' },
        requestId: refused.headers.get('x-request-id'),
        retryAfterMs: expect.toSatisfy((wait: number) => wait > 5_000 && wait <= 10_000),
      },
    ])
    expect(textOf(refused)).toMatch(
      /^This caller may make 0\.1 calls to the server of this call per second; try again in \d+ seconds; the call was not sent\.$/,
    )
    expect(gateway.auditRows()).toContainEqual(
      expect.objectContaining({ kind: 'call', outcome: 'refused', code: 'rate_limited' }),
    )
  },
)

test('a daily quota is used up until midnight, also over a restart; what only reads goes on [quotas/daily] [quotas/writes] [quotas/restart]', async () => {
  const options: TestGatewayOptions = {
    mcpServers: { one: echo({}) },
    config: { limits: { perPrincipal: { writes: { daily: 2 } } } },
  }
  await using gateway = await TestGateway.start(options)
  let client = await RawClient.open(gateway, 'modern')
  expect(await callsOf(client, 'one__echo', 4)).toEqual([
    ...fits,
    'quota_exceeded',
    'quota_exceeded',
  ])
  await gateway.restart()
  client = await RawClient.open(gateway, 'modern')
  const refused = await client.call('one__echo')
  expect(failureOf(refused)).toMatchObject({
    code: 'quota_exceeded',
    remaining: 0,
    retryable: true,
  })
  const untilMidnight = 86_400_000 - (Date.now() % 86_400_000)
  const { retryAfterMs } = failureOf(refused) as { retryAfterMs: number } // just looked at
  expect(Math.abs(retryAfterMs - untilMidnight)).toBeLessThan(10_000)
  expect(textOf(refused)).toMatch(
    /^The daily quota of 2 calls that may change something is used up for this caller; it is renewed at 00:00 UTC, in \d+ seconds; /,
  )
  expect(await callsOf(client, 'one__pid', 2)).toEqual(fits)
  expect(await usageOf(gateway)).toMatchObject([
    {
      ...{ calls: 4, writes: 2, writesDaily: 2, writesRemaining: 0, daily: 1_000_000 },
      name: expect.stringMatching(/./),
      ...{ callsTotal: 2, refused: 1, refusals: { quota_exceeded: 1 }, rateLimited: 0 },
    },
  ])
})

test('another configuration brings its bounds at once, and what was used stays used [quotas/reload]', async () => {
  const options = (burst: number, daily: number): TestGatewayOptions => ({
    mcpServers: { one: echo({ rate: '0.001/s', burst, writes: { daily } }) },
  })
  await using gateway = await TestGateway.start(options(3, 100))
  const client = await RawClient.open(gateway, 'modern')
  expect(await callsOf(client, 'one__echo', 4)).toEqual([...fits, undefined, 'rate_limited'])
  const reload = async (next: TestGatewayOptions): Promise<void> => {
    gateway.configure(next)
    const report = await gateway.running.config.reload({ cause: 'api', by: 'test' })
    expect(report).toMatchObject({ ok: true, changed: true })
  }
  await reload({ ...options(3, 100), config: { limits: { callTimeout: '20s' } } })
  expect(await callsOf(client, 'one__pid', 1)).toEqual(['rate_limited'])
  await reload({ mcpServers: { one: echo({ writes: { daily: 4 } }) } })
  expect(await callsOf(client, 'one__echo', 2)).toEqual([undefined, 'quota_exceeded'])
  expect(await callsOf(client, 'one__pid', 1)).toEqual([undefined])
})

test('a tool that may run once holds back its own calls only [quotas/concurrent/apart]', async () => {
  await using gateway = await TestGateway.start({
    mcpServers: { one: echo({}, { sleep: { limits: { concurrent: 1 } } }) },
  })
  const client = await RawClient.open(gateway, 'modern')
  await client.list()
  const sleepers = [0, 1, 2].map(() => client.call('one__sleep', { ms: 300 }))
  const order: string[] = []
  for (const sleeper of sleepers) void sleeper.then(() => order.push('sleep'))
  await vi.waitFor(async () => {
    expect(await usageOf(gateway)).toMatchObject([{ inFlight: 1, queued: 2 }])
  })
  expect(await callsOf(client, 'one__echo', 2)).toEqual(fits)
  order.push('echo')
  const answers = await Promise.all(sleepers)
  expect(answers.map(textOf)).toEqual(['slept', 'slept', 'slept'])
  expect(order.indexOf('echo')).toBeLessThan(2)
})

/** Sends calls as fast as they are answered, some at once, until `over`. */
async function flood(url: string, key: string, over: AbortSignal): Promise<Reply[]> {
  const headers: Headers = { authorization: `Bearer ${key}`, ...MODERN }
  const replies: Reply[] = []
  const lane = async (): Promise<void> => {
    while (!over.aborted) replies.push(await post(url, CALL, headers))
  }
  await Promise.all(Array.from({ length: 8 }, lane))
  return replies
}

const MODERN = {
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'tools/call',
  'mcp-name': 'one__echo',
}
const CALL = {
  ...{ jsonrpc: '2.0', id: 1, method: 'tools/call' },
  params: {
    ...{ name: 'one__echo', arguments: {} },
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
}

const OPEN = { limits: { perPrincipal: { rate: '10000/s', burst: 100_000 } } }

let flooded: TestGateway
let bob: RawClient
beforeAll(async () => {
  const capped = echo({ concurrent: 4, perPrincipal: { concurrent: 3 } })
  flooded = await TestGateway.start({ mcpServers: { one: capped }, config: OPEN })
  bob = await openBob(flooded)
}, 30_000)
afterAll(async () => {
  await flooded[Symbol.asyncDispose]()
})

test('who floods a server that has a cap for each delays the other by no more than its own turn [quotas/flood]', async () => {
  const alice = await RawClient.open(flooded, 'modern')
  const many = Array.from({ length: 100 }, () => alice.call('one__sleep', { ms: 50 }))
  await vi.waitFor(async () => {
    expect(await usageOf(flooded)).toContainEqual(expect.objectContaining({ inFlight: 3 }))
  })
  expect(await callsOf(bob, 'one__echo', 5)).toEqual([...fits, ...fits, undefined])
  // Behind the others it would have been the last.
  expect(await usageOf(flooded)).toContainEqual(
    expect.objectContaining({ inFlight: 3, queued: expect.toSatisfy((queued) => queued > 20) }),
  )
  expect((await Promise.all(many)).map(failureOf)).toEqual(many.map(() => undefined))
})

test('who floods gets 429 with the time to wait for each request too many, the other nothing but answers [quotas/flood] [quotas/usage]', async () => {
  const before = await usageOf(flooded)
  const limits = { perPrincipal: { rate: '5/s', burst: 5 } }
  flooded.configure({ mcpServers: { one: echo({}) }, config: { limits } })
  expect(await flooded.running.config.reload({ cause: 'api', by: 'test' })).toMatchObject({
    ok: true,
  })
  const over = new AbortController()
  const startedMs = performance.now()
  const flooding = flood(flooded.url(), flooded.key, over.signal)
  const modest: Reply[] = []
  while (performance.now() - startedMs < 2_000) {
    modest.push(await bob.call('one__echo'))
    await new Promise((resolve) => setTimeout(resolve, 400)) // the pace of a modest caller
  }
  over.abort()
  const replies = await flooding
  const seconds = (performance.now() - startedMs) / 1_000
  const passed = replies.filter(({ status }) => status === 200)
  const refused = replies.filter(({ status }) => status !== 200)
  expect(passed.length).toBeLessThanOrEqual(5 + 5 * seconds + 1)
  expect(refused.length).toBeGreaterThan(20)
  for (const { status, headers } of refused) {
    expect(status).toBe(429)
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  }
  expect(modest.map(({ status }) => status)).toEqual(modest.map(() => 200))
  expect(modest.map(failureOf)).toEqual(modest.map(() => undefined))
  const used = await usageOf(flooded)
  const loud = used.find(({ rateLimited }) => rateLimited !== 0)
  const quiet = used.find(({ principal }) => principal !== loud?.principal)
  const sumOf = (items: readonly Used[], field: string): number =>
    items.reduce((sum, item) => sum + Number(item[field]), 0)
  expect(loud).toMatchObject({ rateLimited: refused.length, refused: refused.length })
  expect(quiet).toMatchObject({ refused: 0, rateLimited: 0, inFlight: 0, queued: 0 })
  expect(sumOf(used, 'callsTotal') - sumOf(before, 'callsTotal')).toBe(
    passed.length + modest.length,
  )
})
