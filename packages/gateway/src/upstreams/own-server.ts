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
  /** Told that nothing listens at a port any more. */
  gone(port: number): void
}

const LOOPBACK = '127.0.0.1'

/**
 * Connects to wherever the child is now: it has another port after each start.
 *
 * @param startMs how long its start is waited for: after a handover it waits for that of the gateway before
 */
export function ownConnector(
  own: OwnServer,
  { startMs, connectMs }: { readonly startMs: number; readonly connectMs: number },
): buildConnector.connector {
  const connect = buildConnector({ timeout: connectMs, allowH2: false })
  const attempt = (...[target, callback]: Parameters<buildConnector.connector>): void => {
    own.port(startMs).then(
      (port) => {
        const place = { hostname: LOOPBACK, host: `${LOOPBACK}:${port}`, port: String(port) }
        connect({ ...target, ...place }, (...[error, socket]) => {
          if (error === null) return callback(null, socket)
          own.gone(port)
          callback(error, null)
        })
      },
      (thrown: unknown) => callback(toError(thrown), null),
    )
  }
  return (target, callback) => {
    attempt(target, (...[error, socket]) => {
      if (error === null) callback(null, socket)
      // It ended a moment ago, and another one comes.
      else if ('code' in error && error.code === 'ECONNREFUSED') attempt(target, callback)
      else callback(error, null)
    })
  }
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
