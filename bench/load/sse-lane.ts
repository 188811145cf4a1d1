import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { ID_FIRST, INITIALIZED_TEXT, initializeText } from '../wire/mcp.ts'
import { HttpConnection } from './connection.ts'
import { HttpReader } from './http-reader.ts'
import type { Job, Target } from './job.ts'
import type { Lane, LaneAnswer } from './lane.ts'
import { askText, postBytes, RequestTemplate } from './request.ts'

type SseTarget = Extract<Target, { kind: 'sse' }>

/** Opens sessions of the 2024-11-05 transport: a stream for answers and a connection for posts, each. */
export async function openSseLanes(job: Job, target: SseTarget): Promise<Lane[]> {
  const lanes: Lane[] = []
  for (let at = 0; at < job.connections; at++) {
    const session = await SseSession.open(new URL(target.url))
    await session.handshake()
    lanes.push(session.lane(job))
  }
  return lanes
}

class SseSession {
  readonly #stream: Socket
  readonly #posts: HttpConnection
  readonly #url: URL
  #text: Buffer[] = []
  #waiting: ((answer: LaneAnswer) => void) | undefined
  #answer: Buffer | undefined
  #accepted = false

  private constructor(stream: Socket, posts: HttpConnection, url: URL) {
    this.#stream = stream
    this.#posts = posts
    this.#url = url
  }

  /** Opens the stream and waits for its first event, which names the address for posts. */
  static async open(url: URL): Promise<SseSession> {
    const posts = await HttpConnection.open(Number(url.port))
    const stream = connect({ port: Number(url.port), host: '127.0.0.1', noDelay: true })
    stream.write(
      `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nAccept: text/event-stream\r\n\r\n`,
    )
    return new Promise((resolve, reject) => {
      let session: SseSession | undefined
      const reader = new HttpReader({
        onHead: () => undefined,
        onBody: (bytes) => {
          if (session) return session.#read(bytes)
          const address = /^data: *(\S+)/m.exec(bytes.toString())?.[1]
          if (address === undefined) return
          session = new SseSession(stream, posts, new URL(address, url))
          resolve(session)
        },
        onEnd: () => reject(new Error('the event stream ended')),
      })
      stream.on('data', (bytes: Buffer) => reader.push(bytes))
      stream.on('error', reject)
    })
  }

  async handshake(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#call(postBytes(this.#url, {}, initializeText(ID_FIRST)), (answer) =>
        'error' in answer ? reject(new Error(answer.error)) : resolve(),
      )
    })
    await this.#posts.request(postBytes(this.#url, {}, INITIALIZED_TEXT))
  }

  lane(job: Job): Lane {
    const template = new RequestTemplate(postBytes(this.#url, {}, askText('legacy', job.ask)))
    return {
      call: (id, done) => this.#call(template.withId(id), done),
      close: () => {
        this.#posts.close()
        this.#stream.destroy()
      },
    }
  }

  /** A call is over when its post was accepted and its event has come, in either order. */
  #call(request: Buffer, done: (answer: LaneAnswer) => void): void {
    this.#waiting = done
    this.#answer = undefined
    this.#accepted = false
    this.#posts.send(request, (answer) => {
      if (answer instanceof Error) return this.#settle({ error: answer.message })
      if (answer.status >= 300) return this.#settle(answer)
      this.#accepted = true
      this.#settleIfOver()
    })
  }

  #read(bytes: Buffer): void {
    this.#text.push(bytes)
    if (!bytes.subarray(-2).equals(EVENT_END)) return
    const text = Buffer.concat(this.#text)
    this.#text = []
    if (!text.includes('"id":')) return
    this.#answer = text
    this.#settleIfOver()
  }

  #settleIfOver(): void {
    if (this.#accepted && this.#answer) this.#settle({ status: 200, body: this.#answer })
  }

  #settle(answer: LaneAnswer): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.(answer)
  }
}

const EVENT_END = Buffer.from('\n\n')
