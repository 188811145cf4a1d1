import type { IncomingMessage } from 'node:http'
import { AppError } from '../errors.ts'
import { sendContinue } from './expect-continue.ts'

/** What the bytes of a body are taken from; a `Reservation` of kit/limits. */
export interface BodyBudget {
  grow(bytes: number): boolean
}

/**
 * Reads the whole body, at most `maxBytes` of it. A declared length over the cap is refused before a byte is
 * read; otherwise reading stops at the cap. After a refusal `sendError` deals with what the client still
 * sends. The caller releases the reservation, also after a failure.
 *
 * @throws {AppError} (as a rejection) `request_too_large`, `overloaded` when the budget is used up, or
 *   `cancelled` when the client went away
 */
export function readBody(
  req: IncomingMessage,
  maxBytes: number,
  reservation: BodyBudget,
): Promise<Buffer> {
  const declared = req.headers['content-length']
  // The parser lets only digits through.
  const declaredBytes = declared === undefined ? -1 : Number(declared)
  if (declaredBytes > maxBytes) return Promise.reject(tooLarge(maxBytes))
  if (declaredBytes === 0) return Promise.resolve(EMPTY)
  if (req.destroyed && !req.complete) return Promise.reject(gone())
  if (req.headers.expect !== undefined) sendContinue(req)
  return new Promise((resolve, reject) => {
    new BodyReader(req, { maxBytes, declaredBytes, reservation }, resolve, reject).start()
  })
}

const EMPTY = Buffer.alloc(0)
const RETRY_AFTER_MS = 1_000

interface BodyRules {
  readonly maxBytes: number
  /** -1 when the length is not declared. */
  readonly declaredBytes: number
  readonly reservation: BodyBudget
}

class BodyReader {
  readonly #req: IncomingMessage
  readonly #rules: BodyRules
  readonly #resolve: (body: Buffer) => void
  readonly #reject: (error: AppError) => void
  #first: Buffer | undefined
  #rest: Buffer[] | undefined
  #bytes = 0

  constructor(
    req: IncomingMessage,
    rules: BodyRules,
    resolve: (body: Buffer) => void,
    reject: (error: AppError) => void,
  ) {
    this.#req = req
    this.#rules = rules
    this.#resolve = resolve
    this.#reject = reject
  }

  start(): void {
    this.#req.on('data', this.#onData)
    this.#req.on('end', this.#onEnd)
    this.#req.on('close', this.#onClose)
  }

  #stop(): void {
    this.#req.off('data', this.#onData)
    this.#req.off('end', this.#onEnd)
    this.#req.off('close', this.#onClose)
  }

  readonly #onData = (chunk: Buffer): void => {
    const bytes = this.#bytes + chunk.length
    if (bytes > this.#rules.maxBytes) return this.#refuse(tooLarge(this.#rules.maxBytes))
    if (!this.#rules.reservation.grow(chunk.length)) {
      return this.#refuse(budgetUsedUp())
    }
    this.#bytes = bytes
    if (this.#first === undefined) this.#first = chunk
    else if (this.#rest === undefined) this.#rest = [this.#first, chunk]
    else this.#rest.push(chunk)
    // The parser ends the body there, so the answer need not wait for another turn of the loop.
    if (bytes === this.#rules.declaredBytes) this.#onEnd()
  }

  readonly #onEnd = (): void => {
    this.#stop()
    this.#resolve(
      this.#rest === undefined ? (this.#first ?? EMPTY) : Buffer.concat(this.#rest, this.#bytes),
    )
  }

  readonly #onClose = (): void => {
    this.#stop()
    this.#reject(gone())
  }

  #refuse(error: AppError): void {
    this.#stop()
    this.#req.pause()
    this.#first = undefined
    this.#rest = undefined
    this.#reject(error)
  }
}

function tooLarge(maxBytes: number): AppError {
  return new AppError('request_too_large', `the body is larger than ${maxBytes} bytes`)
}

function budgetUsedUp(): AppError {
  return new AppError('overloaded', 'the byte budget for bodies is used up', {
    retryAfterMs: RETRY_AFTER_MS,
    outcome: 'not_sent',
  })
}

function gone(): AppError {
  return new AppError('cancelled', 'the client went away before its body was complete', {
    outcome: 'not_sent',
  })
}
