import type { Role } from '@sallyport/kit/principal'
import { expect, test } from 'vitest'
import type { CallResult } from '../../call/call.ts'
import { testExchange, testPrincipal } from '../../call/testing-call.ts'
import { authorizeCalls } from './authorize.ts'

const OK: CallResult = {
  answer: { bytes: Buffer.from('{}'), status: 200 },
  outcome: 'ok',
  code: null,
}

function authorize(method: string, role: string): Promise<CallResult> {
  const principal = testPrincipal('alice', { role: role as Role }) // a role of a later version, too
  const exchange = testExchange(`{"jsonrpc":"2.0","id":1,"method":"${method}"}`, { principal })
  return authorizeCalls()(async () => OK)({ exchange, target: undefined })
}

test.each([
  ['tools/lists', 'admin'],
  ['resources/reads', 'admin'],
  ['toString', 'admin'],
  ['__proto__', 'admin'],
  ['', 'admin'],
  ['tools/call', 'viewer'],
  ['tools/call', ''],
])('%j is refused for the role %j', async (method, role) => {
  await expect(authorize(method, role)).rejects.toMatchObject({
    code: 'forbidden',
    outcome: 'not_sent',
  })
})

test.each([
  ['tools/list', 'caller'],
  ['tools/call', 'caller'],
  ['tools/call', 'admin'],
])('%s passes for the role %s', async (method, role) => {
  expect(await authorize(method, role)).toBe(OK)
})
