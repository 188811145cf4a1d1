import { askRoots } from './ask-roots.ts'
import type { ServerConfig } from './server-config.ts'
import type { Asker } from './upstream.ts'

export interface ClientRootsOptions {
  readonly roots: ServerConfig['roots']
  readonly signal: AbortSignal
  keyOf(asker: Asker): string
  /** The client session is over to which this key belongs. */
  onEnd(key: string): void
}

/** With `roots: client` each client session has an upstream session of its own; nothing otherwise. */
export class ClientRoots {
  readonly #options: ClientRootsOptions
  /** Keys of client sessions whose end is waited for. */
  readonly #bound = new Set<string>()

  constructor(options: ClientRootsOptions) {
    this.#options = options
  }

  /** Sees that the end of the asker's session is the end of its upstream session. */
  bind(asker: Asker): void {
    if (this.#options.roots !== 'client' || asker.session === undefined) return
    const key = this.#options.keyOf(asker)
    if (this.#bound.has(key)) return
    this.#bound.add(key)
    asker.session.onEnd(() => {
      this.#bound.delete(key)
      this.#options.onEnd(key)
    })
  }

  /** Who tells the roots of the asker's client; undefined for a client that cannot be asked. */
  of({ session }: Asker): ReturnType<typeof askRoots> | undefined {
    if (this.#options.roots !== 'client' || session === undefined) return undefined
    return askRoots(session, this.#options.signal)
  }
}
