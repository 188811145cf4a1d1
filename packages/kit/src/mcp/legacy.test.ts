import type { IncomingMessage } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../clock.ts'
import { answerInitialize, cancelledId, findSession, paramText } from './legacy.ts'
import { LegacySessions } from './sessions.ts'
import { testMessage } from './testing-message.ts'

const FACE = {
  serverInfo: { name: 'test', version: '1' },
  capabilities: { tools: {} },
  ttlMs: 1_000,
}

function openSessions(): LegacySessions {
  const sealer = {
    seal: (plain: Buffer) => plain.toString('base64url'),
    open: () => undefined,
  }
  const sessions = new LegacySessions(sealer, new ManualClock(), { idleMs: 1, totalMs: 1 })
  onTestFinished(() => sessions[Symbol.dispose]())
  return sessions
}

function initialize(params: object | undefined, instructions?: string) {
  const sessions = openSessions()
  const face = instructions === undefined ? FACE : { ...FACE, instructions }
  const message = testMessage({ jsonrpc: '2.0', id: 1, method: 'initialize', params })
  const { answer, session } = answerInitialize(message, face, (version) =>
    sessions.open('key:alice', version),
  )
  return { answer, session, body: JSON.parse(answer.bytes.toString()), size: sessions.size }
}

test.each([[undefined], [{}], [{ protocolVersion: 7 }], [{ protocolVersion: null }]])(
  'initialize with %j is refused and opens no session',
  (params) => {
    const { answer, session, body, size } = initialize(params)
    expect([answer.status, body.error.code, session, size]).toEqual([400, -32_602, undefined, 0])
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
])('who asks for revision %j gets %s [wire/revision/newest]', (protocolVersion, expected) => {
  const { session, body } = initialize({ protocolVersion })
  expect(body.result).toEqual({
    protocolVersion: expected,
    capabilities: { tools: {} },
    serverInfo: { name: 'test', version: '1' },
  })
  expect(session?.version).toBe(expected)
})

test('instructions are given when there are some', () => {
  const { body } = initialize({ protocolVersion: '2025-11-25' }, 'be kind')
  expect(body.result.instructions).toBe('be kind')
})

test('a request names its session, none, or one that is not its own', () => {
  const sessions = openSessions()
  const session = sessions.open('key:alice', '2025-11-25')
  const find = (headers: object, principal = 'key:alice') =>
    findSession({ headers } as IncomingMessage, principal, sessions) // only headers are read
  expect(find({})).toBe(undefined)
  expect(find({ 'mcp-session-id': '' })).toBe('unknown')
  expect(find({ 'mcp-session-id': 'x' })).toBe('unknown')
  expect(find({ 'mcp-session-id': session.id }, 'key:bob')).toBe('unknown')
  expect(find({ 'mcp-session-id': session.id })).toBe(session)
})

test('a cancellation names an id as it was written', () => {
  const cancel = (params: string, method = 'notifications/cancelled') =>
    cancelledId(testMessage(`{"jsonrpc":"2.0","method":"${method}","params":${params}}`))
  expect(cancel('{"requestId":12345678901234567890}')).toBe('12345678901234567890')
  expect(cancel('{"reason":"x","requestId": "a" }')).toBe('"a"')
  expect(cancel('{}')).toBe(undefined)
  expect(cancel('[1]')).toBe(undefined)
  expect(cancel('{"requestId":1}', 'notifications/other')).toBe(undefined)
})

test('a member of params is its JSON text', () => {
  const message = testMessage('{"jsonrpc":"2.0","id":1,"method":"m","params":{"\\u0061": [1 , 2]}}')
  expect(paramText(message, 'a')).toBe('[1 , 2]')
  expect(paramText(message, 'b')).toBe(undefined)
})
