import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { BOTH, EventReader, RawSession } from '../fixtures/edge-client.ts'
import { type EdgeHost, startEdge } from '../fixtures/edge-host.ts'

let host: EdgeHost
beforeEach(async () => {
  host = await startEdge({
    // A change in the moment before the listen is acknowledged.
    beforeListen: (subscriber) => void subscriber.send('notifications/resources/list_changed'),
  })
})
afterEach(async () => {
  await host[Symbol.asyncDispose]()
})

const VERSION = '2026-07-28'
const ID = 'io.modelcontextprotocol/subscriptionId'
const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged'

function post(method: string, params: object, meta: object = {}, signal?: AbortSignal) {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': VERSION,
    'io.modelcontextprotocol/clientCapabilities': { sampling: {} },
    ...meta,
  }
  const name = 'name' in params ? { 'mcp-name': String(params.name) } : {}
  return fetch(host.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: BOTH,
      'mcp-protocol-version': VERSION,
      'mcp-method': method,
      ...name,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 'l-1', method, params: { ...params, _meta } }),
    ...(signal ? { signal } : {}),
  })
}

async function listen(notifications: object): Promise<EventReader> {
  const gone = new AbortController()
  const response = await post('subscriptions/listen', { notifications }, {}, gone.signal)
  return new EventReader(response, gone)
}

test('a listen is told what of its wish is granted, and hears nothing else, and ends with its result [wire/listen/filter] [wire/modern/listen]', async () => {
  const reader = await listen({
    toolsListChanged: true,
    promptsListChanged: true,
    resourceSubscriptions: ['test:a', 'test:denied'],
  })
  const stamp = { [ID]: 'l-1' }
  expect(await reader.message()).toEqual({
    jsonrpc: '2.0',
    method: ACKNOWLEDGED,
    params: {
      notifications: { toolsListChanged: true, resourceSubscriptions: ['test:a'] },
      _meta: stamp,
    },
  })
  for (const kind of ['prompts', 'resources', 'tools'] as const) host.edge.changed(kind, () => true)
  const [subscriber] = host.listening
  subscriber?.send('notifications/resources/updated', '{"uri":"test:a"}')
  await host.edge.drain(0)
  expect(await reader.rest()).toMatchObject([
    { method: 'notifications/tools/list_changed', params: { _meta: stamp } },
    { method: 'notifications/resources/updated', params: { uri: 'test:a', _meta: stamp } },
    { id: 'l-1', result: { resultType: 'complete', _meta: stamp } },
  ])
})

test('a change before the acknowledgement comes right after it [wire/listen/no-gap]', async () => {
  const reader = await listen({ resourcesListChanged: true })
  expect(await reader.message()).toMatchObject({ method: ACKNOWLEDGED })
  expect(await reader.message()).toMatchObject({ method: 'notifications/resources/list_changed' })
  reader.drop()
})

test('closing the stream ends the listen, and the application is told', async () => {
  const reader = await listen({ toolsListChanged: true })
  await reader.message()
  const told = vi.fn()
  host.listening[0]?.onEnd(told)
  expect(told).not.toHaveBeenCalled()
  reader.drop()
  await vi.waitFor(() => expect(told).toHaveBeenCalledTimes(1))
  expect(host.edge.load.streams).toBe(0)
})

test('with nothing granted a listen ends at once, with its result', async () => {
  const reader = await listen({ promptsListChanged: true })
  expect(await reader.rest()).toMatchObject([
    { method: ACKNOWLEDGED, params: { notifications: {} } },
    { id: 'l-1', result: { resultType: 'complete' } },
  ])
})

test('the log level of a modern client is that of each request [wire/log/level]', async () => {
  const levelOf = async (meta: object) => {
    const reply = await post('tools/call', { name: 'abilities' }, meta)
    return JSON.parse(await reply.text()).result.logLevel
  }
  const key = 'io.modelcontextprotocol/logLevel'
  expect([await levelOf({}), await levelOf({ [key]: 'error' }), await levelOf({})]).toEqual([
    undefined,
    'error',
    undefined,
  ])
})

test('the log level of a legacy client is that of its session, and of no other [wire/log/level]', async () => {
  const session = await RawSession.open(host)
  const other = await RawSession.open(host)
  const levelOf = async (one: RawSession) => {
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'abilities' } }
    return JSON.parse(await (await one.post(message)).text()).result.logLevel
  }
  const before = await levelOf(session)
  const params = { level: 'warning' }
  await session.post({ jsonrpc: '2.0', id: 2, method: 'logging/setLevel', params })
  expect([before, await levelOf(session), await levelOf(other)]).toEqual([
    undefined,
    'warning',
    undefined,
  ])
})

test('a modern client’s abilities are those of each request', async () => {
  const reply = await post('tools/call', { name: 'abilities' })
  expect(await reply.json()).toMatchObject({ result: { capabilities: '{"sampling":{}}' } })
})

test('what the modern era removed is not found, though the application would answer it [wire/method/removed]', async () => {
  for (const method of ['ping', 'logging/setLevel', 'resources/subscribe', 'initialize']) {
    const reply = await post(method, {})
    expect(reply.status).toBe(404)
    expect(await reply.json()).toMatchObject({ error: { code: -32601 } })
  }
  expect(host.called).toEqual([])
})
