import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AppError } from '@sallyport/kit/errors'
import {
  type Listener,
  type ListenerOptions,
  openListener,
  readBody,
  sendError,
} from '@sallyport/kit/http'
import { ByteBudget } from '@sallyport/kit/limits'
import { expect, test } from 'vitest'

const limits = {
  headerBytes: 8_192,
  requestMs: 10_000,
  connections: 100,
  connectionsPerAddress: 50,
}
const BODY_MAX = 65_536

/** Reads the body and answers with its length, or refuses it. */
async function echo(req: IncomingMessage, res: ServerResponse, budget = roomy): Promise<void> {
  const reservation = budget.reserve('someone')
  try {
    const body = await readBody(req, BODY_MAX, reservation)
    res.end(String(body.length))
  } catch (error) {
    sendError(res, AppError.from(error), 'id-1')
  } finally {
    reservation.release()
  }
}
const roomy = new ByteBudget({ totalBytesMax: 2 ** 30 })

function open(options: Partial<ListenerOptions> = {}): Promise<Listener> {
  return openListener({
    address: { host: '127.0.0.1', port: 0 },
    handler: (req, res) => void echo(req, res),
    limits,
    ...options,
  })
}

/** A plain TCP client that keeps everything it received. */
class Wire implements Disposable {
  readonly socket: Socket
  received = ''
  closed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => (this.received += chunk.toString('latin1')))
    socket.on('error', () => (this.closed = true))
    socket.on('close', () => (this.closed = true))
  }

  static async open(listener: Listener): Promise<Wire> {
    const socket = connect({ host: '127.0.0.1', port: listener.port })
    const wire = new Wire(socket)
    await once(socket, 'connect')
    return wire
  }

  send(head: string | readonly string[], body = ''): void {
    this.socket.write(typeof head === 'string' ? head : `${head.join('\r\n')}${body}`)
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

async function until(what: () => boolean, withinMs = 5_000): Promise<void> {
  const end = performance.now() + withinMs
  while (!what()) {
    if (performance.now() > end) throw new Error('it did not happen in time')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const post = (...headers: string[]): string[] => ['POST / HTTP/1.1', 'Host: x', ...headers, '', '']

test('answers malformed requests with 400 and closes [door/malformed]', async () => {
  const refused: string[] = []
  await using listener = await open({
    onRefused: (why, address) => refused.push(`${why} ${address}`),
  })
  for (const bad of [
    'NONSENSE\r\n\r\n',
    'GET / HTTP/1.1\r\nA b: c\r\n\r\n',
    '\x16\x03\x01\x02\x00',
  ]) {
    using wire = await Wire.open(listener)
    wire.send(bad)
    await until(() => wire.closed)
    expect(wire.received).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/)
    expect(wire.received).toMatch(/x-request-id: /)
  }
  expect(refused).toEqual(Array.from({ length: 3 }, () => 'malformed 127.0.0.1'))
})

test('refuses smuggling: two lengths, or a length and chunks [door/smuggling]', async () => {
  await using listener = await open()
  for (const headers of [
    ['Content-Length: 3', 'Content-Length: 4'],
    ['Content-Length: 3', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: xchunked'],
  ]) {
    using wire = await Wire.open(listener)
    wire.send(post(...headers), 'abcd')
    await until(() => wire.received.includes('\r\n\r\n'))
    expect(wire.received).toMatch(/^HTTP\/1.1 400 /)
  }
})

test('answers too large headers with 431 [limits/headers]', async () => {
  const refused: string[] = []
  await using listener = await open({ onRefused: (why) => refused.push(why) })
  using wire = await Wire.open(listener)
  wire.send(post(`X-Large: ${'a'.repeat(9_000)}`))
  await until(() => wire.closed)
  expect(wire.received).toMatch(/^HTTP\/1.1 431 /)
  expect(wire.received).toContain('"code":"request_too_large"')
  expect(refused).toEqual(['headers_too_large'])
})

test('answers slow headers and slow bodies with 408, and their readers hear of it [limits/body/slow]', async () => {
  const bodies: unknown[] = []
  await using listener = await open({
    limits: { ...limits, requestMs: 200 },
    handler: (req) => {
      void readBody(req, BODY_MAX, roomy.reserve('a')).catch((error: unknown) => bodies.push(error))
    },
  })
  using headers = await Wire.open(listener)
  headers.send(['POST / HTTP/1.1', 'Host: x', 'X-Slow: '])
  using body = await Wire.open(listener)
  body.send(post('Content-Length: 10'), 'abc')
  await until(() => headers.closed && body.closed && bodies.length === 1)
  expect(headers.received).toMatch(/^HTTP\/1.1 408 /)
  expect(body.received).toMatch(/^HTTP\/1.1 408 /)
  expect(body.received).toContain('"code":"request_slow"')
  expect(bodies).toMatchObject([{ code: 'cancelled' }])
})

test('refuses a declared length over the cap before a byte is read, and says so [limits/body/declared]', async () => {
  await using listener = await open()
  using wire = await Wire.open(listener)
  wire.send(post(`Content-Length: ${BODY_MAX + 1}`))
  await until(() => wire.received.includes('request_too_large'))
  expect(wire.received).toMatch(/^HTTP\/1.1 413 /)
  expect(wire.received.toLowerCase()).toContain('connection: close')
  await until(() => wire.closed)
})

test('takes a body of exactly the cap [limits/body/size]', async () => {
  await using listener = await open()
  const answer = await fetch(`http://${listener.address}`, {
    method: 'POST',
    body: Buffer.alloc(BODY_MAX),
  })
  expect([answer.status, await answer.text()]).toEqual([200, String(BODY_MAX)])
})

test('a chunked body of 10 MB with no length gets its 413, and its bytes are not kept [limits/body/chunked]', async () => {
  const budget = new ByteBudget({ totalBytesMax: 2 ** 30 })
  await using listener = await open({ handler: (req, res) => void echo(req, res, budget) })
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const req = request({ port: listener.port, method: 'POST', host: '127.0.0.1' }, resolve)
    req.on('error', reject)
    for (let index = 0; index < 160; index += 1) req.write(Buffer.alloc(65_536))
    req.end()
  })
  expect(answer.statusCode).toBe(413)
  answer.resume()
  expect(budget.total).toBe(0)
})

test('a client that reads only after it has sent everything still gets its 413', async () => {
  await using listener = await open()
  using wire = await Wire.open(listener)
  wire.socket.pause()
  wire.send(post('Transfer-Encoding: chunked'))
  const chunk = `10000\r\n${'a'.repeat(65_536)}\r\n`
  for (let index = 0; index < 64; index += 1) wire.send(chunk)
  const sent = Promise.withResolvers<void>()
  wire.socket.write('0\r\n\r\n', () => sent.resolve())
  await sent.promise
  wire.socket.resume()
  await until(() => wire.closed)
  expect(wire.received).toMatch(/^HTTP\/1.1 413 /)
})

test('a client that never stops sending is cut off', async () => {
  await using listener = await open()
  using wire = await Wire.open(listener)
  wire.send(post('Transfer-Encoding: chunked'))
  const chunk = `10000\r\n${'a'.repeat(65_536)}\r\n`
  const timer = setInterval(() => wire.socket.write(chunk), 1)
  await until(() => wire.closed, 10_000)
  clearInterval(timer)
  expect(wire.received).toMatch(/^HTTP\/1.1 413 /)
})

test('answers 503 when the byte budget is used up, and gives every byte back [limits/bytes/total]', async () => {
  const budget = new ByteBudget({ totalBytesMax: 4_000 })
  await using listener = await open({ handler: (req, res) => void echo(req, res, budget) })
  const send = (bytes: number): Promise<Response> =>
    fetch(`http://${listener.address}`, { method: 'POST', body: Buffer.alloc(bytes) })
  expect((await send(1_001)).status).toBe(503)
  expect((await send(1_000)).status).toBe(200)
  expect(budget.total).toBe(0)
})

test('a client that goes away in the middle is cancelled', async () => {
  const errors: unknown[] = []
  await using listener = await open({
    handler: (req) => {
      void readBody(req, BODY_MAX, roomy.reserve('a')).catch((error: unknown) => errors.push(error))
    },
  })
  using wire = await Wire.open(listener)
  wire.send(post('Content-Length: 10'), 'abc')
  await until(() => listener.connections === 1)
  wire.socket.destroy()
  await until(() => errors.length === 1)
  expect(errors).toMatchObject([{ code: 'cancelled', outcome: 'not_sent' }])
})

test('a small refused body leaves the connection usable, and refusals have one shape', async () => {
  await using listener = await open({
    handler: (_req, res) =>
      sendError(res, new AppError('rate_limited', 'slow down', { retryAfterMs: 1_001 }), 'id-7', {
        challenge: true,
      }),
  })
  using wire = await Wire.open(listener)
  for (const round of [1, 2]) {
    wire.send(post('Content-Length: 5'), 'hello')
    await until(() => wire.received.split('HTTP/1.1 429').length === round + 1)
  }
  expect(wire.received).toMatch(/\r\nretry-after: 2\r\n/i)
  expect(wire.received).toMatch(/\r\nx-request-id: id-7\r\n/i)
  expect(wire.received).toMatch(/\r\nwww-authenticate: Bearer\r\n/i)
  expect(wire.received).toMatch(/\r\ncontent-type: application\/json\r\n/i)
  expect(JSON.parse(wire.received.slice(wire.received.lastIndexOf('\r\n\r\n') + 4))).toEqual({
    jsonrpc: '2.0',
    id: null,
    error: {
      code: -31_000,
      message: 'slow down',
      data: { code: 'rate_limited', requestId: 'id-7', retryable: true, retryAfterMs: 1_001 },
    },
  })
})

test('who asks before sending a body is asked for it only once it is wanted', async () => {
  await using listener = await open({
    handler: (req, res) => {
      if (req.url === '/in') void echo(req, res)
      else sendError(res, new AppError('credential_missing', 'a key is needed'), 'id')
    },
  })
  using refused = await Wire.open(listener)
  refused.send(post('Content-Length: 5', 'Expect: 100-continue'))
  await until(() => refused.received.includes('credential_missing'))
  expect(refused.received).toMatch(/^HTTP\/1.1 401 /)
  using wanted = await Wire.open(listener)
  wanted.send(['POST /in HTTP/1.1', 'Host: x', 'Content-Length: 5', 'Expect: 100-continue', '', ''])
  await until(() => wanted.received.startsWith('HTTP/1.1 100 '))
  wanted.send('hello')
  await until(() => wanted.received.includes('HTTP/1.1 200 '))
})

test('closes connections beyond the caps at once, and counts them [limits/connections]', async () => {
  const refused: string[] = []
  await using listener = await open({
    limits: { ...limits, connections: 3, connectionsPerAddress: 2 },
    onRefused: (why) => refused.push(why),
  })
  using first = await Wire.open(listener)
  using second = await Wire.open(listener)
  using third = await Wire.open(listener)
  await until(() => third.closed)
  expect([first.closed, second.closed, refused]).toEqual([
    false,
    false,
    ['connections_per_address'],
  ])
  first.socket.destroy()
  await until(() => listener.connections === 1)
  using fourth = await Wire.open(listener)
  fourth.send(post('Content-Length: 0'))
  await until(() => fourth.received.includes('200 OK'))
})

test('the whole cap holds for proxies too, the cap per address does not [limits/connections]', async () => {
  const refused: string[] = []
  await using listener = await open({
    limits: { ...limits, connections: 2, connectionsPerAddress: 1 },
    isProxy: () => true,
    onRefused: (why) => refused.push(why),
  })
  using _first = await Wire.open(listener)
  using _second = await Wire.open(listener)
  await until(() => listener.connections === 2)
  using third = await Wire.open(listener)
  await until(() => third.closed)
  expect(refused).toEqual(['connections'])
})

test('stopping closes idle connections, lets running requests finish, and refuses new ones', async () => {
  const started = Promise.withResolvers<ServerResponse>()
  await using listener = await open({ handler: (_req, res) => started.resolve(res) })
  using idle = await Wire.open(listener)
  using busy = await Wire.open(listener)
  busy.send(post('Content-Length: 0'))
  const response = await started.promise
  const stopping = listener.stop(10_000)
  await until(() => idle.closed)
  await expect(Wire.open(listener)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  response.end('done')
  await stopping
  await until(() => busy.closed)
  expect(busy.received).toMatch(/connection: close/i)
  expect(busy.received).toMatch(/done$/)
})

test('what is not finished when the drain ends is cut', async () => {
  const started = Promise.withResolvers<void>()
  await using listener = await open({ handler: () => started.resolve() })
  using busy = await Wire.open(listener)
  busy.send(post('Content-Length: 0'))
  await started.promise
  const long = listener.stop(60_000)
  await listener.stop(0)
  await long
  await until(() => busy.closed)
  expect(busy.received).toBe('')
})

test('an address in use is refused by name, and an impossible one too', async () => {
  await using listener = await open()
  await expect(open({ address: { host: '127.0.0.1', port: listener.port } })).rejects.toMatchObject(
    {
      code: 'port_taken',
      message: expect.stringContaining(listener.address),
    },
  )
  await expect(open({ address: { host: '192.0.2.1', port: 0 } })).rejects.toMatchObject({
    code: 'port_taken',
  })
})

test('a Unix socket is for its owner only, is not taken from a live listener, but from a dead one [store/socket]', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
  try {
    const address = { path: join(folder, 'admin.sock'), mode: 0o600 }
    {
      await using listener = await open({ address })
      expect([listener.address, listener.port]).toEqual([address.path, 0])
      expect(statSync(address.path).mode & 0o777).toBe(0o600)
      await expect(open({ address })).rejects.toMatchObject({ code: 'port_taken' })
    }
    await leaveSocketFile(address.path)
    await using again = await open({ address })
    const [answer] = (await once(
      request({ socketPath: again.address, method: 'GET' }).end(),
      'response',
    )) as [IncomingMessage] // the event's one argument
    expect(answer.statusCode).toBe(200)
    answer.resume()
  } finally {
    rmSync(folder, { recursive: true })
  }
})

/** What a killed process leaves: the file is moved away while its server closes, and then put back. */
async function leaveSocketFile(path: string): Promise<void> {
  const { renameSync } = await import('node:fs')
  const server = createServer()
  server.listen(path)
  await once(server, 'listening')
  renameSync(path, `${path}.kept`)
  await new Promise((resolve) => server.close(resolve))
  renameSync(`${path}.kept`, path)
}
