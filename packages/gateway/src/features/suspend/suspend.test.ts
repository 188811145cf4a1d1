import { NO_SPAN } from '@sallyport/kit/tracing'
import { expect, test } from 'vitest'
import type { CallResult } from '../../call/call.ts'
import { testDeadline, testExchange, testPrincipal, testSession } from '../../call/testing-call.ts'
import { refuseSuspended } from './suspend.ts'

const OK: CallResult = {
  answer: { bytes: Buffer.from('{}'), status: 200 },
  outcome: 'ok',
  code: null,
}

function call(out: readonly string[], label?: string): Promise<CallResult> {
  const session = label === undefined ? undefined : testSession('{}', { label })
  const exchange = testExchange('{"jsonrpc":"2.0","id":1,"method":"tools/list"}', {
    principal: testPrincipal('alice'),
  })
  const isSuspended = (kind: string, subject: string): boolean => out.includes(`${kind} ${subject}`)
  return refuseSuspended({ isSuspended })(async () => OK)({
    exchange: { ...exchange, session },
    target: undefined,
    deadline: testDeadline(),
    span: NO_SPAN,
  })
}

test.each([
  [['principal key:alice'], undefined],
  [['principal key:alice'], 's1'],
  [['session s1'], 's1'],
])(
  'with %j suspended a call in session %s is refused before it is sent [sessions/suspend]',
  async (out, label) => {
    await expect(call(out, label)).rejects.toMatchObject({ code: 'suspended', outcome: 'not_sent' })
  },
)

test.each([
  [[], 's1'],
  [['principal bob', 'session s2', 'session alice', 'principal s1'], 's1'],
  [['session s1'], undefined],
])('with %j suspended a call in session %s passes', async (out, label) => {
  await expect(call(out, label)).resolves.toBe(OK)
})
