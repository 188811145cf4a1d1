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
  const whole = await send(21)
  expect([whole.status, JSON.parse(await whole.text()).length]).toEqual([200, 21])
  const refused = await send(3)
  expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([429, true])
  expect((await send(1)).status).toBe(200)
})
