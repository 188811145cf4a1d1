import type { Secret } from '@sallyport/kit/secret'
import { buildConnector } from 'undici'
import type { StderrRing } from './stderr-ring.ts'

/** A first-party server that runs as a child of this gateway on loopback. */
export interface OwnServer {
  /** What it lets the gateway in by. */
  readonly token: Secret
  /** What it wrote to stderr. */
  readonly stderr: StderrRing
  readonly pid: number | undefined
  /**
   * Its port; waited for while it starts.
   *
   * @throws {AppError} `server_unavailable`, `not_sent`, when it does not run within that time
   */
  port(withinMs: number): Promise<number>
}

const LOOPBACK = '127.0.0.1'

/** Connects to wherever the child is now: it has another port after each start. */
export function ownConnector(own: OwnServer, connectMs: number): buildConnector.connector {
  const connect = buildConnector({ timeout: connectMs, allowH2: false })
  return (target, callback) => {
    own.port(connectMs).then(
      (port) => {
        const place = { hostname: LOOPBACK, host: `${LOOPBACK}:${port}`, port: String(port) }
        connect({ ...target, ...place }, callback)
      },
      (thrown: unknown) =>
        callback(thrown instanceof Error ? thrown : new Error(String(thrown)), null),
    )
  }
}
