import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { spawn } from 'node:child_process'
import { AppError } from '@sallyport/kit/errors'
import { Secret } from '@sallyport/kit/secret'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler } from '@modelcontextprotocol/server'
import { describe, expect, test } from 'vitest'
import {
  callText,
  httpServer,
  openTestUpstreams,
  REPOSITORY,
  until,
} from '../fixtures/upstreams/harness.ts'
import {
  json,
  legacyServer,
  type RawHttpServer,
  startRawHttp,
  textAnswer,
} from '../fixtures/upstreams/raw-http-server.ts'
import { aborted, createSdkServer } from '../fixtures/upstreams/sdk-server.ts'

async function startSdkHttp(
  options: Parameters<typeof createMcpHandler>[1] = {},
): Promise<AsyncDisposable & { url: string }> {
  const handler = createMcpHandler(createSdkServer, options)
  const answer = toNodeHandler(handler)
  type Incoming = Parameters<typeof answer>[0]
  const server = createServer((request, response) => {
    void answer(request as Incoming, response) // the same, but for exactOptionalPropertyTypes
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // listening on TCP
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** Event ids after which answers were asked for again; the session's own stream has none. */
function resumedAt(server: RawHttpServer): unknown[] {
  const ids = server.of('GET').map(({ headers }) => headers['last-event-id'])
  return ids.filter((id) => id !== undefined)
}

describe('real servers over HTTP', () => {
  test.each([
    ['a dual-era SDK v2 server', {}],
    ['a modern-only SDK v2 server', { legacy: 'reject' }],
    ['an SDK v2 server that always streams', { responseMode: 'sse' }],
  ] as const)('%s is called in the modern era [upstreams/era/probe]', async (_case, options) => {
    await using server = await startSdkHttp(options)
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    const text = 'Zürich ✓'
    expect(await callText(test.upstreams, ['one', 'echo'], { text })).toBe(text)
    expect(test.status('one')).toMatchObject({ era: 'modern', state: 'ready', pids: [] })
    await until(() => test.tools.has('one'), 'the list was read')
    expect(test.tools.get('one')).toContain('slow')
  })

  test('abandoning a modern call closes its request, which cancels it at the server [upstreams/cancel]', async () => {
    await using server = await startSdkHttp({ responseMode: 'sse' })
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    const before = aborted.length
    const leaving = new AbortController()
    const slow = callText(
      test.upstreams,
      ['one', 'slow'],
      { ms: 60_000 },
      { signal: leaving.signal },
    )
    await until(() => test.status('one').inFlight === 1, 'the call is in flight')
    await callText(test.upstreams, ['one', 'echo'], { text: 'x' })
    leaving.abort(new AppError('cancelled', 'gone'))
    await expect(slow).rejects.toMatchObject({ code: 'cancelled', outcome: 'unknown' })
    await until(() => aborted.length > before, 'the server noticed')
  })

  test('server-everything over Streamable HTTP keeps a legacy session with progress', async () => {
    const script = path.join(
      REPOSITORY,
      'node_modules/@modelcontextprotocol/server-everything/dist/index.js',
    )
    const { port } = await startRawHttp(() => undefined).then(async (server) => {
      await server[Symbol.asyncDispose]()
      return server
    })
    const child = spawn(process.execPath, [script, 'streamableHttp'], {
      env: { ...process.env, PORT: String(port) },
      stdio: 'ignore',
    })
    try {
      const url = `http://127.0.0.1:${port}/mcp`
      await until(
        () =>
          fetch(url).then(
            () => true,
            () => false,
          ),
        'the server listens',
      )
      await using test = await openTestUpstreams({ one: httpServer(url) })
      expect(await callText(test.upstreams, ['one', 'echo'], { message: 'hi' })).toBe('Echo: hi')
      expect(test.status('one').era).toBe('legacy')
      const seen: string[] = []
      const onNotification = ({ method }: { method: string }): void => void seen.push(method)
      const args = { duration: 0.2, steps: 2 }
      const where = ['one', 'trigger-long-running-operation'] as const
      await callText(test.upstreams, where, args, { onNotification })
      expect(seen.filter((method) => method === 'notifications/progress')).toHaveLength(2)
    } finally {
      child.kill('SIGKILL')
    }
  })
})

describe('what reaches a server', () => {
  test('a legacy server gets our handshake, its session, and no header of a client [upstreams/credential] [upstreams/capabilities]', async () => {
    await using server = await startRawHttp(
      legacyServer((seen, response) => textAnswer(seen, response, 'ok'), 'session-1'),
    )
    const headers = { Authorization: new Secret('Bearer abc'), Connection: new Secret('upgrade') }
    const config = httpServer(server.url, { headers, hostHeader: 'localhost:9090' })
    const test = await openTestUpstreams({ one: config })
    expect(await callText(test.upstreams, ['one', 'x'])).toBe('ok')
    await until(() => test.tools.has('one'), 'the list was read')
    await test[Symbol.asyncDispose]()
    expect(server.of('initialize')[0]?.body.params).toEqual({
      protocolVersion: '2025-11-25',
      capabilities: { elicitation: { form: {}, url: {} }, sampling: { tools: {} } },
      clientInfo: { name: 'sallyport', version: '0.0.0' },
    })
    expect(server.of('initialize')[0]?.headers).not.toHaveProperty('mcp-protocol-version')
    expect(server.of('notifications/initialized')).toHaveLength(1)
    const [called] = server.of('tools/call')
    const { 'content-length': _length, ...sent } = called?.headers ?? {}
    expect(sent).toEqual({
      host: 'localhost:9090',
      connection: 'keep-alive',
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'user-agent': 'sallyport',
      authorization: 'Bearer abc',
      'mcp-protocol-version': '2025-06-18',
      'mcp-session-id': 'session-1',
    })
    expect(server.of('DELETE')[0]?.headers).toMatchObject({ 'mcp-session-id': 'session-1' })
  })

  test('a modern server gets the standard headers with names that need it in Base64 [upstreams/header/agree] [upstreams/header/injection]', async () => {
    await using server = await startRawHttp((seen, response) => {
      const { id, method } = seen.body
      if (method === 'server/discover') {
        const capabilities = { tools: {} }
        json(response, { id, result: { supportedVersions: ['2026-07-28'], capabilities } })
      } else if (method === 'tools/list') json(response, { id, result: { tools: [] } })
      else textAnswer(seen, response, 'ok')
    })
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    const paramHeaders = { 'Mcp-Param-Region': 'eu' }
    await callText(test.upstreams, ['one', 'grüß\r\nX-Evil: 1'], {}, { paramHeaders })
    const [called] = server.of('tools/call')
    expect(called?.headers).toMatchObject({
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': `=?base64?${Buffer.from('grüß\r\nX-Evil: 1').toString('base64')}?=`,
      'mcp-param-region': 'eu',
    })
    expect(called?.headers).not.toHaveProperty('mcp-session-id')
    expect(called?.headers).not.toHaveProperty('x-evil')
    expect(server.of('server/discover')[0]?.body.params).toEqual({
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'sallyport', version: '0.0.0' },
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    })
  })

  test('an abandoned legacy call is cancelled by a notification [upstreams/cancel]', async () => {
    await using server = await startRawHttp(legacyServer(() => undefined))
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    const leaving = new AbortController()
    const hanging = callText(test.upstreams, ['one', 'x'], {}, { signal: leaving.signal })
    await until(() => server.of('tools/call').length === 1, 'the call arrived')
    leaving.abort(new AppError('deadline_exceeded', 'too slow'))
    await expect(hanging).rejects.toMatchObject({ code: 'deadline_exceeded', outcome: 'unknown' })
    await until(() => server.of('notifications/cancelled').length === 1, 'the server was told')
    const id = server.of('tools/call')[0]?.body.id
    expect(server.of('notifications/cancelled')[0]?.body.params).toMatchObject({ requestId: id })
  })
})

describe('streams over HTTP', () => {
  test('notifications before the answer reach the call, requests are answered', async () => {
    await using server = await startRawHttp(
      legacyServer((seen, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
        const { id } = seen.body
        const event = (message: object): void =>
          void response.write(
            `event: message\r\ndata: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\r\n\r\n`,
          )
        response.write(': hello\n\nid: 1\ndata:\n\n')
        const progress = { progressToken: id, progress: 1 }
        event({ method: 'notifications/progress', params: progress })
        event({ method: 'notifications/message', params: { level: 'info', data: 'x' } })
        event({ id: 'q', method: 'ping' })
        event({ id: 123_456, result: {} })
        event({ id, result: { content: [{ type: 'text', text: 'streamed' }] } })
        event({ id, result: { content: [{ type: 'text', text: 'twice' }] } })
      }),
    )
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    const seen: string[] = []
    const onNotification = ({ method }: { method: string }): void => void seen.push(method)
    const text = await callText(test.upstreams, ['one', 'x'], {}, { onNotification })
    expect(text).toBe('streamed')
    expect(seen).toEqual(['notifications/progress', 'notifications/message'])
    const isAnswer = (one: { body: object }): boolean => 'result' in one.body
    await until(() => server.seen.some(isAnswer), 'the ping was answered')
    expect(server.seen.find(isAnswer)?.body).toEqual({ jsonrpc: '2.0', id: 'q', result: {} })
    expect(test.strays).toBe(2)
  })

  test('a stream that a legacy server ends early is taken up where it ended', async () => {
    const answer = (id: unknown): string =>
      `id: last\ndata: ${JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ text: 'late' }] } })}\n\n`
    await using server = await startRawHttp((seen, response) => {
      const head = { 'content-type': 'text/event-stream' }
      const resumed = seen.headers['last-event-id']
      if (seen.method === 'GET' && resumed !== undefined) {
        const id = server.of('tools/call')[0]?.body.id
        response
          .writeHead(200, head)
          .end(resumed === 'e1' ? 'id: e2\nretry: 1\ndata:\n\n' : answer(id))
      } else {
        legacyServer((_seen, to) => to.writeHead(200, head).end('id: e1\nretry: 1\ndata:\n\n'))(
          seen,
          response,
        )
      }
    })
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    expect(await callText(test.upstreams, ['one', 'x'])).toBe('late')
    expect(resumedAt(server)).toEqual(['e1', 'e2'])
  })

  test('a stream that cannot be taken up again is an unknown outcome', async () => {
    await using server = await startRawHttp(
      legacyServer((_seen, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.end('id: e1\nretry: 1\ndata:\n\n')
      }),
    )
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    await expect(callText(test.upstreams, ['one', 'x'])).rejects.toMatchObject({
      code: 'server_lost',
      outcome: 'unknown',
    })
    expect(resumedAt(server)).toEqual(['e1'])
  })

  test('a server that never ends its stream does not keep the connection', async () => {
    let closed = 0
    await using server = await startRawHttp(
      legacyServer((seen, response) => {
        response.on('close', () => (closed += 1))
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        const message = { jsonrpc: '2.0', id: seen.body.id, result: { content: [{ text: 'ok' }] } }
        response.write(`data: ${JSON.stringify(message)}\n\n`)
      }),
    )
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    expect(await callText(test.upstreams, ['one', 'x'])).toBe('ok')
    await until(() => closed === 1, 'the stream was dropped')
  })

  test('the GET stream of a legacy server announces changes and is opened again', async () => {
    let streams = 0
    let tools = [{ name: 'a' }]
    const legacy = legacyServer((seen, response) => textAnswer(seen, response, 'ok'), 's')
    await using server = await startRawHttp((seen, response) => {
      const { id, method } = seen.body
      if (seen.method === 'GET') {
        streams += 1
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        tools = [{ name: `tool-${streams}` }]
        const changed = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' }
        response.end(`id: e${streams}\ndata: ${JSON.stringify(changed)}\n\n`)
      } else if (method === 'initialize') {
        response.setHeader('mcp-session-id', 's')
        const capabilities = { tools: { listChanged: true } }
        json(response, { id, result: { protocolVersion: '2025-11-25', capabilities } })
      } else if (method === 'tools/list') json(response, { id, result: { tools } })
      else legacy(seen, response)
    })
    await using test = await openTestUpstreams({ one: httpServer(server.url) }, { random: () => 0 })
    await callText(test.upstreams, ['one', 'x'])
    await until(() => test.tools.get('one')?.[0] === 'tool-2', 'the second stream was read')
    expect(server.of('GET')[1]?.headers).toMatchObject({
      'last-event-id': 'e1',
      'mcp-session-id': 's',
      accept: 'text/event-stream',
    })
  })
})

describe('sessions over HTTP', () => {
  test.each([
    ['404', 404, {}],
    [
      '400 in words',
      400,
      { error: { code: -32_000, message: 'Bad Request: No valid session ID' } },
    ],
  ] as const)(
    'a session the server no longer knows (%s) is opened again once, and the call sent again [upstreams/session/lost]',
    async (_case, status, body) => {
      let current = 0
      await using server = await startRawHttp((seen, response) => {
        if (seen.body.method === 'initialize') current += 1
        const known = seen.headers['mcp-session-id'] === `s${current}` || current === 1
        if (seen.body.method === 'tools/call' && (!known || current === 1)) {
          json(response, { id: null, ...body }, status)
          return
        }
        legacyServer((one, to) => textAnswer(one, to, `by s${current}`), `s${current}`)(
          seen,
          response,
        )
      })
      await using test = await openTestUpstreams({ one: httpServer(server.url) })
      expect(await callText(test.upstreams, ['one', 'x'])).toBe('by s2')
      expect(server.of('initialize')).toHaveLength(2)
      expect(server.of('tools/call')).toHaveLength(2)
      expect(test.status('one').state).toBe('ready')
    },
  )

  test('a server that forgets every session gets the call twice, not more [upstreams/session/lost]', async () => {
    await using server = await startRawHttp(
      legacyServer((_seen, response) => response.writeHead(404).end(), 's'),
    )
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    await expect(callText(test.upstreams, ['one', 'x'])).rejects.toMatchObject({
      code: 'server_lost',
      outcome: 'not_sent',
    })
    expect(server.of('tools/call')).toHaveLength(2)
  })

  test('an idle session is ended with DELETE', async () => {
    await using server = await startRawHttp(
      legacyServer((seen, response) => textAnswer(seen, response, 'ok'), 's'),
    )
    await using test = await openTestUpstreams({
      one: httpServer(server.url, { idleAfterMs: 200 }),
    })
    await callText(test.upstreams, ['one', 'x'])
    await until(() => test.status('one').state === 'cold', 'the session is let go')
    await until(() => server.of('DELETE').length === 1, 'the server was told')
  })
})
