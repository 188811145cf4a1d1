import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import {
  ElicitRequestSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { EventReader, type Headers } from '../fixtures/edge-client.ts'
import { type EdgeHost, startEdge } from '../fixtures/edge-host.ts'

let host: EdgeHost
beforeEach(async () => {
  host = await startEdge()
})
afterEach(async () => {
  await host[Symbol.asyncDispose]()
})

const at = (path: string) => new URL(path, host.url)

async function openSse(headers: Headers = {}) {
  const gone = new AbortController()
  const response = await fetch(at('/sse'), { headers, signal: gone.signal })
  const reader = new EventReader(response, gone)
  const endpoint = await reader.next()
  return { reader, endpoint, path: endpoint?.data ?? '' }
}

const post = (path: string, message: object | string, headers: Headers = {}) =>
  fetch(at(path), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof message === 'string' ? message : JSON.stringify(message),
  })

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: {
    protocolVersion: '2024-11-05',
    capabilities: { roots: {} },
    clientInfo: { name: 't', version: '1' },
  },
}
const CALL = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo' } }

async function ready(headers: Headers = {}) {
  const opened = await openSse(headers)
  await post(opened.path, INITIALIZE, headers)
  await opened.reader.message()
  return opened
}

test('the SDK client of HTTP+SSE calls, is asked and hears of changes [wire/sse]', async () => {
  const client = new Client(
    { name: 'old', version: '1' },
    { capabilities: { elicitation: { form: {} } } },
  )
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept' as const, content: {} }))
  const changed = vi.fn()
  client.setNotificationHandler(ToolListChangedNotificationSchema, changed)
  await client.connect(new SSEClientTransport(at('/sse')))
  const call = (name: string) =>
    client.request({ method: 'tools/call', params: { name } }, z.looseObject({}))
  expect(await call('echo')).toEqual({ tool: 'echo' })
  expect(await call('ask')).toMatchObject({ kind: 'response', result: { action: 'accept' } })
  expect(JSON.parse(String((await call('abilities')).capabilities))).toEqual({
    elicitation: { form: {} },
  })
  host.edge.changed('tools', () => true)
  await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(1))
  await client.close()
  await vi.waitFor(() => expect(host.edge.load).toEqual({ requests: 0, streams: 0, sessions: 0 }))
})

test('the address for messages comes first, and each message is 202 [wire/sse]', async () => {
  const { reader, endpoint, path } = await openSse()
  expect(endpoint?.event).toBe('endpoint')
  expect(path).toMatch(/^\/messages\?sessionId=[\w-]{22}$/)
  const response = await post(path, INITIALIZE)
  expect([response.status, await response.text()]).toEqual([202, ''])
  expect(await reader.message()).toMatchObject({ id: 0, result: { protocolVersion: '2024-11-05' } })
  expect((await post(path, { jsonrpc: '2.0', method: 'notifications/initialized' })).status).toBe(
    202,
  )
  await post(path, CALL)
  expect(await reader.message()).toMatchObject({ id: 1, result: { tool: 'echo' } })
  reader.drop()
})

test('a session is its principal’s alone, and unknown to everybody else [wire/sse/bound]', async () => {
  const { reader, path } = await ready()
  const made = path.replace(/=.*$/, `=${'A'.repeat(22)}`)
  const bare = path.replace(/\?.*$/, '')
  const statuses = [
    (await post(path, CALL, { 'x-test-principal': 'bob' })).status,
    (await post(path, CALL, { 'x-test-scope': 'files' })).status,
    (await post(made, CALL)).status,
    (await post(bare, CALL)).status,
  ]
  expect([statuses, host.called]).toEqual([[404, 404, 404, 404], []])
  const id = path.split('=')[1] ?? ''
  expect((await post('/mcp', CALL, { 'mcp-session-id': id })).status).toBe(404)
  reader.drop()
})

test('with its stream a session ends, and what it called is cancelled [wire/sse/bound]', async () => {
  const { reader, path } = await ready()
  await post(path, { ...CALL, params: { name: 'hold' } })
  await vi.waitFor(() => expect(host.held).toHaveLength(1))
  reader.drop()
  const signal = host.held[0]?.exchange.controller.signal
  await vi.waitFor(() => expect(signal?.reason).toMatchObject({ code: 'cancelled' }))
  expect((await post(path, CALL)).status).toBe(404)
})

test('what is wrong with a message is said at once, and the session goes on [wire/sse/refused]', async () => {
  const { reader, path } = await ready()
  expect((await post(path, '{"jsonrpc":')).status).toBe(400)
  expect((await post(path, [CALL])).status).toBe(400)
  expect((await post(path, CALL, { 'content-type': 'text/plain' })).status).toBe(415)
  expect((await post(path, 'x'.repeat(65_537))).status).toBe(413)
  expect((await fetch(at(path))).headers.get('allow')).toBe('POST')
  const posted = await post('/sse', INITIALIZE)
  expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET'])
  expect((await fetch(at('/sse'), { headers: { accept: 'application/json' } })).status).toBe(406)
  expect((await fetch(at('/sse'), { headers: { 'x-test-scope': 'missing' } })).status).toBe(404)
  await post(path, CALL)
  expect(await reader.message()).toMatchObject({ result: { tool: 'echo' } })
  reader.drop()
})

test('before initialize nothing is called, and an id in use is refused', async () => {
  const { reader, path } = await openSse()
  await post(path, CALL)
  expect(await reader.message()).toMatchObject({ id: 1, error: { code: -32600 } })
  await post(path, { jsonrpc: '2.0', id: 2, method: 'ping' })
  expect(await reader.message()).toMatchObject({ id: 2, result: {} })
  await post(path, INITIALIZE)
  await reader.message()
  const hold = { ...CALL, params: { name: 'hold' } }
  await post(path, hold)
  await vi.waitFor(() => expect(host.held).toHaveLength(1))
  await post(path, hold)
  expect(await reader.message()).toMatchObject({ id: 1, error: { code: -32600 } })
  const params = { requestId: 1 }
  await post(path, { jsonrpc: '2.0', method: 'notifications/cancelled', params })
  expect(await reader.message()).toMatchObject({ id: 1, result: { aborted: 'cancelled' } })
  reader.drop()
})

test('the bytes of a message are held until its answer has left', async () => {
  const { reader, path } = await ready()
  await post(path, { ...CALL, params: { name: 'hold' } })
  await vi.waitFor(() => expect(host.held).toHaveLength(1))
  expect(host.budget.total).toBeGreaterThan(0)
  host.held[0]?.answer()
  await reader.message()
  await vi.waitFor(() => expect(host.budget.total).toBe(0))
  reader.drop()
})

test('a revoked principal loses its stream, and a stop waits for answers that are under way', async () => {
  const alice = await ready()
  const bob = await ready({ 'x-test-principal': 'bob' })
  await post(bob.path, { ...CALL, params: { name: 'hold' } }, { 'x-test-principal': 'bob' })
  await vi.waitFor(() => expect(host.held).toHaveLength(1))
  host.edge.endPrincipal('key:alice')
  expect(await alice.reader.rest()).toEqual([])
  const carol = await ready({ 'x-test-principal': 'carol' })
  const stopping = host.edge.drain(5_000)
  // Nothing is under way for her: she may look elsewhere at once.
  expect(await carol.reader.rest()).toEqual([])
  host.held[0]?.answer()
  expect(await bob.reader.rest()).toMatchObject([{ id: 1, result: { tool: 'hold' } }])
  await stopping
})
