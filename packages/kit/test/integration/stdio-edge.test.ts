import { expect, test, vi } from 'vitest'
import { CallController } from '../../src/call-signal.ts'
import { startEdge } from '../fixtures/edge-host.ts'
import { call, cancel, LineClient, modern } from '../fixtures/line-client.ts'

const LINE_MAX = 65_536
const error = (code: number, message: unknown = expect.any(String)) =>
  expect.objectContaining({ code, message })

test('answers garbage, wrong shapes and bad UTF-8 with id null, and serves on [wire/stdio/garbage]', async () => {
  await using host = await startEdge()
  using client = new LineClient(host).read()
  client.send('garbage', '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', '42')
  client.stream.write(Buffer.from([0x22, 0xff, 0x22, 0x0a]))
  client.send('', ' \r', { jsonrpc: '2.0', id: 9, method: 'ping' })
  client.stream.end()
  expect(await client.rest()).toEqual([
    { jsonrpc: '2.0', id: null, error: error(-32_700) },
    { jsonrpc: '2.0', id: null, error: error(-32_600) },
    { jsonrpc: '2.0', id: null, error: error(-32_600) },
    { jsonrpc: '2.0', id: null, error: error(-32_700) },
    { jsonrpc: '2.0', id: 9, result: {} },
  ])
})

test('refuses a line over the cap at once, keeps nothing of it, and serves on [wire/stdio/too-long]', async () => {
  await using host = await startEdge()
  using client = new LineClient(host).read()
  client.stream.write('x'.repeat(LINE_MAX))
  await vi.waitFor(() => expect(host.budget.total).toBe(LINE_MAX))
  client.stream.write('x')
  expect(await client.next()).toMatchObject({
    id: null,
    error: { code: -31_000, data: { code: 'request_too_large', retryable: false } },
  })
  expect(host.budget.total).toBe(0)
  client.stream.write('y'.repeat(LINE_MAX * 3))
  client.send('the end of it', { jsonrpc: '2.0', id: 1, method: 'ping' })
  expect(await client.next()).toEqual({ jsonrpc: '2.0', id: 1, result: {} })
  expect(host.budget.total).toBe(0)
})

test('takes a message of exactly the cap', async () => {
  await using host = await startEdge()
  using client = new LineClient(host).read()
  const message = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
  client.send(message.padEnd(LINE_MAX, ' '))
  expect(await client.next()).toEqual({ jsonrpc: '2.0', id: 1, result: {} })
})

test('refuses what comes before initialize, a second one, and unknown methods', async () => {
  await using host = await startEdge()
  using client = new LineClient(host).read()
  client.send(call(1, 'echo'))
  expect(await client.next()).toMatchObject({ id: 1, error: { code: -32_600 } })
  await client.initialize()
  const params = { protocolVersion: '2025-11-25' }
  client.send({ jsonrpc: '2.0', id: 2, method: 'initialize', params })
  expect(await client.next()).toMatchObject({ id: 2, error: { code: -32_600 } })
  client.send({ jsonrpc: '2.0', id: 3, method: 'nothing/such' })
  expect(await client.next()).toMatchObject({ id: 3, error: { code: -32_601 } })
  expect(host.called).toEqual([])
})

test('serves what follows initialize without a wait for its answer', async () => {
  await using host = await startEdge()
  using client = new LineClient(host).read()
  const params = { protocolVersion: '2024-11-05' }
  client.send({ jsonrpc: '2.0', id: 1, method: 'initialize', params }, call(2, 'echo'))
  client.stream.end()
  expect(await client.rest()).toEqual([
    expect.objectContaining({
      id: 1,
      result: expect.objectContaining({ protocolVersion: '2024-11-05' }),
    }),
    { jsonrpc: '2.0', id: 2, result: { tool: 'echo' } },
  ])
  await client.served
  expect(host.sessions.size).toBe(0)
})

test('judges modern requests by their envelope alone [wire/stdio/modern]', async () => {
  await using host = await startEdge()
  using client = new LineClient(host).read()
  const incomplete = modern(1, 'tools/list')
  incomplete['params'] = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } }
  const unknown = modern(2, 'tools/list')
  unknown['params'] = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2099-01-01' } }
  client.send(incomplete, unknown, modern(3, 'ping'), modern(4, 'server/discover'))
  client.send(modern(5, 'tools/call', { name: 'echo' }))
  client.stream.end()
  const answers = new Map((await client.rest()).map((answer) => [answer['id'], answer]))
  expect(answers.get(1)).toMatchObject({ error: { code: -32_602 } })
  expect(answers.get(2)).toMatchObject({
    error: { code: -32_022, data: { requested: '2099-01-01' } },
  })
  expect(answers.get(3)).toMatchObject({ error: { code: -32_601 } })
  expect(answers.get(4)).toMatchObject({ result: { supportedVersions: ['2026-07-28'] } })
  expect(answers.get(5)).toMatchObject({ result: { tool: 'echo' } })
})

test.each(['legacy', 'modern'])(
  'a cancelled call of the %s era is aborted and never answered [wire/stdio/cancel]',
  async (era) => {
    await using host = await startEdge()
    using client = new LineClient(host).read()
    if (era === 'legacy') await client.initialize()
    const hold = era === 'legacy' ? call(7, 'hold') : modern(7, 'tools/call', { name: 'hold' })
    client.send(hold)
    await vi.waitFor(() => expect(host.held).toHaveLength(1))
    const [held] = host.held
    client.send(cancel('7'), { jsonrpc: '2.0', id: 8, method: 'ping' })
    expect(await client.next()).toMatchObject({ id: 8 })
    expect(held?.exchange.controller.signal.aborted).toBe(false)
    client.send(cancel(7), { jsonrpc: '2.0', id: 9, method: 'ping' })
    client.stream.end()
    expect(await client.rest()).toEqual([{ jsonrpc: '2.0', id: 9, result: {} }])
    expect(held?.exchange.controller.signal.reason).toMatchObject({ code: 'cancelled' })
    expect(host.budget.total).toBe(0)
  },
)

test('ids are echoed by their literal, and one in flight is refused to both eras [wire/stdio/ids]', async () => {
  await using host = await startEdge()
  using client = new LineClient(host).read()
  await client.initialize()
  const big = '123456789012345678901234567890'
  const line = (id: string) => JSON.stringify(call(0, 'hold')).replace('"id":0', `"id":${id}`)
  client.send(line(big), line('"7"'), line('7.0'))
  await vi.waitFor(() => expect(host.held).toHaveLength(3))
  client.send(line(big), JSON.stringify(modern(0, 'tools/list')).replace('"id":0', `"id":${big}`))
  for (let count = 0; count < 2; count += 1) {
    const refusal = await client.nextLine()
    expect(refusal).toContain(`"id":${big}`)
    expect(refusal).toContain('"code":-32600')
  }
  for (const held of host.held) held.answer()
  const answers = [await client.nextLine(), await client.nextLine(), await client.nextLine()]
  expect(answers.map((answer) => /"id":([^,]+)/.exec(answer ?? '')?.[1])).toEqual([
    big,
    '"7"',
    '7.0',
  ])
  // Answered, so the id is free.
  client.send(call(7, 'echo'))
  expect(await client.next()).toMatchObject({ id: 7, result: { tool: 'echo' } })
})

test('sends what belongs to a call before its answer', async () => {
  await using host = await startEdge()
  using client = new LineClient(host).read()
  client.send(modern(1, 'tools/call', { name: 'progress' }))
  expect(await client.next()).toMatchObject({ method: 'notifications/progress' })
  expect(await client.next()).toMatchObject({ id: 1 })
})

test('asks a legacy client in the middle of a call, never a modern one [wire/stdio/question]', async () => {
  await using host = await startEdge()
  using client = new LineClient(host).read()
  client.send(modern(1, 'tools/call', { name: 'hold' }))
  await vi.waitFor(() => expect(host.held).toHaveLength(1))
  expect(host.held[0]?.exchange.ask).toBeUndefined()
  host.held[0]?.answer()
  await client.next()
  await client.initialize()
  client.send(call(2, 'hold'))
  await vi.waitFor(() => expect(host.held).toHaveLength(2))
  const { signal } = new CallController()
  const method = 'elicitation/create'
  const asked = host.held[1]?.exchange.ask?.({ method, params: '{"message":"?"}', signal })
  const question = await client.next()
  expect(question).toMatchObject({ method, params: { message: '?' } })
  client.send({ jsonrpc: '2.0', id: question['id'], result: { action: 'accept' } })
  expect((await asked)?.bytes.toString()).toContain('"action":"accept"')
  host.held[1]?.answer()
  expect(await client.next()).toMatchObject({ id: 2 })
})

test('the end of its input drops a client’s questions, finishes its listens and answers its calls [wire/stdio/input-end]', async () => {
  await using host = await startEdge()
  using client = new LineClient(host).read()
  await client.initialize()
  client.send(call(1, 'hold'))
  client.send(modern('l', 'subscriptions/listen', { notifications: { toolsListChanged: true } }))
  await vi.waitFor(() => expect(host.held).toHaveLength(1))
  await client.next()
  const { signal } = new CallController()
  const ask = host.held[0]?.exchange.ask
  const asked = ask?.({ method: 'roots/list', params: undefined, signal })
  await client.next()
  client.stream.end()
  await expect(asked).rejects.toMatchObject({ code: 'cancelled' })
  await expect(ask?.({ method: 'roots/list', params: undefined, signal })).rejects.toMatchObject({
    code: 'question_unanswered',
  })
  host.held[0]?.answer()
  expect(await client.rest()).toMatchObject([{ id: 'l' }, { id: 1, result: { tool: 'hold' } }])
  await client.served
  expect([client.edge.size, host.sessions.size, host.budget.total]).toEqual([0, 0, 0])
})

test('several listens share a line, each message under its own id [wire/stdio/listen]', async () => {
  await using host = await startEdge()
  using client = new LineClient(host).read()
  const key = 'io.modelcontextprotocol/subscriptionId'
  const tools = { notifications: { toolsListChanged: true } }
  const resources = { notifications: { resourcesListChanged: true } }
  client.send(modern(1, 'subscriptions/listen', tools))
  client.send(modern('two', 'subscriptions/listen', resources))
  for (const id of [1, 'two']) {
    expect(await client.next()).toMatchObject({
      method: 'notifications/subscriptions/acknowledged',
      params: { _meta: { [key]: id } },
    })
  }
  host.edge.changed('resources', () => true)
  host.edge.changed('tools', () => true)
  expect(await client.next()).toMatchObject({ params: { _meta: { [key]: 'two' } } })
  expect(await client.next()).toMatchObject({ params: { _meta: { [key]: 1 } } })
  // Cancelled without a last word; the other goes on, and ends with one when the edge drains.
  client.send(cancel(1), { jsonrpc: '2.0', id: 3, method: 'ping' })
  expect(await client.next()).toMatchObject({ id: 3 })
  host.edge.changed('tools', () => true)
  await Promise.all([host.edge.drain(0), client.edge.drain(0)])
  expect(await client.rest()).toMatchObject([{ id: 'two', result: { resultType: 'complete' } }])
})

test('tells a legacy client of changes on its line', async () => {
  await using host = await startEdge()
  using client = new LineClient(host).read()
  await client.initialize()
  host.edge.changed('prompts', () => true)
  expect(await client.next()).toEqual({
    jsonrpc: '2.0',
    method: 'notifications/prompts/list_changed',
  })
})

test('answers arrays in revision 2025-03-26 alone, and goes on beside them [wire/stdio/batch]', async () => {
  await using host = await startEdge()
  using strict = new LineClient(host).read()
  await strict.initialize('2025-06-18')
  strict.send(JSON.stringify([call(1, 'echo')]))
  expect(await strict.next()).toMatchObject({ id: null, error: { code: -32_600 } })
  using client = new LineClient(host).read()
  await client.initialize('2025-03-26')
  client.send(JSON.stringify([call(1, 'hold'), call(2, 'echo')]), call(3, 'echo'))
  expect(await client.next()).toMatchObject({ id: 3 })
  client.stream.end()
  host.held[0]?.answer()
  expect(JSON.parse((await client.nextLine()) ?? '')).toMatchObject([{ id: 1 }, { id: 2 }])
  expect(await client.rest()).toEqual([])
})

test('a cancelled part of a batch is aborted, and the batch answered', async () => {
  await using host = await startEdge()
  using client = new LineClient(host).read()
  await client.initialize('2025-03-26')
  client.send(JSON.stringify([call(1, 'hold'), call(2, 'echo')]), cancel(1))
  expect(JSON.parse((await client.nextLine()) ?? '')).toMatchObject([
    { id: 1, result: { aborted: 'cancelled' } },
    { id: 2 },
  ])
})

test('requests over the rate are refused; cancellations still count [wire/stdio/rate]', async () => {
  await using host = await startEdge()
  using client = new LineClient(host).read()
  client.send(modern('held', 'tools/call', { name: 'hold' }))
  const pings = Array.from({ length: 25 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' }))
  client.send(...pings, cancel('held'))
  client.stream.end()
  const answers = await client.rest()
  expect(answers).toHaveLength(25)
  expect(answers.at(-1)).toMatchObject({
    id: 24,
    error: { code: -31_000, data: { code: 'rate_limited', retryAfterMs: expect.any(Number) } },
  })
  expect(host.held[0]?.exchange.controller.signal.aborted).toBe(true)
})

test('a reader that takes nothing is cut off, its calls aborted and its bytes given back [wire/stdio/slow-reader]', async () => {
  await using host = await startEdge()
  using client = new LineClient(host)
  client.send(modern(1, 'tools/call', { name: 'hold' }))
  client.send(modern(2, 'tools/call', { name: 'large' }))
  await client.served
  expect(host.held[0]?.exchange.controller.signal.reason).toMatchObject({ code: 'cancelled' })
  expect([client.edge.size, host.budget.total]).toEqual([0, 0])
})

test('takes nothing more from a client that leaves its answers unread', async () => {
  await using host = await startEdge({ stallMs: 20_000 })
  using client = new LineClient(host)
  const pings = Array.from({ length: 12_000 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' }))
  client.send(...pings)
  for (let turn = 0; turn < 300; turn += 1) await new Promise(setImmediate)
  expect(client.stream.writableNeedDrain).toBe(true)
  client.read()
  client.stream.end()
  expect(await client.rest()).toHaveLength(12_000)
})

test('a slow reader gets all of a large answer, in order', async () => {
  await using host = await startEdge()
  using client = new LineClient(host)
  client.send(modern(1, 'tools/call', { name: 'large' }))
  client.stream.end()
  let bytes = 0
  for await (const chunk of client.stream as AsyncIterable<Buffer>) bytes += chunk.length
  expect(bytes).toBeGreaterThan(16 * 1024 * 1024)
})

test('a revoked principal’s line ends, and its calls with it', async () => {
  await using host = await startEdge()
  using client = new LineClient(host).read()
  client.send(modern(1, 'tools/call', { name: 'hold' }))
  await vi.waitFor(() => expect(host.held).toHaveLength(1))
  client.edge.endPrincipal('key:somebody')
  expect(client.edge.size).toBe(1)
  client.edge.endPrincipal('key:alice')
  await client.served
  expect(host.held[0]?.exchange.controller.signal.reason).toMatchObject({
    code: 'credential_invalid',
  })
})

test('a drain refuses new requests, answers those in flight, then ends the line', async () => {
  await using host = await startEdge()
  using client = new LineClient(host).read()
  client.send(modern(1, 'tools/call', { name: 'hold' }))
  await vi.waitFor(() => expect(host.held).toHaveLength(1))
  const drained = client.edge.drain(10_000)
  client.send(modern(2, 'tools/call', { name: 'echo' }))
  expect(await client.next()).toMatchObject({ id: 2, error: { data: { code: 'shutting_down' } } })
  host.held[0]?.answer()
  expect(await client.rest()).toMatchObject([{ id: 1, result: { tool: 'hold' } }])
  await Promise.all([drained, client.edge.empty()])
})
