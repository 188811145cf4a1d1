import { AppError } from '@sallyport/kit/errors'
import { type Message, slice } from '@sallyport/kit/mcp'
import { READ_MORE } from './read-more-tool.ts'
import type { KeptResult } from './kept-results.ts'

/** What a reader asks for. */
export interface Asked {
  readonly handle: string
  readonly offset: number
  /** Undefined = as much as there is at once. */
  readonly bytes: number | undefined
}

/** One part of a kept result. */
export interface Part {
  readonly text: string
  readonly offset: number
  readonly bytes: number
  /** Where the next part begins; null after the last one. */
  readonly next: number | null
  readonly total: number
}

const KEYS = new Set(['handle', 'offset', 'bytes'])

/** Reads the arguments of a call. @throws {AppError} `request_invalid` */
export function parseAsked({ bytes, arguments: range }: Message): Asked {
  const given: unknown = range.start === -1 ? {} : JSON.parse(slice(bytes, range).toString())
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalid('takes an object of arguments')
  }
  const unknown = Object.keys(given).find((key) => !KEYS.has(key))
  if (unknown !== undefined) throw invalid('takes `handle`, `offset` and `bytes` only')
  const { handle, offset = 0, bytes: asked } = given as Partial<Record<keyof Asked, unknown>> // just checked to be an object
  if (typeof handle !== 'string') throw invalid('needs `handle`, the text that came in `_meta`')
  if (!isCount(offset, 0)) throw invalid('needs `offset` as a whole number, 0 or more')
  if (asked !== undefined && !isCount(asked, 1)) {
    throw invalid('needs `bytes` as a whole number, 1 or more')
  }
  return { handle, offset, bytes: asked }
}

function isCount(value: unknown, min: number): value is number {
  return Number.isSafeInteger(value) && Number(value) >= min
}

/**
 * Cuts a part out of a kept result. It ends where a character does, and holds at least one.
 *
 * @throws {AppError} `request_invalid` for an offset behind the end, or in the middle of a character
 */
export function cutPart({ text, partBytesMax }: KeptResult, { offset, bytes }: Asked): Part {
  const total = text.length
  if (offset > total) throw invalid(`was asked for more than the ${total} bytes there are`)
  if (isInside(text, offset)) {
    throw invalid('needs an `offset` where a character begins: take `next` of the part before')
  }
  let end = Math.min(total, offset + Math.min(bytes ?? partBytesMax, partBytesMax))
  while (end > offset && isInside(text, end)) end -= 1
  if (end === offset && end < total) {
    end += 1
    while (isInside(text, end)) end += 1
  }
  const part = text.toString('utf8', offset, end)
  return { text: part, offset, bytes: end - offset, next: end < total ? end : null, total }
}

/** Whether a character has begun before this byte and goes on in it. Source: RFC 3629 §3. */
function isInside(text: Buffer, at: number): boolean {
  const byte = text[at]
  return byte !== undefined && (byte & 0xc0) === 0x80
}

function invalid(sentence: string): AppError {
  return new AppError('request_invalid', `${READ_MORE} ${sentence}`, { outcome: 'not_sent' })
}
