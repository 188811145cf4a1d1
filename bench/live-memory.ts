import type { Running } from './processes.ts'

/** For a process whose memory is to be read: it then listens for an inspector on a loopback port. */
export const INSPECTED = '--inspect=127.0.0.1:0'

const READ = 'JSON.stringify(process.memoryUsage())'
/** One collection leaves what finalizers let go of. */
const COLLECTIONS = 3

/** Reads what a process really needs: its live memory after forced collections, in bytes. */
export class LiveMemory implements Disposable {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #nextId = 1

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer & { id: number } // V8 wrote it
      this.#waiting.get(answer.id)?.(answer)
      this.#waiting.delete(answer.id)
    })
  }

  /**
   * Connects to a process started with `INSPECTED`.
   *
   * @throws {Error} when it does not listen
   */
  static async open(running: Running): Promise<LiveMemory> {
    const url = await running.until(
      () => /ws:\/\/127\.0\.0\.1:\S+/.exec(running.errors)?.[0],
      5_000,
    )
    const socket = new WebSocket(url)
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve())
      socket.addEventListener('error', () => reject(new Error(`no inspector at ${url}`)))
    })
    return new LiveMemory(socket)
  }

  /** Objects on the heap and buffers beside it. Native memory, of sockets for one, is not in it. */
  async bytes(): Promise<number> {
    for (let round = 0; round < COLLECTIONS; round++) {
      await this.#ask('HeapProfiler.collectGarbage')
    }
    const { result } = await this.#ask('Runtime.evaluate', { expression: READ })
    const usage = JSON.parse(result?.result?.value ?? '') as NodeJS.MemoryUsage // what READ prints
    return usage.heapUsed + usage.external
  }

  [Symbol.dispose](): void {
    this.#socket.close()
  }

  #ask(method: string, params: object = {}): Promise<Answer> {
    const id = this.#nextId++
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#socket.send(JSON.stringify({ id, method, params }))
    })
  }
}

interface Answer {
  readonly result?: { readonly result?: { readonly value?: string } }
}
