import type { Readable } from 'node:stream'

/** What a pipe gives at once at most: that much means that more is waiting. */
const FULL_BYTES = 64 * 1_024
/** Work on what one child wrote, before everybody else has a turn. */
const TURN_MS = 2
/** The clock is looked at after so much, and the rest of a line. */
const SLICE_BYTES = 8 * 1_024
const NEWLINE = 0x0a
/** Reads closer together than this belong to one turn. */
const GAP_MS = 0.2

/**
 * Hands on what a stream brings, in turns: after two milliseconds of it others come first. Node.js would read
 * a child that writes without end 32 times in a row, and each read may hold hundreds of messages. Whatever
 * came before the end of the stream is handed on before that end is told.
 */
export function readInTurns(stream: Readable, onChunk: (chunk: Buffer) => void): void {
  let waiting: Buffer[] = []
  let turnMs = 0
  let readMs = -Infinity
  /** Whether all of it was handed on in time. */
  const work = (chunk: Buffer): boolean => {
    for (let at = 0, end = 0; at < chunk.length; at = end) {
      if (at > 0 && performance.now() - turnMs > TURN_MS) {
        waiting.unshift(chunk.subarray(at))
        return false
      }
      // Never within a line: joining its parts again costs more than it.
      end = chunk.indexOf(NEWLINE, at + SLICE_BYTES) + 1 || chunk.length
      onChunk(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end))
    }
    return true
  }
  const rest = (): void => {
    stream.pause()
    setImmediate(proceed)
  }
  const proceed = (): void => {
    turnMs = performance.now()
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (work(next)) continue
      setImmediate(proceed)
      return
    }
    stream.resume()
  }
  stream.on('data', (chunk: Buffer) => {
    // A stream whose process has ended is not to be stopped.
    if (waiting.length > 0) {
      waiting.push(chunk)
      return
    }
    const nowMs = performance.now()
    if (nowMs - readMs > GAP_MS) turnMs = nowMs
    const done = work(chunk)
    readMs = performance.now()
    if (!done || readMs - turnMs > TURN_MS) rest()
  })
  stream.once('end', () => {
    const left = waiting
    waiting = []
    for (const chunk of left) onChunk(chunk)
  })
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
