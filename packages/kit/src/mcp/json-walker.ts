import type { Range } from './message.ts'

/** Why bytes are no message. `parse` is answered -32700, the rest -32600. */
export interface ScanFault {
  readonly fault: 'parse' | 'shape' | 'duplicate' | 'depth' | 'batch'
  /** One sentence for the sender. */
  readonly reason: string
}

/** A fault on its way out of a scan; never leaves this folder. */
export class Fault extends Error {
  readonly fault: ScanFault
  constructor(fault: ScanFault['fault'], reason: string) {
    super(reason)
    this.fault = { fault, reason }
  }
}

/** Objects with more names than this are checked for duplicates through a set. */
const KEYS_COMPARED_MAX = 12

/** The deepest nesting any scan may ask for. */
export const DEPTH_MAX = 512

/** Strings longer than this are skipped natively when their content need not be judged. */
const NATIVE_SKIP_BYTES_MIN = 48

const EMPTY = Buffer.alloc(0)

export const CHAR = {
  quote: 0x22,
  backslash: 0x5c,
  comma: 0x2c,
  colon: 0x3a,
  openObject: 0x7b,
  closeObject: 0x7d,
  openArray: 0x5b,
  closeArray: 0x5d,
} as const

/** 1 for each byte that stands for itself inside a string. */
const PLAIN = new Uint8Array(256).fill(1).fill(0, 0, 0x20)
PLAIN[CHAR.quote] = 0
PLAIN[CHAR.backslash] = 0

/** Told of one member of an object, at its value, together with whatever it fills. */
export type MemberVisitor<Into> = (
  into: Into,
  keyStart: number,
  keyEnd: number,
  escaped: boolean,
) => void

/**
 * Walks JSON bytes without building values: full grammar, nesting cap, duplicate names. Synchronous,
 * reusable, never re-entered. Faults are thrown as `Fault`.
 *
 * Source: RFC 8259.
 */
export class JsonWalker {
  bytes: Buffer = EMPTY
  /** Position of the next byte to read. */
  at = 0
  depth = 0
  #depthMax = 0
  /** A client's bytes: everything is judged. A server's: string content and deep duplicates are not. */
  #strict = true
  #keyStarts = new Int32Array(KEYS_COMPARED_MAX * (DEPTH_MAX + 1))
  #keyEnds = new Int32Array(KEYS_COMPARED_MAX * (DEPTH_MAX + 1))
  #keyTop = 0
  /** Of the string walked last: whether it holds an escape. */
  #escaped = false

  /** @param depthMax 1 to 512 */
  begin(bytes: Buffer, depthMax: number, strict: boolean): void {
    this.bytes = bytes
    this.at = 0
    this.depth = 0
    this.#depthMax = Math.min(depthMax, DEPTH_MAX)
    this.#strict = strict
    this.#keyTop = 0
  }

  /** Lets go of the bytes. */
  finish(): void {
    this.bytes = EMPTY
  }

  value(): void {
    const code = this.bytes[this.at]
    switch (code) {
      case CHAR.quote:
        return this.#string()
      case CHAR.openObject:
        this.#enter()
        this.object(undefined, undefined, this.#strict)
        this.depth -= 1
        return
      case CHAR.openArray:
        this.#enter()
        this.array(undefined)
        this.depth -= 1
        return
      case 0x74:
        return this.#literal('true')
      case 0x66:
        return this.#literal('false')
      case 0x6e:
        return this.#literal('null')
      default:
        return this.#number()
    }
  }

  #enter(): void {
    this.depth += 1
    if (this.depth > this.#depthMax) {
      throw new Fault('depth', `the message nests deeper than ${this.#depthMax} levels`)
    }
  }

  /** At `{`. `member` is called at each value and must move past it; without it values are skipped. */
  object<Into>(into: Into, member: MemberVisitor<Into> | undefined, unique: boolean): void {
    const bytes = this.bytes
    const base = this.#keyTop
    let seen: Set<string> | undefined
    this.at += 1
    this.space()
    if (bytes[this.at] === CHAR.closeObject) {
      this.at += 1
      return
    }
    for (;;) {
      if (bytes[this.at] !== CHAR.quote) throw this.#unexpected()
      const keyStart = this.at + 1
      this.#string()
      const keyEnd = this.at - 1
      const escaped = this.#escaped
      if (unique) seen = this.#noteKey(base, seen, keyStart, keyEnd)
      this.space()
      if (bytes[this.at] !== CHAR.colon) throw this.#unexpected()
      this.at += 1
      this.space()
      if (member) member(into, keyStart, keyEnd, escaped)
      else this.value()
      this.space()
      const next = bytes[this.at]
      this.at += 1
      if (next === CHAR.comma) {
        this.space()
        continue
      }
      if (next !== CHAR.closeObject) {
        this.at -= 1
        throw this.#unexpected()
      }
      this.#keyTop = base
      return
    }
  }

  array(element: ((range: Range) => void) | undefined): void {
    const bytes = this.bytes
    if (element) this.space()
    if (bytes[this.at] !== CHAR.openArray) throw this.#unexpected()
    this.at += 1
    this.space()
    if (bytes[this.at] === CHAR.closeArray) {
      this.at += 1
      return
    }
    for (;;) {
      const start = this.at
      this.value()
      element?.({ start, end: this.at })
      this.space()
      const next = bytes[this.at]
      this.at += 1
      if (next === CHAR.comma) {
        this.space()
        continue
      }
      if (next !== CHAR.closeArray) {
        this.at -= 1
        throw this.#unexpected()
      }
      return
    }
  }

  /** Remembers a name of the object whose names start at `base`; a repeated one is a fault. */
  #noteKey(
    base: number,
    seen: Set<string> | undefined,
    start: number,
    end: number,
  ): Set<string> | undefined {
    if (!seen && !this.#escaped && this.#keyTop - base < KEYS_COMPARED_MAX) {
      for (let index = base; index < this.#keyTop; index += 1) {
        if (this.#sameBytes(this.#keyStarts[index] ?? 0, this.#keyEnds[index] ?? 0, start, end)) {
          throw this.#duplicate(start, end)
        }
      }
      this.#keyStarts[this.#keyTop] = start
      this.#keyEnds[this.#keyTop] = end
      this.#keyTop += 1
      return undefined
    }
    const names = seen ?? new Set<string>()
    if (!seen) {
      for (let index = base; index < this.#keyTop; index += 1) {
        names.add(this.bytes.toString('utf8', this.#keyStarts[index], this.#keyEnds[index]))
      }
    }
    const name = this.#escaped ? this.decode(start, end) : this.bytes.toString('utf8', start, end)
    if (names.has(name)) throw this.#duplicate(start, end)
    names.add(name)
    return names
  }

  #sameBytes(aStart: number, aEnd: number, bStart: number, bEnd: number): boolean {
    if (aEnd - aStart !== bEnd - bStart) return false
    const bytes = this.bytes
    for (let a = aStart, b = bStart; a < aEnd; a += 1, b += 1) {
      if (bytes[a] !== bytes[b]) return false
    }
    return true
  }

  is(name: Buffer, start: number, end: number, escaped: boolean): boolean {
    if (escaped) return this.decode(start, end) === name.toString('latin1')
    if (end - start !== name.length) return false
    const bytes = this.bytes
    for (let index = 0; index < name.length; index += 1) {
      if (bytes[start + index] !== name[index]) return false
    }
    return true
  }

  /** Decodes a string value and moves past it; undefined (and moved past) when it is no string. */
  text(): string | undefined {
    const start = this.at
    if (this.bytes[start] !== CHAR.quote) {
      this.value()
      return undefined
    }
    this.#string()
    return this.#escaped
      ? this.decode(start + 1, this.at - 1)
      : this.bytes.toString('utf8', start + 1, this.at - 1)
  }

  /** Decodes a string that holds escapes; the range excludes its quotes. */
  decode(start: number, end: number): string {
    try {
      return String(JSON.parse(this.bytes.toString('utf8', start - 1, end + 1)))
    } catch (cause) {
      // Only a server's string may get here unjudged (a raw control character).
      throw new Fault('parse', `a name at byte ${start} is no JSON string: ${String(cause)}`)
    }
  }

  /** At the opening quote; moves past the closing one and sets `#escaped`. */
  #string(): void {
    const bytes = this.bytes
    const length = bytes.length
    let at = this.at + 1
    let nativeFrom = this.#strict ? length : at + NATIVE_SKIP_BYTES_MIN
    this.#escaped = false
    for (;;) {
      const stop = Math.min(nativeFrom, length)
      while (at < stop && PLAIN[bytes[at] as number] === 1) at += 1 // below the length: a byte
      if (at >= length) throw new Fault('parse', 'the message ends inside a string')
      if (at >= nativeFrom) {
        this.#escaped = true // unknown; decoding copes with both
        const quote = bytes.indexOf(CHAR.quote, at)
        if (quote === -1) throw new Fault('parse', 'the message ends inside a string')
        if (!isEscaped(bytes, quote, at)) {
          at = quote
          break
        }
        at = quote + 1
        nativeFrom = at + NATIVE_SKIP_BYTES_MIN
        continue
      }
      const code = bytes[at]
      if (code === CHAR.quote) break
      if (code !== CHAR.backslash) {
        throw new Fault('parse', `control character in a string at byte ${at}`)
      }
      this.#escaped = true
      at = this.#escape(at)
    }
    this.at = at + 1
  }

  /** At a backslash; returns the position after the escape. Source: RFC 8259 §7. */
  #escape(at: number): number {
    switch (this.bytes[at + 1]) {
      case 0x22:
      case 0x5c:
      case 0x2f:
      case 0x62:
      case 0x66:
      case 0x6e:
      case 0x72:
      case 0x74:
        return at + 2
      case 0x75: {
        for (let index = at + 2; index < at + 6; index += 1) {
          if (!isHex(this.bytes[index])) throw new Fault('parse', `bad escape at byte ${at}`)
        }
        return at + 6
      }
      default:
        throw new Fault('parse', `bad escape at byte ${at}`)
    }
  }

  #literal(text: string): void {
    for (let index = 0; index < text.length; index += 1) {
      if (this.bytes[this.at + index] !== text.charCodeAt(index)) throw this.#unexpected()
    }
    this.at += text.length
  }

  /** Source: RFC 8259 §6. */
  #number(): void {
    const bytes = this.bytes
    let at = this.at
    if (bytes[at] === 0x2d) at += 1
    if (bytes[at] === 0x30) at += 1
    else at = this.#digits(at)
    if (bytes[at] === 0x2e) at = this.#digits(at + 1)
    if (bytes[at] === 0x65 || bytes[at] === 0x45) {
      at += 1
      if (bytes[at] === 0x2b || bytes[at] === 0x2d) at += 1
      at = this.#digits(at)
    }
    this.at = at
  }

  #digits(from: number): number {
    const bytes = this.bytes
    let at = from
    while (isDigit(bytes[at])) at += 1
    if (at === from) throw this.#unexpected()
    return at
  }

  space(): void {
    const bytes = this.bytes
    let code = bytes[this.at]
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) {
      this.at += 1
      code = bytes[this.at]
    }
  }

  end(): void {
    this.space()
    if (this.at < this.bytes.length) throw this.#unexpected()
  }

  #unexpected(): Fault {
    return this.at >= this.bytes.length
      ? new Fault('parse', 'the message ends too early')
      : new Fault('parse', `unexpected character at byte ${this.at}`)
  }

  #duplicate(start: number, end: number): Fault {
    const shown = this.bytes.toString('utf8', start, Math.min(end, start + 40))
    return new Fault('duplicate', `the name "${shown}" stands twice in one object`)
  }
}

/** Whether an odd number of backslashes stands before `at`, none of them before `from`. */
function isEscaped(bytes: Buffer, at: number, from: number): boolean {
  let start = at
  while (start > from && bytes[start - 1] === CHAR.backslash) start -= 1
  return (at - start) % 2 === 1
}

/** Whether a byte is an ASCII digit. */
export function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= 0x30 && code <= 0x39
}

function isHex(code: number | undefined): boolean {
  if (code === undefined) return false
  return isDigit(code) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66)
}
