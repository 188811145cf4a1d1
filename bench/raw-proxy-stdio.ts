import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'

/**
 * The raw proxy's child: one stdio server for all clients. Ids pass unchanged, because the bench's callers
 * never share one; a proxy for strangers would have to replace them.
 */
export class StdioServer {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #waiting = new Map<unknown, (line: string | undefined) => void>()
  #rest = ''

  constructor(command: readonly string[]) {
    const [file = '', ...args] = command
    this.#child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stdout.setEncoding('utf8')
    this.#child.stdout.on('data', (text: string) => this.#read(text))
    this.#child.stderr.resume()
    this.#child.on('exit', () => process.exit(1))
  }

  /** Sends one message as a line. The callback gets the answer, at once `undefined` for a notification. */
  send(body: Buffer, id: unknown, done: (line: string | undefined) => void): void {
    if (id !== undefined) this.#waiting.set(id, done)
    this.#child.stdin.write(`${body.toString()}\n`)
    if (id === undefined) done(undefined)
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      const { id } = JSON.parse(line) as { id?: unknown } // only its own child writes here
      const done = this.#waiting.get(id)
      this.#waiting.delete(id)
      done?.(line)
    }
  }
}
