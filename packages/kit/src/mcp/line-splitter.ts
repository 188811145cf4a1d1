import type { Reservation } from './exchange.ts'

const NEWLINE = 0x0a
const BLANK = /^[ \t\r]*$/
/** Longer lines hold more than blanks, whatever they hold. */
const BLANK_BYTES_MAX = 16

/** One line without its newline, or why there is none: it was too long, or there were no bytes left for it. */
export type SplitLine = Buffer | 'too_long' | 'overloaded'

/**
 * Splits what a peer sends at newlines. It holds one unfinished line at most, counted by a reservation; of
 * a line that is refused nothing is kept. Blank lines are passed over.
 *
 * Source: MCP, "Transports", stdio: messages are delimited by newlines.
 */
export class LineSplitter {
  readonly #bytesMax: number
  readonly #reserve: () => Reservation
  #parts: Buffer[] = []
  #heldBytes = 0
  #hold: Reservation | undefined
  #skipping = false

  /**
   * @param bytesMax longest line taken, bytes
   * @param reserve starts counting an unfinished line
   */
  constructor(bytesMax: number, reserve: () => Reservation) {
    this.#bytesMax = bytesMax
    this.#reserve = reserve
  }

  /** What has come of the line that is not complete yet. */
  get unfinished(): readonly Buffer[] {
    return this.#parts
  }

  /** The lines that end in this chunk, and at once those that are refused. Parts may be views of the chunk. */
  *push(chunk: Buffer): Generator<SplitLine, void, undefined> {
    let from = 0
    while (from < chunk.length) {
      const newline = chunk.indexOf(NEWLINE, from)
      const end = newline === -1 ? chunk.length : newline
      const refused = this.#take(chunk.subarray(from, end), newline !== -1)
      if (refused !== undefined) yield refused
      if (newline !== -1) {
        const line = this.#finish()
        if (line !== undefined) yield line
      }
      from = end + 1
    }
  }

  /** The last line, if the client ended without a newline. Gives back what is held. */
  end(): Buffer | undefined {
    return this.#finish()
  }

  #take(part: Buffer, complete: boolean): SplitLine | undefined {
    if (this.#skipping || part.length === 0) return undefined
    if (this.#heldBytes + part.length > this.#bytesMax) return this.#refuse('too_long')
    // A line that is complete is counted by whoever takes it.
    if (!complete && !(this.#hold ??= this.#reserve()).grow(part.length)) {
      return this.#refuse('overloaded')
    }
    this.#parts.push(part)
    this.#heldBytes += part.length
    return undefined
  }

  #refuse(why: 'too_long' | 'overloaded'): SplitLine {
    this.#finish()
    this.#skipping = true
    return why
  }

  #finish(): Buffer | undefined {
    const [first] = this.#parts
    const line = this.#parts.length > 1 ? Buffer.concat(this.#parts, this.#heldBytes) : first
    this.#parts = []
    this.#heldBytes = 0
    this.#skipping = false
    this.#hold?.release()
    this.#hold = undefined
    return line === undefined || isBlank(line) ? undefined : line
  }
}

function isBlank(line: Buffer): boolean {
  return line.length <= BLANK_BYTES_MAX && BLANK.test(line.toString('latin1'))
}
