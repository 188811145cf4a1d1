import { Buffer } from 'node:buffer'
import { payloadText } from '../wire/payload.ts'
import type { Ask } from './job.ts'

/** One caller: a connection or a share of one, with at most one call in flight. */
export interface Lane {
  /** Starts a call. The callback gets the answer's bytes, or why there is none. */
  call(id: number, done: (answer: LaneAnswer) => void): void
  close(): void
}

export type LaneAnswer =
  | { readonly status: number; readonly body: Buffer }
  | { readonly error: string }

/** Says what is wrong with an answer, or nothing. */
export type Checker = (answer: LaneAnswer, id: number) => string | undefined

const ID = Buffer.from('"id":')
const FAILED = Buffer.from('"isError":true')

/**
 * Makes the check that every answer must pass: status 200, the request's own id, no error, and the whole
 * expected text byte for byte.
 */
export function createChecker(ask: Ask): Checker {
  const expected = Buffer.from(ask.method === 'tools/call' ? escaped(ask.size) : ask.contains)
  return (answer, id) => {
    if ('error' in answer) return answer.error
    if (answer.status !== 200) return `status ${answer.status}: ${shown(answer.body)}`
    if (readId(answer.body) !== id) return `the answer to ${id} is ${shown(answer.body)}`
    if (!answer.body.includes(expected)) return `unexpected content: ${shown(answer.body)}`
    if (answer.body.length < 10_000 && answer.body.includes(FAILED)) return shown(answer.body)
    return undefined
  }
}

/** The payload as it stands inside a JSON string. */
function escaped(size: Parameters<typeof payloadText>[0]): string {
  return JSON.stringify(payloadText(size)).slice(1, -1)
}

/** The response id, which servers write first or last. Ids of the bench have nine digits. */
function readId(body: Buffer): number {
  const early = body.subarray(0, 120).indexOf(ID)
  const at = early >= 0 ? early : body.lastIndexOf(ID)
  if (at < 0) return Number.NaN
  const start = at + ID.length
  return Number.parseInt(body.toString('latin1', start, start + 10), 10)
}

function shown(body: Buffer): string {
  return body.toString('utf8', 0, 200)
}
