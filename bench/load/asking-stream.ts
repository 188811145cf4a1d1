import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { HttpReader } from './http-reader.ts'
import type { LaneAnswer } from './lane.ts'

/** Told of a question as it comes; `failed` ends the call that it belongs to. */
export type OnQuestion = (questionId: unknown, failed: (reason: string) => void) => void

/** A connection whose answers are event streams in which the client is asked, read as they come. */
export class AskingStream {
  readonly #socket: Socket
  readonly #onQuestion: OnQuestion
  #waiting: ((answer: LaneAnswer) => void) | undefined
  #status = 0
  #asked = false
  #text = ''
  #result = ''

  private constructor(socket: Socket, onQuestion: OnQuestion) {
    this.#socket = socket
    this.#onQuestion = onQuestion
    const reader = new HttpReader({
      onHead: (status) => {
        this.#status = status
        this.#asked = false
        this.#text = ''
        this.#result = ''
      },
      onBody: (bytes) => this.#read(bytes),
      onEnd: () => this.#end(),
    })
    socket.on('data', (bytes: Buffer) => reader.push(bytes))
    socket.on('error', (error) => this.#settle({ error: error.message }))
    socket.on('close', () => this.#settle({ error: 'the server closed the connection' }))
  }

  /** Connects to a server on loopback. */
  static open(url: URL, onQuestion: OnQuestion): Promise<AskingStream> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port: Number(url.port), host: '127.0.0.1', noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.removeListener('error', reject)
        resolve(new AskingStream(socket, onQuestion))
      })
    })
  }

  /** Sends one whole request; the previous one must have been answered. */
  send(request: Buffer, done: (answer: LaneAnswer) => void): void {
    this.#waiting = done
    if (this.#socket.destroyed) this.#settle({ error: 'the connection is closed' })
    else this.#socket.write(request)
  }

  close(): void {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #read(bytes: Buffer): void {
    this.#text += bytes.toString()
    for (let end = this.#text.indexOf('\n\n'); end >= 0; end = this.#text.indexOf('\n\n')) {
      const data = /^data: ?(.+)$/m.exec(this.#text.slice(0, end))?.[1]
      this.#text = this.#text.slice(end + 2)
      if (data !== undefined) this.#take(data)
    }
  }

  #take(data: string): void {
    const message = JSON.parse(data) as { readonly id?: unknown; readonly method?: string } // looked at below
    if (message.method === undefined) {
      this.#result = data
      return
    }
    if (message.method !== 'elicitation/create') return
    this.#asked = true
    this.#onQuestion(message.id, (error) => this.#settle({ error }))
  }

  #end(): void {
    const answer = { status: this.#status, body: Buffer.from(this.#result || this.#text) }
    this.#settle(this.#asked ? answer : unasked(answer))
  }

  #settle(answer: LaneAnswer): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.(answer)
  }
}

/** An answer that came without the question, as an error. */
export function unasked(answer: LaneAnswer): LaneAnswer {
  if ('error' in answer) return answer
  return { error: `nothing was asked: ${answer.status} ${answer.body.toString('utf8', 0, 200)}` }
}
