const NEWLINE = 0x0a
const EDGE_BYTES = 256

export interface LineReaderOptions {
  /** Longest line handed on, bytes. */
  readonly lineBytesMax: number
  /** A complete line without its newline. Often a view of the chunk it came in: copy what is kept. */
  onLine(line: Buffer): void
  /** A line over the cap has ended and was skipped; its first and last bytes tell whose it was. */
  onOversize(head: Buffer, tail: Buffer): void
}

/**
 * Splits a byte stream at newlines. A line inside one chunk is not copied, a line over several is joined
 * once, and of a line over the cap only its edges are kept.
 */
export class LineReader {
  readonly #options: LineReaderOptions
  #parts: Buffer[] = []
  #heldBytes = 0
  #head: Buffer | undefined
  #tail: Buffer = Buffer.alloc(0)
  #skippedBytes = 0

  constructor(options: LineReaderOptions) {
    this.#options = options
  }

  /** Bytes of the line being skipped so far; 0 when none is. */
  get skippedBytes(): number {
    return this.#skippedBytes
  }

  push(chunk: Buffer): void {
    let from = 0
    while (from < chunk.length) {
      const newline = chunk.indexOf(NEWLINE, from)
      if (newline === -1) {
        this.#hold(from === 0 ? chunk : chunk.subarray(from))
        return
      }
      this.#finish(chunk.subarray(from, newline))
      from = newline + 1
    }
  }

  #hold(part: Buffer): void {
    if (this.#head !== undefined) {
      this.#skip(part)
      return
    }
    this.#parts.push(part)
    this.#heldBytes += part.length
    if (this.#heldBytes > this.#options.lineBytesMax) this.#startSkipping()
  }

  #finish(part: Buffer): void {
    if (this.#head === undefined && this.#heldBytes === 0) {
      if (part.length === 0) return
      if (part.length <= this.#options.lineBytesMax) {
        this.#options.onLine(part)
        return
      }
    }
    this.#hold(part)
    if (this.#head !== undefined) {
      const head = this.#head
      const tail = this.#tail
      this.#reset()
      this.#options.onOversize(head, tail)
      return
    }
    const line = this.#parts.length === 1 ? (this.#parts[0] ?? part) : Buffer.concat(this.#parts)
    this.#reset()
    this.#options.onLine(line)
  }

  #startSkipping(): void {
    const whole = Buffer.concat(this.#parts)
    this.#parts = []
    this.#heldBytes = 0
    this.#head = Buffer.from(whole.subarray(0, EDGE_BYTES))
    this.#skip(whole)
  }

  #skip(part: Buffer): void {
    this.#skippedBytes += part.length
    this.#tail = Buffer.concat([this.#tail, part.subarray(-EDGE_BYTES)]).subarray(-EDGE_BYTES)
  }

  #reset(): void {
    this.#parts = []
    this.#heldBytes = 0
    this.#head = undefined
    this.#tail = Buffer.alloc(0)
    this.#skippedBytes = 0
  }
}

/**
 * Finds the id in the edges of a message that was too long to keep: at its front before any nested value,
 * or as its very last member, which is where SDKs put it. Undefined when it is at neither.
 */
export function idAtEdges(head: Buffer, tail: Buffer): number | undefined {
  const front = /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d{1,15})\s*,/
  const back = /,\s*"id"\s*:\s*(\d{1,15})\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/
  const found = front.exec(head.toString('latin1')) ?? back.exec(tail.toString('latin1'))
  return found === null ? undefined : Number(found[1])
}
