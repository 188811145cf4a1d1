import { afterAll, beforeAll, expect, test } from 'vitest'
import { textOf } from '../fixtures/raw-mcp.ts'
import { listingEntry, PathClient } from '../fixtures/path-client.ts'
import { TestGateway } from '../fixtures/test-gateway.ts'

const named = (...names: string[]) =>
  names.map((name) => ({ name, inputSchema: { type: 'object' } }))
const SECRET = 'file:///secret/key'

let gateway: TestGateway

beforeAll(async () => {
  const a = {
    tools: named('read_file', 'rm', 'look'),
    resources: [
      { uri: 'file:///docs/a', name: 'doc' },
      { uri: SECRET, name: 'key' },
    ],
    resourceTemplates: [{ uriTemplate: 'file:///docs/{name}', name: 'docs' }],
    prompts: [{ name: 'ask' }, { name: 'hide' }],
  }
  gateway = await TestGateway.start({
    mcpServers: {
      files: listingEntry('files', a),
      answers: listingEntry('answers', { tools: named('search', 'rm') }),
      other: listingEntry('other', { tools: named('x') }),
    },
    config: {
      endpoints: {
        support: {
          servers: ['files', 'answers'],
          tools: { allow: ['files__read_*', 'files__look', 'answers__*'], deny: ['*__rm'] },
          resources: { allow: ['file:///docs/*'] },
          prompts: { deny: ['files__hide'] },
          rename: { files__look: 'see' },
          describe: { files__look: 'Sees.' },
          annotations: { files__look: { readOnly: true } },
          instructions: 'Be kind.',
        },
        plain: { servers: ['files', 'answers'], dropPrefix: true },
      },
    },
  })
}, 30_000)

afterAll(() => gateway[Symbol.asyncDispose]())

test.each(['legacy', 'modern'] as const)(
  'a %s client of an endpoint sees what it chooses, under its names [endpoints/hidden] [endpoints/rename]',
  async (era) => {
    const client = await PathClient.open(gateway, '/mcp/support', { era })
    expect(await client.names('tools/list')).toEqual(['answers__search', 'files__read_file', 'see'])
    expect((await client.entries('tools/list'))[2]).toMatchObject({
      name: 'see',
      description: 'Sees.',
      annotations: { readOnlyHint: true },
    })
    expect(await client.names('resources/list')).toEqual(['doc'])
    expect(await client.names('prompts/list')).toEqual(['files__ask'])
    const call = (name: string) => client.request('tools/call', { name, arguments: {} })
    expect(textOf(await call('see'))).toBe('files look')
    expect(textOf(await call('answers__search'))).toBe('answers search')
  },
)

test.each(['legacy', 'modern'] as const)(
  'to a %s client a hidden tool, prompt or resource is answered as a missing one, byte for byte [endpoints/hidden]',
  async (era) => {
    const client = await PathClient.open(gateway, '/mcp/support', { era })
    const refusal = async (method: string, params: object, word: string, id: unknown) => {
      const { message, status } = await client.request(method, params)
      expect([message.result, message.error?.code]).toEqual([undefined, expect.any(Number)])
      return JSON.stringify({ status, ...message, id }).replaceAll(word, 'NAME')
    }
    for (const name of ['files__rm', 'files__look', 'other__x', 'look']) {
      expect(await refusal('tools/call', { name, arguments: {} }, name, 0)).toBe(
        await refusal('tools/call', { name: 'files__nope', arguments: {} }, 'files__nope', 0),
      )
    }
    expect(await refusal('prompts/get', { name: 'files__hide' }, 'files__hide', 0)).toBe(
      await refusal('prompts/get', { name: 'files__nope' }, 'files__nope', 0),
    )
    const missing = 'file:///nope'
    for (const uri of [SECRET, `files+${SECRET}`]) {
      expect(await refusal('resources/read', { uri }, uri, 0)).toBe(
        await refusal('resources/read', { uri: missing }, missing, 0),
      )
    }
    const complete = (ref: object, word: string) =>
      refusal('completion/complete', { ref, argument: { name: 'x', value: '' } }, word, 0)
    expect(await complete({ type: 'ref/prompt', name: 'files__hide' }, 'files__hide')).toBe(
      await complete({ type: 'ref/prompt', name: 'files__nope' }, 'files__nope'),
    )
    expect(await complete({ type: 'ref/resource', uri: SECRET }, SECRET)).toBe(
      await complete({ type: 'ref/resource', uri: missing }, missing),
    )
  },
)

test('what an endpoint shows is read and completed by the server behind it', async () => {
  const client = await PathClient.open(gateway, '/mcp/support')
  const read = await client.request('resources/read', { uri: 'file:///docs/b' })
  expect(read.message.result?.['contents']).toEqual([
    { uri: 'file:///docs/b', text: 'files file:///docs/b' },
  ])
  const complete = async (ref: object) => {
    const argument = { name: 'x', value: '' }
    const { message } = await client.request('completion/complete', { ref, argument })
    return message.result?.['completion']
  }
  const prompt = { type: 'ref/prompt', name: 'files__ask' }
  expect(await complete(prompt)).toEqual({
    values: ['files', JSON.stringify({ ...prompt, name: 'ask' })],
  })
  const template = { type: 'ref/resource', uri: 'file:///docs/{name}' }
  expect(await complete(template)).toEqual({ values: ['files', JSON.stringify(template)] })
})

test('without prefixes both rivals keep theirs, and each leads to its own server [endpoints/drop-prefix]', async () => {
  const client = await PathClient.open(gateway, '/mcp/plain')
  expect(await client.names('tools/list')).toEqual([
    'answers__rm',
    'files__rm',
    'look',
    'read_file',
    'search',
  ])
  const call = async (name: string) =>
    textOf(await client.request('tools/call', { name, arguments: {} }))
  expect([await call('search'), await call('answers__rm'), await call('files__rm')]).toEqual([
    'answers search',
    'answers rm',
    'files rm',
  ])
})

test('an endpoint that is not there is 404', async () => {
  const client = await PathClient.open(gateway, '/mcp/nothing')
  expect((await client.request('tools/list')).status).toBe(404)
})

test('an endpoint says what its operator wrote', async () => {
  const client = await PathClient.open(gateway, '/mcp/support')
  expect((await client.request('server/discover')).message.result?.['instructions']).toBe(
    'Be kind.',
  )
})

test('a configuration whose endpoint cannot work is refused before anything starts [endpoints/refuse]', async () => {
  await using refused = TestGateway.create({
    mcpServers: { files: listingEntry('files', {}, { SPAWN_LOG: './spawned' }) },
    config: { endpoints: { e: { servers: ['files', 'gone'] } } },
  })
  await expect(refused.restart()).rejects.toThrow('there is no server `gone`')
  expect(refused.lines('spawned')).toEqual([])
})
