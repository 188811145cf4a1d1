import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { HttpConnection } from './load/connection.ts'
import { openSession } from './load/open-session.ts'
import type { Target } from './load/job.ts'
import { mcpHeaders } from './wire/mcp.ts'

/** Legacy sessions that nobody uses: each initialised, and with the GET stream that the official clients open. */
export class IdleSessions implements Disposable {
  readonly #streams: Socket[] = []
  readonly #connections: HttpConnection[] = []

  /** How many of the streams the server has accepted. */
  accepted = 0

  /**
   * Opens sessions one after another.
   *
   * @throws {Error} when the server refuses one
   */
  static async open(
    target: Extract<Target, { kind: 'http' }>,
    count: number,
  ): Promise<IdleSessions> {
    const sessions = new IdleSessions()
    const url = new URL(target.url)
    for (let at = 0; at < count; at++) {
      const connection = await HttpConnection.open(Number(url.port))
      sessions.#connections.push(connection)
      const session = await openSession(connection, url, target.headers)
      connection.close()
      const headers = { ...target.headers, ...mcpHeaders('legacy', '', undefined), ...session }
      await sessions.#listen(url, headers)
    }
    return sessions
  }

  [Symbol.dispose](): void {
    for (const stream of this.#streams) stream.destroy()
    for (const connection of this.#connections) connection.close()
  }

  #listen(url: URL, headers: Readonly<Record<string, string>>): Promise<void> {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    return new Promise((resolve, reject) => {
      const stream = connect({ port: Number(url.port), host: '127.0.0.1' })
      this.#streams.push(stream)
      stream.write(
        `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nAccept: text/event-stream\r\n${lines.join('')}\r\n`,
      )
      stream.once('data', (bytes: Buffer) => {
        if (bytes.toString('latin1', 0, 12) === 'HTTP/1.1 200') this.accepted++
        resolve()
      })
      stream.once('close', () => resolve())
      stream.once('error', reject)
    })
  }
}
