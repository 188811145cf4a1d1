import { isUtf8 } from 'node:buffer'
import { ABSENT, type Message, type Range } from './message.ts'

/** Why bytes are no message. `parse` is answered -32700, the rest -32600. */
export interface ScanFault {
  readonly fault: 'parse' | 'shape' | 'duplicate' | 'depth' | 'batch'
  /** One sentence for the sender. */
  readonly reason: string
}

export interface ScanLimits {
  /** Nesting of arrays and objects allowed, 1 to 512. */
  readonly depth: number
}

/** Nesting allowed in what servers send. */
const REPLY_DEPTH_MAX = 256

/** Objects with more names than this are checked for duplicates through a set. */
const KEYS_COMPARED_MAX = 12

/** Strings longer than this are skipped natively when their content need not be judged. */
const NATIVE_SKIP_BYTES_MIN = 48

const NAMES = {
  jsonrpc: Buffer.from('jsonrpc'),
  id: Buffer.from('id'),
  method: Buffer.from('method'),
  params: Buffer.from('params'),
  result: Buffer.from('result'),
  error: Buffer.from('error'),
  name: Buffer.from('name'),
  uri: Buffer.from('uri'),
  arguments: Buffer.from('arguments'),
  meta: Buffer.from('_meta'),
  isError: Buffer.from('isError'),
  resultType: Buffer.from('resultType'),
} as const

const CHAR = {
  quote: 0x22,
  backslash: 0x5c,
  comma: 0x2c,
  colon: 0x3a,
  openObject: 0x7b,
  closeObject: 0x7d,
  openArray: 0x5b,
  closeArray: 0x5d,
} as const

class Fault extends Error {
  readonly fault: ScanFault
  constructor(fault: ScanFault['fault'], reason: string) {
    super(reason)
    this.fault = { fault, reason }
  }
}

/**
 * One pass over the bytes of one message: full JSON grammar, nesting cap, duplicate names, and the
 * ranges of the parts that are read or rewritten. Builds no value. One instance is reused; it is
 * synchronous and never re-entered.
 */
class Scanner {
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #depth = 0
  #depthMax = 0
  /** A client's bytes: everything is judged. A server's: string content and deep duplicates are not. */
  #strict = true
  /** Position of the next backslash at or after the last place asked, or the length. */
  #nextBackslash = -1
  #keyStarts = new Int32Array(KEYS_COMPARED_MAX * 600)
  #keyEnds = new Int32Array(KEYS_COMPARED_MAX * 600)
  #keyTop = 0
  /** Of the string scanned last: whether it holds an escape. */
  #escaped = false

  scan(bytes: Buffer, depthMax: number, strict: boolean): Message | ScanFault {
    this.#bytes = bytes
    this.#at = 0
    this.#depth = 0
    this.#depthMax = depthMax
    this.#strict = strict
    this.#nextBackslash = -1
    this.#keyTop = 0
    try {
      if (!isUtf8(bytes)) throw new Fault('parse', 'the message is not valid UTF-8')
      return this.#message()
    } catch (thrown) {
      if (thrown instanceof Fault) return thrown.fault
      throw thrown
    } finally {
      this.#bytes = EMPTY
    }
  }

  /** Splits `[a, b]` into the ranges of its elements; undefined when it is no array. */
  elements(bytes: Buffer, depthMax: number): Range[] | ScanFault {
    this.#bytes = bytes
    this.#at = 0
    this.#depth = 1
    this.#depthMax = depthMax
    this.#strict = true
    this.#nextBackslash = -1
    this.#keyTop = 0
    try {
      if (!isUtf8(bytes)) throw new Fault('parse', 'the message is not valid UTF-8')
      const found: Range[] = []
      this.#array((range) => found.push(range))
      this.#end()
      return found
    } catch (thrown) {
      if (thrown instanceof Fault) return thrown.fault
      throw thrown
    } finally {
      this.#bytes = EMPTY
    }
  }

  /** Lists the members of the object in `range`, which a scan has found valid. */
  members(bytes: Buffer, range: Range): Member[] {
    this.#bytes = bytes
    this.#at = range.start
    this.#depth = 1
    this.#depthMax = 1_000
    this.#strict = false
    this.#nextBackslash = -1
    this.#keyTop = 0
    const found: Member[] = []
    if (bytes[range.start] !== CHAR.openObject) return found
    this.#object((keyStart, keyEnd, escaped) => {
      const valueStart = this.#at
      this.#value()
      const key = escaped ? this.#decode(keyStart, keyEnd) : bytes.utf8Slice(keyStart, keyEnd)
      found.push({ key, start: keyStart - 1, valueStart, end: this.#at })
    }, false)
    this.#bytes = EMPTY
    return found
  }

  #message(): Message {
    this.#space()
    const first = this.#bytes[this.#at]
    if (first !== CHAR.openObject) {
      if (first === CHAR.openArray) throw new Fault('batch', 'a batch is not taken here')
      this.#value()
      this.#end()
      throw new Fault('shape', 'a message is a JSON object')
    }
    const parts = new Parts()
    this.#depth = 1
    this.#object((keyStart, keyEnd, escaped) => this.#topMember(parts, keyStart, keyEnd, escaped), true)
    this.#end()
    return parts.toMessage(this.#bytes)
  }

  #topMember(parts: Parts, keyStart: number, keyEnd: number, escaped: boolean): void {
    const start = this.#at
    const kind = this.#bytes[start]
    if (this.#is(NAMES.id, keyStart, keyEnd, escaped)) {
      this.#value()
      parts.id = { start, end: this.#at }
    } else if (this.#is(NAMES.method, keyStart, keyEnd, escaped)) {
      parts.method = this.#text() ?? parts.refuse('`method` must be a string')
    } else if (this.#is(NAMES.params, keyStart, keyEnd, escaped)) {
      if (kind === CHAR.openObject) {
        this.#depth += 1
        this.#object((from, to, esc) => this.#paramsMember(parts, from, to, esc), true)
        this.#depth -= 1
      } else {
        this.#value()
        if (kind !== CHAR.openArray) parts.refuse('`params` must be an object')
      }
      parts.params = { start, end: this.#at }
    } else if (this.#is(NAMES.result, keyStart, keyEnd, escaped)) {
      if (kind === CHAR.openObject) {
        this.#depth += 1
        this.#object((from, to, esc) => this.#resultMember(parts, from, to, esc), true)
        this.#depth -= 1
      } else {
        this.#value()
      }
      parts.result = { start, end: this.#at }
    } else if (this.#is(NAMES.error, keyStart, keyEnd, escaped)) {
      this.#value()
      parts.error = { start, end: this.#at }
    } else if (this.#is(NAMES.jsonrpc, keyStart, keyEnd, escaped)) {
      parts.version = this.#text() ?? ''
    } else {
      this.#value()
    }
  }

  #paramsMember(parts: Parts, keyStart: number, keyEnd: number, escaped: boolean): void {
    const start = this.#at
    if (this.#is(NAMES.arguments, keyStart, keyEnd, escaped)) {
      this.#value()
      parts.arguments = { start, end: this.#at }
    } else if (this.#is(NAMES.name, keyStart, keyEnd, escaped)) {
      parts.name = this.#text()
      parts.nameRange = { start, end: this.#at }
    } else if (this.#is(NAMES.meta, keyStart, keyEnd, escaped)) {
      this.#value()
      parts.meta = { start, end: this.#at }
    } else if (this.#is(NAMES.uri, keyStart, keyEnd, escaped)) {
      parts.uri = this.#text()
    } else {
      this.#value()
    }
  }

  #resultMember(parts: Parts, keyStart: number, keyEnd: number, escaped: boolean): void {
    const start = this.#at
    if (this.#is(NAMES.isError, keyStart, keyEnd, escaped)) {
      this.#value()
      parts.isError = this.#bytes[start] === 0x74
    } else if (this.#is(NAMES.resultType, keyStart, keyEnd, escaped)) {
      parts.resultType = this.#text()
    } else {
      if (this.#is(NAMES.meta, keyStart, keyEnd, escaped)) {
        this.#value()
        parts.meta = { start, end: this.#at }
      } else {
        this.#value()
      }
    }
  }

  #value(): void {
    const code = this.#bytes[this.#at]
    switch (code) {
      case CHAR.quote:
        return this.#string()
      case CHAR.openObject:
        this.#enter()
        this.#object(undefined, this.#strict)
        this.#depth -= 1
        return
      case CHAR.openArray:
        this.#enter()
        this.#array(undefined)
        this.#depth -= 1
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
    this.#depth += 1
    if (this.#depth > this.#depthMax) {
      throw new Fault('depth', `the message nests deeper than ${this.#depthMax} levels`)
    }
  }

  /** At `{`. `member` is called at each value and must move past it; without it values are skipped. */
  #object(
    member: ((keyStart: number, keyEnd: number, escaped: boolean) => void) | undefined,
    unique: boolean,
  ): void {
    const bytes = this.#bytes
    const base = this.#keyTop
    let seen: Set<string> | undefined
    this.#at += 1
    this.#space()
    if (bytes[this.#at] === CHAR.closeObject) {
      this.#at += 1
      return
    }
    for (;;) {
      if (bytes[this.#at] !== CHAR.quote) throw this.#unexpected()
      const keyStart = this.#at + 1
      this.#string()
      const keyEnd = this.#at - 1
      const escaped = this.#escaped
      if (unique) seen = this.#noteKey(base, seen, keyStart, keyEnd)
      this.#space()
      if (bytes[this.#at] !== CHAR.colon) throw this.#unexpected()
      this.#at += 1
      this.#space()
      if (member) member(keyStart, keyEnd, escaped)
      else this.#value()
      this.#space()
      const next = bytes[this.#at]
      this.#at += 1
      if (next === CHAR.comma) {
        this.#space()
        continue
      }
      if (next !== CHAR.closeObject) {
        this.#at -= 1
        throw this.#unexpected()
      }
      this.#keyTop = base
      return
    }
  }

  #array(element: ((range: Range) => void) | undefined): void {
    const bytes = this.#bytes
    if (element) this.#space()
    if (bytes[this.#at] !== CHAR.openArray) throw this.#unexpected()
    this.#at += 1
    this.#space()
    if (bytes[this.#at] === CHAR.closeArray) {
      this.#at += 1
      return
    }
    for (;;) {
      const start = this.#at
      this.#value()
      element?.({ start, end: this.#at })
      this.#space()
      const next = bytes[this.#at]
      this.#at += 1
      if (next === CHAR.comma) {
        this.#space()
        continue
      }
      if (next !== CHAR.closeArray) {
        this.#at -= 1
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
        names.add(this.#bytes.utf8Slice(this.#keyStarts[index], this.#keyEnds[index]))
      }
    }
    const name = this.#escaped ? this.#decode(start, end) : this.#bytes.utf8Slice(start, end)
    if (names.has(name)) throw this.#duplicate(start, end)
    names.add(name)
    return names
  }

  #sameBytes(aStart: number, aEnd: number, bStart: number, bEnd: number): boolean {
    if (aEnd - aStart !== bEnd - bStart) return false
    const bytes = this.#bytes
    for (let a = aStart, b = bStart; a < aEnd; a += 1, b += 1) {
      if (bytes[a] !== bytes[b]) return false
    }
    return true
  }

  #is(name: Buffer, start: number, end: number, escaped: boolean): boolean {
    if (escaped) return this.#decode(start, end) === name.latin1Slice()
    if (end - start !== name.length) return false
    const bytes = this.#bytes
    for (let index = 0; index < name.length; index += 1) {
      if (bytes[start + index] !== name[index]) return false
    }
    return true
  }

  /** Decodes a string value and moves past it; undefined (and moved past) when it is no string. */
  #text(): string | undefined {
    const start = this.#at
    if (this.#bytes[start] !== CHAR.quote) {
      this.#value()
      return undefined
    }
    this.#string()
    return this.#escaped
      ? this.#decode(start + 1, this.#at - 1)
      : this.#bytes.utf8Slice(start + 1, this.#at - 1)
  }

  /** Decodes a string that holds escapes; the range excludes its quotes. */
  #decode(start: number, end: number): string {
    try {
      return String(JSON.parse(this.#bytes.utf8Slice(start - 1, end + 1)))
    } catch (cause) {
      // Only a server's string may get here unjudged (a raw control character).
      throw new Fault('parse', `a name at byte ${start} is no JSON string: ${String(cause)}`)
    }
  }

  /** At the opening quote; moves past the closing one and sets `#escaped`. */
  #string(): void {
    const bytes = this.#bytes
    let at = this.#at + 1
    this.#escaped = false
    const nativeFrom = this.#strict ? bytes.length : at + NATIVE_SKIP_BYTES_MIN
    while (at < bytes.length) {
      if (at >= nativeFrom) {
        at = this.#skipPlain(at)
      }
      const code = bytes[at] ?? 0
      if (code === CHAR.quote) {
        this.#at = at + 1
        return
      }
      if (code === CHAR.backslash) {
        this.#escaped = true
        at = this.#escape(at)
        continue
      }
      if (code < 0x20) throw new Fault('parse', `control character in a string at byte ${at}`)
      at += 1
    }
    throw new Fault('parse', 'the message ends inside a string')
  }

  /** The next quote or backslash at or after `at`, found natively. */
  #skipPlain(at: number): number {
    const bytes = this.#bytes
    const quote = bytes.indexOf(CHAR.quote, at)
    if (quote === -1) throw new Fault('parse', 'the message ends inside a string')
    if (this.#nextBackslash < at) {
      const next = bytes.indexOf(CHAR.backslash, at)
      this.#nextBackslash = next === -1 ? bytes.length : next
    }
    return Math.min(quote, this.#nextBackslash)
  }

  /** At a backslash; returns the position after the escape. Source: RFC 8259 §7. */
  #escape(at: number): number {
    switch (this.#bytes[at + 1]) {
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
          if (!isHex(this.#bytes[index])) throw new Fault('parse', `bad escape at byte ${at}`)
        }
        return at + 6
      }
      default:
        throw new Fault('parse', `bad escape at byte ${at}`)
    }
  }

  #literal(text: string): void {
    for (let index = 0; index < text.length; index += 1) {
      if (this.#bytes[this.#at + index] !== text.charCodeAt(index)) throw this.#unexpected()
    }
    this.#at += text.length
  }

  /** Source: RFC 8259 §6. */
  #number(): void {
    const bytes = this.#bytes
    let at = this.#at
    if (bytes[at] === 0x2d) at += 1
    if (bytes[at] === 0x30) at += 1
    else at = this.#digits(at)
    if (bytes[at] === 0x2e) at = this.#digits(at + 1)
    if (bytes[at] === 0x65 || bytes[at] === 0x45) {
      at += 1
      if (bytes[at] === 0x2b || bytes[at] === 0x2d) at += 1
      at = this.#digits(at)
    }
    this.#at = at
  }

  #digits(from: number): number {
    const bytes = this.#bytes
    let at = from
    while (isDigit(bytes[at])) at += 1
    if (at === from) throw this.#unexpected()
    return at
  }

  #space(): void {
    const bytes = this.#bytes
    let code = bytes[this.#at]
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) {
      this.#at += 1
      code = bytes[this.#at]
    }
  }

  #end(): void {
    this.#space()
    if (this.#at < this.#bytes.length) throw this.#unexpected()
  }

  #unexpected(): Fault {
    return this.#at >= this.#bytes.length
      ? new Fault('parse', 'the message ends too early')
      : new Fault('parse', `unexpected character at byte ${this.#at}`)
  }

  #duplicate(start: number, end: number): Fault {
    const shown = this.#bytes.utf8Slice(start, Math.min(end, start + 40))
    return new Fault('duplicate', `the name "${shown}" stands twice in one object`)
  }
}

/** What a scan has found so far; becomes a Message once the shape is right. */
class Parts {
  version = ''
  id: Range = ABSENT
  method: string | undefined
  params: Range = ABSENT
  name: string | undefined
  nameRange: Range = ABSENT
  uri: string | undefined
  arguments: Range = ABSENT
  meta: Range = ABSENT
  result: Range = ABSENT
  error: Range = ABSENT
  isError = false
  resultType: string | undefined
  #reason: string | undefined

  refuse(reason: string): undefined {
    this.#reason ??= reason
    return undefined
  }

  toMessage(bytes: Buffer): Message {
    const kind = this.#kind(bytes)
    return {
      bytes,
      kind,
      id: this.id,
      method: this.method ?? '',
      params: this.params,
      name: this.name,
      nameRange: this.nameRange,
      uri: this.uri,
      arguments: this.arguments,
      meta: this.meta,
      result: this.result,
      error: this.error,
      isError: this.isError,
      resultType: this.resultType,
    }
  }

  #kind(bytes: Buffer): Message['kind'] {
    if (this.#reason !== undefined) throw new Fault('shape', this.#reason)
    if (this.version !== '2.0') throw new Fault('shape', '`jsonrpc` must be "2.0"')
    const first = bytes[this.id.start]
    const idGiven = this.id.start !== -1
    const idGood = idGiven && (first === CHAR.quote || first === 0x2d || isDigit(first))
    if (this.method !== undefined) {
      if (this.result.start !== -1 || this.error.start !== -1) {
        throw new Fault('shape', 'a request carries no `result` or `error`')
      }
      if (idGiven && !idGood) throw new Fault('shape', '`id` must be a string or a number')
      return idGiven ? 'request' : 'notification'
    }
    if (this.result.start !== -1 && this.error.start !== -1) {
      throw new Fault('shape', 'a response carries `result` or `error`, not both')
    }
    if (this.result.start !== -1 && idGood) return 'response'
    if (this.error.start !== -1 && bytes[this.error.start] === CHAR.openObject) return 'error'
    throw new Fault('shape', 'the message is no request, notification or response')
  }
}

/** One `name: value` of an object: where it starts (the name's quote) and where its value lies. */
export interface Member {
  readonly key: string
  readonly start: number
  readonly valueStart: number
  readonly end: number
}

const EMPTY = Buffer.alloc(0)
const scanner = new Scanner()

function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= 0x30 && code <= 0x39
}

function isHex(code: number | undefined): boolean {
  if (code === undefined) return false
  return isDigit(code) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66)
}

/**
 * Judges and locates one message of a client: grammar, UTF-8, nesting, duplicate names at any depth.
 * Total: it never throws.
 *
 * Source: RFC 8259; JSON-RPC 2.0 §4-5; duplicate names refused by design (RFC 8259 §4 leaves them open).
 */
export function scanMessage(bytes: Buffer, limits: ScanLimits): Message | ScanFault {
  return scanner.scan(bytes, limits.depth, true)
}

/**
 * Locates one message of a server. Control characters inside strings and duplicate names deeper than
 * `result` are let through: they are carried, not judged. Undefined when it is no JSON-RPC message.
 */
export function scanReply(bytes: Buffer): Message | undefined {
  const scanned = scanner.scan(bytes, REPLY_DEPTH_MAX, false)
  return 'fault' in scanned ? undefined : scanned
}

/** Splits a JSON array into its elements. Only revision 2025-03-26 sends these. */
export function scanBatch(bytes: Buffer, limits: ScanLimits): Buffer[] | ScanFault {
  const ranges = scanner.elements(bytes, limits.depth)
  return Array.isArray(ranges) ? ranges.map(({ start, end }) => bytes.subarray(start, end)) : ranges
}

/** Lists the members of an object inside a scanned message, in order; none when it is no object. */
export function listMembers(bytes: Buffer, range: Range): Member[] {
  return range.start === -1 ? [] : scanner.members(bytes, range)
}

/** Lists the elements of an array inside a scanned message as byte slices; none when it is no array. */
export function listElements(bytes: Buffer, start: number, end: number): Buffer[] {
  const slice = bytes.subarray(start, end)
  const found = scanner.elements(slice, 1_000)
  return Array.isArray(found) ? found.map((range) => slice.subarray(range.start, range.end)) : []
}
