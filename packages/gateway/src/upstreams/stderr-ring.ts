import type { Clock } from '@sallyport/kit/clock'
import { printable, redactText } from '@sallyport/kit/log'
import { KnownSecrets } from './known-secrets.ts'
import type { StderrLine } from './upstream.ts'

/** Lines that are shown at most. */
export const STDERR_LINES_MAX = 1_000
/** Of a longer line the beginning is shown. */
const LINE_BYTES_MAX = 8 * 1_024
const KEPT_BYTES = 1_024 * 1_024
const PIECES_MAX = 2 * STDERR_LINES_MAX
const PIECE_BYTES_MIN = 256
/** Read besides, where some lines are longer than what of them is shown. */
const SPARE_BYTES = 128 * 1_024
/** Of a line without end; more than is looked at for what of it is shown, whatever its letters. */
const BEGUN_BYTES_MAX = 8 * LINE_BYTES_MAX
const NEWLINE = 0x0a

/** What was written at once, or the beginnings of one line. */
interface Piece {
  readonly atMs: number
  readonly pid: number
  /** Filled up to `length`. */
  bytes: Buffer
  length: number
}

/** A line whose end has not come. */
interface Begun {
  readonly atMs: number
  readonly bytes: Buffer
}

/**
 * Keeps the last that the children of one server wrote to stderr, also after their end. Writing costs one
 * copy, however many lines are in it: lines are told apart when they are asked for.
 */
export class StderrRing {
  /** Never shown. */
  readonly secrets = new KnownSecrets()
  readonly #clock: Pick<Clock, 'nowMs'>
  #pieces: Piece[] = []
  #bytes = 0

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock
  }

  push(pid: number, chunk: Buffer): void {
    const last = this.#pieces.at(-1)
    const grows = last !== undefined && last.pid === pid && isOpen(last, chunk)
    if (grows) append(last, chunk)
    else this.#add(pid, chunk)
    this.#bytes += Math.min(chunk.length, KEPT_BYTES)
    this.#trim()
  }

  /**
   * The last lines, oldest first, without control characters, the known secrets and what looks like one; of
   * every child, or of the one with this pid. What stands after the last line break is a line too.
   */
  lines(linesMax: number, pid?: number): StderrLine[] {
    const wanted = Math.min(linesMax, STDERR_LINES_MAX)
    const found: StderrLine[] = []
    const begun = new Map<number, Begun>()
    for (const piece of this.#lastPieces(wanted, pid)) {
      const { atMs, pid: by } = piece
      const bytes = piece.bytes.subarray(0, piece.length)
      const before = begun.get(by)
      const end = bytes.lastIndexOf(NEWLINE) + 1
      if (end > 0) found.push(...linesOf(piece, before, wanted))
      const rest = bytes.subarray(end)
      if (end === 0 && before !== undefined) begun.set(by, joined(before, rest))
      else if (rest.length > 0) begun.set(by, { atMs, bytes: rest })
      else begun.delete(by)
    }
    for (const [by, { atMs, bytes }] of begun) {
      found.push({ atMs, pid: by, text: bytes.toString() })
    }
    return shownOf(found, wanted, this.secrets)
  }

  /** As many of the newest as may hold so many lines, oldest first. */
  #lastPieces(linesMax: number, pid: number | undefined): Piece[] {
    let bytes = linesMax * LINE_BYTES_MAX + SPARE_BYTES
    const pieces: Piece[] = []
    for (let at = this.#pieces.length - 1; at >= 0 && bytes > 0; at -= 1) {
      const piece = this.#pieces[at]
      if (piece === undefined || (pid !== undefined && piece.pid !== pid)) continue
      bytes -= piece.length
      pieces.push(piece)
    }
    return pieces.toReversed()
  }

  #add(pid: number, chunk: Buffer): void {
    const atMs = this.#clock.nowMs()
    const kept = chunk.subarray(-KEPT_BYTES)
    // A copy with memory of its own: a view would keep the whole buffer alive that it is a part of.
    const bytes = Buffer.allocUnsafeSlow(kept.length)
    kept.copy(bytes)
    this.#pieces.push({ atMs, pid, bytes, length: bytes.length })
  }

  #trim(): void {
    let excess = 0
    while (this.#bytes > KEPT_BYTES || this.#pieces.length - excess > PIECES_MAX) {
      this.#bytes -= this.#pieces[excess]?.length ?? 0
      excess += 1
    }
    if (excess > 0) this.#pieces.splice(0, excess)
  }
}

/** Whether what comes is no more than a part of the line with which the piece ends. */
function isOpen(piece: Piece, chunk: Buffer): boolean {
  if (piece.bytes[piece.length - 1] === NEWLINE) return false
  if (piece.length + chunk.length > LINE_BYTES_MAX) return false
  const end = chunk.indexOf(NEWLINE)
  return end === -1 || end === chunk.length - 1
}

function append(piece: Piece, chunk: Buffer): void {
  const length = piece.length + chunk.length
  if (length > piece.bytes.length) {
    const larger = Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES_MIN, 2 * length))
    piece.bytes.copy(larger, 0, 0, piece.length)
    piece.bytes = larger
  }
  chunk.copy(piece.bytes, piece.length)
  piece.length = length
}

/** A line without end grows no further than what of it is looked at. */
function joined(before: Begun, more: Buffer): Begun {
  if (before.bytes.length > BEGUN_BYTES_MAX) return before
  return { atMs: before.atMs, bytes: Buffer.concat([before.bytes, more]) }
}

/** The lines that end in this piece, as many of the last as wanted. */
function linesOf(piece: Piece, before: Begun | undefined, linesMax: number): StderrLine[] {
  const { atMs, pid, length } = piece
  const end = piece.bytes.subarray(0, length).lastIndexOf(NEWLINE)
  const bytes = piece.bytes.subarray(0, end)
  const whole = before === undefined ? bytes : Buffer.concat([before.bytes, bytes])
  const texts = whole.toString().split('\n')
  return texts.slice(-linesMax).map((text, index) => {
    const isFirst = index === 0 && texts.length <= linesMax
    return { atMs: isFirst ? (before?.atMs ?? atMs) : atMs, pid, text }
  })
}

function shownOf(
  lines: readonly StderrLine[],
  linesMax: number,
  secrets: KnownSecrets,
): StderrLine[] {
  const shown: StderrLine[] = []
  for (let at = lines.length - 1; at >= 0 && shown.length < linesMax; at -= 1) {
    const line = lines[at]
    const raw = line?.text.slice(0, 2 * LINE_BYTES_MAX)
    const text = raw && printable(redactText(secrets.hide(raw)), LINE_BYTES_MAX).trimEnd()
    if (line !== undefined && text) shown.push({ ...line, text })
  }
  return shown.toReversed()
}
