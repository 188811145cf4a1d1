import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { failureOf, namesOf, RawClient, type Reply, textOf } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'

const READ_MORE = 'sallyport__read_more'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await TestGateway.start({
    mcpServers: {
      one: { ...hostileEntry('big,echo'), tools: { echo: { resultBytes: '2KiB' } } },
      new: hostileEntry('echo,big', { MODERN: 'both' }),
    },
    config: {
      endpoints: { few: { servers: ['one'] } },
      limits: { results: { perCall: '4KiB', keep: '2s' }, bufferedBytes: '2MiB' },
    },
  })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
})

interface More {
  readonly handle: string
  readonly bytes: number
  readonly expiresAt: string
}

const moreOf = ({ message }: Reply): More => message.result?._meta?.['dev.sallyport/more'] as More // asserted on by each test

/** Reads a kept result to its end, in parts of this many bytes. */
async function readAll(client: RawClient, handle: string, bytes?: number, server?: string) {
  const parts: string[] = []
  const sizes: unknown[] = []
  for (let offset: number | null = 0; offset !== null;) {
    const args = { handle, offset, ...(bytes === undefined ? {} : { bytes }) }
    const part: Reply = await client.call(READ_MORE, args, {}, server)
    parts.push(textOf(part))
    const told = part.message.result?.['structuredContent'] as Record<string, number | null> // ours
    expect(told['bytes']).toBe(Buffer.byteLength(textOf(part)))
    sizes.push(told['bytes'])
    offset = told['next'] ?? null
  }
  return { text: parts.join(''), sizes }
}

const resultText = (text: string): string => JSON.stringify({ content: [{ type: 'text', text }] })

test.each(['legacy', 'modern'] as const)(
  'a %s client is told where a large result is, and reads its very bytes [quotas/results/kept] [quotas/results/exact]',
  async (era) => {
    const client = await RawClient.open(gateway, era)
    const answer = await client.call('one__big', { bytes: 10_000 })
    const whole = resultText('x'.repeat(10_000))
    const { handle, bytes, expiresAt } = moreOf(answer)
    expect(bytes).toBe(whole.length)
    expect(new Date(expiresAt).getTime()).toBeGreaterThan(Date.now())
    expect(answer.message.result).toEqual({
      ...(era === 'modern' ? { resultType: 'complete' } : {}),
      content: [{ type: 'text', text: expect.stringContaining(`handle "${handle}", offset 0`) }],
      _meta: { 'dev.sallyport/more': { handle, bytes, expiresAt } },
    })
    expect(textOf(answer)).toMatch(
      /^The result has \d+ bytes, more than the 4096 that are given at once; it is kept until [^ ]+: read it with the tool sallyport__read_more, /,
    )
    const read = await readAll(client, handle)
    expect(read.text === whole).toBe(true)
    expect(read.sizes).toEqual([4_096, 4_096, whole.length - 8_192])
  },
)

test('parts end where characters do, whatever their size, and no part is empty [quotas/results/exact]', async () => {
  const client = await RawClient.open(gateway, 'modern')
  const text = { said: 'aé✓😀"\\'.repeat(200) }
  const answer = await client.call('one__echo', text)
  const whole = resultText(JSON.stringify(text))
  expect(moreOf(answer).bytes).toBe(Buffer.byteLength(whole))
  for (const bytes of [50, 1_000, 1_000_000]) {
    const read = await readAll(client, moreOf(answer).handle, bytes)
    expect(read.text).toBe(whole)
    expect(Math.max(...read.sizes.map(Number))).toBeLessThanOrEqual(Math.min(bytes, 2_048))
  }
  const single = await client.call(READ_MORE, { handle: moreOf(answer).handle, bytes: 1 })
  expect(textOf(single)).toBe('{')
})

test('a tool has the budget that the operator gave it, others have the general one [quotas/results/kept]', async () => {
  const client = await RawClient.open(gateway, 'legacy')
  const text = 'y'.repeat(3_000)
  expect(moreOf(await client.call('one__echo', { text }))).toMatchObject({ bytes: 3_054 })
  expect(textOf(await client.call('new__echo', { text }))).toBe(JSON.stringify({ text }))
})

test('the handle of another, an expired and an invented one are answered alike [quotas/results/own]', async () => {
  const client = await RawClient.open(gateway, 'modern')
  const bob = await RawClient.open(gateway, 'modern', await gateway.createKey('bob'))
  const { handle } = moreOf(await client.call('one__big', { bytes: 10_000 }))
  const told = ({ message }: Reply) =>
    JSON.stringify(message.result).replace(/"requestId":"[^"]*"/, '')
  await vi.waitFor(async () => {
    expect(failureOf(await bob.call(READ_MORE, { handle: 'invented' }))).toMatchObject({
      code: 'handle_unknown',
    })
  })
  const invented = await bob.call(READ_MORE, { handle: 'invented' })
  expect(failureOf(invented)).toMatchObject({ retryable: false, outcome: 'not_sent' })
  expect(told(await bob.call(READ_MORE, { handle }))).toBe(told(invented))
  expect(failureOf(await client.call(READ_MORE, { handle }))).toBeUndefined()
  await vi.waitFor(
    async () => expect(told(await client.call(READ_MORE, { handle }))).toBe(told(invented)),
    { timeout: 5_000, interval: 100 },
  )
})

test.each([
  [{}, 'needs `handle`'],
  [{ handle: 1 }, 'needs `handle`'],
  [{ handle: 'h', offset: -1 }, 'needs `offset`'],
  [{ handle: 'h', offset: 1.5 }, 'needs `offset`'],
  [{ handle: 'h', bytes: 0 }, 'needs `bytes`'],
  [{ handle: 'h', all: true }, 'takes `handle`'],
])('arguments that it does not take are named: %j', async (args, sentence) => {
  const client = await RawClient.open(gateway, 'modern')
  const answer = await client.call(READ_MORE, args)
  expect(failureOf(answer)).toMatchObject({ code: 'request_invalid' })
  expect(textOf(answer)).toContain(sentence)
})

test('an offset behind the end or inside a character is refused, the end itself is empty', async () => {
  const client = await RawClient.open(gateway, 'modern')
  const { handle, bytes } = moreOf(await client.call('one__echo', { a: '✓'.repeat(1_000) }))
  const at = (offset: number) => client.call(READ_MORE, { handle, offset })
  expect(failureOf(await at(bytes + 1))).toMatchObject({ code: 'request_invalid' })
  const inside = Buffer.from(resultText(JSON.stringify({ a: '✓' }))).indexOf('✓') + 1
  expect(textOf(await at(inside))).toContain('take `next` of the part before')
  expect((await at(bytes)).message.result).toMatchObject({
    content: [{ type: 'text', text: '' }],
    structuredContent: { offset: bytes, bytes: 0, next: null, total: bytes },
  })
})

test.each([
  [undefined, ['new__big', 'new__echo', 'one__big', 'one__echo']],
  ['one', ['big', 'echo']],
] as const)(
  'it is on the list of %s, with schemas, and a read is recorded as its call [quotas/results/listed]',
  async (server, own) => {
    const client = await RawClient.open(gateway, 'legacy', gateway.key, server)
    const list = await client.list({}, server)
    expect(namesOf(list)).toEqual([...own, READ_MORE].toSorted())
    expect(list.message.result?.tools?.find(({ name }) => name === READ_MORE)).toMatchObject({
      inputSchema: { type: 'object', required: ['handle'] },
      outputSchema: { type: 'object' },
      annotations: { readOnlyHint: true, idempotentHint: true },
    })
    const name = server === undefined ? 'one__big' : 'big'
    const { handle } = moreOf(await client.call(name, { bytes: 5_000 }, {}, server))
    const read = await readAll(client, handle, undefined, server)
    expect(read.text).toBe(resultText('x'.repeat(5_000)))
    expect(gateway.auditRows().at(-1)).toMatchObject({
      ...{ kind: 'call', method: 'tools/call', tool: READ_MORE, outcome: 'ok' },
    })
  },
)

test('what is kept counts as buffered bytes; without room the answer says so [quotas/results/room]', async () => {
  const client = await RawClient.open(gateway, 'modern', await gateway.createKey('carol'))
  const kept: Reply[] = []
  // A quarter of 2 MiB is one principal's.
  await vi.waitFor(
    async () => expect(failureOf(await client.call('one__big', { bytes: 5_000 }))).toBeUndefined(),
    { timeout: 5_000 },
  )
  for (let times = 0; times < 5; times += 1) {
    kept.push(await client.call('one__big', { bytes: 100_000 }))
  }
  expect(failureOf(kept[0] as Reply)).toBeUndefined()
  const refused = kept.at(-1) as Reply
  expect(failureOf(refused)).toMatchObject({ code: 'result_too_large', retryable: false })
  expect(textOf(refused)).toMatch(
    /^The result has 100\d+ bytes, more than the 4096 that are given at once, and there is no room to keep it; ask for less/,
  )
  const alice = await RawClient.open(gateway, 'modern')
  expect(moreOf(await alice.call('one__big', { bytes: 100_000 })).bytes).toBeGreaterThan(100_000)
  await vi.waitFor(
    async () =>
      expect(failureOf(await client.call('one__big', { bytes: 200_000 }))).toBeUndefined(),
    { timeout: 5_000, interval: 200 },
  )
})

test('budgets come and go with the configuration, and the tool with them [quotas/results/listed] [quotas/results/session]', async () => {
  const reload = async (results: object): Promise<void> => {
    const mcpServers = { one: hostileEntry('big,echo') }
    const limits = { results, bufferedBytes: '2MiB' }
    gateway.configure({ mcpServers, config: { limits } })
    const report = await gateway.running.config.reload({ cause: 'api', by: 'test' })
    expect(report.problems).toEqual([])
  }
  const sizes = async (client: RawClient, ...asked: number[]) => {
    const kept: boolean[] = []
    for (const bytes of asked)
      kept.push(moreOf(await client.call('one__big', { bytes })) !== undefined)
    return kept
  }
  await reload({})
  const modern = await RawClient.open(gateway, 'modern')
  expect(namesOf(await modern.list())).toEqual(['one__big', 'one__echo'])
  expect((await modern.call(READ_MORE, { handle: 'h' })).message.error?.code).toBe(-32_602)
  expect(await sizes(modern, 100_000)).toEqual([false])
  await reload({ perSession: '10KiB' })
  const one = await RawClient.open(gateway, 'legacy')
  const other = await RawClient.open(gateway, 'legacy')
  expect(namesOf(await one.list())).toEqual(['one__big', 'one__echo', READ_MORE])
  expect(await sizes(one, 6_000, 2_000, 6_000, 500, 6_000)).toEqual([
    false,
    false,
    true,
    false,
    true,
  ])
  expect(await sizes(other, 6_000)).toEqual([false])
  expect(await sizes(modern, 6_000, 6_000)).toEqual([false, true])
})
