import { type Listener, type ListenerOptions, openListener } from '@sallyport/kit/http'

/** The local administrator's socket, whose name a handover lets go and may take back. */
export class LocalSocket implements AsyncDisposable {
  readonly #options: ListenerOptions
  #current: Listener | undefined
  /** Those that still have connections. */
  readonly #former: Listener[] = []

  private constructor(options: ListenerOptions, listener: Listener) {
    this.#options = options
    this.#current = listener
  }

  /** @throws {AppError} as `openListener` */
  static async open(options: ListenerOptions): Promise<LocalSocket> {
    return new LocalSocket(options, await openListener(options))
  }

  /** Removes the socket's file, so that another process can make its own; what is connected stays so. */
  release(): void {
    if (this.#current === undefined) return
    this.#current.retire()
    this.#former.push(this.#current)
    this.#current = undefined
  }

  /** @throws {AppError} `port_taken` while another process listens there */
  async takeBack(): Promise<void> {
    this.#current ??= await openListener(this.#options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const listeners = this.#former.splice(0)
    if (this.#current !== undefined) listeners.push(this.#current)
    this.#current = undefined
    await Promise.all(listeners.map((listener) => listener[Symbol.asyncDispose]()))
  }
}
