import type { LogDestination } from './create-log.ts'
import { printable } from './printable.ts'

const BUFFER_CHARACTERS_MAX = 64 * 1_024
const BACKLOG_BYTES_MAX = 1_024 * 1_024
const FLUSH_EVERY_MS = 500

/** One answered HTTP request. */
export interface AccessEntry {
  /** Wall clock at arrival, milliseconds since 1970. */
  readonly atMs: number
  readonly requestId: string
  readonly address: string
  /** Null when the request was refused before anybody was known. */
  readonly principal: string | null
  readonly method: string
  /** The request target; its query string is never written. */
  readonly target: string
  readonly status: number
  /** Bytes of the answer's body. */
  readonly bytes: number
  readonly durationMs: number
}

/** A destination that can say how much it still has to write, as Node's streams do. */
export type AccessDestination = LogDestination & { readonly writableLength?: number }

/**
 * One line a request, gathered and written twice a second. Off unless opened.
 *
 * Lines are dropped, and counted, while the destination has more than 1 MiB unwritten: a log nobody reads
 * must not hold up calls.
 */
export class AccessLog implements Disposable {
  readonly #destination: AccessDestination
  readonly #format: (entry: AccessEntry) => string
  readonly #timer: NodeJS.Timeout
  #lines = ''
  #dropped = 0

  private constructor(destination: AccessDestination, json: boolean) {
    this.#destination = destination
    this.#format = json ? toJsonLine : toTextLine
    this.#timer = setInterval(() => this.flush(), FLUSH_EVERY_MS)
    this.#timer.unref()
  }

  /** The owner disposes, which writes the rest. */
  static open(options: {
    readonly destination: AccessDestination
    readonly json: boolean
  }): AccessLog {
    return new AccessLog(options.destination, options.json)
  }

  /** Lines lost so far because the destination did not take them. */
  get dropped(): number {
    return this.#dropped
  }

  record(entry: AccessEntry): void {
    if ((this.#destination.writableLength ?? 0) > BACKLOG_BYTES_MAX) {
      this.#dropped += 1
      return
    }
    this.#lines += this.#format(entry)
    if (this.#lines.length > BUFFER_CHARACTERS_MAX) this.flush()
  }

  flush(): void {
    if (this.#lines === '') return
    const lines = this.#lines
    this.#lines = ''
    this.#destination.write(lines)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.flush()
  }
}

function pathOf(target: string): string {
  const queryAt = target.search(/[?#]/)
  return printable(queryAt === -1 ? target : target.slice(0, queryAt), 512)
}

function toJsonLine(entry: AccessEntry): string {
  const line = {
    level: 'info',
    time: new Date(entry.atMs).toISOString(),
    requestId: entry.requestId,
    address: entry.address,
    principal: entry.principal,
    method: printable(entry.method, 20),
    path: pathOf(entry.target),
    status: entry.status,
    bytes: entry.bytes,
    durationMs: Math.round(entry.durationMs * 1_000) / 1_000,
    msg: 'request answered',
  }
  return `${JSON.stringify(line)}\n`
}

function toTextLine(entry: AccessEntry): string {
  const time = new Date(entry.atMs).toISOString()
  const what = `${printable(entry.method, 20)} ${pathOf(entry.target)} ${entry.status}`
  const cost = `${entry.bytes}B ${entry.durationMs.toFixed(1)}ms`
  return `[${time}] ACCESS: ${what} ${cost} ${entry.address} ${entry.principal ?? '-'} ${entry.requestId}\n`
}
