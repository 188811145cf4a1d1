import type { Readable } from 'node:stream'

/** Reads that are free for who was quiet so long. */
const CREDIT = 8
const QUIET_MS = 50
/** What a pipe gives at once at most: that much means that more is waiting. */
const FULL_BYTES = 64 * 1_024
/** Work on what one child wrote, before everybody else has a turn. */
const TURN_MS = 2
/** The clock is looked at after so much, and the rest of a line. */
const SLICE_BYTES = 8 * 1_024
const NEWLINE = 0x0a
/** Reads closer together than this belong to one turn. */
const GAP_MS = 0.2

/** Where bytes come from, and what can hold them back. */
export interface Source {
  pause(): void
  resume(): void
}

/**
 * Shares out the time of the event loop, of which a process has one, among all that has more to hand on than
 * its turn was long.
 */
class Rota {
  /** When the present run of reads began; reads with next to nothing between them are one run. */
  #beganMs = 0
  #readMs = -Infinity
  readonly #queue: Turns[] = []
  #scheduled = false

  /** Whether the present run took its time, and others come next. */
  get isOver(): boolean {
    return performance.now() - this.#beganMs > TURN_MS
  }

  begin(nowMs: number): void {
    if (nowMs - this.#readMs > GAP_MS) this.#beganMs = nowMs
  }

  /** As `isOver`, after a read. */
  end(): boolean {
    this.#readMs = performance.now()
    return this.#readMs - this.#beganMs > TURN_MS
  }

  add(turns: Turns): void {
    this.#queue.push(turns)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#run)
  }

  readonly #run = (): void => {
    this.#scheduled = false
    this.#beganMs = performance.now()
    do this.#queue.shift()?.proceed()
    while (this.#queue.length > 0 && !this.isOver)
    this.#readMs = performance.now()
    if (this.#queue.length > 0) this.#schedule()
  }
}

const ROTA = new Rota()

/**
 * Hands on what one source sends, in turns: after two milliseconds of it, and of others like it, everybody
 * else comes first. It would otherwise be read many times in a row, and each read may hold hundreds of
 * messages. Who sends little now and then is never held back.
 */
export class Turns {
  readonly #source: Source
  readonly #onChunk: (chunk: Buffer) => void
  /** What its turn was too short for. */
  #waiting: Buffer[] = []
  /** Reads that are free, until it was quiet for a while. */
  #credit = CREDIT
  #readMs = 0
  #resting = false
  #over = false

  constructor(source: Source, onChunk: (chunk: Buffer) => void) {
    this.#source = source
    this.#onChunk = onChunk
  }

  push(chunk: Buffer): void {
    // A source may send on for a while, and one whose process has ended is not held back.
    if (this.#resting || this.#waiting.length > 0) {
      this.#waiting.push(chunk)
      return
    }
    const nowMs = performance.now()
    this.#credit = nowMs - this.#readMs > QUIET_MS ? CREDIT : this.#credit - 1
    this.#readMs = nowMs
    ROTA.begin(nowMs)
    const done = this.#work(chunk)
    if ((ROTA.end() && this.#credit <= 0) || !done) this.#rest()
  }

  /** Goes on where its turn ended. */
  proceed(): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const done = this.#work(next)
      if (this.#waiting.length === 0 || (done && !ROTA.isOver)) continue
      ROTA.add(this)
      return
    }
    this.#resting = false
    // It was not quiet: it was not heard.
    this.#readMs = performance.now()
    if (!this.#over) this.#source.resume()
  }

  /** The source is at its end: hands on at once what waits. */
  flush(): void {
    this.#over = true
    for (const chunk of this.#waiting.splice(0)) this.#onChunk(chunk)
  }

  /** Forgets what waits. */
  stop(): void {
    this.#over = true
    this.#waiting = []
  }

  /** Whether all of it was handed on in time. */
  #work(chunk: Buffer): boolean {
    for (let at = 0, end = 0; at < chunk.length; at = end) {
      if (at > 0 && ROTA.isOver) {
        this.#waiting.unshift(chunk.subarray(at))
        return false
      }
      // Never within a line: joining its parts again costs more than it.
      end = chunk.indexOf(NEWLINE, at + SLICE_BYTES) + 1 || chunk.length
      this.#onChunk(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end))
    }
    return true
  }

  readonly #pause = (): void => {
    if (this.#resting && !this.#over) this.#source.pause()
  }

  #rest(): void {
    if (this.#resting) return
    this.#resting = true
    // Not within what it hands on now: undici would put the rest of it back and copy it again for each turn, and
    // as the socket reads on with each of them, it would grow until most of the time goes into copying.
    queueMicrotask(this.#pause)
    ROTA.add(this)
  }
}

/** As `Turns`, for a stream. Whatever came before its end is handed on before that end is told. */
export function readInTurns(stream: Readable, onChunk: (chunk: Buffer) => void): void {
  const turns = new Turns(stream, onChunk)
  stream.on('data', (chunk: Buffer) => turns.push(chunk))
  stream.once('end', () => turns.flush())
}

/**
 * Hands on what a stream brings, with a rest after each full read: it bounds what is read in a second, and so
 * what a child that floods can cost.
 */
export function readSlowly(
  stream: Readable,
  restMs: number,
  onChunk: (chunk: Buffer) => void,
): void {
  stream.on('data', (chunk: Buffer) => {
    onChunk(chunk)
    if (chunk.length < FULL_BYTES) return
    stream.pause()
    setTimeout(() => stream.resume(), restMs).unref()
  })
}
