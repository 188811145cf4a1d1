import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, fromJsonSchema, McpServer } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PathClient } from '../fixtures/path-client.ts'
import { textOf } from '../fixtures/raw-mcp.ts'
import { TestGateway } from '../fixtures/test-gateway.ts'

const SHARED = 'file:///shared'
const INPUT = {
  type: 'object',
  properties: { region: { type: 'string', 'x-mcp-header': 'Region' } },
  required: ['region'],
} as const

function createTools(): McpServer {
  const server = new McpServer({ name: 'strict', version: '1.0.0' })
  const inputSchema = fromJsonSchema<{ region: string }>(INPUT)
  server.registerTool('route', { inputSchema }, ({ region }) => ({
    content: [{ type: 'text', text: region }],
  }))
  server.registerResource('shared', SHARED, {}, (uri) => ({
    contents: [{ uri: uri.href, text: 'shared' }],
  }))
  server.registerPrompt('ask', {}, () => ({
    messages: [{ role: 'user', content: { type: 'text', text: 'asked' } }],
  }))
  return server
}

/** The official SDK's server of the modern era alone: it refuses headers that disagree with the body. */
async function startStrict() {
  const seen: IncomingHttpHeaders[] = []
  const handler = createMcpHandler(createTools, { legacy: 'reject' })
  const answer = toNodeHandler(handler)
  type Incoming = Parameters<typeof answer>[0]
  const server = createServer((request, response) => {
    seen.push(request.headers)
    void answer(request as Incoming, response) // the same, but for exactOptionalPropertyTypes
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // listening on TCP
  const stop = (): void => {
    server.closeAllConnections()
    server.close()
  }
  return { seen, url: `http://127.0.0.1:${port}/mcp`, stop }
}

let strict: Awaited<ReturnType<typeof startStrict>>
let gateway: TestGateway

beforeAll(async () => {
  strict = await startStrict()
  const { url } = strict
  gateway = await TestGateway.start({
    mcpServers: { a: { url }, b: { url } },
    config: {
      endpoints: { e: { servers: ['a', 'b'], dropPrefix: true, rename: { a__route: 'go' } } },
    },
  })
  const client = await PathClient.open(gateway, '/mcp')
  await client.request('tools/list')
}, 30_000)

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  strict.stop()
})

test.each(['legacy', 'modern'] as const)(
  'B5: what a %s client calls by another name reaches a strict server by its own, headers and body agreeing [endpoints/rename] [features/uris/collision]',
  async (era) => {
    const client = await PathClient.open(gateway, '/mcp/e', { era })
    expect(await client.names('tools/list')).toEqual(['go', 'route'])
    const args = { name: 'go', arguments: { region: 'eu-1' } }
    const param: Record<string, string> = era === 'modern' ? { 'mcp-param-region': 'eu-1' } : {}
    expect(textOf(await client.request('tools/call', args, param))).toBe('eu-1')
    expect(strict.seen.at(-1)).toMatchObject({ 'mcp-name': 'route', 'mcp-param-region': 'eu-1' })
    const read = await client.request('resources/read', { uri: `b+${SHARED}` })
    expect(read.message.result?.['contents']).toEqual([{ uri: `b+${SHARED}`, text: 'shared' }])
    expect(strict.seen.at(-1)).toMatchObject({ 'mcp-name': SHARED })
    const got = await client.request('prompts/get', { name: 'b__ask' })
    expect(got.message.result?.['messages']).toMatchObject([{ content: { text: 'asked' } }])
    expect(strict.seen.at(-1)).toMatchObject({ 'mcp-name': 'ask' })
  },
)

test('B5: a name in the header that disagrees with the renamed one in the body is refused', async () => {
  const client = await PathClient.open(gateway, '/mcp/e')
  const before = strict.seen.length
  const args = { name: 'go', arguments: { region: 'eu-1' } }
  const reply = await client.request('tools/call', args, { 'mcp-name': 'route' })
  expect([reply.status, reply.message.error?.code]).toEqual([400, -32020])
  const wrong = await client.request('tools/call', args, { 'mcp-param-region': 'us-1' })
  expect([wrong.status, wrong.message.error?.code]).toEqual([400, -32020])
  expect(strict.seen).toHaveLength(before)
})
