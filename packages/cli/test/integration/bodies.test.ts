import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { residentBytes } from '../fixtures/processes.ts'
import { head, RawConnection } from '../fixtures/raw-connection.ts'
import { send } from '../fixtures/send.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { callTool, modernBody, modernHeaders, textOf } from '../fixtures/wire.ts'

const LIMIT = 65_536
const GROWTH_MAX = 50 * 1_024 * 1_024
const SLOW_UPLOADS = 100

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({
    config: {
      mcpServers: { own: stdioServer() },
      limits: { requestBytes: '64KiB', requestTimeout: '3s' },
    },
  })
  expect(textOf(await callTool(gateway, 'own__echo', { message: 'warm' }))).toBe('warm')
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
})

function headers(): Record<string, string> {
  return modernHeaders(gateway.token, 'tools/call', 'own__echo')
}

/** A call whose body has exactly so many bytes. */
function bodyOf(bytes: number): { body: string; message: string } {
  const withMessage = (message: string): string =>
    JSON.stringify(modernBody('tools/call', { name: 'own__echo', arguments: { message } }))
  const message = 'm'.repeat(bytes - withMessage('').length)
  return { body: withMessage(message), message }
}

/** Streams chunks with no length declared until the body is over or the gateway has answered. */
function sendChunked(bytes: number): Promise<{ status: number; sent: number }> {
  const chunk = Buffer.alloc(16_384, 0x20)
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; sent: number }>()
  let sent = 0
  let status = 0
  const outgoing = request(
    gateway.url,
    { method: 'POST', headers: { ...headers(), 'content-type': 'application/json' } },
    (incoming) => {
      status = incoming.statusCode ?? 0
      incoming.resume().on('end', () => {
        outgoing.destroy()
        resolve({ status, sent })
      })
    },
  )
  // Once it has answered, the gateway may cut the connection under the rest of the body.
  outgoing.on('error', (error) => (status === 0 ? reject(error) : resolve({ status, sent })))
  const push = (): void => {
    while (sent < bytes && status === 0) {
      sent += chunk.length
      if (!outgoing.write(chunk)) {
        outgoing.once('drain', push)
        return
      }
    }
    outgoing.end()
  }
  push()
  return promise
}

test('65,537 bytes are refused with 413, 65,536 are not [limits/body/size]', async () => {
  const over = await send(gateway.url, { headers: headers(), body: bodyOf(LIMIT + 1).body })
  expect(over).toMatchObject({
    status: 413,
    json: { error: { data: { code: 'request_too_large' } } },
  })
  const { body, message } = bodyOf(LIMIT)
  const exact = await send(gateway.url, { headers: headers(), body })
  expect({ status: exact.status, same: textOf(exact) === message }).toEqual({
    status: 200,
    same: true,
  })
})

test('without a declared length the limit is the same, to the byte [limits/body/chunked]', async () => {
  const chunked = { ...headers(), 'transfer-encoding': 'chunked' }
  const over = await send(gateway.url, { headers: chunked, body: bodyOf(LIMIT + 1).body })
  const exact = await send(gateway.url, { headers: chunked, body: bodyOf(LIMIT).body })
  expect([over.status, exact.status]).toEqual([413, 200])
})

test('a declared length over the limit is refused before a byte of the body has come [limits/body/declared]', async () => {
  await using connection = await RawConnection.open(gateway.url)
  const lines = Object.entries(headers()).map(([name, value]) => `${name}: ${value}`)
  const more = ['Host: localhost', 'Content-Type: application/json', `Content-Length: ${LIMIT + 1}`]
  await connection.write(head('POST', '/mcp', [...lines, ...more]))
  expect(await connection.status()).toBe(413)
})

test('a body without length is refused at the limit, not at its end [limits/body/chunked]', async () => {
  await using connection = await RawConnection.open(gateway.url)
  const lines = Object.entries(headers()).map(([name, value]) => `${name}: ${value}`)
  const more = ['Host: localhost', 'Content-Type: application/json', 'Transfer-Encoding: chunked']
  await connection.write(head('POST', '/mcp', [...lines, ...more]))
  const chunk = `${(16_384).toString(16)}\r\n${' '.repeat(16_384)}\r\n`
  for (let index = 0; index < 5; index += 1) await connection.write(chunk)
  // The terminating chunk is never sent.
  expect(await connection.status()).toBe(413)
})

test('ten chunked bodies of 10 MB are 413 each, and memory grows by less than 50 MB [limits/body/chunked]', async () => {
  const before = await residentBytes(gateway.pid)
  let peak = before
  const uploads = Array.from({ length: 10 }, () => sendChunked(10 * 1_024 * 1_024))
  const all = Promise.all(uploads)
  let done = false
  void all.finally(() => (done = true))
  while (!done) {
    peak = Math.max(peak, await residentBytes(gateway.pid))
    await sleep(10)
  }
  expect((await all).map(({ status }) => status)).toEqual(Array(10).fill(413))
  expect(peak - before).toBeLessThan(GROWTH_MAX)
})

test('100 slow uploads at once end as 408, take less than 50 MB and delay nobody [limits/body/slow]', async () => {
  const before = await residentBytes(gateway.pid)
  await using scope = new AsyncDisposableStack()
  const lines = Object.entries(headers()).map(([name, value]) => `${name}: ${value}`)
  const more = ['Host: localhost', 'Content-Type: application/json', `Content-Length: ${LIMIT}`]
  const connections: RawConnection[] = []
  for (let index = 0; index < SLOW_UPLOADS; index += 1) {
    const connection = scope.use(await RawConnection.open(gateway.url))
    await connection.write(head('POST', '/mcp', [...lines, ...more]) + ' '.repeat(60_000))
    connections.push(connection)
  }
  const startedMs = performance.now()
  expect(textOf(await callTool(gateway, 'own__echo', { message: 'meanwhile' }))).toBe('meanwhile')
  expect(performance.now() - startedMs).toBeLessThan(1_000)
  const trickle = setInterval(() => {
    for (const connection of connections) void connection.write(' ')
  }, 200)
  try {
    await waitUntil(
      'every slow upload to be ended',
      () => connections.every(({ received, ended }) => ended || received !== ''),
      10_000,
    )
  } finally {
    clearInterval(trickle)
  }
  const statuses = await Promise.all(connections.map((connection) => connection.status()))
  expect(new Set(statuses)).toEqual(new Set([408]))
  expect((await residentBytes(gateway.pid)) - before).toBeLessThan(GROWTH_MAX)
})

test('still answers', async () => {
  expect(textOf(await callTool(gateway, 'own__echo', { message: 'after' }))).toBe('after')
})
