import type { Duplex } from 'node:stream'
import { AppError } from '@sallyport/kit/errors'

/** The local socket's protocol by which a new gateway asks the running one to make room for it. */
export const HANDOVER_PROTOCOL = 'sallyport-handover'
/** The address that is asked. */
export const HANDOVER_PATH = '/handover'
/** Carries the wish, as JSON. */
export const WISH_HEADER = 'sallyport-wish'

const LINE_BYTES_MAX = 65_536

/** What the new one tells of itself: it takes over on these sockets and no others. */
export interface Wish {
  readonly pid: number
  readonly version: string
  /** `host:port` of the data listener. */
  readonly data: string
}

/** What the one that runs tells of itself, once lock and local socket are free. */
export interface Released {
  readonly pid: number
  readonly version: string
  /** Instances whose servers must be left alone: its own, and those it took over from that still drain. */
  readonly instances: readonly string[]
  /** The port of its Slack server, which may be used until that ends; absent = it has none. */
  readonly slackPort?: number | undefined
}

/** What is said on the line. */
export type HandoverMessage =
  | { readonly type: 'released'; readonly released: Released }
  /** Lock and local socket could not be let go, or are wanted back: the new one must end. */
  | { readonly type: 'withdrawn'; readonly reason: string }
  /** From the new one: it serves, and the old one may leave. */
  | { readonly type: 'ready' }
  /** The answer: the old one accepts nothing any more. */
  | { readonly type: 'leaving' }

/** Messages as lines of JSON over the local socket. Malformed ones end the line. */
export class HandoverLine {
  readonly #stream: Duplex
  #text = ''
  /** Settles with the end of the line, whatever ended it. */
  readonly closed: Promise<void>

  constructor(stream: Duplex, onMessage: (message: HandoverMessage) => void) {
    this.#stream = stream
    this.closed = new Promise((resolve) => stream.once('close', () => resolve()))
    // Its end says all there is to say.
    stream.on('error', () => stream.destroy())
    stream.on('end', () => stream.destroy())
    // A socket of an HTTP server decodes nothing itself.
    const decoder = new TextDecoder()
    stream.on('data', (chunk: Buffer) => {
      this.#read(decoder.decode(chunk, { stream: true }), onMessage)
    })
  }

  send(message: HandoverMessage): void {
    if (!this.#stream.destroyed) this.#stream.write(`${JSON.stringify(message)}\n`)
  }

  /** Ends it after what was sent. */
  end(): void {
    this.#stream.end(() => this.#stream.destroy())
  }

  #read(chunk: string, onMessage: (message: HandoverMessage) => void): void {
    this.#text += chunk
    for (let end = this.#text.indexOf('\n'); end !== -1; end = this.#text.indexOf('\n')) {
      const message = parseMessage(this.#text.slice(0, end))
      this.#text = this.#text.slice(end + 1)
      if (message === undefined) return void this.#stream.destroy()
      onMessage(message)
    }
    if (this.#text.length > LINE_BYTES_MAX) this.#stream.destroy()
  }
}

function parseMessage(line: string): HandoverMessage | undefined {
  const message = objectOf(line)
  switch (message?.['type']) {
    case 'ready':
      return { type: 'ready' }
    case 'leaving':
      return { type: 'leaving' }
    case 'withdrawn':
      return { type: 'withdrawn', reason: String(message['reason']) }
    case 'released': {
      const released = releasedOf(message['released'])
      return released && { type: 'released', released }
    }
    default:
      return undefined
  }
}

function releasedOf(value: unknown): Released | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { pid, version, instances, slackPort } = value as Record<string, unknown> // an object, as seen above
  if (typeof pid !== 'number' || typeof version !== 'string') return undefined
  if (!Array.isArray(instances)) return undefined
  return {
    ...{ pid, version, instances: instances.filter((one) => typeof one === 'string') },
    slackPort: typeof slackPort === 'number' ? slackPort : undefined,
  }
}

/**
 * Reads the wish of a new gateway.
 *
 * @throws {AppError} `usage` when it is none
 */
export function parseWish(text: string): Wish {
  const { pid, version, data } = objectOf(text) ?? {}
  if (typeof pid === 'number' && typeof version === 'string' && typeof data === 'string') {
    return { pid, version, data }
  }
  throw new AppError('usage', `the header ${WISH_HEADER} must be JSON with pid, version and data`)
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return undefined
    return value as Record<string, unknown> // narrowed to an object above
  } catch {
    return undefined // whoever asked says what it should have been
  }
}
