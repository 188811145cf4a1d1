import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { failureOf, namesOf, RawClient, textOf } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await TestGateway.start({
    mcpServers: {
      one: hostileEntry('pid,echo,die,progress,hang'),
      two: { ...hostileEntry('echo,hang', { MODERN: 'both' }), callTimeout: '300ms' },
      pinned: {
        ...hostileEntry('die,pid', { SPAWN_LOG: '/dev/null' }),
        tools: { die: { readOnly: true } },
      },
    },
  })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
})

const ALL = [
  'one__die',
  'one__echo',
  'one__hang',
  'one__pid',
  'one__progress',
  'pinned__die',
  'pinned__pid',
  'two__echo',
  'two__hang',
]

const lastRow = () => gateway.auditRows().at(-1)

test.each(['legacy', 'modern'] as const)(
  'a %s client lists all tools of all servers, and calls those of either era',
  async (era) => {
    const client = await RawClient.open(gateway, era)
    const list = await client.list()
    expect(namesOf(list)).toEqual(ALL)
    expect(list.headers.get('x-request-id')).toMatch(/./)
    for (const server of ['one', 'two']) {
      const answer = await client.call(`${server}__echo`, { n: 1, ü: ['€'] })
      expect([answer.status, JSON.parse(textOf(answer))]).toEqual([200, { n: 1, ü: ['€'] }])
      expect(answer.message.result?.['resultType']).toBe(era === 'modern' ? 'complete' : undefined)
    }
  },
)

test.each(['legacy', 'modern'] as const)(
  "a %s client at one server's address sees its tools by their own names [tools/one-server]",
  async (era) => {
    const client = await RawClient.open(gateway, era, gateway.key, 'two')
    expect(namesOf(await client.list({}, 'two'))).toEqual(['echo', 'hang'])
    expect(textOf(await client.call('echo', { a: 1 }, {}, 'two'))).toBe('{"a":1}')
    expect((await client.call('two__echo', {}, {}, 'two')).message.error?.code).toBe(-32602)
  },
)

test('an unknown name is refused as bad parameters, and recorded [tools/unknown] [record/refusals]', async () => {
  const client = await RawClient.open(gateway, 'modern')
  await client.list()
  const answer = await client.call('one__nothing')
  expect([answer.status, answer.message.error?.code]).toEqual([200, -32602])
  expect(lastRow()).toMatchObject({
    kind: 'call',
    outcome: 'refused',
    code: '-32602',
    server: null,
  })
})

test('two principals have a session each, and one principal keeps its own [upstreams/share/none]', async () => {
  const bobs = await gateway.createKey('bob')
  const alice = await RawClient.open(gateway, 'modern')
  await vi.waitFor(
    async () => {
      const bob = await RawClient.open(gateway, 'modern', bobs)
      const pids = [alice, alice, bob].map(async (one) => textOf(await one.call('one__pid')))
      const [first, again, other] = await Promise.all(pids)
      expect(first).toMatch(/^\d+$/)
      expect(again).toBe(first)
      expect(other).not.toBe(first)
    },
    { timeout: 10_000, interval: 100 },
  )
})

test.each(['legacy', 'modern'] as const)(
  "progress reaches a %s client under its own token, nobody else's does [wire/progress]",
  async (era) => {
    const client = await RawClient.open(gateway, era)
    const { text, headers } = await client.call('one__progress', {}, { progressToken: 'mine' })
    expect(headers.get('content-type')).toBe('text/event-stream')
    const messages = text.match(/^data: .*$/gm)?.map((line) => JSON.parse(line.slice(6)))
    expect(messages).toMatchObject([
      { method: 'notifications/progress', params: { progressToken: 'mine', progress: 1 } },
      { result: { content: [{ text: 'done' }] } },
    ])
  },
)

test("a call over its server's deadline is answered with that, and its effect is unknown [limits/deadline]", async () => {
  const client = await RawClient.open(gateway, 'modern')
  const answer = await client.call('two__hang')
  expect(failureOf(answer)).toMatchObject({
    code: 'deadline_exceeded',
    outcome: 'unknown',
    retryable: false,
  })
  expect(lastRow()).toMatchObject({ outcome: 'unknown', code: 'deadline_exceeded', tool: 'hang' })
})

test('a child that ends in the middle of a call: the effect is unknown, and the next call works [upstreams/lost/outcome]', async () => {
  const client = await RawClient.open(gateway, 'legacy')
  const before = textOf(await client.call('one__pid'))
  const answer = await client.call('one__die')
  expect([answer.status, failureOf(answer)]).toMatchObject([
    200,
    { code: 'server_lost', outcome: 'unknown', retryable: false },
  ])
  expect(lastRow()).toMatchObject({ kind: 'call', outcome: 'unknown', code: 'server_lost' })
  const after = textOf(await client.call('one__pid'))
  expect(after).toMatch(/^\d+$/)
  expect(after).not.toBe(before)
})

test('a call leaves an intent before its row, one pinned read-only does not [record/intent]', async () => {
  const client = await RawClient.open(gateway, 'modern')
  const kindsOf = async (name: string) => {
    const { headers } = await client.call(name)
    const id = headers.get('x-request-id')
    return gateway
      .auditRows()
      .filter((row) => row['request_id'] === id)
      .map((row) => row['kind'])
  }
  expect(await kindsOf('one__echo')).toEqual(['intent', 'call'])
  expect(await kindsOf('pinned__die')).toEqual(['call'])
})
