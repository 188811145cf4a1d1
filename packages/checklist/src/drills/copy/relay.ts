import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'

const CONNECTIONS_MAX = 1_000

/**
 * A proxy on loopback between a copy and one of its remote servers, which can be cut. What it passes on of https
 * is TLS between those two, so that names and certificates are checked as ever.
 *
 * Source: RFC 9110 §9.3.6 (CONNECT), RFC 9112 §3.2.2 (absolute form).
 */
export class Relay implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #url: string
  #cut = false

  private constructor(server: Server) {
    this.#server = server
    const { port } = server.address() as AddressInfo // listens on TCP
    this.#url = `http://127.0.0.1:${port}`
    server.maxConnections = CONNECTIONS_MAX
    server.on('connection', (socket) => this.#accept(socket))
    server.on('connect', (incoming: IncomingMessage, socket: Socket) =>
      this.#tunnel(incoming, socket),
    )
    server.on('request', (incoming, response) => this.#forward(incoming, response))
  }

  static async open(): Promise<Relay> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Relay(server)
  }

  /** Value for the `proxy` of a server. */
  get url(): string {
    return this.#url
  }

  /** Ends every connection and takes no more, as if the server were gone. */
  cut(): void {
    this.#cut = true
    for (const socket of this.#sockets) socket.destroy()
  }

  restore(): void {
    this.#cut = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    const closed = once(this.#server, 'close')
    this.#server.close()
    await closed
  }

  #accept(socket: Socket): void {
    if (this.#cut) {
      socket.destroy()
      return
    }
    this.#hold(socket)
  }

  #hold(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => undefined) // an end like any other
    socket.once('close', () => this.#sockets.delete(socket))
  }

  #tunnel({ url = '' }: IncomingMessage, near: Socket): void {
    const [, host = '', port = ''] = /^\[?([^\]]*?)\]?:(\d+)$/.exec(url) ?? []
    const far = connect({ host, port: Number(port) })
    this.#hold(far)
    far.once('connect', () => {
      near.write('HTTP/1.1 200 OK\r\n\r\n')
      near.pipe(far).pipe(near)
    })
    near.once('close', () => far.destroy())
    far.once('close', () => near.destroy())
  }

  #forward(incoming: IncomingMessage, response: ServerResponse): void {
    const { method, headers, url = '' } = incoming
    const target = URL.parse(url)
    if (target === null || target.protocol !== 'http:') {
      response.writeHead(400).end()
      return
    }
    const outgoing = request(target, { method, headers, agent: false })
    outgoing.on('socket', (socket) => this.#hold(socket))
    outgoing.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      response.flushHeaders()
      answer.on('error', () => response.destroy())
      answer.pipe(response)
    })
    outgoing.on('error', () => response.destroy())
    response.once('close', () => outgoing.destroy())
    incoming.pipe(outgoing)
  }
}
