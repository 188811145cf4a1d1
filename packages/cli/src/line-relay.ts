import { once } from 'node:events'
import type { Duplex, Readable, Writable } from 'node:stream'
import { LineSplitter } from '@sallyport/kit/mcp'
import { LineMemory } from './line-memory.ts'

const NEWLINE = Buffer.from('\n')
const UNCOUNTED = { grow: () => true, release: () => undefined }

/** How a client's time with one gateway ended. `lost`: the client is still there. */
export type RelayEnd = 'ended' | 'lost'

/** Joins a client on standard streams with a gateway, and with the next one when that ends. */
export class LineRelay {
  readonly #input: Readable
  readonly #output: Writable
  readonly #memory = new LineMemory()
  readonly #lines: LineSplitter
  #gateway = Promise.withResolvers<Duplex>()
  #reading: Promise<void> | undefined
  #inputEnded = false
  #outputBroken = false

  /** @param lineBytesMax longest message that a gateway takes */
  constructor(input: Readable, output: Writable, lineBytesMax: number) {
    this.#input = input
    this.#output = output
    this.#lines = new LineSplitter(lineBytesMax, () => UNCOUNTED)
    output.on('error', () => {
      // Nobody is left to be told.
      this.#outputBroken = true
      this.end()
    })
  }

  /** Serves the client by this gateway until one of the two is gone. Closes the connection. Never rejects. */
  async over(gateway: Duplex): Promise<RelayEnd> {
    gateway.on('error', () => gateway.destroy())
    this.#gateway.resolve(gateway)
    this.#resume(gateway)
    this.#reading ??= this.#read()
    await this.#deliver(gateway)
    gateway.destroy()
    this.#gateway = Promise.withResolvers()
    if (this.#inputEnded || this.#outputBroken) {
      await this.#tell(this.#memory.giveUp())
      return 'ended'
    }
    return 'lost'
  }

  /** Takes nothing more from the client; what it has asked is still answered. Safe to call twice. */
  end(): void {
    this.#inputEnded = true
    this.#input.destroy()
    void this.#gateway.promise.then((gateway) => gateway.end())
  }

  /** Makes a gateway that follows another one go on where that ended. */
  #resume(gateway: Duplex): void {
    if (!this.#reading) return
    const { answers, lines } = this.#memory.recover()
    void this.#tell(answers)
    for (const line of lines) gateway.write(Buffer.concat([line, NEWLINE]))
    for (const part of this.#lines.unfinished) gateway.write(part)
    if (this.#inputEnded) gateway.end()
  }

  async #read(): Promise<void> {
    try {
      for await (const chunk of this.#input as AsyncIterable<Buffer>) await this.#forward(chunk) // no encoding is set
    } catch {
      // Whether it ended or broke, no more is coming.
    }
    const last = this.#lines.end()
    if (last) this.#memory.sent(last)
    this.#inputEnded = true
    const gateway = await this.#gateway.promise
    gateway.end()
  }

  /** Sends a chunk and notes its lines at once: what is not noted was not sent. */
  async #forward(chunk: Buffer): Promise<void> {
    const gateway = await this.#gateway.promise
    for (const line of this.#lines.push(chunk)) {
      if (typeof line !== 'string') this.#memory.sent(line)
    }
    if (gateway.writable && !gateway.write(chunk)) await drained(gateway)
  }

  /** Passes on what the gateway says, whole lines only, until it ends. */
  async #deliver(gateway: Duplex): Promise<void> {
    const lines = new LineSplitter(Number.MAX_SAFE_INTEGER, () => UNCOUNTED)
    try {
      const chunks = gateway.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer> // no encoding is set
      for await (const chunk of chunks) {
        const whole = [...lines.push(chunk)].filter((line) => typeof line !== 'string')
        await this.#tell(whole.filter((line) => this.#memory.received(line)))
      }
    } catch {
      // It ended without a word; what was open is dealt with by whoever follows.
    }
  }

  async #tell(lines: readonly Buffer[]): Promise<void> {
    for (const line of lines) {
      if (this.#outputBroken) return
      const whole = Buffer.concat([line, NEWLINE])
      if (!this.#output.write(whole)) await drained(this.#output)
    }
  }
}

/** Settles once a stream takes more, or is over. */
async function drained(stream: Writable): Promise<void> {
  const over = new AbortController()
  const { signal } = over
  const ends = ['drain', 'close', 'error'].map((event) => once(stream, event, { signal }))
  // `once` rejects on an error, which the owner of the stream deals with.
  await Promise.race(ends).catch(() => undefined)
  over.abort()
  await Promise.allSettled(ends)
}
