import { expect, test } from 'vitest'
import { AppError } from '../errors.ts'
import { CallController } from '../call-signal.ts'
import { Calls } from './calls.ts'
import type { McpApplication } from './exchange.ts'
import { LegacyTalk } from './legacy.ts'
import type { Message } from './message.ts'
import type { Negotiated } from './session.ts'
import { testMessage } from './testing-message.ts'
import { AGREED, ALICE, FakeBudget, openTestSessions } from './testing-session.ts'

function openTalk(instructions?: string) {
  const { sessions } = openTestSessions()
  const session = sessions.open(ALICE, '', AGREED)
  const notified: Message[] = []
  const app: McpApplication = {
    hasScope: () => true,
    handles: (method) => method === 'tools/call',
    face: () =>
      Promise.resolve({
        serverInfo: { name: 'test', version: '1' },
        capabilities: '{"tools":{}}',
        ttlMs: 1,
        ...(instructions === undefined ? {} : { instructions }),
      }),
    request: () => Promise.reject(new TypeError('nothing is asked here')),
    notified: (_session, message) => void notified.push(message),
    listen: () => Promise.reject(new TypeError('nobody listens here')),
  }
  const talk = new LegacyTalk(app, new Calls(app))
  const arrival = {
    caller: { principal: ALICE, address: '', requestId: 'r-1' },
    scope: '',
    headers: {},
    reservation: new FakeBudget(0).reserve(),
    arrivedMs: 0,
  }
  return { talk, session, notified, arrival }
}

async function initialize(params: object | undefined, instructions?: string) {
  const { talk, arrival } = openTalk(instructions)
  const message = testMessage({ jsonrpc: '2.0', id: 1, method: 'initialize', params })
  const opened: Negotiated[] = []
  const answer = await talk.initialize(arrival, message, (negotiated) => opened.push(negotiated))
  return { answer, opened, body: JSON.parse(answer.bytes.toString()) }
}

test.each([[undefined], [{}], [{ protocolVersion: 7 }], [{ protocolVersion: null }]])(
  'initialize with %j is refused and opens no session',
  async (params) => {
    const { answer, opened, body } = await initialize(params)
    expect([answer.status, body.error.code, opened]).toEqual([400, -32_602, []])
  },
)

test.each([
  ['2024-11-05', '2024-11-05'],
  ['2025-03-26', '2025-03-26'],
  ['2025-06-18', '2025-06-18'],
  ['2025-11-25', '2025-11-25'],
  ['2026-07-28', '2025-11-25'],
  ['1999-01-01', '2025-11-25'],
  ['', '2025-11-25'],
])('who asks for revision %j gets %s [wire/revision/newest]', async (protocolVersion, version) => {
  const { opened, body } = await initialize({ protocolVersion, capabilities: { roots: {} } })
  expect(body.result).toEqual({
    protocolVersion: version,
    capabilities: { tools: {} },
    serverInfo: { name: 'test', version: '1' },
  })
  expect(opened).toEqual([{ version, capabilities: '{"roots":{}}' }])
})

test('instructions are given when there are some', async () => {
  const { body } = await initialize({ protocolVersion: '2025-11-25' }, 'be "kind"')
  expect(body.result.instructions).toBe('be "kind"')
})

test('a cancellation names an id as it was written, in one session', () => {
  const { talk, session, arrival } = openTalk()
  const ids = ['12345678901234567890', '"a"', '1']
  const controllers = ids.map((id) => {
    const controller = new CallController()
    session.live.add(id, controller)
    return controller
  })
  const cancel = (params: string, method = 'notifications/cancelled') =>
    talk.settle(
      testMessage(`{"jsonrpc":"2.0","method":"${method}","params":${params}}`),
      session,
      arrival,
    )
  for (const params of ['{"requestId":12345678901234567890}', '{"requestId": "a" }', '{}']) {
    expect(cancel(params)).toBe(undefined)
  }
  cancel('{"requestId":1}', 'notifications/other')
  expect(controllers.map(({ aborted }) => aborted)).toEqual([true, true, false])
  expect(AppError.from(controllers[0]?.reason).code).toBe('cancelled')
})

test('notifications that the edge has no use for go to the application, with a session only', () => {
  const { talk, session, notified, arrival } = openTalk()
  const tell = (method: string, from: typeof session | undefined) =>
    talk.settle(testMessage({ jsonrpc: '2.0', method }), from, arrival)
  tell('notifications/initialized', session)
  tell('notifications/cancelled', session)
  tell('notifications/roots/list_changed', undefined)
  tell('notifications/roots/list_changed', session)
  tell('notifications/progress', session)
  expect(notified.map(({ method }) => method)).toEqual([
    'notifications/roots/list_changed',
    'notifications/progress',
  ])
})

test('what the application does not carry is not found, session or not', () => {
  const { talk, session, arrival } = openTalk()
  for (const from of [session, undefined]) {
    const settled = talk.settle(
      testMessage({ jsonrpc: '2.0', id: 1, method: 'no/such' }),
      from,
      arrival,
    )
    if (typeof settled !== 'object') throw new TypeError('there is no answer')
    expect([settled.status, JSON.parse(settled.bytes.toString()).error.code]).toEqual([200, -32601])
  }
})
