import type { Writable } from 'node:stream'
import type { Deadline, Deadlines } from '../limits/index.ts'
import type { StreamLimits } from './event-stream.ts'
import type { Answer, Reservation } from './exchange.ts'
import { onOneLine } from './splice.ts'

const NEWLINE = Buffer.from('\n')
/** Written in one piece, so that a slow reader can be told from one that takes nothing. */
const PIECE_BYTES_MAX = 65_536

interface Queued {
  readonly bytes: Buffer
  /** Where the rest of it starts. */
  at: number
  /** Told once all of it was handed over. */
  readonly left: (() => void) | undefined
}

/**
 * The writing side of a line-framed client: one JSON message a line, in order, and nothing else. Answers
 * wait for a slow reader, their bytes counted by their reservations; of anything else a bounded amount waits.
 * A reader that takes nothing, be it the end, is cut off.
 */
export class LineWriter {
  readonly #output: Writable
  readonly #limits: StreamLimits
  readonly #deadlines: Deadlines
  readonly #queue: Queued[] = []
  #queuedBytes = 0
  /** Bytes that wait and are counted by no reservation. */
  #newsBytes = 0
  #full = false
  #stall: Deadline | undefined
  #ending = false
  #gone = false
  #onRoom: (() => void) | undefined
  readonly #closed = Promise.withResolvers<void>()

  /** Takes over `output`, which it ends or destroys. */
  constructor(output: Writable, limits: StreamLimits, deadlines: Deadlines) {
    this.#output = output
    this.#limits = limits
    this.#deadlines = deadlines
    output.on('drain', () => this.#drained())
    // Whoever writes learns of it here; the reading side tells what it means.
    output.on('error', () => this.cut())
    output.once('finish', () => this.#close())
    output.once('close', () => this.#close())
  }

  /** Whether messages can still be sent. */
  get open(): boolean {
    return !this.#gone && !this.#ending
  }

  /** Settles when nothing will be written any more. */
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  /** Sends what nobody waits for. False when it went nowhere; a reader too slow for it is cut off. */
  send(message: Buffer): boolean {
    if (!this.open) return false
    const { length } = message
    if (this.#newsBytes + length > this.#limits.unreadBytesMax) {
      this.cut()
      return false
    }
    this.#newsBytes += length
    this.#enqueue([message], () => (this.#newsBytes -= length))
    return true
  }

  /** Sends an answer however much waits before it, and gives back `hold` when it has left or cannot leave. */
  answer({ bytes, more }: Pick<Answer, 'bytes' | 'more'>, hold: Reservation): void {
    if (this.open) this.#enqueue(more ? [bytes, ...more] : [bytes], () => hold.release())
    else hold.release()
  }

  /** Waits while more is unread than a reader may leave; undefined when there is nothing to wait for. */
  room(): Promise<void> | undefined {
    if (!this.open || this.#queuedBytes <= this.#limits.unreadBytesMax) return undefined
    return new Promise((resolve) => (this.#onRoom = resolve))
  }

  /** Ends after what was sent. Safe to call twice. */
  end(): void {
    if (!this.open) return
    this.#ending = true
    this.#watch()
    this.#pump()
  }

  /** Ends at once; what waits is dropped. Safe to call twice. */
  cut(): void {
    if (this.#gone) return
    this.#close()
    this.#output.destroy()
  }

  #enqueue(parts: readonly Buffer[], left: () => void): void {
    for (const part of parts) this.#add(onOneLine(part), undefined)
    this.#add(NEWLINE, left)
    this.#pump()
  }

  #add(bytes: Buffer, left: (() => void) | undefined): void {
    this.#queue.push({ bytes, at: 0, left })
    this.#queuedBytes += bytes.length
  }

  #pump(): void {
    if (this.#full || this.#gone) return
    this.#output.cork()
    while (!this.#full && this.#queue.length > 0) this.#writePiece()
    this.#output.uncork()
    if (this.#queue.length === 0 && this.#ending) this.#output.end()
    if (this.#queuedBytes <= this.#limits.unreadBytesMax) this.#roomMade()
  }

  #writePiece(): void {
    const [next] = this.#queue
    if (!next) return
    const piece = next.bytes.subarray(next.at, next.at + PIECE_BYTES_MAX)
    next.at += piece.length
    this.#queuedBytes -= piece.length
    if (next.at === next.bytes.length) this.#queue.shift()
    if (!this.#output.write(piece)) {
      this.#full = true
      this.#watch()
    }
    if (next.at === next.bytes.length) next.left?.()
  }

  #drained(): void {
    this.#full = false
    this.#stall?.cancel()
    this.#stall = undefined
    if (this.#ending) this.#watch()
    this.#pump()
  }

  #watch(): void {
    this.#stall ??= this.#deadlines.add(this.#limits.stallMs, () => this.cut())
  }

  #roomMade(): void {
    this.#onRoom?.()
    this.#onRoom = undefined
  }

  #close(): void {
    if (this.#gone) return
    this.#gone = true
    this.#stall?.cancel()
    for (const { left } of this.#queue.splice(0)) left?.()
    this.#roomMade()
    this.#closed.resolve()
  }
}
