import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { until } from '../fixtures/upstreams/harness.ts'
import { openSse, send } from '../fixtures/upstreams/sse-client.ts'
import { startSseServer } from '../fixtures/upstreams/sse-servers.ts'

interface SdkServer extends AsyncDisposable {
  readonly url: string
  readonly aborted: string[]
  readonly closed: string[]
}

/** The official server of this transport. */
async function startSdkServer(): Promise<SdkServer> {
  const transports = new Map<string, SSEServerTransport>()
  const aborted: string[] = []
  const closed: string[] = []
  const http = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost')
    if (request.method === 'GET') {
      const transport = new SSEServerTransport('/messages', response)
      transports.set(transport.sessionId, transport)
      const server = createSdkServer(aborted)
      server.server.onclose = () => closed.push(transport.sessionId)
      void server.connect(transport)
      return
    }
    const transport = transports.get(url.searchParams.get('sessionId') ?? '')
    if (transport === undefined) response.writeHead(404).end('Session not found')
    else void transport.handlePostMessage(request, response)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo // listening on TCP
  return {
    ...{ url: `http://127.0.0.1:${port}/sse`, aborted, closed },
    [Symbol.asyncDispose]: () => {
      http.closeAllConnections()
      return new Promise<void>((resolve) => http.close(() => resolve()))
    },
  }
}

function createSdkServer(aborted: string[]): McpServer {
  const server = new McpServer({ name: 'sdk', version: '1' }, { capabilities: { logging: {} } })
  server.registerTool('echo', { inputSchema: { text: z.string() } }, ({ text }) => ({
    content: [{ type: 'text', text }],
  }))
  server.registerTool('progress', {}, async ({ _meta, sendNotification }) => {
    const progressToken = _meta?.progressToken ?? 0
    const params = { progressToken, progress: 1 }
    await sendNotification({ method: 'notifications/progress', params })
    return { content: [] }
  })
  server.registerTool('wait', {}, async ({ signal }) => {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    aborted.push('wait')
    return { content: [] }
  })
  server.registerTool('ask', {}, async () => {
    const answer = await server.server.createMessage({
      messages: [{ role: 'user', content: { type: 'text', text: 'why?' } }],
      maxTokens: 9,
    })
    return { content: [{ type: 'text', text: JSON.stringify(answer.content) }] }
  })
  server.registerTool('grow', {}, () => {
    server.registerTool('grown', {}, () => ({ content: [] }))
    return { content: [] }
  })
  return server
}

const call = (name: string, args: object = {}): [string, object] => [
  'tools/call',
  { name, arguments: args },
]

test('an official server is spoken to over its event stream [upstreams/sse]', async () => {
  await using server = await startSdkServer()
  await using test = await openSse(server.url)
  const listed = await send(test.session, 'tools/list').answer
  expect(JSON.stringify(listed['result'])).toContain('"echo"')
  const texts = ['a', 'b'.repeat(100_000), 'é✓\n']
  const answers = texts.map((text) => send(test.session, ...call('echo', { text })).answer)
  expect(await Promise.all(answers)).toMatchObject(
    texts.map((text) => ({ result: { content: [{ text }] } })),
  )
  const progress = send(test.session, ...call('progress'))
  await progress.answer
  expect(progress.heard).toEqual(['notifications/progress'])
  await send(test.session, ...call('grow')).answer
  await until(() => test.changed.includes('tools'), 'the list changed')
  expect(test.strays).toBe(0)
})

test('a question of the server is answered in the middle of a call [upstreams/sse]', async () => {
  await using server = await startSdkServer()
  await using test = await openSse(server.url)
  const asked: string[] = []
  const { answer } = send(test.session, ...call('ask'), {
    onQuestion: (question) => {
      asked.push(question.method ?? '')
      const content = { type: 'text', text: 'because' }
      const text = JSON.stringify({ role: 'assistant', model: 'm', content })
      return Promise.resolve({ kind: 'result', text })
    },
  })
  expect(JSON.stringify(await answer)).toContain('because')
  expect(asked).toEqual(['sampling/createMessage'])
})

test('a cancelled call is cancelled at the server, and a close ends its stream [upstreams/sse]', async () => {
  await using server = await startSdkServer()
  const test = await openSse(server.url)
  const waiting = send(test.session, ...call('wait'))
  await send(test.session, ...call('echo', { text: 'after' })).answer
  test.session.cancel(waiting.exchange, true)
  await until(() => server.aborted.includes('wait'), 'the server heard of it')
  const left = send(test.session, ...call('wait'))
  await until(() => left.exchange.handedOver, 'it left')
  await test.session.close('the test is over')
  await expect(left.answer).rejects.toMatchObject({ code: 'server_lost', outcome: 'unknown' })
  await until(() => server.closed.length === 1, 'the stream ended')
  expect(test.lost).toEqual([])
})

test.each([
  ['on another origin', 'event: endpoint\ndata: http://127.0.0.1:1/m\n\n', /another origin/],
  ['with another scheme', 'event: endpoint\ndata: file:///m\n\n', /another origin/],
  ['that is no address', 'event: endpoint\ndata: http://[\n\n', /that is none/],
])(
  'an address for messages %s is refused, and nothing is sent there [upstreams/sse/endpoint]',
  async (_case, opening, message) => {
    await using server = await startSseServer({ opening })
    await expect(openSse(server.url)).rejects.toMatchObject({
      code: 'server_protocol',
      outcome: 'not_sent',
      message: expect.stringMatching(message),
    })
    await until(() => server.streams.size === 0, 'the stream is closed')
    expect(server.posts).toEqual([])
  },
)

test.each([
  ['/messages?s=1', '/messages?s=1'],
  ['messages', '/messages'],
  ['$ORIGIN/deep/m?x=%20', '/deep/m?x=%20'],
])('messages go to %s, counted from the address of the stream', async (endpoint, expected) => {
  const server = await startSseServer({ opening: ': wait\n\n' })
  await using _disposed = server
  const opening = openSse(server.url)
  await until(() => server.streams.size === 1, 'the stream is open')
  const origin = `http://127.0.0.1:${server.port}`
  server.write(`event: endpoint\r\ndata: ${endpoint.replace('$ORIGIN', origin)}\r\n\r\n`)
  await using test = await opening
  expect(server.posts.map(({ path }) => path)).toEqual([expected, expected])
  expect(server.posts[0]?.headers['mcp-protocol-version']).toBeUndefined()
  expect(server.posts[1]?.headers['mcp-protocol-version']).toBe('2024-11-05')
  expect(test.strays).toBe(0)
})

test('a stream that names no address is given up in bounded time [upstreams/sse/endpoint]', async () => {
  await using server = await startSseServer({ opening: ': nothing\n\n' })
  await expect(openSse(server.url, { withinMs: 200 })).rejects.toMatchObject({
    code: 'deadline_exceeded',
    outcome: 'not_sent',
  })
  await until(() => server.streams.size === 0, 'the stream is closed')
  const signal = AbortSignal.abort(new Error('stop'))
  await expect(openSse(server.url, { signal })).rejects.toMatchObject({ outcome: 'not_sent' })
})

test.each([
  [401, 'server_unauthorized'],
  [404, 'server_protocol'],
  [405, 'server_protocol'],
  [302, 'server_protocol'],
  [503, 'server_unavailable'],
])('a stream refused with %i is %s', async (status, code) => {
  await using server = await startSseServer({
    refuse: (response) => response.writeHead(status).end(),
  })
  await expect(openSse(server.url)).rejects.toMatchObject({ code, outcome: 'not_sent' })
})

test('an answer that is no event stream is refused', async () => {
  await using server = await startSseServer({
    refuse: (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
  })
  await expect(openSse(server.url)).rejects.toMatchObject({ code: 'server_protocol' })
})

test('a lost stream fails what left with an unknown outcome, and the rest as not sent [upstreams/sse/lost]', async () => {
  await using server = await startSseServer()
  await using test = await openSse(server.url)
  const left = send(test.session, 'tools/call')
  await until(() => server.posts.length === 3, 'the call arrived')
  for (const stream of server.streams) stream.destroy()
  await expect(left.answer).rejects.toMatchObject({ code: 'server_lost', outcome: 'unknown' })
  expect(test.lost).toMatchObject([{ code: 'server_lost' }])
  const later = send(test.session, 'tools/call')
  await expect(later.answer).rejects.toMatchObject({ code: 'server_lost', outcome: 'not_sent' })
  expect(server.posts).toHaveLength(3)
})

test.each([
  ['404', 404, 'no'],
  ['400 that says so', 400, 'No transport found for sessionId'],
])(
  'a POST answered with %s ends the session, and that call was not sent [upstreams/sse/lost]',
  async (_case, status, body) => {
    await using server = await startSseServer({
      onPost: ({ message }, response) => {
        if (message.method === 'last') response.writeHead(status).end(body)
        else response.writeHead(202).end()
      },
    })
    await using test = await openSse(server.url)
    const other = send(test.session, 'tools/call')
    await until(() => server.posts.length === 3, 'the call arrived')
    const last = send(test.session, 'last')
    await expect(last.answer).rejects.toMatchObject({ code: 'server_lost', outcome: 'not_sent' })
    await expect(other.answer).rejects.toMatchObject({ code: 'server_lost', outcome: 'unknown' })
    expect(test.lost).toHaveLength(1)
  },
)

test.each([
  [403, 'server_unauthorized', 'not_sent'],
  [413, 'server_protocol', 'not_sent'],
  [500, 'server_unavailable', 'unknown'],
])('a POST answered with %i fails its own call alone, as %s', async (status, code, outcome) => {
  await using server = await startSseServer({
    onPost: ({ message }, response, { send: tell }) => {
      response.writeHead(message.method === 'bad' ? status : 202).end()
      if (message.method === 'good') tell({ id: message.id, result: {} })
    },
  })
  await using test = await openSse(server.url)
  const bad = send(test.session, 'bad')
  await expect(bad.answer).rejects.toMatchObject({ code, outcome })
  expect(await send(test.session, 'good').answer).toMatchObject({ result: {} })
  expect(test.lost).toEqual([])
})

test('a result over the cap fails its own call, and the others go on [upstreams/sse/cap]', async () => {
  await using server = await startSseServer({
    onPost: ({ message }, response, { send: tell }) => {
      response.writeHead(202).end()
      if (message.method === 'large') tell({ result: { text: 'x'.repeat(9_000) }, id: message.id })
      else if (message.method === 'small') tell({ id: message.id, result: { text: 'ok' } })
    },
  })
  await using test = await openSse(server.url, { deps: { resultBytes: 4_096 } })
  const waiting = send(test.session, 'silent')
  const large = send(test.session, 'large')
  await expect(large.answer).rejects.toMatchObject({ code: 'result_too_large', outcome: 'unknown' })
  expect(await send(test.session, 'small').answer).toMatchObject({ result: { text: 'ok' } })
  expect(test.session.lost).toBeUndefined()
  test.session.cancel(waiting.exchange, false)
})

test('answers nobody waits for and what is no message are strays [upstreams/sse/strays]', async () => {
  await using server = await startSseServer({
    onPost: ({ message }, response, { send: tell }) => {
      response.writeHead(202).end()
      if (message.method !== 'twice') return
      tell({ id: message.id, result: { n: 1 } })
      tell({ id: message.id, result: { n: 2 } })
    },
  })
  await using test = await openSse(server.url)
  expect(await send(test.session, 'twice').answer).toMatchObject({ result: { n: 1 } })
  server.send({ id: 999, result: {} })
  server.send({ id: 'x', result: {} })
  server.write('data: {broken\n\n')
  server.write('event: endpoint\ndata: /elsewhere\n\n')
  await until(() => test.strays === 5, 'all are counted')
  send(test.session, 'after')
  await until(() => server.posts.length === 4, 'it arrived')
  expect(server.posts.at(-1)?.path).toBe('/messages?s=1')
})

test('a POST that is never answered does not hold its connection once the answer came', async () => {
  let dropped = 0
  await using server = await startSseServer({
    onPost: ({ message }, response, { send: tell }) => {
      response.on('close', () => {
        if (message.method === 'mute') dropped += 1
      })
      if (message.method === 'mute') tell({ id: message.id, result: {} })
      else response.writeHead(202).end()
    },
  })
  await using test = await openSse(server.url)
  await send(test.session, 'mute').answer
  await until(() => dropped === 1, 'the connection is dropped')
  expect(test.lost).toEqual([])
})

test('a stream that is silent for longer than `readTimeout` while a call waits is lost', async () => {
  await using server = await startSseServer()
  await using test = await openSse(server.url, { deps: { readMs: 200 } })
  const silent = send(test.session, 'silent')
  await expect(silent.answer).rejects.toMatchObject({
    code: 'server_lost',
    outcome: 'unknown',
    message: 'the server was silent for longer than `readTimeout`',
  })
  expect(test.lost).toHaveLength(1)
})

test('a ping is answered, and roots only with what is configured [upstreams/sse]', async () => {
  await using server = await startSseServer()
  await using test = await openSse(server.url, { deps: { roots: ['file:///srv'] } })
  server.send({ id: 1, method: 'ping' })
  server.send({ id: 'r', method: 'roots/list' })
  server.send({ id: 3, method: 'sampling/createMessage', params: {} })
  await until(() => server.posts.length === 5, 'all are answered')
  const answers = server.posts.slice(2).map(({ message }) => message)
  expect(answers).toContainEqual({ jsonrpc: '2.0', id: 1, result: {} })
  const roots = [{ uri: 'file:///srv' }]
  expect(answers).toContainEqual({ jsonrpc: '2.0', id: 'r', result: { roots } })
  expect(answers.find(({ id }) => id === 3)?.error?.code).toBe(-32_601)
  expect(test.strays).toBe(0)
})
