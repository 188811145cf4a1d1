import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect, test } from 'vitest'
import { Relay } from './relay.ts'

class Far implements AsyncDisposable {
  readonly seen: string[] = []
  readonly #server = createServer((incoming, response) => {
    this.seen.push(`${incoming.method} ${incoming.url} ${incoming.headers.host}`)
    incoming.pipe(response)
  })

  static async start(): Promise<Far> {
    const far = new Far()
    far.#server.listen(0, '127.0.0.1')
    await once(far.#server, 'listening')
    return far
  }

  get host(): string {
    const { port } = this.#server.address() as AddressInfo // listens on TCP
    return `127.0.0.1:${port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** The body of an answer, or the code of the error. */
function post(relay: Relay, path: string, host: string): Promise<string> {
  const { hostname, port } = new URL(relay.url)
  return new Promise((resolve) => {
    const options = { hostname, port, path, method: 'POST', agent: false, headers: { host } }
    const sent = request(options, (answer) => {
      answer.setEncoding('utf8')
      let text = ''
      answer.on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => resolve(text))
    })
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)))
    sent.end('body')
  })
}

test('a request in absolute form reaches its server under its own name, none while the relay is cut, and again after that', async () => {
  await using far = await Far.start()
  await using relay = await Relay.open()
  const path = `http://${far.host}/mcp?x=1`
  expect(await post(relay, path, 'far.example.com')).toBe('body')
  expect(far.seen).toEqual(['POST /mcp?x=1 far.example.com'])
  relay.cut()
  expect(await post(relay, path, far.host)).toBe('ECONNRESET')
  relay.restore()
  expect(await post(relay, path, far.host)).toBe('body')
})

test('a tunnel passes bytes as they are, and a cut ends it on both sides', async () => {
  await using far = await Far.start()
  await using relay = await Relay.open()
  const { hostname, port } = new URL(relay.url)
  const socket = connect({ host: hostname, port: Number(port) })
  socket.setEncoding('utf8')
  socket.write(`CONNECT ${far.host} HTTP/1.1\r\nhost: ${far.host}\r\n\r\n`)
  const [opened] = await once(socket, 'data')
  expect(opened).toBe('HTTP/1.1 200 OK\r\n\r\n')
  socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi')
  const [answered] = await once(socket, 'data')
  expect(answered).toMatch(/^HTTP\/1\.1 200 OK/)
  const closed = once(socket, 'close')
  socket.on('error', () => undefined)
  relay.cut()
  await closed
})

test('what is no address of a server is refused', async () => {
  await using relay = await Relay.open()
  expect(await post(relay, '/mcp', 'x')).toBe('')
  expect(await post(relay, 'file:///etc/passwd', 'x')).toBe('')
})
