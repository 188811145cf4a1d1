import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { AppError } from '@sallyport/kit/errors'
import type { Message } from '@sallyport/kit/mcp'
import { describe, expect, test } from 'vitest'
import type { ServerConfig } from '../../src/upstreams/server-config.ts'
import type { QuestionAnswer } from '../../src/upstreams/upstream.ts'
import {
  asker,
  callText,
  httpServer,
  openTestUpstreams,
  REPOSITORY,
  stdioServer,
  until,
} from '../fixtures/upstreams/harness.ts'
import { createSdkV1Server } from '../fixtures/upstreams/sdk-v1-server.ts'

const SCRIPT = path.join(REPOSITORY, 'packages/gateway/test/fixtures/upstreams/sdk-v1-server.ts')
const SIGNAL = AbortSignal.timeout(60_000)

interface Running extends AsyncDisposable {
  readonly config: ServerConfig
  /** Forgets every session, as a restart would. */
  forget(): void
}

function running(
  http: ReturnType<typeof createServer>,
  suffix: string,
  forget: () => void,
): Running {
  const { port } = http.address() as AddressInfo // listening on TCP
  return {
    config: httpServer(`http://127.0.0.1:${port}${suffix}`),
    forget,
    [Symbol.asyncDispose]: () => {
      http.closeAllConnections()
      return new Promise<void>((resolve) => http.close(() => resolve()))
    },
  }
}

/** The official stateful server over Streamable HTTP. */
async function overHttp(): Promise<Running> {
  const transports = new Map<string, StreamableHTTPServerTransport>()
  const http = createServer((request, response) => {
    const id = request.headers['mcp-session-id']
    const known = transports.get(String(id))
    if (known !== undefined) {
      void known.handleRequest(request, response)
    } else if (id !== undefined) {
      response.writeHead(404, { 'content-type': 'application/json' })
      response.end(
        '{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}',
      )
    } else {
      const transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (sessionId) => void transports.set(sessionId, transport),
      })
      type Transport = Parameters<ReturnType<typeof createSdkV1Server>['connect']>[0]
      // The same, but for exactOptionalPropertyTypes.
      void createSdkV1Server()
        .connect(transport as Transport)
        .then(() => transport.handleRequest(request, response))
    }
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return running(http, '/mcp', () => {
    transports.clear()
    http.closeAllConnections()
  })
}

async function overSse(): Promise<Running> {
  const transports = new Map<string, SSEServerTransport>()
  const http = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost')
    const known = transports.get(url.searchParams.get('sessionId') ?? '')
    if (request.method === 'GET') {
      const transport = new SSEServerTransport('/messages', response)
      transports.set(transport.sessionId, transport)
      void createSdkV1Server().connect(transport)
    } else if (known === undefined) response.writeHead(404).end('Session not found')
    else void known.handlePostMessage(request, response)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return running(http, '/sse', () => http.closeAllConnections())
}

async function overStdio(): Promise<Running> {
  const config = stdioServer([process.execPath, SCRIPT])
  return { config, forget: () => undefined, [Symbol.asyncDispose]: () => Promise.resolve() }
}

describe.each([
  ['stdio', overStdio],
  ['Streamable HTTP', overHttp],
  ['HTTP+SSE', overSse],
] as const)('an SDK v1 server over %s', (_transport, start) => {
  test.each([
    ['elicit', 'elicitation/create', '{"action":"accept","content":{"colour":"blue"}}'],
    ['elicit-aside', 'elicitation/create', '{"action":"cancel"}'],
    [
      'sample',
      'sampling/createMessage',
      '{"role":"assistant","content":{"type":"text","text":"Hi"},"model":"m"}',
    ],
  ])('has `%s` answered by the caller [upstreams/question/relayed]', async (tool, method, text) => {
    await using server = await start()
    await using test = await openTestUpstreams({ one: server.config })
    // Its list was read, so that the stream of its session stands as well.
    await test.upstreams.warm('one', asker(), SIGNAL)
    const asked: string[] = []
    const onQuestion = (question: Message): Promise<QuestionAnswer> => {
      asked.push(question.method)
      return Promise.resolve({ kind: 'result', text })
    }
    const answer = await callText(test.upstreams, ['one', tool], {}, { onQuestion })
    expect([JSON.parse(answer), asked]).toEqual([JSON.parse(text), [method]])
  })

  test('is told at once that nobody answers', async () => {
    await using server = await start()
    await using test = await openTestUpstreams({ one: server.config })
    expect(await callText(test.upstreams, ['one', 'elicit'])).toBe('{"action":"decline"}')
    const onQuestion = (): Promise<never> =>
      Promise.reject(new AppError('question_unanswered', 'the client cannot sample'))
    const failed = await callText(test.upstreams, ['one', 'sample'], {}, { onQuestion })
    expect(failed).toContain('the client cannot sample')
    // The SDK looks at our capabilities before it asks.
    expect(await callText(test.upstreams, ['one', 'roots'])).toMatch(/failed.*roots/i)
  })

  test('with configured roots gets them', async () => {
    await using server = await start()
    const config = { ...server.config, roots: ['file:///srv'] }
    await using test = await openTestUpstreams({ one: config })
    const answer = await callText(test.upstreams, ['one', 'roots'])
    expect(JSON.parse(answer)).toEqual({ roots: [{ uri: 'file:///srv' }] })
  })

  test('announces what changes, logs at the level asked for, and is heard again after its session was lost', async () => {
    await using server = await start()
    await using test = await openTestUpstreams({ one: server.config })
    await test.upstreams.subscribe('one', asker(), 'file:///r', SIGNAL)
    await until(() => test.lists.get('one prompts')?.length === 1, 'the prompts are read')
    expect(test.facts.at(-1)).toMatchObject({ era: 'legacy', instructions: 'ask me' })
    const logged: string[] = []
    const onNotification = ({ bytes }: Message): void => void logged.push(bytes.toString())
    const told = (): string => [...logged, ...test.told.map(({ text }) => text)].join()
    await callText(test.upstreams, ['one', 'log'], {}, { logLevel: 'warning', onNotification })
    await until(() => told().includes('"level":"warning"'), 'the warning came')
    expect(told()).not.toContain('"level":"debug"')
    await callText(test.upstreams, ['one', 'change'])
    await until(() => test.updates.length > 0, 'the change of the resource is told')
    await until(() => test.lists.get('one prompts')?.length === 2, 'the new prompt is read')
    const before = test.updates.length
    const [pid] = test.status('one').pids
    if (pid === undefined) server.forget()
    else process.kill(pid, 'SIGKILL')
    await until(() => test.updates.length > before, 'it is subscribed anew without a call')
    const again = test.updates.length
    await callText(test.upstreams, ['one', 'change'])
    await until(() => test.updates.length > again, 'the change is told again')
  })
})
