import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import {
  HANDOVER_PROTOCOL,
  HandoverLine,
  type HandoverMessage,
  parseWish,
  type Released,
  WISH_HEADER,
  type Wish,
} from './line.ts'

/** A new version may have a store to migrate before it is ready. */
const READY_MS = 5 * 60_000
const RETRY_MS = 100

type Fields = Readonly<Record<string, string | number>>

/** Something that only one gateway of a store has: its lock, its local socket. */
export interface Held {
  release(): Promise<void> | void
  /** @throws {AppError} `store_locked` or `port_taken` while another process has it */
  takeBack(): Promise<void>
}

export interface OldSideDeps {
  readonly self: () => Released
  /** `host:port` of the data listener; empty where there is none. */
  readonly data: () => string
  /** Why nobody can take over now; undefined = one can. */
  readonly refusal: () => AppError | undefined
  /** Let go in this order, taken back in the reverse. */
  readonly held: () => readonly Held[]
  /** The new one serves: stop accepting and drain. */
  readonly leave: () => void
  readonly log: Log
  /** How long the new one may take to be ready, milliseconds; 5 min by default. */
  readonly readyMs?: number
}

/**
 * The running gateway's part of a handover: it lets lock and local socket go, serves on, and leaves once the
 * new one says that it is ready. When the new one ends before that, it takes both back and goes on as before.
 */
export class OldSide implements Disposable {
  readonly #deps: OldSideDeps
  readonly #disposed = new AbortController()
  #phase: 'alone' | 'waiting' | 'returning' | 'leaving' = 'alone'

  constructor(deps: OldSideDeps) {
    this.#deps = deps
  }

  /** Whether another process serves on the same sockets from now on. */
  get leaving(): boolean {
    return this.#phase === 'leaving'
  }

  /**
   * Answers a request for the protocol `sallyport-handover` on the local socket.
   *
   * @throws {AppError} why nobody can take over now; nothing was answered then
   */
  accept(req: IncomingMessage, stream: Duplex): void {
    const wish = parseWish(String(req.headers[WISH_HEADER]))
    const refusal = this.#judge(wish)
    if (refusal !== undefined) throw refusal
    this.#phase = 'waiting'
    const head = `HTTP/1.1 101 ${STATUS_CODES[101]}`
    stream.write(`${head}\r\nConnection: Upgrade\r\nUpgrade: ${HANDOVER_PROTOCOL}\r\n\r\n`)
    void this.#handOver(wish, stream)
  }

  /** Takes nothing back any more. A new one that is not ready yet finds out that it is alone. */
  [Symbol.dispose](): void {
    this.#disposed.abort()
  }

  #judge({ data }: Wish): AppError | undefined {
    const { self, data: ownData, refusal } = this.#deps
    const { pid } = self()
    if (this.#phase !== 'alone') {
      const sentence = `another process is taking over from the gateway with pid ${pid} already`
      return new AppError('store_locked', sentence, { details: { pid } })
    }
    // One that listens nowhere has nothing that the new one would have to share.
    if (ownData() === '' || data === ownData()) return refusal()
    const remedy = 'hand over the same socket, or stop that gateway first'
    const sentence = `the gateway with pid ${pid} serves on ${ownData()}, not on ${data}: ${remedy}`
    return new AppError('store_locked', sentence, { details: { pid } })
  }

  async #handOver(wish: Wish, stream: Duplex): Promise<void> {
    const { log, held, self, leave, readyMs = READY_MS } = this.#deps
    const successor = { successorPid: wish.pid, successorVersion: wish.version }
    log.info(successor, 'gateway handing over')
    const onMessage = ({ type }: HandoverMessage): void => {
      if (type !== 'ready' || this.#phase !== 'waiting') return
      this.#phase = 'leaving'
      line.send({ type: 'leaving' })
      log.info(successor, 'gateway handed over')
      leave()
    }
    const line = new HandoverLine(stream, onMessage)
    try {
      for (const one of held()) await one.release()
      line.send({ type: 'released', released: self() })
      await within(readyMs, line.closed, this.#disposed.signal)
    } catch (err) {
      if (this.#phase === 'leaving') return
      // Whatever it says from now on comes too late.
      this.#phase = 'returning'
      log.warn({ ...successor, err }, 'handover withdrawn')
      line.send({ type: 'withdrawn', reason: AppError.from(err).message })
      line.end()
    }
    await this.#takeBack(successor)
  }

  async #takeBack(successor: Fields): Promise<void> {
    if (this.#phase === 'leaving') return
    this.#phase = 'returning'
    for (const one of this.#deps.held().toReversed()) {
      if (!(await this.#regain(one, successor))) return
    }
    this.#phase = 'alone'
    this.#deps.log.warn(successor, 'the new gateway ended before it was ready, this one goes on')
  }

  /** Tries until it is ours again; false when this gateway ends first. */
  async #regain(one: Held, successor: Fields): Promise<boolean> {
    const { signal } = this.#disposed
    for (let told = false; !signal.aborted; told = true) {
      try {
        await one.takeBack()
        return true
      } catch (err) {
        const message = 'the lock or the local socket is still taken'
        if (!told) this.#deps.log.warn({ ...successor, err }, message)
        // An end of this wait is the end of the loop.
        await wait(RETRY_MS, undefined, { signal }).catch(() => undefined)
      }
    }
    return false
  }
}

/** Waits for the end of the line or of this gateway, at most so long. @throws {AppError} `store_locked` */
async function within(ms: number, closed: Promise<void>, signal: AbortSignal): Promise<void> {
  const late = new AbortController()
  const timer = wait(ms, 'late' as const, { signal: AbortSignal.any([signal, late.signal]) })
  const ended = closed.then(() => 'ended' as const)
  try {
    const how = await Promise.race([ended, timer.catch(() => 'stopped' as const)])
    if (how !== 'late') return
  } finally {
    late.abort()
  }
  throw new AppError('store_locked', `the new gateway was not ready within ${ms / 1_000} s`)
}
