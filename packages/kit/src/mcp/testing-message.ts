import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Message } from './message.ts'
import { scanMessage } from './scan.ts'

/** A client's message; @throws when it is none. */
export function testMessage(message: string | object): Message {
  const text = typeof message === 'string' ? message : JSON.stringify(message)
  const scanned = scanMessage(Buffer.from(text), { depth: 64 })
  if ('fault' in scanned) throw new TypeError(scanned.reason)
  return scanned
}

type Headers = Readonly<Record<string, string | number>> | readonly string[]

function fromPairs(pairs: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (let at = 0; at < pairs.length; at += 2) headers[pairs[at] ?? ''] = pairs[at + 1] ?? ''
  return headers
}

/** As much of a response as answers need, with a reader that takes everything until told otherwise. */
export class FakeResponse extends EventEmitter {
  status: number | undefined
  headers: Readonly<Record<string, string | number>> = {}
  sent = ''
  /** Whether the reader takes what is written. */
  reading = true
  writableLength = 0
  destroyed = false
  /** After how long without a byte taken Node asks what to do. */
  timeoutMs = 0
  writableEnded = false

  writeHead(status: number, headers: Headers): void {
    this.status = status
    this.headers = headers instanceof Array ? fromPairs(headers) : headers
  }

  flushHeaders(): void {}

  cork(): void {}

  uncork(): void {}

  setTimeout(afterMs: number, onTimeout: () => void): void {
    this.timeoutMs = afterMs
    this.on('timeout', onTimeout)
  }

  write(bytes: Buffer): boolean {
    // Node reports this as an 'error' event, which nobody would catch.
    if (this.writableEnded) throw new Error('write after end')
    this.sent += bytes.toString()
    if (!this.reading) this.writableLength += bytes.length
    return this.reading
  }

  end(bytes?: Buffer | string, encoding?: BufferEncoding): void {
    if (bytes !== undefined) this.sent += Buffer.from(bytes as string, encoding).toString() // either has an overload
    this.writableEnded = true
    if (this.reading) this.#close()
  }

  destroy(): void {
    this.destroyed = true
    this.#close()
  }

  /** The reader takes what waits for it. */
  drain(): void {
    this.writableLength = 0
    if (this.writableEnded) this.#close()
    else this.emit('drain')
  }

  /** The same under the type that answers are written to. */
  get response(): ServerResponse {
    return this as unknown as ServerResponse // the writers under test use nothing else of it
  }

  #close(): void {
    this.emit('close')
  }
}
