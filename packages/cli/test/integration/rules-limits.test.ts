/** Rule A9: what is too long, too deep or too large is refused in its own words. */
import { expect, test } from 'vitest'
import { startGateway } from '../fixtures/gateway.ts'
import { type Answer, send } from '../fixtures/send.ts'
import { LegacySession } from '../fixtures/wire.ts'

test('A9: headers, depth and body over their limits are refused in their own words [limits/headers] [limits/depth] [limits/body/size]', async () => {
  await using gateway = await startGateway({
    config: { limits: { headerBytes: '8KiB', depth: 32 } },
  })
  const headers = { authorization: `Bearer ${gateway.token}` }
  const long = await send(gateway.url, {
    headers: { ...headers, 'x-long': 'x'.repeat(9_000) },
    body: {},
  })
  expect(long.status).toBe(431)
  const session = await LegacySession.open(gateway)
  const ping = (levels: number): Promise<Answer> =>
    session.post(
      `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${'['.repeat(levels)}${']'.repeat(levels)}}}`,
    )
  expect((await ping(28)).json.result).toEqual({})
  const tooDeep = await ping(31)
  expect([tooDeep.status, tooDeep.json.error?.code]).toEqual([400, -32600])
  const large = await send(gateway.url, { headers, body: ' '.repeat(1_048_577) })
  expect(large.status).toBe(413)
})
