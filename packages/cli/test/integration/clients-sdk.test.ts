import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as ClientOfVersion1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportOfVersion1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EVERYTHING } from '../fixtures/everything.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'

let gateway: TestGateway
let requestInit: RequestInit
beforeAll(async () => {
  gateway = await startGateway({ config: { mcpServers: { everything: EVERYTHING } } })
  const key = await gateway.createKey('sdk')
  requestInit = { headers: { Authorization: `Bearer ${key}` } }
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
})

const WHO = { name: 'sdk-client', version: '1.0.0' }

test.each([
  ['by default', undefined, '2025-11-25'],
  ['with mode auto', 'auto', '2026-07-28'],
  ['pinned to 2026-07-28', { pin: '2026-07-28' }, '2026-07-28'],
] as const)(
  'SDK v2 client, %s: lists and calls [wire/client/sdk-v2]',
  async (_case, mode, revision) => {
    const options = mode === undefined ? {} : { versionNegotiation: { mode } }
    const client = new Client(WHO, options)
    await client.connect(new StreamableHTTPClientTransport(new URL(gateway.url), { requestInit }))
    try {
      expect(client.getNegotiatedProtocolVersion()).toBe(revision)
      const { tools } = await client.listTools()
      expect(tools.map(({ name }) => name)).toContain('everything__echo')
      const call = { name: 'everything__echo', arguments: { message: 'hi' } }
      const { content } = await client.callTool(call)
      expect(content).toEqual([{ type: 'text', text: 'Echo: hi' }])
    } finally {
      await client.close()
    }
  },
)

test('SDK v1 client: lists and calls [wire/client/sdk-v1]', async () => {
  const client = new ClientOfVersion1(WHO)
  const transport = new TransportOfVersion1(new URL(gateway.url), { requestInit })
  // The classes of the SDK disagree with each other under exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<typeof client.connect>[0])
  try {
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toContain('everything__echo')
    const call = { name: 'everything__echo', arguments: { message: 'hi' } }
    const { content } = await client.callTool(call)
    expect(content).toEqual([{ type: 'text', text: 'Echo: hi' }])
  } finally {
    await client.close()
  }
})

test.each([
  ['SDK v2, either era', 'auto'],
  ['SDK v2 by default', undefined],
] as const)('a client without a key is told to authenticate: %s', async (_case, mode) => {
  const options = mode === undefined ? {} : { versionNegotiation: { mode } }
  const client = new Client(WHO, options)
  const transport = new StreamableHTTPClientTransport(new URL(gateway.url))
  await expect(client.connect(transport)).rejects.toThrow(
    /401|unauthorized|a key or token is needed/i,
  )
  await client.close()
})
