import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { notificationMessage } from '../../src/mcp/index.ts'
import { CutProxy } from '../fixtures/cut-proxy.ts'
import { type EventReader, RawSession } from '../fixtures/edge-client.ts'
import { type EdgeHost, type Held, startEdge } from '../fixtures/edge-host.ts'

let host: EdgeHost
beforeEach(async () => {
  host = await startEdge()
})
afterEach(async () => {
  await host[Symbol.asyncDispose]()
})

const progress = (n: number) => notificationMessage('notifications/progress', { n })

/** A call that has sent one notification and is not answered, and the event that brought it. */
async function holdCall(session: RawSession, id: string) {
  const known = host.held.length
  const calling = session.call('hold', id)
  await vi.waitFor(() => expect(host.held.length).toBe(known + 1))
  const held = host.held[known] as Held // just counted
  held.exchange.notify?.(progress(1))
  const reader = await calling
  const primed = await reader.next()
  const seen = await reader.next()
  return { held, reader, primed, seen }
}

/** Loses a connection, and waits until the edge knows. */
async function drop(reader: EventReader): Promise<void> {
  const before = host.released()
  reader.drop()
  await vi.waitFor(() => expect(host.released()).toBeGreaterThan(before))
}

test('who loses the connection in the middle of a call comes back for the rest and the answer; nothing was cancelled [wire/resume/answer] [wire/cancel/legacy-disconnect]', async () => {
  const session = await RawSession.open(host)
  const { held, reader, seen } = await holdCall(session, 'c')
  await drop(reader)
  held.exchange.notify?.(progress(2))
  expect(held.exchange.controller.signal.aborted).toBe(false)
  const back = await session.listen(seen?.id)
  expect(await back.message()).toMatchObject({ params: { n: 2 } })
  held.exchange.notify?.(progress(3))
  held.answer()
  expect(await back.rest()).toMatchObject([
    { params: { n: 3 } },
    { id: 'c', result: { tool: 'hold' } },
  ])
})

test('an answer that was given meanwhile is there for who comes back, as often as it comes [wire/resume/answer]', async () => {
  const session = await RawSession.open(host)
  const { held, reader, primed, seen } = await holdCall(session, 'c')
  await drop(reader)
  held.answer()
  await vi.waitFor(() => expect(host.edge.load.requests).toBe(0))
  expect(await (await session.listen(seen?.id)).rest()).toMatchObject([{ id: 'c' }])
  expect(await (await session.listen(primed?.id)).rest()).toMatchObject([
    { params: { n: 1 } },
    { id: 'c' },
  ])
})

test('two calls that lost their connections are resumed each for itself [wire/resume/streams]', async () => {
  const session = await RawSession.open(host)
  const calls = [await holdCall(session, 'a'), await holdCall(session, 'b')]
  for (const { reader } of calls) await drop(reader)
  for (const { held } of calls) held.answer()
  const answers = await Promise.all(
    calls.toReversed().map(async ({ seen }) => (await session.listen(seen?.id)).rest()),
  )
  expect(answers).toMatchObject([[{ id: 'b' }], [{ id: 'a' }]])
})

test('news reach one stream only, also one that was resumed [wire/resume/streams]', async () => {
  const session = await RawSession.open(host)
  const listening = await session.listen()
  const primed = await listening.next()
  const { held, reader, seen } = await holdCall(session, 'c')
  await drop(reader)
  const call = await session.listen(seen?.id)
  await drop(listening)
  host.edge.changed('tools', () => true)
  const again = await session.listen(primed?.id)
  expect(await again.message()).toMatchObject({ method: 'notifications/tools/list_changed' })
  host.edge.changed('prompts', () => true)
  expect(await again.message()).toMatchObject({ method: 'notifications/prompts/list_changed' })
  held.answer()
  expect(await call.rest()).toMatchObject([{ id: 'c' }])
  again.drop()
})

test('another session and another principal come back to nothing but a stream of their own [wire/resume/foreign]', async () => {
  const session = await RawSession.open(host)
  const { held, reader, seen } = await holdCall(session, 'secret')
  await drop(reader)
  held.answer()
  await vi.waitFor(() => expect(host.edge.load.requests).toBe(0))
  for (const as of ['alice', 'bob']) {
    const other = await RawSession.open(host, { as, version: '2025-06-18' })
    const stream = await other.listen(seen?.id)
    host.edge.changed('tools', () => true)
    expect(await stream.message()).toMatchObject({ method: 'notifications/tools/list_changed' })
    stream.drop()
  }
  const thief = new RawSession(host.url, { ...session.headers, 'x-test-principal': 'bob' })
  expect((await thief.listen(seen?.id)).response.status).toBe(404)
  expect(await (await session.listen(seen?.id)).rest()).toMatchObject([{ id: 'secret' }])
})

test.each([['AAAAAAAAAAAA.1'], ['17'], ['x'.repeat(500)], ['AAAAAAAAAAAA.99999999999999999999']])(
  'who comes back with %j gets a new stream and no error [wire/resume/unknown]',
  async (eventId) => {
    const session = await RawSession.open(host)
    const stream = await session.listen(eventId)
    expect(stream.response.status).toBe(200)
    await stream.next()
    host.edge.changed('resources', () => true)
    expect(await stream.message()).toMatchObject({ method: 'notifications/resources/list_changed' })
    stream.drop()
  },
)

test('of a stream nobody reads so much is kept, the newest of it [wire/resume/bound]', async () => {
  const session = await RawSession.open(host)
  const { held, reader, seen } = await holdCall(session, 'c')
  await drop(reader)
  for (let n = 2; n < 1_000; n += 1) held.exchange.notify?.(progress(n))
  held.answer()
  await vi.waitFor(() => expect(host.edge.load.requests).toBe(0))
  const kept = await (await session.listen(seen?.id)).rest()
  expect([kept.length, kept[0], kept.at(-1)]).toMatchObject([
    256,
    { params: { n: 745 } },
    { id: 'c' },
  ])
})

test('event ids are unique in a session, and a modern stream has none [wire/resume/primed] [wire/modern/no-session]', async () => {
  const session = await RawSession.open(host)
  const ids: (string | undefined)[] = []
  for (const id of ['a', 'b']) {
    const { held, reader, primed, seen } = await holdCall(session, id)
    held.answer()
    const last = await reader.next()
    ids.push(primed?.id, seen?.id, last?.id)
  }
  expect(new Set(ids).size).toBe(6)
  expect(ids).not.toContain(undefined)
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const modern = await session.post(
    { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'progress', _meta } },
    { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'progress' },
  )
  const text = await modern.text()
  expect([text.includes('data:'), /^(id|retry):/m.test(text)]).toEqual([true, false])
})

test('a question reaches who comes back, and its answer is taken [wire/resume/answer]', async () => {
  const session = await RawSession.open(host)
  const { held, reader, seen } = await holdCall(session, 'c')
  await drop(reader)
  const signal = held.exchange.controller.signal
  const asking = held.exchange.ask?.({ method: 'roots/list', params: undefined, signal })
  const back = await session.listen(seen?.id)
  const { id } = await back.message()
  await session.answer(id, { roots: [] })
  expect(await asking).toMatchObject({ kind: 'response' })
  held.answer()
  expect(await back.rest()).toMatchObject([{ id: 'c' }])
})

test('the SDK client whose network is cut in the middle of a call gets its answer by itself [wire/resume/answer]', async () => {
  await using proxy = await CutProxy.open(host.url)
  const client = new Client({ name: 'cut', version: '1' })
  type Connectable = Parameters<Client['connect']>[0]
  // The classes of the SDK disagree with each other under exactOptionalPropertyTypes.
  const transport = new StreamableHTTPClientTransport(new URL(proxy.url)) as Connectable
  await client.connect(transport)
  const calling = client.request(
    { method: 'tools/call', params: { name: 'hold' } },
    z.looseObject({}),
  )
  await vi.waitFor(() => expect(host.held).toHaveLength(1))
  const [held] = host.held
  const progressed = new Promise<void>((resolve) => {
    client.fallbackNotificationHandler = () => Promise.resolve(resolve())
  })
  held?.exchange.notify?.(notificationMessage('notifications/message', { level: 'info' }))
  await progressed
  const before = host.released()
  proxy.cut()
  await vi.waitFor(() => expect(host.released()).toBeGreaterThan(before))
  held?.answer()
  expect(await calling).toEqual({ tool: 'hold' })
  await client.close()
})
