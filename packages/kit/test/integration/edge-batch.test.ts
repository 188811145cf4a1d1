import { expect, test } from 'vitest'
import { startEdge } from '../fixtures/edge-host.ts'

test('a batch costs as much as its messages one by one, and nothing of one that is too dear runs [limits/rate/batch]', async () => {
  await using host = await startEdge()
  const send = (messages: number) =>
    fetch(host.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'mcp-protocol-version': '2025-03-26' },
      body: JSON.stringify(
        Array.from({ length: messages }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' })),
      ),
    })
  // The host's rate allows 20; the door, which takes the first of each batch, is not there.
  const whole = await send(20)
  expect([whole.status, JSON.parse(await whole.text()).length]).toEqual([200, 20])
  const refused = await send(3)
  expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([429, true])
  expect((await send(1)).status).toBe(200)
})

test('a batch longer than the burst can never be sent, and is told so [limits/rate/batch]', async () => {
  await using host = await startEdge()
  const pings = Array.from({ length: 21 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' }))
  const refused = await fetch(host.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'mcp-protocol-version': '2025-03-26' },
    body: JSON.stringify(pings),
  })
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([413, null])
  const text = await refused.text()
  expect(text).toContain('send at most 20')
  expect(text).toMatch(/"retryable":false/)
})

test('one idempotency key in the header is refused for a batch of several requests, and none of them runs [once/key/batch]', async () => {
  await using host = await startEdge()
  const post = async (headers: Record<string, string>, body: unknown): Promise<Response> =>
    fetch(host.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  const params = { protocolVersion: '2025-03-26', capabilities: {} }
  const opened = await post({}, { jsonrpc: '2.0', id: 1, method: 'initialize', params })
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
  const call = (id: number) => ({
    ...{ jsonrpc: '2.0', id, method: 'tools/call' },
    params: { name: 'echo' },
  })
  const keyed = { ...session, 'idempotency-key': '"k"' }
  const refused = await post(keyed, [call(1), call(2)])
  expect([refused.status, JSON.parse(await refused.text()).error]).toEqual([
    400,
    { code: -32_600, message: expect.stringContaining('_meta of each call') },
  ])
  expect(host.called).toEqual([])
  const single = [call(1), { jsonrpc: '2.0', method: 'notifications/initialized' }]
  expect((await post(keyed, single)).status).toBe(200)
  expect((await post(session, [call(1), call(2)])).status).toBe(200)
  expect(host.called).toEqual(['echo', 'echo', 'echo'])
})
