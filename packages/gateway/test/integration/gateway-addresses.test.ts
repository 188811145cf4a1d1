import { afterAll, beforeAll, expect, test } from 'vitest'
import { listingEntry } from '../fixtures/path-client.ts'
import { TestGateway } from '../fixtures/test-gateway.ts'

let gateway: TestGateway

beforeAll(async () => {
  gateway = await TestGateway.start({
    mcpServers: { files: listingEntry('files', { tools: [] }) },
    config: { endpoints: { support: { servers: ['files'] } } },
  })
}, 30_000)

afterAll(() => gateway[Symbol.asyncDispose]())

const ADDRESSES = ['/mcp', '/mcp/support', '/servers/files/mcp', '/sse', '/messages']
const OF_SERVER = ['/servers/files/sse', '/servers/files/messages']

test.each([...ADDRESSES, ...OF_SERVER])(
  'nothing of %s is open without a key [wire/sse/bound]',
  async (path) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const response = await fetch(`${gateway.data}${path}`, { method })
      expect([method, response.status]).toEqual([method, 401])
    }
  },
)

test.each([
  '/mcp/nobody',
  '/mcp/Support',
  '/mcp/support/',
  '/mcp/support/sse',
  '/servers/nobody/sse',
  '/servers/files',
  '/servers/files/other',
  '/sse/x',
])('there is nothing at %s', async (path) => {
  const headers = { authorization: `Bearer ${gateway.key}` }
  expect((await fetch(`${gateway.data}${path}`, { headers })).status).toBe(404)
})

test.each([
  ['/sse', '/messages'],
  ['/sse?x=1', '/messages'],
  ['/servers/files/sse', '/servers/files/messages'],
])('the stream of %s names %s, where a message is taken [wire/sse]', async (path, messages) => {
  const gone = new AbortController()
  const authorization = `Bearer ${gateway.key}`
  const stream = await fetch(`${gateway.data}${path}`, {
    headers: { authorization },
    signal: gone.signal,
  })
  const first = await stream.body?.getReader().read()
  const text = new TextDecoder().decode(first?.value)
  const [, endpoint = ''] = /^event: endpoint\ndata: (.*)\n\n$/.exec(text) ?? []
  expect(endpoint.split('?', 1)).toEqual([messages])
  const taken = await fetch(`${gateway.data}${endpoint}`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
  })
  expect(taken.status).toBe(202)
  gone.abort()
})
