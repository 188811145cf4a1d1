import { once } from 'node:events'
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { type Listener, type ListenerOptions, openListener } from '@sallyport/kit/http'
import { expect, test } from 'vitest'

const limits = {
  headerBytes: 8_192,
  requestMs: 10_000,
  connections: 100,
  connectionsPerAddress: 50,
}

function open(options: Partial<ListenerOptions>): Promise<Listener> {
  const address = { host: '127.0.0.1', port: 0 }
  return openListener({ address, limits, handler: (_req, res) => res.end('plain'), ...options })
}

/** Accepts every upgrade and sends back what it hears. */
const echo: NonNullable<ListenerOptions['onUpgrade']> = (_req, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
  socket.pipe(socket)
  socket.on('error', () => socket.destroy())
}

function ask({ port }: Listener) {
  const headers = { connection: 'Upgrade', upgrade: 'echo' }
  return request({ host: '127.0.0.1', port, agent: false, headers }).end()
}

async function upgraded(listener: Listener): Promise<Socket> {
  const [, socket] = (await once(ask(listener), 'upgrade')) as [unknown, Socket] // as documented
  socket.on('error', () => socket.destroy())
  return socket
}

test('without a taker a request for another protocol is an ordinary one', async () => {
  await using listener = await open({})
  const [response] = await once(ask(listener), 'response')
  expect(response.statusCode).toBe(200)
  response.resume()
})

test('a connection that was taken over is counted, and passes what came with the request', async () => {
  await using listener = await open({ onUpgrade: echo })
  const socket = await upgraded(listener)
  socket.write('hello')
  const [heard] = await once(socket, 'data')
  expect([String(heard), listener.connections]).toEqual(['hello', 1])
  socket.destroy()
})

test('a stop waits for connections that were taken over, and cuts them when the drain is over', async () => {
  await using listener = await open({ onUpgrade: echo })
  const [polite, stubborn] = [await upgraded(listener), await upgraded(listener)]
  let stopped = false
  const stop = listener.stop(300).then(() => (stopped = true))
  polite.write('still here')
  expect(String((await once(polite, 'data'))[0])).toBe('still here')
  polite.destroy()
  expect(stopped).toBe(false)
  await Promise.all([stop, once(stubborn, 'close')])
})
