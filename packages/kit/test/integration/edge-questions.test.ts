import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { JSON_ONLY_ACCEPT, RawSession } from '../fixtures/edge-client.ts'
import { type EdgeHost, startEdge } from '../fixtures/edge-host.ts'

let host: EdgeHost
beforeEach(async () => {
  host = await startEdge()
})
afterEach(async () => {
  await host[Symbol.asyncDispose]()
})

test('a client is asked on the stream of its call, and its answer is taken there [wire/question/stream]', async () => {
  const session = await RawSession.open(host)
  const call = await session.call('ask', 'c-1')
  const question = await call.message()
  expect(question).toEqual({
    jsonrpc: '2.0',
    id: expect.any(Number),
    method: 'elicitation/create',
    params: { message: '?', requestedSchema: { type: 'object', properties: {} } },
  })
  expect(await session.answer(question.id)).toBe(202)
  expect(await call.rest()).toEqual([
    { jsonrpc: '2.0', id: 'c-1', result: { kind: 'response', result: { action: 'accept' } } },
  ])
})

test('a question that is answered twice has its first answer [wire/question/once]', async () => {
  const session = await RawSession.open(host)
  const call = await session.call('ask')
  const { id } = await call.message()
  const statuses = [
    await session.answer(id, { action: 'accept' }),
    await session.answer(id, { action: 'decline' }),
  ]
  expect(statuses).toEqual([202, 202])
  expect(await call.message()).toMatchObject({ result: { result: { action: 'accept' } } })
})

test('nobody but the session that was asked can answer [wire/question/foreign]', async () => {
  const session = await RawSession.open(host)
  const sibling = await RawSession.open(host)
  const foreign = await RawSession.open(host, { as: 'bob' })
  const thief = new RawSession(host.url, { ...session.headers, 'x-test-principal': 'bob' })
  const nobody = new RawSession(host.url, { 'x-test-principal': 'alice' })
  const call = await session.call('ask')
  const { id } = await call.message()
  const evil = { action: 'accept', content: { evil: true } }
  const statuses = []
  for (const one of [sibling, foreign, thief, nobody]) statuses.push(await one.answer(id, evil))
  statuses.push(await session.answer(Number(id) + 1, evil), await session.answer(String(id), evil))
  expect(statuses).toEqual([202, 202, 404, 202, 202, 202])
  await session.answer(id)
  expect(await call.message()).toMatchObject({
    result: { kind: 'response', result: { action: 'accept' } },
  })
})

test('a refusal of the client is its answer', async () => {
  const session = await RawSession.open(host)
  const call = await session.call('ask')
  const { id } = await call.message()
  await session.post({ jsonrpc: '2.0', id, error: { code: -1, message: 'no' } })
  expect(await call.message()).toMatchObject({ result: { kind: 'error' } })
})

test('a question never answered is taken back when its call is cancelled, and a late answer ignored [wire/question/taken-back]', async () => {
  const session = await RawSession.open(host)
  const call = await session.call('ask', 7)
  const { id } = await call.message()
  const params = { requestId: 7 }
  await session.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params })
  expect(await call.rest()).toMatchObject([
    { method: 'notifications/cancelled', params: { requestId: id } },
    { id: 7, result: { failed: 'cancelled' } },
  ])
  expect(await session.answer(id)).toBe(202)
})

test('the end of a session ends its questions, and its id answers nothing any more', async () => {
  const session = await RawSession.open(host)
  const call = await session.call('ask')
  const { id } = await call.message()
  await fetch(host.url, { method: 'DELETE', headers: session.headers })
  expect(await call.rest()).toMatchObject([{ result: { failed: 'cancelled' } }])
  expect(await session.answer(id)).toBe(404)
})

test('who takes no stream, and who is modern, is not asked [wire/question/stream]', async () => {
  const session = await RawSession.open(host)
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'ask' } }
  const plain = await session.post(message, JSON_ONLY_ACCEPT)
  expect(await plain.json()).toMatchObject({ result: { kind: 'nobody' } })
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
  }
  const modern = await session.post(
    { ...message, params: { name: 'ask', _meta } },
    { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'ask' },
  )
  expect(await modern.json()).toMatchObject({ result: { kind: 'nobody' } })
})

test('64 questions of a session are open at once, and the next one fails [wire/question/bound]', async () => {
  const session = await RawSession.open(host)
  const calls = await Promise.all(Array.from({ length: 64 }, (_, id) => session.call('ask', id)))
  await Promise.all(calls.map((call) => call.message()))
  const message = { jsonrpc: '2.0', id: 'over', method: 'tools/call', params: { name: 'ask' } }
  const over = await session.post(message)
  expect(await over.json()).toMatchObject({ id: 'over', result: { failed: 'overloaded' } })
  for (const call of calls) call.drop()
})

test('outside a call a client is asked on the stream it listens on, and not without one [wire/question/listening]', async () => {
  const session = await RawSession.open(host)
  const known = host.sessions.values()[0]
  const signal = new AbortController().signal
  const question = { method: 'roots/list', params: undefined, signal }
  await expect(known?.ask(question)).rejects.toMatchObject({ code: 'question_unanswered' })
  const stream = await session.listen()
  const asking = known?.ask(question)
  const { id, method } = await stream.message()
  expect(method).toBe('roots/list')
  await session.answer(id, { roots: [] })
  expect(await asking).toMatchObject({ kind: 'response' })
  stream.drop()
})

test('news of a client that the edge has no use for reach the application, from a session only', async () => {
  const session = await RawSession.open(host)
  const tell = (method: string, from = session) => from.post({ jsonrpc: '2.0', method })
  await tell('notifications/initialized')
  await tell('notifications/roots/list_changed', new RawSession(host.url, {}))
  await tell('notifications/roots/list_changed')
  await tell('notifications/example.com/own')
  await vi.waitFor(() => expect(host.notified).toHaveLength(2))
  expect(host.notified.map(({ message }) => message.method)).toEqual([
    'notifications/roots/list_changed',
    'notifications/example.com/own',
  ])
  expect(host.notified[0]?.session.id).toBe(session.id)
})

test('what a client declared is known with each of its calls, also after a restart [wire/session/abilities]', async () => {
  const capabilities = { elicitation: { url: {} }, 'x-unknown': [1] }
  const session = await RawSession.open(host, { capabilities })
  const ask = async (url: string) => {
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'abilities' } }
    const response = await new RawSession(url, session.headers).post(message)
    const { result } = JSON.parse(await response.text())
    return JSON.parse(result.capabilities)
  }
  expect(await ask(host.url)).toEqual(capabilities)
  await using second = await startEdge()
  expect(await ask(second.url)).toEqual(capabilities)
})

test('a session belongs to the scope it was opened in: elsewhere it is unknown [wire/session/scope]', async () => {
  const session = await RawSession.open(host, { scope: 'files' })
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
  const statusIn = async (scope: string) =>
    (await session.post(ping, { 'x-test-scope': scope })).status
  expect([await statusIn('files'), await statusIn(''), await statusIn('other')]).toEqual([
    200, 404, 404,
  ])
})
