import { kill } from 'node:process'
import { expect, test, vi } from 'vitest'
import { groupOf } from '../fixtures/groups.ts'
import { listingEntry, PathClient } from '../fixtures/path-client.ts'
import { RawClient, textOf } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'
import { type Answer, json, startRawHttp } from '../fixtures/upstreams/raw-http-server.ts'

const SCHEMA = { type: 'object' }
const SOON = { timeout: 10_000, interval: 20 }
const tool = (name: string) => ({ name, inputSchema: SCHEMA })

test.each(['legacy', 'modern'] as const)(
  'a %s client finds a group on the merged list, at its own address and in an endpoint [groups/name] [groups/shown]',
  async (era) => {
    await using gateway = await TestGateway.start({
      mcpServers: {
        a: listingEntry('a', {
          tools: [tool('x'), tool('only-a')],
          resources: [{ uri: 'r:1', name: 'r' }],
        }),
        b: listingEntry('b', { tools: [tool('x')], resources: [{ uri: 'r:1', name: 'r' }] }),
      },
      config: {
        groups: { g: { members: ['a', 'b'], hideMembers: true } },
        endpoints: { e: { servers: ['g'], tools: { allow: ['g__x'] } } },
      },
    })
    const whole = await PathClient.open(gateway, '/mcp', { era })
    const list = await whole.request('tools/list')
    expect(list.message.result?.tools?.map(({ name }) => name)).toEqual(['g__only-a', 'g__x'])
    expect(list.message.result?._meta?.['dev.sallyport/sources']).toMatchObject([
      { server: 'g', state: 'healthy', healthy: 2, tools: 2 },
    ])
    const own = await PathClient.open(gateway, '/servers/g/mcp', { era })
    const answers: unknown[] = []
    for (let n = 0; n < 4; n += 1) {
      const { message } = await own.request('tools/call', { name: 'x', arguments: {} })
      answers.push(message.result?.content?.[0]?.text)
    }
    expect(answers.toSorted()).toEqual(['a x', 'a x', 'b x', 'b x'])
    // Only one member has it, so only that one is asked.
    for (let n = 0; n < 3; n += 1) {
      const { message } = await own.request('tools/call', { name: 'only-a', arguments: {} })
      expect(message.result?.content?.[0]?.text).toBe('a only-a')
    }
    const read = await whole.request('resources/read', { uri: 'r:1' })
    expect(read.message.result?.['contents']).toMatchObject([{ uri: 'r:1' }])
    const chosen = await PathClient.open(gateway, '/mcp/e', { era })
    expect(await chosen.names('tools/list')).toEqual(['g__x'])
  },
)

test('hidden members have no address, and their names lead nowhere [groups/hidden]', async () => {
  await using gateway = await TestGateway.start({
    mcpServers: { a: listingEntry('a', { tools: [tool('x')] }) },
    config: { groups: { g: { members: ['a'], hideMembers: true } } },
  })
  const member = await PathClient.open(gateway, '/servers/a/mcp')
  expect((await member.request('tools/list')).status).toBe(404)
  const whole = await PathClient.open(gateway, '/mcp')
  const { message } = await whole.request('tools/call', { name: 'a__x', arguments: {} })
  expect(message.error).toMatchObject({ code: -32602, message: 'Unknown tool: a__x' })
})

test.each([true, false])(
  'what is watched through a group is announced, also after the member that did so was killed (members hidden: %s) [groups/subscriptions]',
  async (hideMembers) => {
    const CAPABILITIES = JSON.stringify({ resources: { subscribe: true } })
    const entry = {
      ...hostileEntry('pid,announce', { CAPABILITIES }),
      ...{ health: { every: '1s' }, tools: { pid: { readOnly: true } } },
    }
    await using gateway = await TestGateway.start({
      mcpServers: { a: entry, b: entry },
      config: { groups: { g: { members: ['a', 'b'], strategy: 'priority', hideMembers } } },
    })
    const client = await RawClient.open(gateway, 'legacy')
    const news = await client.listen()
    const list = await client.request('resources/list', {})
    expect(list.message.result?.['resources']).toMatchObject([{ uri: 'file:///1' }])
    const pid = Number(textOf(await client.call('g__pid')))
    const { message } = await client.request('resources/subscribe', { uri: 'file:///1' })
    expect(message.result).toEqual({})
    const tell = () =>
      client.call('g__announce', {
        method: 'notifications/resources/updated',
        params: { uri: 'file:///1' },
      })
    const updates = () => news.methods.filter((one) => one === 'notifications/resources/updated')
    await tell()
    await vi.waitFor(() => expect(updates()).toHaveLength(1), SOON)
    kill(pid, 'SIGKILL')
    // It may have changed while nobody told.
    await vi.waitFor(() => expect(updates().length).toBeGreaterThanOrEqual(2), SOON)
    await vi.waitFor(async () => expect((await groupOf(gateway)).state).toBe('healthy'), SOON)
  },
)

test('with a group added, clients read, complete and watch its members’ resources by the URIs they had [groups/uris]', async () => {
  const resources = (...uris: string[]) => uris.map((uri) => ({ uri, name: uri }))
  const resourceTemplates = [{ uriTemplate: 't:{+p}', name: 't' }]
  const mcpServers = {
    a: listingEntry('a', { resources: resources('m:a', 'm:1'), resourceTemplates }),
    b: listingEntry('b', { resources: resources('m:1') }),
    c: listingEntry('c', { resources: resources('m:c') }),
  }
  await using gateway = await TestGateway.start({ mcpServers })
  const client = await PathClient.open(gateway, '/mcp', { era: 'legacy' })
  const uris = async () => (await client.entries('resources/list')).map(({ uri }) => uri)
  const read = async (uri: string) => {
    const { message } = await client.request('resources/read', { uri })
    return message.error?.message ?? message.result?.['contents']
  }
  expect(await uris()).toEqual(['a+m:1', 'b+m:1', 'm:a', 'm:c'])
  const groups = { g: { members: ['b', 'a'], strategy: 'priority' } }
  gateway.configure({ mcpServers, config: { groups } })
  await gateway.running.config.reload({ cause: 'api', by: 'test' })
  expect(await uris()).toEqual(['m:1', 'm:a', 'm:c'])
  expect(await read('m:a')).toEqual([{ uri: 'm:a', text: 'a m:a' }])
  expect(await read('m:1')).toEqual([{ uri: 'm:1', text: 'b m:1' }])
  expect(await read('a+m:1')).toEqual([{ uri: 'm:1', text: 'a m:1' }])
  expect(await read('g+m:a')).toEqual([{ uri: 'm:a', text: 'a m:a' }])
  // Only one member has the template.
  expect(await read('t:7')).toEqual([{ uri: 't:7', text: 'a t:7' }])
  const { message } = await client.request('completion/complete', {
    ref: { type: 'ref/resource', uri: 't:{+p}' },
    argument: { name: 'p', value: '' },
  })
  expect(message.result?.['completion']).toMatchObject({ values: ['a', expect.anything()] })
})

test('over a reload a group keeps its turn, and a changed one is another at once [groups/reload]', async () => {
  const entry = listingEntry('a', { tools: [tool('x')] })
  const options = (groups: object) => ({
    mcpServers: { a: entry, b: listingEntry('b', { tools: [tool('x')] }) },
    config: { groups },
  })
  await using gateway = await TestGateway.start(options({ g: { members: ['a', 'b'] } }))
  const client = await RawClient.open(gateway, 'modern')
  const reload = async (groups: object): Promise<void> => {
    gateway.configure(options(groups))
    const report = await gateway.running.config.reload({ cause: 'api', by: 'test' })
    expect(report).toMatchObject({ ok: true, changed: true })
  }
  await client.list()
  expect(textOf(await client.call('g__x'))).toBe('a x')
  await reload({ g: { members: ['a', 'b'] }, h: { members: ['b'] } })
  expect(textOf(await client.call('g__x'))).toBe('b x')
  expect(textOf(await client.call('h__x'))).toBe('b x')
  await reload({ g: { members: ['b'] } })
  expect(textOf(await client.call('g__x'))).toBe('b x')
  const gone = await client.call('h__x')
  expect(gone.message.error?.code).toBe(-32602)
})

/** A legacy server that makes a task of each call, always of the same id, and says whose it is. */
const taskServer =
  (self: string): Answer =>
  ({ method: verb, body }, response) => {
    const { id, method } = body
    const task = { taskId: 't', status: self, createdAt: '2026-01-01T00:00:00Z', ttl: 1_000 }
    const capabilities = { tools: {}, tasks: { requests: { tools: { call: {} } } } }
    if (verb !== 'POST') response.writeHead(405).end()
    else if (id === undefined) response.writeHead(202).end()
    else if (method === 'initialize') {
      json(response, { id, result: { protocolVersion: '2025-11-25', capabilities } })
    } else if (method === 'tools/list') json(response, { id, result: { tools: [tool('x')] } })
    else if (method === 'tools/call') json(response, { id, result: { task } })
    else if (method === 'tasks/get') json(response, { id, result: task })
    else json(response, { id, error: { code: -32_601, message: 'no' } }, 400)
  }

test('a task is followed at the member that has it, hidden or not, while other calls go round [groups/member]', async () => {
  await using a = await startRawHttp(taskServer('a'))
  await using b = await startRawHttp(taskServer('b'))
  await using gateway = await TestGateway.start({
    mcpServers: { a: { url: a.url }, b: { url: b.url } },
    config: { groups: { g: { members: ['a', 'b'], hideMembers: true } } },
  })
  const client = await RawClient.open(gateway, 'legacy')
  const followed: unknown[] = []
  for (let n = 0; n < 3; n += 1) {
    const params = { name: 'g__x', arguments: {}, task: { ttl: 1_000 } }
    const { result = {} } = (await client.request('tools/call', params)).message
    const { taskId, status } = result['task'] as { taskId: string; status: string } // of our own servers
    const { message } = await client.request('tasks/get', { taskId })
    followed.push([status, message.result?.['status']])
  }
  expect(followed).toEqual([
    ['a', 'a'],
    ['b', 'b'],
    ['a', 'a'],
  ])
})
