const LF = 0x0a
const CR = 0x0d
const COLON = 0x3a
const SPACE = 0x20
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])
const NEWLINE = Buffer.from('\n')
const EDGE_BYTES = 256
const DATA_FIELD = /^data: ?/

export interface SseReaderOptions {
  /** Longest line and longest event data handed on, bytes. */
  readonly eventBytesMax: number
  /** The data of one `message` event. Often a view of the chunk it came in: copy what is kept. */
  onData(data: Buffer): void
  /** The data of an event of another type than `message`; without this they are skipped. */
  onOther?(type: string, data: Buffer): void
  /**
   * A line or an event went over the cap; its first and last bytes tell whose it was. Called once, and
   * nothing is read after it, unless the reader goes on.
   */
  onOversize(head: Buffer, tail: Buffer): void
  /** Skips an event over the cap and reads on after it. */
  readonly goesOn?: boolean
}

/**
 * Reads an event stream incrementally, on bytes. An event whose one data line lies inside a chunk is not
 * copied.
 *
 * Source: WHATWG HTML, "Server-sent events", "Interpreting an event stream".
 */
export class SseReader {
  readonly #options: SseReaderOptions
  /** Pieces of the line that has not ended yet. */
  #line: Buffer[] = []
  #lineBytes = 0
  #data: Buffer[] = []
  #dataBytes = 0
  #type = ''
  #lastId = ''
  #retryMs: number | undefined
  /** The edges of a line over the cap that has not ended yet. */
  #skipped: Edges | undefined
  /** The event that is being read is over the cap already. */
  #dropping = false
  #afterCr = false
  #started = false
  #over = false

  constructor(options: SseReaderOptions) {
    this.#options = options
  }

  /** The last event id seen, for resuming; empty when there was none. */
  get lastId(): string {
    return this.#lastId
  }

  /** What the server asked to wait before coming back, milliseconds. */
  get retryMs(): number | undefined {
    return this.#retryMs
  }

  push(chunk: Buffer): void {
    let from = 0
    if (this.#afterCr && chunk.length > 0) {
      if (chunk[0] === LF) from = 1
      this.#afterCr = false
    }
    let lf = chunk.indexOf(LF, from)
    let cr = chunk.indexOf(CR, from)
    while (!this.#over) {
      if (lf !== -1 && lf < from) lf = chunk.indexOf(LF, from)
      if (cr !== -1 && cr < from) cr = chunk.indexOf(CR, from)
      const end = lf === -1 || (cr !== -1 && cr < lf) ? cr : lf
      if (end === -1) break
      this.#endLine(chunk.subarray(from, end))
      from = end + 1
      if (end !== cr) continue
      if (from === chunk.length) this.#afterCr = true
      else if (chunk[from] === LF) from += 1
    }
    if (from < chunk.length) this.#holdLine(chunk.subarray(from))
  }

  #holdLine(part: Buffer): void {
    if (this.#over) return
    if (this.#skipped !== undefined) {
      this.#skipped.add(part)
      return
    }
    this.#line.push(part)
    this.#lineBytes += part.length
    if (this.#lineBytes <= this.#options.eventBytesMax) return
    const edges = new Edges(this.#line)
    this.#line = []
    this.#lineBytes = 0
    if (this.#options.goesOn === true) this.#skipped = edges
    else this.#drop(edges)
  }

  #endLine(rest: Buffer): void {
    if (this.#skipped !== undefined) {
      const edges = this.#skipped
      edges.add(rest)
      this.#skipped = undefined
      this.#drop(edges)
      return
    }
    let line = rest
    if (this.#line.length > 0) {
      this.#line.push(rest)
      line = Buffer.concat(this.#line)
      this.#line = []
      this.#lineBytes = 0
    }
    if (!this.#started) {
      this.#started = true
      if (line.subarray(0, 3).equals(BYTE_ORDER_MARK)) line = line.subarray(3)
    }
    if (line.length === 0) this.#dispatch()
    else if (line[0] !== COLON) this.#field(line)
  }

  #field(line: Buffer): void {
    const colon = line.indexOf(COLON)
    const nameEnd = colon === -1 ? line.length : colon
    const valueStart = colon !== -1 && line[colon + 1] === SPACE ? colon + 2 : nameEnd + 1
    const value = line.subarray(Math.min(valueStart, line.length))
    if (this.#dropping) return
    switch (line.toString('latin1', 0, nameEnd)) {
      case 'data':
        this.#dataBytes += value.length + 1
        this.#data.push(value)
        if (this.#dataBytes - 1 > this.#options.eventBytesMax) this.#drop(new Edges(this.#data))
        return
      case 'event':
        this.#type = value.toString('utf8')
        return
      case 'id':
        if (value.length <= 1_024 && !value.includes(0)) this.#lastId = value.toString('utf8')
        return
      case 'retry':
        if (/^\d{1,9}$/.test(value.toString('latin1'))) this.#retryMs = Number(value)
        return
      default: // Unknown fields are ignored.
    }
  }

  #dispatch(): void {
    const lines = this.#data
    const type = this.#type
    this.#type = ''
    this.#dropping = false
    if (lines.length === 0) return
    this.#data = []
    this.#dataBytes = 0
    const other = type !== '' && type !== 'message'
    if (other && this.#options.onOther === undefined) return
    const [only] = lines
    const data =
      lines.length === 1 && only !== undefined
        ? only
        : Buffer.concat(lines.flatMap((line) => [line, NEWLINE]).slice(0, -1))
    if (other) this.#options.onOther?.(type, data)
    // Servers prime a stream with an event that has an id and empty data.
    else if (data.length > 0) this.#options.onData(data)
  }

  /** The rest of the event is skipped, or that of the stream. */
  #drop({ head, tail }: Edges): void {
    this.#data = []
    this.#dataBytes = 0
    if (this.#dropping) return
    this.#dropping = true
    this.#over = this.#options.goesOn !== true
    this.#options.onOversize(head, tail)
  }
}

/** The first and the last bytes of what is too long to keep. */
class Edges {
  #head: Buffer = Buffer.alloc(0)
  #tail: Buffer = Buffer.alloc(0)

  constructor(parts: readonly Buffer[]) {
    for (const part of parts) this.add(part)
  }

  /** Without the name of the field. */
  get head(): Buffer {
    return Buffer.from(this.#head.toString('latin1').replace(DATA_FIELD, ''), 'latin1')
  }

  get tail(): Buffer {
    return this.#tail
  }

  add(part: Buffer): void {
    const room = EDGE_BYTES - this.#head.length
    if (room > 0) this.#head = Buffer.concat([this.#head, part.subarray(0, room)])
    this.#tail = Buffer.concat([this.#tail, part.subarray(-EDGE_BYTES)]).subarray(-EDGE_BYTES)
  }
}
