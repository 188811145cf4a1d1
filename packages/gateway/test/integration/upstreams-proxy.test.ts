import { readFileSync } from 'node:fs'
import { createServer, request as requestHttp } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import path from 'node:path'
import { Secret } from '@sallyport/kit/secret'
import { expect, test } from 'vitest'
import { callText, httpServer, openTestUpstreams } from '../fixtures/upstreams/harness.ts'
import { legacyServer, startRawHttp, textAnswer } from '../fixtures/upstreams/raw-http-server.ts'

const FOLDER = path.resolve(import.meta.dirname, '../fixtures/upstreams/tls')
const KEY = readFileSync(path.join(FOLDER, 'localhost-key.pem'), 'utf8')
const CERTIFICATE = readFileSync(path.join(FOLDER, 'localhost.pem'), 'utf8')

interface TestProxy extends AsyncDisposable {
  readonly port: number
  /** `CONNECT host:port` or `POST http://...`, with the credential it came with. */
  readonly seen: { readonly line: string; readonly authorization: string | undefined }[]
}

interface ProxyBehavior {
  /** Status in place of what was asked for. */
  readonly refuse?: number
  /** Takes connections and says nothing. */
  readonly mute?: boolean
}

/** A proxy that takes every name for this machine. */
async function startProxy(behavior: ProxyBehavior = {}, secure = false): Promise<TestProxy> {
  const seen: TestProxy['seen'] = []
  const sockets = new Set<Socket>()
  const server = secure ? createHttpsServer({ key: KEY, cert: CERTIFICATE }) : createServer()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  server.on('connect', ({ url = '', headers }, socket: Socket) => {
    seen.push({ line: `CONNECT ${url}`, authorization: headers['proxy-authorization'] })
    if (behavior.mute === true) return
    if (behavior.refuse !== undefined) {
      socket.end(`HTTP/1.1 ${behavior.refuse} No\r\ncontent-length: 0\r\n\r\n`)
      return
    }
    const onward = connect(Number(url.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      onward.pipe(socket)
      socket.pipe(onward)
    })
    sockets.add(onward)
    onward.on('error', () => socket.destroy())
    socket.on('error', () => onward.destroy())
  })
  server.on('request', (request, response) => {
    const { url = '', method = '', headers } = request
    seen.push({ line: `${method} ${url}`, authorization: headers['proxy-authorization'] })
    if (behavior.refuse !== undefined) {
      response.writeHead(behavior.refuse).end()
      return
    }
    const { port, pathname } = new URL(url)
    const onward = requestHttp(
      { host: '127.0.0.1', port, path: pathname, method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 0, answer.headers)
        answer.pipe(response)
      },
    )
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // listening on TCP
  return {
    port,
    seen,
    [Symbol.asyncDispose]: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

async function startHttps(): Promise<AsyncDisposable & { port: number }> {
  const server = createHttpsServer({ key: KEY, cert: CERTIFICATE }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { id, method } = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>
      const discovered = { supportedVersions: ['2026-07-28'], capabilities: {} }
      const result = method === 'server/discover' ? discovered : { content: [{ text: 'secure' }] }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // listening on TCP
  return {
    port,
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

const CREDENTIAL = `Basic ${Buffer.from('us3r:s3cret').toString('base64')}`
const echo = legacyServer((seen, response) => textAnswer(seen, response, 'plain'))

test.each([
  ['an http proxy', false],
  ['an https proxy', true],
])('an https server is called through a tunnel of %s [upstreams/proxy]', async (_case, secure) => {
  await using server = await startHttps()
  await using proxy = await startProxy({}, secure)
  const authority = secure ? `localhost:${proxy.port}` : `127.0.0.1:${proxy.port}`
  const config = httpServer(`https://localhost:${server.port}/mcp`, {
    tls: { ca: CERTIFICATE },
    proxy: new Secret(`${secure ? 'https' : 'http'}://us3r:s3cret@${authority}`),
  })
  await using test = await openTestUpstreams({ one: config })
  expect(await callText(test.upstreams, ['one', 'x'])).toBe('secure')
  expect(new Set(proxy.seen.map(({ line }) => line))).toEqual(
    new Set([`CONNECT localhost:${server.port}`]),
  )
  expect(new Set(proxy.seen.map(({ authorization }) => authorization))).toEqual(
    new Set([CREDENTIAL]),
  )
})

test('an http server is asked for by its whole address [upstreams/proxy]', async () => {
  await using server = await startRawHttp(echo)
  await using proxy = await startProxy()
  const config = httpServer(`http://mcp.example:${server.port}/mcp`)
  const environment = { HTTP_PROXY: `http://us3r:s3cret@127.0.0.1:${proxy.port}` }
  await using test = await openTestUpstreams({ one: config }, { environment })
  expect(await callText(test.upstreams, ['one', 'x'])).toBe('plain')
  expect(proxy.seen[0]).toEqual({
    line: `POST http://mcp.example:${server.port}/mcp`,
    authorization: CREDENTIAL,
  })
  expect(server.seen[0]?.headers.host).toBe(`mcp.example:${server.port}`)
})

test('neither loopback nor what NO_PROXY names goes through the proxy of the environment [upstreams/proxy/loopback] [upstreams/proxy/exempt]', async () => {
  await using server = await startRawHttp(echo)
  await using proxy = await startProxy()
  const HTTP_PROXY = `http://127.0.0.1:${proxy.port}`
  const exempt = httpServer('http://mcp.invalid:1/mcp')
  await using test = await openTestUpstreams(
    { near: httpServer(server.url), exempt },
    { environment: { HTTP_PROXY, NO_PROXY: 'mcp.invalid' } },
  )
  expect(await callText(test.upstreams, ['near', 'x'])).toBe('plain')
  await expect(callText(test.upstreams, ['exempt', 'x'])).rejects.toMatchObject({
    code: 'server_unavailable',
  })
  expect(proxy.seen).toEqual([])
})

test.each([
  ['refuses the credential', { refuse: 407 }, /proxy 127\.0\.0\.1:\d+ refused our credential/],
  ['refuses the tunnel', { refuse: 502 }, /proxy 127\.0\.0\.1:\d+ answered 502/],
  ['says nothing', { mute: true }, /proxy 127\.0\.0\.1:\d+ cannot be reached: no answer in time/],
])(
  'a proxy that %s is a typed error without its credential [upstreams/proxy/secret]',
  async (_case, behavior, sentence) => {
    await using proxy = await startProxy(behavior)
    await expectFailure(`http://us3r:s3cret@127.0.0.1:${proxy.port}`, sentence)
  },
)

test('a proxy that forwards and refuses the credential is a typed error without it [upstreams/proxy/secret]', async () => {
  await using proxy = await startProxy({ refuse: 407 })
  const url = `http://us3r:s3cret@127.0.0.1:${proxy.port}`
  await expectFailure(url, /the proxy refused our credential with 407/, 'http')
})

test('a dead proxy is a typed error without its credential [upstreams/proxy/secret]', async () => {
  const proxy = await startProxy()
  await proxy[Symbol.asyncDispose]()
  const url = `http://us3r:s3cret@127.0.0.1:${proxy.port}`
  await expectFailure(url, /proxy 127\.0\.0\.1:\d+ cannot be reached: ECONNREFUSED/)
  await expectFailure(url, /proxy 127\.0\.0\.1:\d+ cannot be reached: ECONNREFUSED/, 'http')
})

async function expectFailure(proxy: string, sentence: RegExp, scheme = 'https'): Promise<void> {
  const config = httpServer(`${scheme}://mcp.example/mcp`, {
    proxy: new Secret(proxy),
    connectMs: 300,
  })
  await using test = await openTestUpstreams({ one: config })
  const failure = await callText(test.upstreams, ['one', 'x']).catch((thrown: unknown) => thrown)
  expect(failure).toMatchObject({ code: 'server_unavailable', outcome: 'not_sent' })
  expect(String(failure)).toMatch(sentence)
  const everything = JSON.stringify([failure, test.logged, test.states], (_key, value: unknown) =>
    value instanceof Error ? { ...value, text: value.message, cause: value.cause } : value,
  )
  expect(everything).not.toMatch(/s3cret|us3r/)
  expect(everything).not.toContain(CREDENTIAL.slice(6))
}

test('an answer that falls silent for longer than `readTimeout` fails the call [upstreams/read-timeout]', async () => {
  await using server = await startRawHttp(legacyServer(() => undefined))
  await using test = await openTestUpstreams({ one: httpServer(server.url, { readMs: 300 }) })
  await expect(callText(test.upstreams, ['one', 'x'])).rejects.toMatchObject({
    code: 'deadline_exceeded',
    message: 'the server was silent for longer than `readTimeout`',
    outcome: 'unknown',
  })
})
