import { kill } from 'node:process'
import { expect, test, vi } from 'vitest'
import { groupOf } from '../fixtures/groups.ts'
import { failureOf, RawClient, textOf } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'
import {
  type Answer,
  json,
  legacyServer,
  type RawHttpServer,
  startRawHttp,
  textAnswer,
} from '../fixtures/upstreams/raw-http-server.ts'

const READ = { tools: { pid: { readOnly: true }, sleep: { readOnly: true } } }
const child = (changes: object = READ): object => ({
  ...hostileEntry('pid,sleep'),
  health: { every: '1s' },
  ...changes,
})
const SOON = { timeout: 10_000, interval: 20 }

/** Answers `a` with its name, refuses bad arguments and what says so. */
function member(name: string, more: Answer = (seen, response) => textAnswer(seen, response, name)) {
  return legacyServer((seen, response) => more(seen, response), `session-${name}`)
}

const remote = ({ url }: RawHttpServer, changes: object = {}): object => ({
  ...{ url, health: { every: '1s' }, tools: { a: { readOnly: true } } },
  ...changes,
})

test('killed between calls a member of priority 1 is replaced at once, and used again by itself [groups/failover/unsent] [groups/failback]', async () => {
  let first = await startRawHttp(member('first'))
  const { port } = first
  await using second = await startRawHttp(member('second'))
  await using gateway = await TestGateway.start({
    mcpServers: { first: remote(first), second: remote(second) },
    config: { groups: { g: { members: ['first', 'second'], strategy: 'priority' } } },
  })
  const client = await RawClient.open(gateway, 'modern')
  expect(textOf(await client.call('g__a'))).toBe('first')
  await first[Symbol.asyncDispose]()
  for (let n = 0; n < 5; n += 1) expect(textOf(await client.call('g__a'))).toBe('second')
  expect(await groupOf(gateway)).toMatchObject({ state: 'partial', healthy: 1 })
  first = await startRawHttp(member('first'), port)
  await using _first = first
  const backMs = performance.now()
  await vi.waitFor(async () => expect((await groupOf(gateway)).state).toBe('healthy'), SOON)
  expect(performance.now() - backMs).toBeLessThan(3_000)
  expect(textOf(await client.call('g__a'))).toBe('first')
})

test('killed during a call a repeatable call is answered by another member, one that may change something is not; the log says where each was [groups/failover/sent] [record/member]', async () => {
  await using gateway = await TestGateway.start({
    mcpServers: { one: child(), two: child(), writes: child({}) },
    config: {
      groups: {
        g: { members: ['one', 'two'], strategy: 'priority' },
        w: { members: ['writes', 'two'], strategy: 'priority' },
      },
    },
  })
  const client = await RawClient.open(gateway, 'legacy')
  const before = Number(textOf(await client.call('g__pid')))
  const sleeping = client.call('g__sleep', { ms: 1_000 })
  await vi.waitFor(async () => expect((await groupOf(gateway)).members[0]?.inFlight).toBe(1), SOON)
  kill(before, 'SIGKILL')
  expect(textOf(await sleeping)).toBe('slept')
  const written = Number(textOf(await client.call('w__pid')))
  const writing = client.call('w__sleep', { ms: 60_000 })
  await vi.waitFor(
    async () => expect((await groupOf(gateway, 'w')).members[0]?.inFlight).toBe(1),
    SOON,
  )
  kill(written, 'SIGKILL')
  expect(failureOf(await writing)).toMatchObject({ code: 'server_lost', outcome: 'unknown' })
  const rows = gateway.auditRows().filter(({ tool }) => tool === 'sleep')
  expect(rows.map(({ kind, server, member, outcome }) => [kind, server, member, outcome])).toEqual([
    ['call', 'g', 'one,two', 'ok'],
    ['intent', 'w', null, 'pending'],
    ['call', 'w', 'writes', 'unknown'],
  ])
  // Back by themselves, too.
  await vi.waitFor(async () => expect((await groupOf(gateway)).healthy).toBe(2), SOON)
  expect(Number(textOf(await client.call('g__pid')))).not.toBe(before)
})

test('bad arguments, errors of tools and a rate limit evict nobody and open nothing [groups/failover/never]', async () => {
  const answer: Answer = (seen, response) => {
    const { arguments: args = {} } = seen.body.params as { arguments?: { how?: string } } // written by this test
    const { id } = seen.body
    if (args.how === 'invalid') json(response, { id, error: { code: -32_602, message: 'no' } })
    else if (args.how === 'failing') json(response, { id, result: { isError: true, content: [] } })
    else if (args.how === 'limited') response.writeHead(429, { 'retry-after': '1' }).end()
    else textAnswer(seen, response, 'fine')
  }
  await using one = await startRawHttp(member('one', answer))
  await using two = await startRawHttp(member('two', answer))
  await using gateway = await TestGateway.start({
    mcpServers: { one: remote(one), two: remote(two) },
    config: {
      limits: { perPrincipal: { rate: '1/s', burst: 100 } },
      groups: { g: { members: ['one', 'two'], breaker: { failures: 2 } } },
    },
  })
  const client = await RawClient.open(gateway, 'modern')
  for (const how of ['invalid', 'failing', 'limited']) {
    for (let n = 0; n < 20; n += 1) await client.call('g__a', { how })
  }
  const statuses = await Promise.all(
    Array.from({ length: 60 }, async () => (await client.call('g__a')).status),
  )
  expect(statuses).toContain(429)
  expect(await groupOf(gateway)).toMatchObject({ state: 'healthy', healthy: 2, breaker: 'closed' })
})

test('three failed calls open the breaker of a group; after its reset one probe closes it [groups/breaker]', async () => {
  let broken = true
  let calls = 0
  const answer: Answer = (seen, response) => {
    calls += 1
    if (broken) response.destroy()
    else setTimeout(() => textAnswer(seen, response, 'fine'), 200)
  }
  await using only = await startRawHttp(member('only', answer))
  await using gateway = await TestGateway.start({
    mcpServers: { only: remote(only, { health: { every: '1m' } }) },
    config: { groups: { g: { members: ['only'], breaker: { failures: 3, reset: '2s' } } } },
  })
  const client = await RawClient.open(gateway, 'modern')
  for (let n = 0; n < 3; n += 1) {
    expect(failureOf(await client.call('g__a'))).toMatchObject({ code: 'server_lost' })
  }
  const sent = calls
  const openedMs = performance.now()
  const refused = await client.call('g__a')
  expect(performance.now() - openedMs).toBeLessThan(100)
  expect(failureOf(refused)).toMatchObject({ code: 'breaker_open', outcome: 'not_sent' })
  expect(failureOf(refused)).toMatchObject({
    retryAfterMs: expect.toSatisfy((ms: number) => ms > 0 && ms <= 2_000) as number,
  })
  expect(await groupOf(gateway)).toMatchObject({ state: 'open', breaker: 'open' })
  broken = false
  await vi.waitFor(async () => expect((await groupOf(gateway)).breaker).toBe('half-open'), SOON)
  const answers = await Promise.all([client.call('g__a'), client.call('g__a')])
  expect(answers.map(textOf).filter((text) => text === 'fine')).toHaveLength(1)
  expect(calls).toBe(sent + 1)
  expect(textOf(await client.call('g__a'))).toBe('fine')
  expect(await groupOf(gateway)).toMatchObject({ state: 'healthy', breaker: 'closed' })
})

test('a group under `minHealthy` that refuses is not ready, and is again when its member is back [groups/below]', async () => {
  let one = await startRawHttp(member('one'))
  const { port } = one
  await using two = await startRawHttp(member('two'))
  await using gateway = await TestGateway.start({
    mcpServers: { one: remote(one), two: remote(two) },
    config: { groups: { g: { members: ['one', 'two'], minHealthy: 2, below: 'refuse' } } },
  })
  const client = await RawClient.open(gateway, 'modern')
  const ready = async () => (await fetch(`${gateway.data}/health/ready`)).status
  await client.call('g__a')
  await client.call('g__a')
  expect(await ready()).toBe(200)
  await one[Symbol.asyncDispose]()
  await client.call('g__a')
  await client.call('g__a')
  expect(failureOf(await client.call('g__a'))).toMatchObject({
    ...{ code: 'group_unhealthy', outcome: 'not_sent', retryAfterMs: 1_000, retryable: true },
  })
  expect(await ready()).toBe(503)
  one = await startRawHttp(member('one'), port)
  await using _one = one
  await vi.waitFor(async () => expect(await ready()).toBe(200), SOON)
  expect(['one', 'two']).toContain(textOf(await client.call('g__a')))
})

test('a member that could not be started from the first is used once it can be [groups/failback] [groups/cold]', async () => {
  const late = await startRawHttp(member('late'))
  const { port } = late
  await late[Symbol.asyncDispose]()
  await using other = await startRawHttp(member('other'))
  await using gateway = await TestGateway.start({
    mcpServers: { late: remote(late), other: remote(other) },
    config: { groups: { g: { members: ['late', 'other'], strategy: 'priority' } } },
  })
  const client = await RawClient.open(gateway, 'modern')
  expect(await groupOf(gateway)).toMatchObject({ state: 'healthy', healthy: 2 })
  expect(textOf(await client.call('g__a'))).toBe('other')
  await using _late = await startRawHttp(member('late'), port)
  await vi.waitFor(async () => expect((await groupOf(gateway)).healthy).toBe(2), SOON)
  expect(textOf(await client.call('g__a'))).toBe('late')
})

test.each(['legacy', 'modern'] as const)(
  'calls of one %s client alternate between members, each with a session of its own [groups/strategy]',
  async (era) => {
    await using gateway = await TestGateway.start({
      mcpServers: { one: child(), two: child() },
      config: { groups: { g: { members: ['one', 'two'] } } },
    })
    const client = await RawClient.open(gateway, era)
    const pids: string[] = []
    for (let n = 0; n < 6; n += 1) pids.push(textOf(await client.call('g__pid')))
    expect(new Set(pids).size).toBe(2)
    expect(pids).toEqual([...pids.slice(0, 2), ...pids.slice(0, 2), ...pids.slice(0, 2)])
  },
)

test('one caller who ends its own child takes neither the group nor the readiness away from others [groups/own-child]', async () => {
  await using gateway = await TestGateway.start({
    mcpServers: { m: { ...hostileEntry('pid,die'), health: { every: '30s' } } },
    config: { groups: { g: { members: ['m'], minHealthy: 1, below: 'refuse' } } },
  })
  const crasher = await RawClient.open(gateway, 'modern')
  const other = await RawClient.open(gateway, 'modern', await gateway.createKey('other'))
  // A key of another process is known within a second.
  const pidOf = async (client: RawClient): Promise<string> => textOf(await client.call('g__pid'))
  const pid = await vi.waitFor(async () => {
    const text = await pidOf(other)
    expect(text).toMatch(/^\d+$/)
    return text
  }, SOON)
  for (let times = 0; times < 3; times += 1) {
    expect(failureOf(await crasher.call('g__die'))).toMatchObject({ code: 'server_lost' })
    expect(await pidOf(other)).toBe(pid)
    expect((await fetch(`${gateway.data}/health/ready`)).status).toBe(200)
  }
  // Nor from one that has no child yet, once nobody has one.
  kill(Number(pid))
  const third = await RawClient.open(gateway, 'modern', await gateway.createKey('third'))
  await vi.waitFor(async () => expect(await pidOf(third)).toMatch(/^\d+$/), SOON)
})
