import { spawnSync } from 'node:child_process'
import { Agent, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type Listener, openListener } from '@sallyport/kit/http'
import { countUnaccepted } from '../../src/http/accept-queue.ts'
import { expect, test, vi } from 'vitest'

const limits = {
  headerBytes: 8_192,
  requestMs: 10_000,
  connections: 100,
  connectionsPerAddress: 50,
}

function open(handler: (req: IncomingMessage, res: ServerResponse) => void): Promise<Listener> {
  return openListener({ address: { host: '127.0.0.1', port: 0 }, handler, limits })
}

async function raw(listener: Listener): Promise<{ socket: Socket; received: () => string }> {
  const socket = connect({ host: '127.0.0.1', port: listener.port })
  let text = ''
  socket.on('data', (chunk) => (text += chunk.toString('latin1')))
  await once(socket, 'connect')
  return { socket, received: () => text }
}

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

test('a retired listener answers each open connection once more, with connection: close, and takes no new ones [handover/idle]', async () => {
  await using listener = await open((_req, res) => res.end('done'))
  const used = await raw(listener)
  used.socket.write(GET)
  await vi.waitFor(() => expect(used.received()).toMatch(/done$/))
  const unused = await raw(listener)
  await vi.waitFor(() => expect(listener.connections).toBe(2))

  listener.retire()
  await expect(raw(listener)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  for (const { socket, received } of [used, unused]) {
    const closed = once(socket, 'close')
    socket.write(GET)
    await closed
    expect(received()).toMatch(/connection: close\r\n[^]*done$/i)
  }
  expect(used.received()).toMatch(/connection: keep-alive/i)
  await listener.stop(10_000)
})

test('a retired listener lets running requests finish, and stops at once when nothing is open', async () => {
  const started = Promise.withResolvers<ServerResponse>()
  await using listener = await open((_req, res) => started.resolve(res))
  const busy = await raw(listener)
  busy.socket.write(GET)
  const response = await started.promise
  listener.retire()
  listener.retire()
  const stopped = listener.stop(10_000)
  response.end('late')
  await stopped
  await vi.waitFor(() => expect(busy.received()).toMatch(/connection: close\r\n[^]*late$/i))
})

test('clients that send all the time meet no reset while a listener retires and another takes its address [handover/idle]', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const first = await open((_req, res) => res.end('first'))
  const { port } = first
  let stop = false
  const answers: string[] = []
  const failures: unknown[] = []
  const loop = async (): Promise<void> => {
    while (!stop) {
      try {
        answers.push(await get(port, agent))
      } catch (error) {
        failures.push(error)
      }
    }
  }
  const loops = Array.from({ length: 8 }, loop)
  await vi.waitFor(() => expect(answers.length).toBeGreaterThan(100))
  first.retire()
  await using second = await openListener({
    address: { host: '127.0.0.1', port },
    handler: (_req, res) => res.end('second'),
    limits,
  })
  await vi.waitFor(() => expect(first.connections).toBe(0))
  await first.stop(0)
  await vi.waitFor(() => expect(answers.at(-1)).toBe('second'))
  stop = true
  await Promise.all(loops)
  agent.destroy()
  // Between the two nobody listened, which is refused at once and never in the middle of a request.
  expect(
    failures.filter((error) => (error as NodeJS.ErrnoException).code !== 'ECONNREFUSED'),
  ).toEqual([]) // errors of sockets
  expect(second.connections).toBeLessThanOrEqual(8)
})

async function get(port: number, agent: Agent): Promise<string> {
  const sent = request({ host: '127.0.0.1', port, agent }).end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage] // the event's one argument
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return text
}

test.runIf(process.platform === 'linux')(
  'who connected before a listener retires unheard is accepted first, and answered',
  async () => {
    await using listener = await open((_req, res) => res.end('done'))
    const address = { host: '127.0.0.1', port: listener.port }
    expect(countUnaccepted(address)).toBe(0)
    // Until the loop turns nobody accepts; the end of a client changes nothing in that.
    const script = `require('net').connect(${listener.port}, '127.0.0.1').on('connect', () => process.exit())`
    spawnSync(process.execPath, ['-e', script])
    expect(countUnaccepted(address)).toBe(1)
    let accepted = 0
    const counting = setInterval(() => (accepted = Math.max(accepted, listener.connections)), 0)
    await listener.retireUnheard()
    accepted = Math.max(accepted, listener.connections)
    clearInterval(counting)
    expect([accepted, countUnaccepted(address)]).toEqual([1, undefined])
    expect(countUnaccepted({ host: '127.0.0.1', port: 1 })).toBeUndefined()
  },
)
