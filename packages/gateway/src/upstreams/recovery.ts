import { AppError } from '@sallyport/kit/errors'
import type { Asker } from './upstream.ts'

/** Whose session is gone. */
export interface Lost {
  readonly key: string
  readonly asker: Asker
  /** When it was last used, monotonic. */
  readonly usedAtMs: number
}

export interface RecoveryOptions {
  /** Time between two attempts at a server that must be up; also the wait after a failed start that names none. */
  everyMs(): number
  /** Ends it. */
  readonly signal: AbortSignal
  /** For whom a server is started that must be up. */
  readonly own: Asker
  /** Whether this session, now gone, still counts as used. */
  isWanted(lost: Lost): boolean
  /** Whether the server must be up, whoever calls, and is not. */
  isMissed(): boolean
  /** `insists`: although it is left alone for a moment. */
  open(asker: Asker, how: { readonly insists: boolean }): Promise<void>
}

/** Starts sessions again that were lost while somebody counts on them, without waiting for a call. */
export class Recovery {
  readonly #options: RecoveryOptions
  /** Starts that failed and are tried again, by the key of their slot. */
  readonly #timers = new Map<string, NodeJS.Timeout>()
  #watching: NodeJS.Timeout | undefined
  #trying = false

  constructor(options: RecoveryOptions) {
    this.#options = options
  }

  recover(lost: Lost): void {
    const { signal, isWanted, open, everyMs } = this.#options
    clearTimeout(this.#timers.get(lost.key))
    this.#timers.delete(lost.key)
    if (signal.aborted || !isWanted(lost)) return
    open(lost.asker, { insists: false }).catch((thrown: unknown) => {
      const waitMs = AppError.from(thrown).retryAfterMs ?? everyMs()
      clearTimeout(this.#timers.get(lost.key))
      const timer = setTimeout(() => this.recover(lost), waitMs)
      timer.unref()
      this.#timers.set(lost.key, timer)
    })
  }

  /** The server may be missed: it is then tried at every interval until it is there. */
  watch(): void {
    const { signal, isMissed, everyMs } = this.#options
    if (signal.aborted || this.#trying || this.#watching !== undefined || !isMissed()) return
    this.#watching = setTimeout(() => void this.#try(), everyMs()).unref()
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
    clearTimeout(this.#watching)
    this.#watching = undefined
  }

  async #try(): Promise<void> {
    const { signal, isMissed, open, own } = this.#options
    this.#watching = undefined
    if (signal.aborted || !isMissed()) return
    this.#trying = true
    // That it failed is told where sessions are opened; here it only means to try again.
    await open(own, { insists: true }).catch(() => undefined)
    this.#trying = false
    this.watch()
  }
}
