import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { HttpReader } from './http-reader.ts'

/** A whole response. `body` is valid only until the callback returns. */
export interface HttpAnswer {
  readonly status: number
  readonly head: string
  readonly body: Buffer
}

/** Called once: with the answer, or with the reason there is none. */
export type OnAnswer = (answer: HttpAnswer | Error) => void

/** One keep-alive connection that carries one request at a time. */
export class HttpConnection {
  readonly #socket: Socket
  #waiting: OnAnswer | undefined
  #status = 0
  #head = ''
  #parts: Buffer[] = []

  private constructor(socket: Socket) {
    this.#socket = socket
    const reader = new HttpReader({
      onHead: (status, head) => {
        this.#status = status
        this.#head = head
        this.#parts = []
      },
      onBody: (bytes) => this.#parts.push(bytes),
      onEnd: () => this.#settle(this.#answer()),
    })
    socket.on('data', (bytes: Buffer) => reader.push(bytes))
    socket.on('error', (error) => this.#settle(error))
    socket.on('close', () => this.#settle(new Error('the server closed the connection')))
  }

  /** Connects to a server on loopback. */
  static open(port: number): Promise<HttpConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.removeListener('error', reject)
        resolve(new HttpConnection(socket))
      })
    })
  }

  /** Sends one whole request; the previous one must have been answered. */
  send(request: Buffer, onAnswer: OnAnswer): void {
    this.#waiting = onAnswer
    if (this.#socket.destroyed) this.#settle(new Error('the connection is closed'))
    else this.#socket.write(request)
  }

  /** As `send`, for a caller that can wait. */
  request(request: Buffer): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      this.send(request, (answer) => {
        if (answer instanceof Error) reject(answer)
        else resolve({ ...answer, body: Buffer.from(answer.body) })
      })
    })
  }

  close(): void {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #answer(): HttpAnswer {
    const [only] = this.#parts
    const body = this.#parts.length === 1 && only ? only : Buffer.concat(this.#parts)
    return { status: this.#status, head: this.#head, body }
  }

  #settle(answer: HttpAnswer | Error): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.(answer)
  }
}
