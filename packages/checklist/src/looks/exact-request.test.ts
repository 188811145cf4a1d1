import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { expect, test } from 'vitest'
import { ask, type AskOptions, jsonOf, type Reply } from './exact-request.ts'

async function answerOf(answer: RequestListener, options: AskOptions = {}): Promise<Reply> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // listening on TCP
  try {
    return await ask(`http://127.0.0.1:${port}/a`, options, AbortSignal.timeout(5_000))
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

test('headers go out and come back as they stand, and no redirect is followed', async () => {
  let seen: object = {}
  const reply = await answerOf(
    (req, res) => {
      seen = { host: req.headers.host, agent: req.headers['user-agent'], method: req.method }
      res.writeHead(308, { location: '/b', 'set-cookie': ['a=1', 'b=2'] }).end('{"a":1}')
    },
    { method: 'PUT', headers: { host: 'x.invalid' }, body: 'b' },
  )
  expect(seen).toEqual({ host: 'x.invalid', agent: undefined, method: 'PUT' })
  expect(reply).toMatchObject({
    status: 308,
    headers: { location: '/b', 'set-cookie': 'a=1, b=2' },
    text: '{"a":1}',
  })
})

test('an answer without end is read to a bound, and one without a beginning is given up', async () => {
  const endless = await answerOf((_req, res) => {
    const more = (): void =>
      void (res.write(Buffer.alloc(65_536)) ? setImmediate(more) : res.once('drain', more))
    more()
  })
  expect('text' in endless && endless.text.length).toBeLessThan(1_048_576)
  expect(await answerOf(() => undefined, { deadlineMs: 50 })).toEqual({
    unreached: 'no answer within 50 ms',
  })
})

test('of a stream the first event is enough, of a head nothing more', async () => {
  const stream: RequestListener = (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.write('data: {"n":1}\n\n')
  }
  const first = await answerOf(stream, { until: 'event' })
  expect('status' in first && jsonOf(first)).toEqual({ n: 1 })
  expect(await answerOf(stream, { until: 'head' })).toMatchObject({ status: 200, text: '' })
})

test('whoever gives up hears its own reason', async () => {
  const asking = ask('http://127.0.0.1:9/', {}, AbortSignal.abort(new RangeError('enough')))
  await expect(asking).rejects.toThrow('enough')
})

test('why there is no answer is said in words', async () => {
  const server = createTcpServer((socket) => socket.resume().end('-ERR\r\n')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // listening on TCP
  const signal = AbortSignal.timeout(5_000)
  const said = [
    await ask(`http://127.0.0.1:${port}/`, {}, signal),
    await ask(`https://127.0.0.1:${port}/`, {}, signal),
  ]
  server.close()
  await once(server, 'close')
  said.push(await ask(`http://127.0.0.1:${port}/`, {}, signal))
  expect(said).toEqual([
    { unreached: 'what answers there does not speak HTTP' },
    { unreached: 'what answers there does not speak TLS' },
    { unreached: 'nothing listens there' },
  ])
})
