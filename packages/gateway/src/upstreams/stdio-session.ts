import { AppError } from '@sallyport/kit/errors'
import { LiveTable } from '@sallyport/kit/limits'
import {
  type Era,
  LATEST_LEGACY,
  type ListenFilter,
  type Message,
  notificationMessage,
  onOneLine,
  scanReply,
} from '@sallyport/kit/mcp'
import { type Log, printable } from '@sallyport/kit/log'
import { Incoming, type IncomingOwner } from './incoming.ts'
import { idAtEdges } from './line-reader.ts'
import { ACKNOWLEDGED, Listener, type ListenEvents, readAcknowledged } from './listener.ts'
import { cancelParams, type ClientInfo, listenParams, ownRequest } from './own-messages.ts'
import type { ServerConfig } from './server-config.ts'
import { type Exchange, readId, readWords, type Session, type SessionEvents } from './session.ts'
import { StdioChild, type StdioChildOptions } from './stdio-child.ts'

const NEWLINE = 0x0a
/** One write carries at most this much, so that what is not yet handed over can still move. */
const BATCH_BYTES_MAX = 256 * 1_024
const QUEUE_BYTES_MAX = 32 * 1_024 * 1_024
const GARBAGE_LOGGED_MAX = 20
const GARBAGE_TEXT_MAX = 200
/** Looked at for what of it is shown. */
const GARBAGE_BYTES_MAX = 2_048
const STDERR_LINES_LOGGED = 20
const LAST_WORDS_LINES = 5

export interface StdioSessionDeps {
  readonly child: Omit<StdioChildOptions, 'onLine' | 'onOversize' | 'onEnd'>
  readonly events: SessionEvents
  readonly log: Log
  readonly clientInfo: ClientInfo
  readonly roots: ServerConfig['roots']
}

interface Outgoing {
  readonly bytes: Buffer
  /** Undefined for messages of our own, and once cancelled. */
  exchange: Exchange | undefined
}

/** A session over the pipes of a child. Writes of one turn of the event loop leave together. */
export class StdioSession implements Session, IncomingOwner {
  #era: Era = 'legacy'
  #version: string = LATEST_LEGACY
  #heard = 0
  #lost: AppError | undefined
  #nextId = 1
  #garbage = 0
  readonly #child: StdioChild
  readonly #deps: StdioSessionDeps
  readonly #pending = new LiveTable<number, Exchange>()
  #queue: Outgoing[] = []
  #queuedBytes = 0
  #flushing = false
  #closing: Promise<void> | undefined
  readonly #incoming: Incoming
  readonly #listener: Listener
  /** Subscriptions that the server has not ended, by the id of their request. */
  readonly #listens = new Map<number, ListenEvents>()

  /** @throws {AppError} `server_start_failed` */
  static start(deps: StdioSessionDeps): StdioSession {
    return new StdioSession(deps)
  }

  private constructor(deps: StdioSessionDeps) {
    this.#deps = deps
    this.#incoming = new Incoming(this, deps)
    this.#listener = new Listener((filter, events) => this.#listen(filter, events))
    this.#child = StdioChild.start({
      ...deps.child,
      onLine: (line) => this.#read(line),
      onOversize: (head, tail) => this.#onOversize(head, tail),
      onEnd: (reason) => this.#onEnd(reason),
    })
  }

  get era(): Era {
    return this.#era
  }

  get version(): string {
    return this.#version
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get heard(): number {
    return this.#heard
  }

  get lost(): AppError | undefined {
    return this.#lost
  }

  get lastWords(): readonly string[] {
    return this.#child.stderrLines(LAST_WORDS_LINES)
  }

  adopt(era: Era, version: string): void {
    this.#era = era
    this.#version = version
  }

  send(exchange: Exchange): void {
    if (this.#lost !== undefined) {
      exchange.fail(this.#lostError(exchange, this.#lost.message))
      return
    }
    const id = this.#nextId
    this.#nextId += 1
    const bytes = exchange.request.encode({ id, era: this.#era, version: this.#version })
    if (this.#queuedBytes + bytes.length > QUEUE_BYTES_MAX) {
      const sentence = 'the server does not read what it is sent'
      exchange.fail(new AppError('overloaded', sentence, { outcome: 'not_sent' }))
      return
    }
    exchange.id = id
    exchange.handedOver = false
    this.#pending.add(id, exchange)
    this.#enqueue(bytes, exchange)
  }

  cancel(exchange: Exchange, tells: boolean): void {
    if (this.#pending.get(exchange.id) !== exchange) return
    this.#pending.delete(exchange.id)
    if (exchange.handedOver) {
      if (tells) void this.notify('notifications/cancelled', cancelParams(exchange.id))
      return
    }
    const index = this.#queue.findIndex((entry) => entry.exchange === exchange)
    const [removed] = index === -1 ? [] : this.#queue.splice(index, 1)
    this.#queuedBytes -= removed?.bytes.length ?? 0
  }

  notify(method: string, params?: object): Promise<void> {
    if (this.#lost === undefined) this.#enqueue(notificationMessage(method, params), undefined)
    return Promise.resolve()
  }

  /** Legacy servers notify without being asked; modern ones need a subscription. */
  async listen(filter: ListenFilter): Promise<readonly string[]> {
    return this.#era === 'legacy' ? filter.uris : this.#listener.want(filter)
  }

  find(id: number): Exchange | undefined {
    return this.#pending.get(id)
  }

  exchanges(): Exchange[] {
    return this.#pending.values()
  }

  reply(answer: Buffer, _refusal: boolean): void {
    if (this.#lost !== undefined) return
    if (this.#queuedBytes > QUEUE_BYTES_MAX) this.#deps.events.onStray()
    else this.#enqueue(answer, undefined)
  }

  close(reason: string): Promise<void> {
    this.#lost ??= new AppError('server_lost', reason)
    this.#listener.close()
    this.#failAll(this.#lost.message)
    this.#closing ??= this.#child.stop()
    return this.#closing
  }

  #enqueue(bytes: Buffer, exchange: Exchange | undefined): void {
    this.#queue.push({ bytes, exchange })
    this.#queuedBytes += bytes.length
    if (this.#flushing) return
    this.#flushing = true
    // One write for all calls of this turn: system calls are what a call costs most.
    setImmediate(this.#flush)
  }

  readonly #flush = (): void => {
    if (this.#lost !== undefined) return
    if (this.#queue.length === 0) {
      this.#flushing = false
      return
    }
    this.#child.write(this.#takeBatch(), this.#flush)
  }

  /** Joins queued messages into lines, up to the batch size but at least one. */
  #takeBatch(): Buffer {
    let count = 0
    let length = 0
    for (const { bytes } of this.#queue) {
      if (count > 0 && length + bytes.length >= BATCH_BYTES_MAX) break
      count += 1
      length += bytes.length + 1
    }
    const taken = count === this.#queue.length ? this.#queue : this.#queue.splice(0, count)
    if (taken === this.#queue) this.#queue = []
    const batch = Buffer.allocUnsafe(length)
    let at = 0
    for (const { bytes, exchange } of taken) {
      // A line break inside a message would smuggle a second message to the server.
      at += onOneLine(bytes).copy(batch, at)
      batch[at] = NEWLINE
      at += 1
      if (exchange !== undefined) exchange.handedOver = true
    }
    this.#queuedBytes -= length - count
    return batch
  }

  #read(line: Buffer): void {
    const message = scanReply(line)
    if (message === undefined) {
      this.#onGarbage(line)
      return
    }
    this.#heard += 1
    switch (message.kind) {
      case 'response':
      case 'error':
        this.#onAnswer(message)
        return
      case 'notification':
        if (message.method === ACKNOWLEDGED) this.#onAcknowledged(message)
        else this.#incoming.notification(message, 'session')
        return
      case 'request':
        this.#incoming.request(message, 'session')
        return
      default:
        message.kind satisfies never
    }
  }

  #onAnswer(message: Message): void {
    const id = readId(message)
    const exchange = id === undefined ? undefined : this.#pending.get(id)
    if (exchange === undefined) {
      this.#onListenOver(id, message)
      return
    }
    this.#pending.delete(exchange.id)
    exchange.succeed(message)
  }

  #listen(filter: ListenFilter, events: ListenEvents): () => void {
    const id = this.#nextId
    this.#nextId += 1
    const encode = ownRequest('subscriptions/listen', listenParams(filter), this.#deps.clientInfo)
    this.#listens.set(id, events)
    this.#enqueue(encode({ id, era: this.#era, version: this.#version }), undefined)
    return () => {
      if (this.#listens.delete(id)) void this.notify('notifications/cancelled', cancelParams(id))
    }
  }

  #onAcknowledged(message: Message): void {
    const { id, uris } = readAcknowledged(message)
    const events = this.#listens.get(Number(id))
    if (events === undefined) this.#deps.events.onStray()
    else events.onAcknowledged(uris)
  }

  /** The answer to a subscription is its end. */
  #onListenOver(id: number | undefined, message: Message): void {
    const events = id === undefined ? undefined : this.#listens.get(id)
    if (id === undefined || events === undefined) {
      this.#deps.events.onStray()
      return
    }
    this.#listens.delete(id)
    const words = this.#deps.child.stderr.secrets.hide(readWords(message) ?? '')
    events.onOver(words || 'the server ended the subscription')
  }

  #onGarbage(line: Buffer): void {
    this.#deps.events.onStray()
    this.#garbage += 1
    if (this.#garbage > GARBAGE_LOGGED_MAX) return
    const { secrets } = this.#deps.child.stderr
    const text = printable(
      secrets.hide(line.toString('utf8', 0, GARBAGE_BYTES_MAX)),
      GARBAGE_TEXT_MAX,
    ).trimEnd()
    this.#deps.log.warn({ text, bytes: line.length }, 'server wrote something else than MCP')
  }

  #onOversize(head: Buffer, tail: Buffer): void {
    this.#heard += 1
    const id = idAtEdges(head, tail)
    // Where the message does not tell, a single call in flight leaves no doubt.
    const [only] = this.#pending.size === 1 ? this.#pending.values() : []
    const exchange = id === undefined ? only : this.#pending.get(id)
    if (exchange === undefined) {
      this.#deps.events.onStray()
      return
    }
    this.#pending.delete(exchange.id)
    const { lineBytesMax } = this.#deps.child
    const sentence = `the result exceeds ${lineBytesMax} bytes`
    exchange.fail(new AppError('result_too_large', sentence, { outcome: 'unknown' }))
  }

  #onEnd(reason: string): void {
    if (this.#lost !== undefined) return
    this.#lost = new AppError('server_lost', reason)
    const stderr = this.#child.stderrLines(STDERR_LINES_LOGGED)
    this.#deps.log.warn({ serverPid: this.#child.pid, reason, stderr }, 'server ended by itself')
    // First, so that what moves on does not come back to this session.
    this.#deps.events.onLost(this.#lost)
    this.#failAll(reason)
  }

  #failAll(reason: string): void {
    const exchanges = this.#pending.values()
    this.#pending.clear()
    this.#queue = []
    this.#queuedBytes = 0
    for (const exchange of exchanges) exchange.fail(this.#lostError(exchange, reason))
  }

  #lostError(exchange: Exchange, reason: string): AppError {
    const outcome = exchange.handedOver ? 'unknown' : 'not_sent'
    return new AppError('server_lost', reason, { outcome })
  }
}
