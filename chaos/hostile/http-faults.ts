import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { host } from './host.ts'
import { type Fault, good, goodText, type Wire } from './wire.ts'

const OUTAGE_MS = 1_500

type Answer = (response: ServerResponse, wire: Wire) => unknown
type Raw = (socket: Socket, wire: Wire) => unknown

function http(answer: Answer, gets: Fault['gets'] = 'error', per1000 = 1_000): Fault {
  const strike = (wire: Wire) => (wire.response ? answer(wire.response, wire) : undefined)
  return { forms: ['http'], per1000, gets, strike }
}

/** Past the HTTP library: bytes on the connection. */
function raw(write: Raw, gets: Fault['gets'] = 'error', per1000 = 1_000): Fault {
  return http(({ socket }, wire) => (socket ? write(socket, wire) : undefined), gets, per1000)
}

function status(code: number, headers: Readonly<Record<string, string>> = {}): Fault {
  return http((response) => response.writeHead(code, headers).end('no'))
}

function whole(text: string): string {
  const length = Buffer.byteLength(text)
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${text}`
}

const JSON_HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'

async function comments(response: ServerResponse, { order }: Wire): Promise<void> {
  const untilMs = performance.now() + order.deadlineMs
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  while (!response.destroyed && performance.now() < untilMs) {
    response.write(': still here\n\n')
    await sleep(20)
  }
}

/** What only HTTP can do wrong. */
export const HTTP_FAULTS = {
  'status-500': status(500),
  'status-503': status(503, { 'retry-after': '1' }),
  'status-429': status(429, { 'retry-after': '1' }),
  'status-401': status(401, { 'www-authenticate': 'Bearer' }),
  'status-403': status(403),
  'status-404': status(404),
  redirect: status(302, { location: 'http://127.0.0.1:1/' }),
  'no-content': http((response) => response.writeHead(204).end()),
  accepted: http((response) => response.writeHead(202).end()),
  html: http((response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>login</html>')
  }),
  cut: raw((socket, wire) => {
    socket.write(`${JSON_HEAD}Content-Length: 5000\r\n\r\n${goodText(wire).slice(0, 30)}`)
    setTimeout(() => socket.destroy(), 20)
  }),
  'half-closed': raw((socket, wire) => {
    socket.end(`${JSON_HEAD}Content-Length: 5000\r\n\r\n${goodText(wire)}`)
  }),
  'reset-before': raw((socket) => socket.resetAndDestroy()),
  'reset-in-head': raw((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Ty')
    setTimeout(() => socket.resetAndDestroy(), 20)
  }),
  'reset-in-body': raw((socket, wire) => {
    socket.write(`${JSON_HEAD}Content-Length: 5000\r\n\r\n${goodText(wire)}`)
    setTimeout(() => socket.resetAndDestroy(), 20)
  }),
  'stalled-head': raw((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Ty')),
  'stalled-body': raw((socket, wire) =>
    socket.write(`${JSON_HEAD}Content-Length: 5000\r\n\r\n${goodText(wire)}`),
  ),
  'too-long': raw((socket, wire) => {
    socket.write(`${JSON_HEAD}Content-Length: 10\r\n\r\n${goodText(wire)}`)
  }),
  'two-lengths': raw((socket, wire) => {
    socket.write(`${JSON_HEAD}Content-Length: 10\r\nContent-Length: 90\r\n\r\n${goodText(wire)}`)
  }),
  'bad-chunk': raw((socket) => {
    socket.write(`${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\nnothing\r\n`)
  }),
  'head-flood': raw(
    (socket) => {
      const line = `X-Much: ${'x'.repeat(4_000)}\r\n`
      socket.write(`HTTP/1.1 200 OK\r\n${line.repeat(250)}`)
    },
    'error',
    100,
  ),
  'not-http': raw((socket) => socket.write('SSH-2.0-OpenSSH_9.9\r\n')),
  'interim-flood': raw(
    (socket, wire) => {
      socket.write('HTTP/1.1 102 Processing\r\n\r\n'.repeat(200))
      socket.write(whole(goodText(wire)))
    },
    'either',
    100,
  ),
  /** A second answer that nobody asked for, under the ids of the calls to come. */
  smuggled: raw((socket, wire) => {
    const next = { ...good({ ...wire, order: { ...wire.order, n: -1 } }), id: Number(wire.id) + 1 }
    socket.write(whole(goodText(wire)) + whole(JSON.stringify(next)))
  }, 'either'),
  'closed-after': raw((socket, wire) => {
    socket.write(whole(goodText(wire)))
    setImmediate(() => socket.resetAndDestroy())
  }, 'either'),
  zipped: http((response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
    response.end(Buffer.alloc(2_000, 7))
  }),
  'stream-ends': http((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(': bye\n\n')
  }),
  'stream-garbage': http((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end('data: {"jsonrpc":\n\ndata: nonsense\n\nnonsense\n\nid: \0\n\ndata: []\n\n')
  }),
  'comments-endless': http(comments, 'error', 100),
  refusing: http(() => host().refuse(OUTAGE_MS), 'error', 5),
  'hanging-up': http(() => host().hangUp(OUTAGE_MS), 'error', 5),
} as const satisfies Readonly<Record<string, Fault>>
