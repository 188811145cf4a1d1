import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { type Message, RPC } from '@sallyport/kit/mcp'
import { ask } from './ask.ts'
import type { ClientInfo } from './own-messages.ts'
import { asObject, readJson, type Session } from './session.ts'
import type { Kind } from './upstream.ts'

const PAGES_MAX = 100
const QUIET_MS = 500

/** How each list is asked for; the answer holds it under the name of its kind. */
export const LIST_METHODS: Readonly<Record<Kind, string>> = {
  tools: 'tools/list',
  resources: 'resources/list',
  resourceTemplates: 'resources/templates/list',
  prompts: 'prompts/list',
}

export interface ListReaderOptions {
  readonly kind: Kind
  readonly clientInfo: ClientInfo
  /** All pages together, bytes. */
  readonly bytesMax: number
  /** Time for one page, milliseconds; asked for each. */
  readonly pageMs: () => number
  readonly signal: AbortSignal
  readonly clock: Clock
  /** A whole list was read: raw `result` values, and how many entries they hold. */
  onRead(pages: readonly Buffer[], entries: number): void
}

/** Reads one list of a server. At most one read runs, and at most one more waits behind it. */
export class ListReader {
  readonly #options: ListReaderOptions
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined
  #read = false
  #freeAtMs = 0

  constructor(options: ListReaderOptions) {
    this.#options = options
  }

  /** Whether a list was ever read. */
  get hasRead(): boolean {
    return this.#read
  }

  /** The read that runs now. */
  get running(): Promise<void> | undefined {
    return this.#running
  }

  /**
   * Reads the list anew. While a read runs, or has just ended, all further wishes are one more read after
   * it: a server that announces changes without end costs two reads a second.
   *
   * @throws {AppError} as `ask`, and `server_protocol` or `result_too_large` for a list that is none
   */
  read(session: Session): Promise<void> {
    const waitMs = this.#freeAtMs - this.#options.clock.monotonicMs()
    const free = this.#running === undefined && this.#next === undefined
    if (free && waitMs <= 0) return this.#begin(session)
    this.#next ??= this.#readNext(session)
    return this.#next
  }

  /** Notes that the server has no such list. */
  skip(): void {
    this.#read = true
    this.#options.onRead([], 0)
  }

  #begin(session: Session): Promise<void> {
    // The first change after a start is read at once.
    const quietMs = this.#read ? QUIET_MS : 0
    this.#running = this.#readAll(session).finally(() => {
      this.#running = undefined
      this.#freeAtMs = this.#options.clock.monotonicMs() + quietMs
    })
    return this.#running
  }

  async #readNext(session: Session): Promise<void> {
    try {
      // How the read before it went does not matter to this one.
      await this.#running?.catch(() => undefined)
      const waitMs = Math.max(0, this.#freeAtMs - this.#options.clock.monotonicMs())
      await sleep(waitMs, undefined, { signal: this.#options.signal, ref: false })
    } finally {
      this.#next = undefined
    }
    await this.#begin(session)
  }

  async #readAll(session: Session): Promise<void> {
    const { kind, bytesMax, onRead } = this.#options
    const pages: Buffer[] = []
    let entries = 0
    let bytes = 0
    let cursor: string | undefined
    do {
      const answer = await this.#ask(session, cursor)
      const result = asObject(readJson(answer, answer.result))
      const listed = result?.[kind]
      if (!Array.isArray(listed)) {
        // Servers that have resources often know of no templates.
        if (kind !== 'tools' && cursor === undefined && isUnknownMethod(answer)) break
        const sentence = `the answer to ${LIST_METHODS[kind]} holds no list of ${kind}`
        throw new AppError('server_protocol', sentence)
      }
      const { start, end } = answer.result
      bytes += end - start
      if (bytes > bytesMax || pages.length === PAGES_MAX) {
        const sentence = `the list of ${kind} exceeds ${bytesMax} bytes or ${PAGES_MAX} pages`
        throw new AppError('result_too_large', sentence)
      }
      // A copy, since these are kept: a view would hold on to the whole read buffer.
      pages.push(Buffer.from(answer.bytes.subarray(start, end)))
      entries += listed.length
      cursor = nextCursor(result?.['nextCursor'], cursor)
    } while (cursor !== undefined)
    this.#read = true
    onRead(pages, entries)
  }

  #ask(session: Session, cursor: string | undefined): Promise<Message> {
    const { kind, clientInfo, pageMs, signal } = this.#options
    const params = cursor === undefined ? {} : { cursor }
    const method = LIST_METHODS[kind]
    return ask(session, { method, params, clientInfo, withinMs: pageMs(), cancels: true }, signal)
  }
}

function isUnknownMethod(answer: Message): boolean {
  return asObject(readJson(answer, answer.error))?.['code'] === RPC.methodNotFound
}

/** A cursor that repeats itself would never end. */
function nextCursor(value: unknown, before: string | undefined): string | undefined {
  return typeof value === 'string' && value !== '' && value !== before ? value : undefined
}
