import { isUtf8 } from 'node:buffer'
import { CHAR, Fault, isDigit, JsonWalker, type ScanFault } from './json-walker.ts'
import { ABSENT, type Member, type Message, type Range } from './message.ts'
import { slice } from './splice.ts'

export interface ScanLimits {
  /** Nesting of arrays and objects allowed, 1 to 512. */
  readonly depth: number
}

/** Nesting allowed in what servers send. */
const REPLY_DEPTH_MAX = 256

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

const walker = new JsonWalker()

/**
 * Judges and locates one message of a client: grammar, UTF-8, nesting, duplicate names at any depth.
 * Total: it never throws.
 *
 * Source: RFC 8259; JSON-RPC 2.0 §4-5; duplicate names refused by design (RFC 8259 §4 leaves them open).
 */
export function scanMessage(bytes: Buffer, limits: ScanLimits): Message | ScanFault {
  return walk(bytes, limits.depth, true, readMessage)
}

/**
 * Locates one message of a server. Control characters inside strings and duplicate names deeper than
 * `result` are let through: they are carried, not judged. Undefined when it is no JSON-RPC message.
 */
export function scanReply(bytes: Buffer): Message | undefined {
  const scanned = walk(bytes, REPLY_DEPTH_MAX, false, readMessage)
  return 'fault' in scanned ? undefined : scanned
}

/** Splits a JSON array into its elements. Only revision 2025-03-26 sends these. */
export function scanBatch(bytes: Buffer, limits: ScanLimits): Buffer[] | ScanFault {
  const ranges = walk(bytes, limits.depth, true, readElements)
  return Array.isArray(ranges) ? ranges.map(({ start, end }) => bytes.subarray(start, end)) : ranges
}

/** Lists the members of an object inside a scanned message, in order; none when it is no object. */
export function listMembers(bytes: Buffer, range: Range): Member[] {
  if (range.start === -1) return []
  const members = walk(slice(bytes, range), REPLY_DEPTH_MAX, false, readMembers)
  return Array.isArray(members) ? members : []
}

/**
 * The members of a message's `_meta`, listed once however often they are asked for; none without one. Their
 * places are counted from `meta.start`.
 */
export function metaMembers(message: Message): readonly Member[] {
  return (message.members ??= listMembers(message.bytes, message.meta))
}

/** Lists the elements of an array inside a scanned message as byte slices; none when it is no array. */
export function listElements(bytes: Buffer, start: number, end: number): Buffer[] {
  const array = bytes.subarray(start, end)
  const found = walk(array, REPLY_DEPTH_MAX, false, readElements)
  return Array.isArray(found) ? found.map((range) => array.subarray(range.start, range.end)) : []
}

function readElements(): Range[] {
  const found: Range[] = []
  walker.depth = 1
  walker.array((range) => found.push(range))
  walker.end()
  return found
}

function readMembers(): Member[] {
  const found: Member[] = []
  if (walker.bytes[walker.at] !== CHAR.openObject) return found
  walker.depth = 1
  walker.object(found, takeMember, false)
  return found
}

function takeMember(found: Member[], keyStart: number, keyEnd: number, escaped: boolean): void {
  const valueStart = walker.at
  walker.value()
  const key = escaped
    ? walker.decode(keyStart, keyEnd)
    : walker.bytes.toString('utf8', keyStart, keyEnd)
  found.push({ key, start: keyStart - 1, valueStart, end: walker.at })
}

/** Runs one walk; a fault becomes a value. */
function walk<Found>(
  bytes: Buffer,
  depthMax: number,
  strict: boolean,
  read: () => Found,
): Found | ScanFault {
  walker.begin(bytes, depthMax, strict)
  try {
    if (!isUtf8(bytes)) throw new Fault('parse', 'the message is not valid UTF-8')
    return read()
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.fault
    throw thrown
  } finally {
    walker.finish()
  }
}

function readMessage(): Message {
  walker.space()
  const first = walker.bytes[walker.at]
  if (first !== CHAR.openObject) {
    if (first === CHAR.openArray) throw new Fault('batch', 'a batch is not taken here')
    walker.value()
    walker.end()
    throw new Fault('shape', 'a message is a JSON object')
  }
  const found = new Found(walker.bytes)
  walker.depth = 1
  walker.object(found, topMember, true)
  walker.end()
  found.judge()
  return found
}

function topMember(found: Found, keyStart: number, keyEnd: number, escaped: boolean): void {
  const start = walker.at
  const kind = walker.bytes[start]
  if (walker.is(NAMES.id, keyStart, keyEnd, escaped)) {
    walker.value()
    found.id = { start, end: walker.at }
  } else if (walker.is(NAMES.method, keyStart, keyEnd, escaped)) {
    found.takeMethod(walker.text())
  } else if (walker.is(NAMES.params, keyStart, keyEnd, escaped)) {
    if (kind === CHAR.openObject) {
      walker.depth += 1
      walker.object(found, paramsMember, true)
      walker.depth -= 1
    } else {
      walker.value()
      found.refuse('`params` must be an object')
    }
    found.params = { start, end: walker.at }
  } else if (walker.is(NAMES.result, keyStart, keyEnd, escaped)) {
    if (kind === CHAR.openObject) {
      walker.depth += 1
      walker.object(found, resultMember, true)
      walker.depth -= 1
    } else {
      walker.value()
    }
    found.result = { start, end: walker.at }
  } else if (walker.is(NAMES.error, keyStart, keyEnd, escaped)) {
    walker.value()
    found.error = { start, end: walker.at }
  } else if (walker.is(NAMES.jsonrpc, keyStart, keyEnd, escaped)) {
    found.version = walker.text() ?? ''
  } else {
    walker.value()
  }
}

function paramsMember(found: Found, keyStart: number, keyEnd: number, escaped: boolean): void {
  const start = walker.at
  if (walker.is(NAMES.arguments, keyStart, keyEnd, escaped)) {
    walker.value()
    found.arguments = { start, end: walker.at }
  } else if (walker.is(NAMES.name, keyStart, keyEnd, escaped)) {
    found.name = walker.text()
    found.nameRange = { start, end: walker.at }
  } else if (walker.is(NAMES.meta, keyStart, keyEnd, escaped)) {
    walker.value()
    found.meta = { start, end: walker.at }
  } else if (walker.is(NAMES.uri, keyStart, keyEnd, escaped)) {
    found.uri = walker.text()
  } else {
    walker.value()
  }
}

function resultMember(found: Found, keyStart: number, keyEnd: number, escaped: boolean): void {
  const start = walker.at
  if (walker.is(NAMES.isError, keyStart, keyEnd, escaped)) {
    walker.value()
    found.isError = walker.bytes[start] === 0x74
  } else if (walker.is(NAMES.resultType, keyStart, keyEnd, escaped)) {
    found.resultType = walker.text() ?? ''
  } else {
    if (walker.is(NAMES.meta, keyStart, keyEnd, escaped)) {
      walker.value()
      found.meta = { start, end: walker.at }
    } else {
      walker.value()
    }
  }
}

/** What a scan has found so far: a message once it is judged. */
class Found implements Message {
  readonly bytes: Buffer
  kind: Message['kind'] = 'request'
  id: Range = ABSENT
  method = ''
  params: Range = ABSENT
  name: string | undefined = undefined
  nameRange: Range = ABSENT
  uri: string | undefined = undefined
  arguments: Range = ABSENT
  meta: Range = ABSENT
  result: Range = ABSENT
  error: Range = ABSENT
  isError = false
  resultType: string | undefined = undefined
  members: Message['members'] = undefined
  #version = ''
  #hasMethod = false
  #reason: string | undefined

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  set version(version: string) {
    this.#version = version
  }

  /** @param method undefined when it is no string */
  takeMethod(method: string | undefined): void {
    if (method === undefined) return this.refuse('`method` must be a string')
    this.method = method
    this.#hasMethod = true
  }

  /** The first reason stays. */
  refuse(reason: string): void {
    this.#reason ??= reason
  }

  /** Says what kind of message it is. */
  judge(): void {
    this.kind = this.#kind()
  }

  #kind(): Message['kind'] {
    const { bytes } = this
    if (this.#reason !== undefined) throw new Fault('shape', this.#reason)
    if (this.#version !== '2.0') throw new Fault('shape', '`jsonrpc` must be "2.0"')
    const first = bytes[this.id.start]
    const idGiven = this.id.start !== -1
    const idGood = idGiven && (first === CHAR.quote || first === 0x2d || isDigit(first))
    if (this.#hasMethod) {
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
