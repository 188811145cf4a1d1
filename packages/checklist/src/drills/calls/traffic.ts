import { setTimeout as sleep } from 'node:timers/promises'
import type { Asked, Ended, McpCaller } from './mcp-caller.ts'

const KEPT_MAX = 20_000

/** How busy it is. */
export interface Pace {
  readonly workers: number
  /** Pause of each worker between two requests, milliseconds. */
  readonly pauseMs: number
}

/** Several workers that ask the same again and again until they are stopped. */
export class Traffic implements AsyncDisposable {
  /** Oldest first; the last 20,000. */
  readonly ended: Ended[] = []
  readonly #workers: Promise<void>
  #stopped = false
  #onEnded: (() => void) | undefined

  constructor(
    caller: Pick<McpCaller, 'ask'>,
    asked: Asked,
    { workers, pauseMs }: Pace,
    signal: AbortSignal,
  ) {
    const work = async (): Promise<void> => {
      while (!this.#stopped && !signal.aborted) {
        this.ended.push(await caller.ask(asked, signal))
        if (this.ended.length > KEPT_MAX) this.ended.shift()
        this.#onEnded?.()
        await sleep(pauseMs, undefined, { signal })
      }
    }
    this.#workers = Promise.all(Array.from({ length: workers }, work)).then(() => undefined)
    this.#workers.catch(() => undefined) // told by `stop`
  }

  /** Waits until one succeeded that began from now on: false where the time was over. @throws the signal's own reason */
  async untilGood(withinMs: number, signal: AbortSignal): Promise<boolean> {
    const sinceMs = performance.now()
    const late = AbortSignal.timeout(withinMs)
    const bounded = AbortSignal.any([signal, late])
    while (!late.aborted) {
      if (this.ended.some(({ ok, startedMs }) => ok && startedMs >= sinceMs)) return true
      signal.throwIfAborted()
      await this.#next(bounded)
    }
    signal.throwIfAborted()
    return false
  }

  /** Lets what runs end, and says how everything went. @throws the reason of the signal that ended it */
  async stop(): Promise<readonly Ended[]> {
    this.#stopped = true
    await this.#workers
    return this.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    await this.#workers.catch(() => undefined) // it was ended; whoever needs to know asked `stop`
  }

  /** The end of one request, or of the wait. */
  #next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const over = (): void => {
        this.#onEnded = undefined
        signal.removeEventListener('abort', over)
        resolve()
      }
      signal.addEventListener('abort', over, { once: true })
      this.#onEnded = over
    })
  }
}
