import { BUILT_IN_ROLES, type Role } from '@sallyport/kit/roles'
import { NO_SPAN } from '@sallyport/kit/tracing'
import { expect, test } from 'vitest'
import type { CallResult } from '../../call/call.ts'
import {
  testDeadline,
  testExchange,
  testPrincipal,
  testServer,
  testTarget,
} from '../../call/testing-call.ts'
import { describeOther, type Target } from '../../routing/target.ts'
import { authorizeCalls } from './authorize.ts'

const OK: CallResult = {
  answer: { bytes: Buffer.from('{}'), status: 200 },
  outcome: 'ok',
  code: null,
}

function authorize(method: string, role: string, target?: Target): Promise<CallResult> {
  const roles: Readonly<Record<string, Role>> = BUILT_IN_ROLES
  const permissions = roles[role]?.permissions ?? new Set()
  const principal = testPrincipal('alice', { roles: [role], permissions })
  const exchange = testExchange(`{"jsonrpc":"2.0","id":1,"method":"${method}"}`, { principal })
  return authorizeCalls({ stepUp: () => undefined })(async () => OK)({
    exchange,
    target,
    deadline: testDeadline(),
    span: NO_SPAN,
  })
}

const EXTENSION = describeOther(testServer('files'), 'other', '')

test.each([
  ['tools/lists', 'admin'],
  ['resources/reads', 'admin'],
  ['tasks/list', 'admin'],
  ['toString', 'admin'],
  ['__proto__', 'admin'],
  ['', 'admin'],
  ['tools/call', 'viewer'],
  ['tools/call', ''],
  ['resources/read', 'viewer'],
  ['prompts/get', 'viewer'],
  ['tasks/update', 'viewer'],
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
  ['resources/list', 'caller'],
  ['resources/templates/list', 'caller'],
  ['resources/read', 'caller'],
  ['resources/subscribe', 'caller'],
  ['resources/unsubscribe', 'caller'],
  ['prompts/list', 'caller'],
  ['prompts/get', 'caller'],
  ['completion/complete', 'caller'],
  ['logging/setLevel', 'caller'],
  ['tasks/get', 'caller'],
  ['tasks/update', 'caller'],
  ['tasks/cancel', 'caller'],
  ['tasks/result', 'caller'],
])('%s passes for the role %s', async (method, role) => {
  expect(await authorize(method, role)).toBe(OK)
})

test("an extension's method passes to its server, for roles that may call", async () => {
  expect(await authorize('acme/do', 'caller', EXTENSION)).toBe(OK)
  await expect(authorize('acme/do', 'viewer', EXTENSION)).rejects.toMatchObject({
    code: 'forbidden',
  })
  await expect(authorize('acme/do', 'caller', testTarget())).rejects.toMatchObject({
    code: 'forbidden',
  })
  await expect(authorize('acme/do', 'caller')).rejects.toMatchObject({ code: 'forbidden' })
})
