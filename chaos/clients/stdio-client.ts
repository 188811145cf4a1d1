import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { launchOf } from '../../packages/cli/test/fixtures/stdio-client.ts'
import type { TestGateway } from '../../packages/cli/test/fixtures/gateway.ts'
import { LEGACY } from '../../packages/cli/test/fixtures/wire.ts'
import { callMessage, type CallReport, judgeAnswer, type PlannedCall, strange } from './call.ts'

const OPEN_MS_MAX = 20_000

/** A client that reaches the gateway through `sallyport stdio`, with any number of calls at once. */
export class StdioClient implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #waiting = new Map<number, (line: string) => void>()
  #ids = 0

  private constructor(gateway: TestGateway) {
    const { command, args, env, cwd } = launchOf(gateway)
    this.#child = spawn(command, args, { env, cwd, stdio: 'pipe' })
    this.#child.stdin.on('error', () => undefined) // whoever waits runs into the limit
    this.#child.stderr.resume()
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      // Of floods there is a lot to pass over.
      if (line.includes('"method":')) return
      const { id } = JSON.parse(line) as { id?: number } // looked at below
      if (typeof id === 'number') this.#waiting.get(id)?.(line)
    })
  }

  static async open(gateway: TestGateway): Promise<StdioClient> {
    const client = new StdioClient(gateway)
    const clientInfo = { name: 'chaos', version: '1.0.0' }
    const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo }
    const hello = { jsonrpc: '2.0', id: 0, method: 'initialize', params }
    if ((await client.#ask(0, hello, OPEN_MS_MAX)) === undefined) {
      throw new Error('`sallyport stdio` gives no session')
    }
    client.#write({ jsonrpc: '2.0', method: 'notifications/initialized' })
    return client
  }

  async call(call: PlannedCall, withinMs: number): Promise<CallReport> {
    const id = (this.#ids += 1)
    const sentMs = performance.now()
    const line = await this.#ask(id, callMessage(call, id), withinMs)
    const ms = performance.now() - sentMs
    const judged = line === undefined ? strange('no answer came') : judgeAnswer(call, id, line)
    return { call, client: 'stdio', ms, ...judged }
  }

  /** Closes its input, after which it ends by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'close')
    child.stdin.end()
    const timer = setTimeout(() => child.kill('SIGKILL'), OPEN_MS_MAX)
    await ended
    clearTimeout(timer)
  }

  async #ask(id: number, message: object, withinMs: number): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    const timer = setTimeout(() => resolve(undefined), withinMs)
    this.#waiting.set(id, resolve)
    this.#write(message)
    const line = await promise
    clearTimeout(timer)
    this.#waiting.delete(id)
    return line
  }

  #write(message: object): void {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`)
  }
}
