import type { CallSignal } from '@sallyport/kit/call-signal'
import type { Log } from '@sallyport/kit/log'
import type { Asker, Upstreams } from '../upstreams/upstream.ts'

export interface MeetDeps {
  readonly upstreams: Upstreams
  readonly log: Log
  /** How long a list waits for servers never seen, milliseconds. */
  readonly waitMs: number
}

/** Starts servers that were never seen, together, and waits for them at most `waitMs`. */
export class ServerMeeting {
  readonly #deps: MeetDeps
  /** Ends `waitMs` after the server was first looked for: who comes in that time waits too, later ones not. */
  readonly #patience = new Map<string, Promise<void>>()

  constructor(deps: MeetDeps) {
    this.#deps = deps
  }

  async meet(servers: readonly string[], asker: Asker, signal: CallSignal): Promise<void> {
    if (servers.length === 0) return
    await Promise.all(
      servers.map((server) =>
        Promise.race([this.#warm(server, asker, signal), this.#patienceFor(server)]),
      ),
    )
  }

  async #warm(server: string, asker: Asker, signal: CallSignal): Promise<void> {
    const { upstreams, log } = this.#deps
    try {
      await upstreams.warm(server, asker, signal)
    } catch (err) {
      log.debug({ server, err }, 'server did not start for a list')
    }
  }

  #patienceFor(server: string): Promise<void> {
    let patience = this.#patience.get(server)
    if (!patience) {
      const { waitMs } = this.#deps
      patience = new Promise((resolve) => setTimeout(resolve, waitMs).unref())
      this.#patience.set(server, patience)
    }
    return patience
  }
}
