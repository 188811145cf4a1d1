import { expect, test } from 'vitest'
import { listingEntry, PathClient } from '../fixtures/path-client.ts'
import { TestGateway } from '../fixtures/test-gateway.ts'

const LONG = 'p'.repeat(80)

test.each(['legacy', 'modern'] as const)(
  'a %s client gets the prompts of all servers, each from its own [features/prompts]',
  async (era) => {
    const prompts = [{ name: 'ask', arguments: [{ name: 'x' }], _meta: { n: 1 } }]
    await using gateway = await TestGateway.start({
      mcpServers: {
        a: listingEntry('a', { prompts }),
        b: listingEntry('b', { prompts }),
        c: listingEntry('c', { tools: [] }),
      },
    })
    const client = await PathClient.open(gateway, '/mcp', { era })
    expect(await client.entries('prompts/list')).toEqual([
      { ...prompts[0], name: 'a__ask' },
      { ...prompts[0], name: 'b__ask' },
    ])
    const get = async (name: string) => {
      const { message } = await client.request('prompts/get', { name, arguments: { x: '1' } })
      return message.error?.code ?? message.result?.['messages']
    }
    const said = (text: string) => [{ role: 'user', content: { type: 'text', text } }]
    expect([await get('a__ask'), await get('b__ask')]).toEqual([said('a ask'), said('b ask')])
    expect([await get('ask'), await get('c__ask')]).toEqual([-32602, -32602])
  },
)

test('short names fit model APIs and lead to the whole name [tools/name/short]', async () => {
  const tools = [`${LONG}1`, `${LONG}2`].map((name) => ({ name, inputSchema: { type: 'object' } }))
  await using gateway = await TestGateway.start({
    mcpServers: { a: listingEntry('a', { tools, prompts: [{ name: LONG }] }) },
    config: { names: 'short' },
  })
  const client = await PathClient.open(gateway, '/mcp')
  const names = (await client.names('tools/list')).map(String)
  expect(names).toEqual([1, 2].map(() => expect.stringMatching(/^a__p{54}_[0-9a-f]{6}$/)))
  const replies = await Promise.all(
    names.map((name) => client.request('tools/call', { name, arguments: {} })),
  )
  const texts = replies.map(({ message }) => message.result?.content?.[0]?.text)
  expect(texts.toSorted()).toEqual([`a ${LONG}1`, `a ${LONG}2`])
  const [prompt] = await client.names('prompts/list')
  const got = await client.request('prompts/get', { name: prompt })
  expect(got.message.result?.['messages']).toMatchObject([{ content: { text: `a ${LONG}` } }])
})

test('after a restart every list comes from the store, and no server is started for it [features/stored]', async () => {
  const lists = {
    tools: [{ name: 't', inputSchema: { type: 'object' } }],
    resources: [{ uri: 'x:1', name: 'r' }],
    resourceTemplates: [{ uriTemplate: 'y:{z}', name: 'y' }],
    prompts: [{ name: 'p' }],
  }
  await using gateway = await TestGateway.start({
    mcpServers: {
      a: listingEntry('a', lists, { SPAWN_LOG: './spawned' }),
      b: listingEntry('b', { tools: [] }, { SPAWN_LOG: './spawned' }),
    },
  })
  const methods = ['tools/list', 'resources/list', 'resources/templates/list', 'prompts/list']
  const all = async () => {
    const client = await PathClient.open(gateway, '/mcp')
    return await Promise.all(methods.map((method) => client.names(method)))
  }
  const before = await all()
  expect(before).toEqual([['a__t'], ['r'], ['y'], ['a__p']])
  const { message: faceBefore } = await (
    await PathClient.open(gateway, '/mcp')
  ).request('server/discover')
  await gateway.restart()
  expect(await all()).toEqual(before)
  const { message: face } = await (
    await PathClient.open(gateway, '/mcp')
  ).request('server/discover')
  expect(face.result?.['capabilities']).toEqual(faceBefore.result?.['capabilities'])
  expect(gateway.lines('spawned')).toHaveLength(2)
})
