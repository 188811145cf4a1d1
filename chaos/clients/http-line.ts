import { connect, type Socket } from 'node:net'
import { HttpReader } from '../../bench/load/http-reader.ts'

/** A response, or why there is none. */
export type Response =
  | { readonly status: number; readonly head: string; readonly body: string }
  | { readonly cut: string }

/** One keep-alive connection on loopback that carries one request at a time. */
export class HttpLine {
  readonly #socket: Socket
  readonly #reader: HttpReader
  #waiting: ((response: Response) => void) | undefined
  #status = 0
  #head = ''
  #parts: Buffer[] = []

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#reader = new HttpReader({
      onHead: (status, head) => {
        this.#status = status
        this.#head = head
        this.#parts = []
      },
      onBody: (bytes) => this.#parts.push(Buffer.from(bytes)),
      onEnd: () => {
        const body = Buffer.concat(this.#parts).toString()
        this.#settle({ status: this.#status, head: this.#head, body })
      },
    })
    socket.on('data', (bytes: Buffer) => this.#reader.push(bytes))
    socket.on('error', (error) => this.#settle({ cut: error.message }))
    socket.on('close', () => this.#settle({ cut: 'the gateway closed the connection' }))
  }

  static open(url: URL): Promise<HttpLine> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port: Number(url.port), host: '127.0.0.1', noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.removeListener('error', reject)
        resolve(new HttpLine(socket))
      })
    })
  }

  get open(): boolean {
    return !this.#socket.destroyed
  }

  /** Sends one whole request; the previous one must have been answered, or is given up. */
  send(bytes: Buffer, withinMs: number): Promise<Response> {
    const { promise, resolve } = Promise.withResolvers<Response>()
    const timer = setTimeout(() => {
      this.#settle({ cut: `no answer within ${withinMs} ms` })
      this.#socket.destroy()
    }, withinMs)
    this.#waiting = (response) => {
      clearTimeout(timer)
      resolve(response)
    }
    if (this.#socket.destroyed) this.#settle({ cut: 'the connection was closed' })
    else this.#socket.write(bytes)
    return promise
  }

  close(): void {
    this.#socket.destroy()
  }

  #settle(response: Response): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.(response)
  }
}
