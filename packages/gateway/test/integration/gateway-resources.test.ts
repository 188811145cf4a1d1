import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test, vi } from 'vitest'
import { listingEntry, PathClient } from '../fixtures/path-client.ts'
import { TestGateway } from '../fixtures/test-gateway.ts'

const UI = 'ui://w/m.html'
const movedUi = (server: string) => UI.replace('ui://', `ui://${server}+`)
const SCHEMA = { type: 'object' }
const ERAS = ['legacy', 'modern'] as const

const textsOf = async (client: PathClient, uri: string): Promise<unknown> => {
  const { message } = await client.request('resources/read', { uri })
  return message.error ? message.error.code : message.result?.['contents']
}

test.each(ERAS)(
  'a %s client reads what each server lists, and what two list under the name of each [features/uris] [features/uris/collision]',
  async (era) => {
    const shared = { uri: 'file:///shared', name: 'shared' }
    await using gateway = await TestGateway.start({
      mcpServers: {
        a: listingEntry('a', { resources: [shared, { uri: 'x:a', name: 'own' }] }),
        b: listingEntry('b', {
          resources: [shared],
          resourceTemplates: [{ uriTemplate: 'mem://{id}', name: 'mem' }],
        }),
      },
    })
    const client = await PathClient.open(gateway, '/mcp', { era })
    const uris = (await client.entries('resources/list')).map(({ uri }) => uri)
    expect(uris).toEqual(['a+file:///shared', 'b+file:///shared', 'x:a'])
    expect(await textsOf(client, 'b+file:///shared')).toEqual([
      { uri: 'b+file:///shared', text: 'b file:///shared' },
    ])
    expect(await textsOf(client, 'x:a')).toEqual([{ uri: 'x:a', text: 'a x:a' }])
    expect(await textsOf(client, 'mem://7')).toEqual([{ uri: 'mem://7', text: 'b mem://7' }])
    expect(await textsOf(client, 'file:///shared')).toEqual(expect.any(Number))
    const own = await PathClient.open(gateway, '/servers/b/mcp', { era })
    expect((await own.entries('resources/list')).map(({ uri }) => uri)).toEqual(['file:///shared'])
    expect(await textsOf(own, 'file:///shared')).toEqual([
      { uri: 'file:///shared', text: 'b file:///shared' },
    ])
  },
)

test('what is read under the name of its server comes back under it [features/uris/collision]', async () => {
  await using gateway = await TestGateway.start({
    mcpServers: {
      a: listingEntry('a', { resources: [{ uri: 'x:1', name: 'x' }] }),
      b: listingEntry('b', { tools: [] }),
    },
  })
  const client = await PathClient.open(gateway, '/mcp')
  await client.request('resources/list')
  expect(await textsOf(client, 'b+x:1')).toEqual([{ uri: 'b+x:1', text: 'b x:1' }])
  expect(await textsOf(client, 'a+x:1')).toEqual([{ uri: 'x:1', text: 'a x:1' }])
})

test('a link in a result is readable by who got it, and by nobody else [features/links]', async () => {
  const tools = [{ name: 'link', inputSchema: SCHEMA }]
  const resources = [{ uri: 'x:1', name: 'x' }]
  await using gateway = await TestGateway.start({
    mcpServers: {
      a: listingEntry('a', { tools, resources: [...resources, { uri: 'x:a', name: 'xa' }] }),
      b: listingEntry('b', { tools, resources }),
    },
  })
  const alice = await PathClient.open(gateway, '/mcp')
  const key = await gateway.createKey('bob')
  const bob = await PathClient.open(gateway, '/mcp', { key })
  await vi.waitFor(async () => expect((await bob.request('tools/list')).status).toBe(200), 5_000)
  const linked = await alice.request('tools/call', {
    name: 'b__link',
    arguments: { uri: 'x:linked' },
  })
  expect(linked.message.result?.content).toMatchObject([{ uri: 'x:linked' }])
  expect(await textsOf(alice, 'x:linked')).toEqual([{ uri: 'x:linked', text: 'b x:linked' }])
  expect(await textsOf(bob, 'x:linked')).toEqual(expect.any(Number))
  const foreign = await alice.request('tools/call', { name: 'b__link', arguments: { uri: 'x:a' } })
  expect(foreign.message.result?.content).toMatchObject([{ uri: 'b+x:a' }])
  expect(await textsOf(alice, 'b+x:a')).toEqual([{ uri: 'b+x:a', text: 'b x:a' }])
  // A link to what two servers list is shown under its own server's name.
  const moved = await alice.request('tools/call', { name: 'b__link', arguments: { uri: 'x:1' } })
  expect(moved.message.result?.content).toMatchObject([{ uri: 'b+x:1' }])
})

test.each(ERAS)(
  'a %s client reads the interface of a tool, though it is on no list, with its policy as the server wrote it [features/ui]',
  async (era) => {
    const meta = {
      ui: { resourceUri: UI, csp: { connectDomains: ['https://x.example'] }, permissions: {} },
    }
    const tools = [{ name: 'show', inputSchema: SCHEMA, _meta: meta }]
    await using gateway = await TestGateway.start({
      mcpServers: {
        a: listingEntry('a', { tools, resources: [] }),
        b: listingEntry('b', { tools, resources: [] }),
        c: listingEntry('c', {
          tools: [{ ...tools[0], _meta: { ui: { resourceUri: 'ui://c' } } }],
          resources: [],
        }),
      },
    })
    const client = await PathClient.open(gateway, '/mcp', { era })
    const listed = await client.entries('tools/list')
    expect(listed.map(({ _meta }) => _meta)).toEqual([
      { ui: { ...meta.ui, resourceUri: movedUi('a') } },
      { ui: { ...meta.ui, resourceUri: movedUi('b') } },
      { ui: { resourceUri: 'ui://c' } },
    ])
    expect(await textsOf(client, movedUi('b'))).toEqual([{ uri: movedUi('b'), text: `b ${UI}` }])
    const args = { name: 'b__show', arguments: meta }
    const shown = await client.request('tools/call', args)
    expect(shown.message.result?._meta).toMatchObject({
      ui: { ...meta.ui, resourceUri: movedUi('b') },
    })
    expect(await textsOf(client, 'ui://c')).toEqual([{ uri: 'ui://c', text: 'c ui://c' }])
  },
)

test.each(ERAS)(
  'a %s client hears of changed resources and prompts within a second, only where its address shows them [features/list/changed]',
  async (era) => {
    const tools = [{ name: 'relist', inputSchema: SCHEMA }]
    await using gateway = await TestGateway.start({
      mcpServers: {
        a: listingEntry('a', { tools, resources: [], prompts: [] }),
        b: listingEntry('b', { tools }),
      },
      config: { endpoints: { e: { servers: ['b'] } } },
    })
    const client = await PathClient.open(gateway, '/mcp', { era })
    await client.request('tools/list')
    const elsewhere = await PathClient.open(gateway, '/mcp/e', { era })
    const [whole, endpoint] = [await client.listen(), await elsewhere.listen()]
    const news = () => whole.methods.filter((method) => method.endsWith('list_changed')).toSorted()
    const startedMs = performance.now()
    const lists = { resources: [{ uri: 'x:1', name: 'x' }], prompts: [{ name: 'p' }] }
    await client.request('tools/call', { name: 'a__relist', arguments: lists })
    await vi.waitFor(
      () =>
        expect(news()).toEqual([
          'notifications/prompts/list_changed',
          'notifications/resources/list_changed',
        ]),
      { timeout: 5_000, interval: 10 },
    )
    expect(performance.now() - startedMs).toBeLessThan(1_000)
    expect(await client.names('resources/list')).toEqual(['x'])
    expect(await client.names('prompts/list')).toEqual(['a__p'])
    expect(endpoint.methods.filter((method) => method.endsWith('list_changed'))).toEqual([])
  },
)

test('a server that is down keeps its entries, and the lists of the others are whole [features/sources]', async () => {
  const tools = [{ name: 'quit', inputSchema: SCHEMA }]
  await using gateway = await TestGateway.start({
    mcpServers: {
      a: listingEntry('a', { tools, resources: [{ uri: 'x:a', name: 'xa' }] }),
      b: listingEntry('b', { resources: [{ uri: 'x:b', name: 'xb' }] }),
      never: { command: process.execPath, args: ['-e', 'process.exit(1)'] },
    },
  })
  const client = await PathClient.open(gateway, '/mcp')
  await client.request('tools/list')
  await client.request('tools/call', { name: 'a__quit', arguments: {} })
  const list = await client.request('resources/list')
  expect(list.message.result).toMatchObject({
    resources: [{ uri: 'x:a' }, { uri: 'x:b' }],
    _meta: {
      'dev.sallyport/sources': [
        { server: 'a', resources: 1, at: expect.any(String) },
        { server: 'b', state: 'ready', resources: 1 },
        { server: 'never', resources: 0, at: null },
      ],
    },
  })
})

test('a remote $ref is carried and never fetched, at any address [features/schema]', async () => {
  const fetched: string[] = []
  const trap = createServer((request, response) => {
    fetched.push(request.url ?? '')
    response.end('{}')
  })
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = trap.address() as AddressInfo // listening on TCP
    const url = `http://127.0.0.1:${port}`
    const inputSchema = {
      type: 'object',
      $schema: `${url}/meta`,
      properties: { x: { $ref: `${url}/x` } },
    }
    const icons = [{ src: `${url}/icon.png` }]
    const tool = { name: 'w', inputSchema, outputSchema: { $ref: `${url}/out` }, icons }
    await using gateway = await TestGateway.start({
      mcpServers: { a: listingEntry('a', { tools: [tool] }) },
    })
    const client = await PathClient.open(gateway, '/servers/a/mcp')
    expect(await client.entries('tools/list')).toEqual([tool])
    await client.request('tools/call', { name: 'w', arguments: { x: 1 } })
    expect(fetched).toEqual([])
  } finally {
    trap.close()
  }
})
