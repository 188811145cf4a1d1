import { expect, test } from 'vitest'
import { LineMemory } from './line-memory.ts'

const text = (value: object): Buffer => Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...value }))
const request = (id: unknown, method: string, params = {}): Buffer => text({ id, method, params })
const result = (id: unknown): Buffer => text({ id, result: {} })
const stopping = (id: unknown, data: object): Buffer =>
  text({ id, error: { code: -31_000, message: 'm', data } })

const recovered = (memory: LineMemory) => {
  const { answers, lines } = memory.recover()
  const parse = (line: Buffer): unknown => JSON.parse(line.toString())
  return { answers: answers.map(parse), lines: lines.map(parse) }
}
const lost = (id: unknown) => ({
  id,
  error: { code: -31_000, data: { code: 'server_lost', outcome: 'unknown' } },
})

test('a call that may have acted is answered as unknown and never sent again', () => {
  const memory = new LineMemory()
  memory.sent(request(1, 'tools/call', { name: 'a' }))
  memory.sent(request('l', 'subscriptions/listen'))
  memory.sent(request(2, 'extension/does'))
  const { answers, lines } = recovered(memory)
  expect(answers).toMatchObject([lost(1), lost('l'), lost(2)])
  expect([lines, memory.open]).toEqual([[], 0])
})

test('a read without an answer is sent again as it stood, one with an answer or cancelled is not', () => {
  const memory = new LineMemory()
  const list = '{ "jsonrpc":"2.0", "id":1.0, "method":"tools/list", "x":12345678901234567890 }'
  memory.sent(Buffer.from(list))
  memory.sent(request(2, 'resources/read', { uri: 'a' }))
  memory.sent(request(3, 'prompts/get', { name: 'a' }))
  expect(memory.received(result(2))).toBe(true)
  memory.sent(text({ method: 'notifications/cancelled', params: { requestId: 3 } }))
  const { answers, lines } = memory.recover()
  expect([answers, lines.map(String)]).toEqual([[], [list]])
  expect(memory.received(Buffer.from('{"result":{},"jsonrpc":"2.0","id":1.0}'))).toBe(true)
  expect(memory.open).toBe(0)
})

test('a session is made again, in order, and what made it is not answered twice', () => {
  const memory = new LineMemory()
  const made = [
    request(0, 'initialize', { protocolVersion: '2025-11-25' }),
    text({ method: 'notifications/initialized' }),
    request(1, 'logging/setLevel', { level: 'info' }),
    request(2, 'resources/subscribe', { uri: 'a' }),
    request(3, 'resources/subscribe', { uri: 'b' }),
    request(4, 'resources/unsubscribe', { uri: 'a' }),
    request(5, 'logging/setLevel', { level: 'error' }),
    request(6, 'tools/list'),
  ]
  for (const line of made) memory.sent(line)
  for (const id of [0, 1, 2, 3, 4, 5, 6]) expect(memory.received(result(id))).toBe(true)
  for (let gateway = 2; gateway < 4; gateway += 1) {
    const { answers, lines } = recovered(memory)
    expect(answers).toEqual([])
    expect(lines).toMatchObject([
      { id: 0 },
      { method: 'notifications/initialized' },
      { id: 5, params: { level: 'error' } },
      { id: 3, params: { uri: 'b' } },
    ])
    for (const id of [0, 5, 3]) expect(memory.received(result(id))).toBe(false)
    expect(memory.received(result(0))).toBe(true)
  }
})

test('a refused subscription is no part of the session', () => {
  const memory = new LineMemory()
  memory.sent(request(1, 'resources/subscribe', { uri: 'a' }))
  memory.received(text({ id: 1, error: { code: -32_602, message: 'no' } }))
  expect(recovered(memory)).toEqual({ answers: [], lines: [] })
})

test('what a stopping gateway did not begin waits for the next; what it began is answered', () => {
  const memory = new LineMemory()
  const notSent = { code: 'shutting_down', outcome: 'not_sent' }
  for (const id of [1, 2, 3]) memory.sent(request(id, 'tools/call', { name: 'a' }))
  expect(memory.received(stopping(1, notSent))).toBe(false)
  expect(memory.received(stopping(2, { code: 'shutting_down', outcome: 'unknown' }))).toBe(true)
  expect(memory.received(stopping(3, { ...notSent, code: 'overloaded' }))).toBe(true)
  const { answers, lines } = recovered(memory)
  expect([answers, lines]).toMatchObject([[], [{ id: 1 }]])
})

test('a batch is answered part by part, and its answer settles all of it', () => {
  const memory = new LineMemory()
  const batch = (...parts: Buffer[]): Buffer => Buffer.from(`[${parts.map(String).join(',')}]`)
  memory.sent(batch(request(1, 'tools/list'), request(2, 'tools/call')))
  memory.sent(batch(request(3, 'tools/call')))
  expect(memory.received(batch(result(3)))).toBe(true)
  expect(recovered(memory)).toMatchObject({ answers: [lost(1), lost(2)], lines: [] })
})

test('passes on what is no answer: notifications, questions, answers to nothing', () => {
  const memory = new LineMemory()
  memory.sent(Buffer.from('garbage'))
  for (const line of [
    text({ method: 'notifications/progress' }),
    request(1, 'elicitation/create'),
    text({ id: null, error: { code: -32_700, message: 'm' } }),
    result(9),
  ]) {
    expect(memory.received(line)).toBe(true)
  }
  expect(recovered(memory)).toEqual({ answers: [], lines: [] })
})

test('nobody is left to answer: everything open is answered, once', () => {
  const memory = new LineMemory()
  memory.sent(request('a', 'tools/list'))
  expect(memory.giveUp().map((line) => JSON.parse(line.toString()))).toMatchObject([lost('a')])
  expect(memory.giveUp()).toEqual([])
})

test('a message too long to keep is answered as unknown, whatever it asks for', () => {
  const memory = new LineMemory()
  memory.sent(request(1, 'prompts/get', { arguments: { a: 'x'.repeat(70_000) } }))
  expect(recovered(memory)).toMatchObject({ answers: [lost(1)], lines: [] })
})
