/** Of one session, on their way and waiting; a server that floods us gets no more. */
const POSTS_MAX = 64
/** Connections they take at once; the others are left to calls. */
const AT_ONCE = 6
/** A server that has not taken a message by then will not. */
const POST_MS = 5_000

/**
 * Sends one message and gives what drops it. `over` is called once the server has it, or will never have it.
 */
export type SendPost = (over: () => void) => () => void

/**
 * What a session posts that no answer is awaited for: notifications, and answers to the server's questions.
 * They leave in order, few at once and each for bounded time, so that a server which never answers a POST
 * keeps no connection that a call needs.
 */
export class OwnPosts {
  readonly #waiting: (() => void)[] = []
  readonly #dropping = new Set<() => void>()
  #closed = false

  /** Resolves when the server has it, or will never have it; what is one too many is dropped. */
  add(send: SendPost): Promise<void> {
    if (this.#closed || this.#count >= POSTS_MAX) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.push(() => this.#send(send, resolve))
      if (this.#dropping.size < AT_ONCE) this.#next()
    })
  }

  /** Whether a refusal of ours may still be posted; half the places are kept for answers. */
  get hasRoom(): boolean {
    return this.#count < POSTS_MAX / 2
  }

  /** Drops all of them; nothing is sent any more. */
  close(): void {
    this.#closed = true
    for (const drop of this.#dropping) drop()
    while (this.#waiting.length > 0) this.#next()
  }

  get #count(): number {
    return this.#dropping.size + this.#waiting.length
  }

  #next(): void {
    this.#waiting.shift()?.()
  }

  #send(send: SendPost, resolve: () => void): void {
    if (this.#closed) {
      resolve()
      return
    }
    let cancel: (() => void) | undefined
    const over = (): void => {
      if (!this.#dropping.delete(drop)) return
      clearTimeout(timer)
      resolve()
      this.#next()
    }
    const drop = (): void => {
      over()
      cancel?.()
    }
    const timer = setTimeout(drop, POST_MS)
    this.#dropping.add(drop)
    cancel = send(over)
  }
}
