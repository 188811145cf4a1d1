/** What a reader reports of each response, in this order: one head, any number of body parts, one end. */
export interface ResponseSink {
  /** `head` is the status line and header lines, latin1, without the empty line. */
  onHead(status: number, head: string): void
  /** A piece of the body, transfer coding removed. Valid only during the call. */
  onBody(bytes: Buffer): void
  onEnd(): void
}

type State = 'head' | 'body' | 'chunk-size' | 'chunk-data' | 'chunk-end' | 'trailers'

const HEAD_END = Buffer.from('\r\n\r\n')
const LINE_END = Buffer.from('\r\n')

/**
 * Reads HTTP/1.1 responses from a byte stream with as little work as will do for servers on loopback:
 * `Content-Length` and chunked bodies, no `1xx`, no bodies that end with the connection.
 */
export class HttpReader {
  readonly #sink: ResponseSink
  #state: State = 'head'
  #rest: Buffer | undefined
  /** Bytes of the body or chunk still to come. */
  #left = 0

  constructor(sink: ResponseSink) {
    this.#sink = sink
  }

  /** Takes the next bytes of the stream. */
  push(bytes: Buffer): void {
    let input = this.#rest ? Buffer.concat([this.#rest, bytes]) : bytes
    this.#rest = undefined
    while (input.length > 0) {
      const used = this.#step(input)
      if (used === 0) {
        this.#rest = input
        return
      }
      input = input.subarray(used)
    }
  }

  /** Consumes what it can of the input; 0 means it needs more. */
  #step(input: Buffer): number {
    switch (this.#state) {
      case 'head':
        return this.#readHead(input)
      case 'body':
      case 'chunk-data':
        return this.#readData(input)
      case 'chunk-size':
        return this.#readChunkSize(input)
      case 'chunk-end':
        return this.#readChunkEnd(input)
      case 'trailers':
        return this.#readTrailers(input)
    }
  }

  #readHead(input: Buffer): number {
    const end = input.indexOf(HEAD_END)
    if (end < 0) return 0
    const head = input.toString('latin1', 0, end)
    const status = Number(head.slice(9, 12))
    this.#sink.onHead(status, head)
    if (/^transfer-encoding: *chunked/im.test(head)) {
      this.#state = 'chunk-size'
    } else {
      this.#left = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
      this.#state = 'body'
      if (this.#left === 0) this.#end()
    }
    return end + 4
  }

  #readData(input: Buffer): number {
    const used = Math.min(this.#left, input.length)
    this.#left -= used
    this.#sink.onBody(used === input.length ? input : input.subarray(0, used))
    if (this.#left > 0) return used
    if (this.#state === 'body') this.#end()
    else this.#state = 'chunk-end'
    return used
  }

  #readChunkSize(input: Buffer): number {
    const end = input.indexOf(LINE_END)
    if (end < 0) return 0
    this.#left = Number.parseInt(input.toString('latin1', 0, end), 16)
    this.#state = this.#left > 0 ? 'chunk-data' : 'trailers'
    return end + 2
  }

  #readChunkEnd(input: Buffer): number {
    if (input.length < 2) return 0
    this.#state = 'chunk-size'
    return 2
  }

  #readTrailers(input: Buffer): number {
    const end = input.indexOf(LINE_END)
    if (end < 0) return 0
    if (end === 0) this.#end()
    return end + 2
  }

  #end(): void {
    this.#state = 'head'
    this.#sink.onEnd()
  }
}
