import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { openLine, socketPathOf } from '@sallyport/kit/lifecycle'
import type { Log } from '@sallyport/kit/log'
import {
  HANDOVER_PATH,
  HANDOVER_PROTOCOL,
  HandoverLine,
  type HandoverMessage,
  type Released,
  WISH_HEADER,
  type Wish,
} from './line.ts'
import { StoreHold } from './store-hold.ts'

const RETRY_MS = 100
const ANSWER_MS = 10_000
/** Beyond the drain of one that is stopping: for its servers to end. */
const STOP_MS = 15_000

export interface SuccessionOptions {
  readonly wish: Wish
  /** Whether the listeners were handed over: without that there is nothing to share with the one that runs. */
  readonly heir: boolean
  /** Why this process could not serve beside the one that runs; undefined = it could. */
  readonly obstacle: string | undefined
  /** Time that a gateway which is stopping may take until its servers are ended, milliseconds. */
  readonly drainMs: number
  readonly clock: Clock
  readonly log: Log
}

/**
 * A new gateway's part of a handover: where another one holds the store, it asks that one to make room, goes
 * on to start, and tells it to leave once it serves itself. Disposed before that, it leaves everything to the
 * other one; it is to be disposed after lock and local socket.
 */
export class Succession implements Disposable {
  readonly #options: SuccessionOptions
  #predecessor: Predecessor | undefined

  constructor(options: SuccessionOptions) {
    this.#options = options
  }

  /** Instances on this store that still run, and whose servers must be left alone. */
  get instances(): readonly string[] {
    return this.#predecessor?.alive === true ? this.#predecessor.released.instances : []
  }

  /** The port of the Slack server of the one before; undefined where there is none. */
  get slackPort(): number | undefined {
    return this.#predecessor?.released.slackPort
  }

  /**
   * Takes the lock, from a running gateway where that is possible; from one that is stopping once it has.
   *
   * @throws {AppError} `store_locked` naming the holder's pid; `store_unwritable`
   */
  async take(base: string): Promise<StoreHold> {
    const { heir, clock, drainMs } = this.#options
    const untilMs = clock.monotonicMs() + drainMs + STOP_MS
    for (;;) {
      try {
        return await StoreHold.take(base)
      } catch (thrown) {
        if (!heir || !(thrown instanceof AppError) || thrown.code !== 'store_locked') throw thrown
        if (clock.monotonicMs() > untilMs) throw thrown
        this.#predecessor?.assertWilling()
        const agreed = this.#predecessor === undefined && (await this.#ask(base, thrown))
        if (!agreed) await wait(RETRY_MS)
      }
    }
  }

  /**
   * Tells the one before that this one serves. Does nothing when there was none, or when it is gone.
   *
   * @throws {AppError} `store_locked` when it goes on itself after all
   */
  async complete(): Promise<void> {
    await this.#predecessor?.complete()
  }

  [Symbol.dispose](): void {
    this.#predecessor?.[Symbol.dispose]()
  }

  /** Whether it lets go; false when it is just starting, or on its way out. */
  async #ask(base: string, locked: AppError): Promise<boolean> {
    const { wish, log, obstacle } = this.#options
    if (obstacle !== undefined) {
      throw new AppError('store_locked', `${locked.message}; to take over from it, ${obstacle}`, {
        details: locked.details,
      })
    }
    try {
      this.#predecessor = await Predecessor.ask(socketPathOf(base), wish)
      const { pid, version } = this.#predecessor.released
      log.info({ predecessorPid: pid, predecessorVersion: version }, 'gateway taking over')
      return true
    } catch (thrown) {
      const error = AppError.from(thrown, 'server_lost')
      // The lock says when it is gone.
      if (['not_running', 'shutting_down', 'server_lost'].includes(error.code)) return false
      // A version that cannot hand over has nothing at that address.
      throw error.code === 'not_found' ? locked : error
    }
  }
}

/** The gateway that ran before, on the other end of a line. */
class Predecessor implements Disposable {
  readonly released: Released
  readonly #line: HandoverLine
  readonly #said: Said
  #alive = true

  private constructor(line: HandoverLine, said: Said, released: Released) {
    this.released = released
    this.#line = line
    this.#said = said
    void line.closed.then(() => (this.#alive = false))
  }

  /** @throws {AppError} as `openLine`; `store_locked` when it could not let go */
  static async ask(path: string, wish: Wish): Promise<Predecessor> {
    const socket = await openLine({
      path,
      url: HANDOVER_PATH,
      protocol: HANDOVER_PROTOCOL,
      headers: { [WISH_HEADER]: JSON.stringify(wish) },
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    const said = new Said()
    const line = new HandoverLine(socket, (message) => said.hear(message))
    const first = await said.next(line.closed, ANSWER_MS)
    if (first?.type === 'released') return new Predecessor(line, said, first.released)
    line.end()
    throw first?.type === 'withdrawn'
      ? new AppError('store_locked', first.reason)
      : new AppError('server_lost', 'the running gateway did not let go of its lock')
  }

  /** Whether its process still runs, as far as can be seen from here. */
  get alive(): boolean {
    return this.#alive
  }

  /** @throws {AppError} `store_locked` when it has changed its mind */
  assertWilling(): void {
    const { withdrawn } = this.#said
    if (withdrawn !== undefined) throw this.#unwilling(withdrawn)
  }

  /** @throws {AppError} as `assertWilling` */
  async complete(): Promise<void> {
    this.assertWilling()
    // Once it is gone there is nobody to tell.
    this.#line.send({ type: 'ready' })
    const answer = await this.#said.next(this.#line.closed, ANSWER_MS)
    this.assertWilling()
    if (answer?.type === 'leaving' || !this.#alive) return
    throw this.#unwilling('it does not answer')
  }

  #unwilling(reason: string): AppError {
    const { pid } = this.released
    const sentence = `the gateway with pid ${pid} does not hand over: ${reason}`
    return new AppError('store_locked', sentence, { details: { pid } })
  }

  [Symbol.dispose](): void {
    this.#line.end()
  }
}

/** What came over the line, one after the other. */
class Said {
  readonly #messages: HandoverMessage[] = []
  /** Why there is no handover after all. */
  withdrawn: string | undefined
  #waiting: ((message: HandoverMessage) => void) | undefined

  hear(message: HandoverMessage): void {
    if (message.type === 'withdrawn') this.withdrawn = message.reason
    if (this.#waiting) this.#waiting(message)
    else this.#messages.push(message)
  }

  /** The next message; undefined when the line ends first, or after so long. */
  async next(closed: Promise<void>, waitMs: number): Promise<HandoverMessage | undefined> {
    const known = this.#messages.shift()
    if (known !== undefined) return known
    const late = new AbortController()
    try {
      return await Promise.race([
        new Promise<HandoverMessage>((resolve) => (this.#waiting = resolve)),
        closed.then(() => undefined),
        wait(waitMs, undefined, { signal: late.signal, ref: false }),
      ])
    } finally {
      this.#waiting = undefined
      late.abort()
    }
  }
}
