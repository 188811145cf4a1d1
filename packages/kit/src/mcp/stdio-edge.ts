import type { Duplex } from 'node:stream'
import { AppError } from '../errors.ts'
import type { EdgeCore } from './core.ts'
import { type LinePeer, StdioConnection } from './stdio-connection.ts'

/**
 * MCP on streams of lines, both eras: stdio. Each stream is one client; only messages are written to it.
 *
 * Source: MCP 2025-11-25 and 2026-07-28, "Transports", stdio.
 */
export class StdioEdge {
  readonly #core: EdgeCore
  readonly #open = new Set<StdioConnection>()
  readonly #onEmpty: (() => void)[] = []

  /** @param core of the edge that serves the same application over HTTP; disposed by its owner */
  constructor(core: EdgeCore) {
    this.#core = core
  }

  /** Clients that are connected. */
  get size(): number {
    return this.#open.size
  }

  /**
   * Serves one client, and closes its stream at the end: when it has ended its input and has its answers, or is
   * gone. Never rejects.
   */
  async serve(stream: Duplex, peer: LinePeer, scope: string): Promise<void> {
    const connection = new StdioConnection(this.#core, stream, peer, scope)
    this.#open.add(connection)
    await connection.run()
    this.#open.delete(connection)
    if (this.#open.size > 0) return
    for (const told of this.#onEmpty.splice(0)) told()
  }

  /** Settles once no client is connected, at once when none is. */
  empty(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onEmpty.push(resolve))
  }

  /** Ends the lines of a principal whose credential was revoked. */
  endPrincipal(principalId: string): void {
    const revoked = new AppError('credential_invalid', 'the key was revoked')
    for (const connection of this.#open) {
      if (connection.principal.id === principalId) connection.end(revoked)
    }
  }

  /** Lets what is in flight finish for `afterMs`, then ends every line. The application is drained beside it. */
  async drain(afterMs: number): Promise<void> {
    await Promise.all([...this.#open].map((connection) => connection.drain(afterMs)))
  }
}
