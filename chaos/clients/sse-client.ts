import { connect, type Socket } from 'node:net'
import { HttpReader } from '../../bench/load/http-reader.ts'
import { postBytes } from '../../bench/load/request.ts'
import { LEGACY } from '../../packages/cli/test/fixtures/wire.ts'
import { callMessage, type CallReport, judgeAnswer, type PlannedCall, strange } from './call.ts'
import type { Caller } from './http-client.ts'
import { HttpLine } from './http-line.ts'

/** A session of the 2024-11-05 transport with any number of calls at once: one stream, posts as they come. */
export class SseClient {
  readonly #caller: Caller
  readonly #stream: Socket
  readonly #lines: HttpLine[] = []
  readonly #waiting = new Map<number, (text: string) => void>()
  #posts: URL | undefined
  #text = ''
  #ids = 1_000_000
  #onEndpoint: () => void = () => undefined

  private constructor(caller: Caller) {
    const { url, token } = caller
    this.#caller = caller
    this.#stream = connect({ port: Number(url.port), host: '127.0.0.1', noDelay: true })
    const reader = new HttpReader({
      onHead: () => undefined,
      onBody: (bytes) => this.#read(bytes.toString()),
      onEnd: () => this.#stream.destroy(),
    })
    this.#stream.on('data', (bytes: Buffer) => reader.push(bytes))
    this.#stream.on('error', () => undefined) // whoever waits runs into the limit
    const accept = 'Accept: text/event-stream\r\n'
    this.#stream.write(
      `GET /sse HTTP/1.1\r\nHost: ${url.host}\r\n${accept}Authorization: Bearer ${token}\r\n\r\n`,
    )
  }

  /** Opens the stream and shakes hands. */
  static async open(caller: Caller): Promise<SseClient> {
    const client = new SseClient(caller)
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no endpoint came')), caller.withinMs)
      client.#onEndpoint = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    const clientInfo = { name: 'chaos', version: '1.0.0' }
    const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo }
    await client.#ask(0, { jsonrpc: '2.0', id: 0, method: 'initialize', params })
    await client.#post({ jsonrpc: '2.0', method: 'notifications/initialized' })
    return client
  }

  async call(call: PlannedCall): Promise<CallReport> {
    const id = (this.#ids += 1)
    const sentMs = performance.now()
    const text = await this.#ask(id, callMessage(call, id))
    const ms = performance.now() - sentMs
    const judged = text === undefined ? strange('no answer came') : judgeAnswer(call, id, text)
    return { call, client: 'sse', ms, ...judged }
  }

  close(): void {
    this.#stream.destroy()
    for (const line of this.#lines) line.close()
  }

  async #ask(id: number, message: object): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    const timer = setTimeout(() => resolve(undefined), this.#caller.withinMs)
    this.#waiting.set(id, resolve)
    const refused = await this.#post(message)
    if (refused !== undefined) resolve(refused)
    const text = await promise
    clearTimeout(timer)
    this.#waiting.delete(id)
    return text
  }

  /** Posts on a free line; gives the body of what is no 2xx. */
  async #post(message: object): Promise<string | undefined> {
    const { url, token, withinMs } = this.#caller
    const line = this.#lines.pop() ?? (await HttpLine.open(url))
    const headers = { Authorization: `Bearer ${token}` }
    const bytes = postBytes(this.#posts ?? url, headers, JSON.stringify(message))
    const response = await line.send(bytes, withinMs)
    if ('cut' in response) return response.cut
    this.#lines.push(line)
    return response.status < 300 ? undefined : response.body
  }

  #read(piece: string): void {
    const events = (this.#text === '' ? piece : this.#text + piece).split('\n\n')
    this.#text = events.pop() ?? ''
    for (const event of events) {
      // Of floods there is a lot to pass over.
      if (event.includes('"method":')) continue
      const data = /^data: ?(.*)$/m.exec(event)?.[1] ?? ''
      if (/^event: ?endpoint$/m.test(event)) {
        this.#posts = new URL(data, this.#caller.url)
        this.#onEndpoint()
      } else if (data !== '') this.#take(data)
    }
  }

  #take(data: string): void {
    const { id } = JSON.parse(data) as { id?: number } // looked at below
    if (typeof id === 'number') this.#waiting.get(id)?.(data)
  }
}
