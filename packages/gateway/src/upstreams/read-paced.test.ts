import { PassThrough } from 'node:stream'
import { expect, onTestFinished, test, vi } from 'vitest'
import { readInTurns, readSlowly, Turns } from './read-paced.ts'

/** Takes its time, as a read full of small messages does. */
function busy(ms: number): void {
  const untilMs = performance.now() + ms
  while (performance.now() < untilMs);
}

test('what takes long is handed on in turns, whole and in order, and others come between', async () => {
  const stream = new PassThrough({ highWaterMark: 1_024 * 1_024 })
  const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, n) => n % 251))
  const got: Buffer[] = []
  let turns = 0
  const look = setInterval(() => {
    turns += 1
  }, 0)
  readInTurns(stream, (chunk) => {
    got.push(Buffer.from(chunk))
    busy(1)
  })
  for (let at = 0; at < bytes.length; at += 65_536) stream.write(bytes.subarray(at, at + 65_536))
  await vi.waitFor(() => expect(got.reduce((sum, { length }) => sum + length, 0)).toBe(200_000))
  clearInterval(look)
  expect(Buffer.concat(got).equals(bytes)).toBe(true)
  // 25 slices of a millisecond: at once they would be one turn.
  expect(turns).toBeGreaterThan(3)
})

test('what waits for its turn is handed on before the end is told', async () => {
  const stream = new PassThrough({ highWaterMark: 1_024 * 1_024 })
  let got = 0
  const atEnd = new Promise<number>((resolve) => {
    readInTurns(stream, (chunk) => {
      got += chunk.length
      busy(1)
    })
    stream.once('end', () => resolve(got))
  })
  stream.end(Buffer.alloc(100_000, 'x\n'))
  // As Node.js does with the pipes of a process that ended.
  await vi.waitFor(() => expect(got).toBeGreaterThan(0))
  stream.resume()
  expect(await atEnd).toBe(100_000)
})

test.each([
  ['a small read', '{"jsonrpc":"2.0"}\n'],
  ['a long line', `${'x'.repeat(60_000)}\n`],
])('%s is handed on at once and as it came', (_case, text) => {
  const stream = new PassThrough()
  const got: Buffer[] = []
  readInTurns(stream, (chunk) => got.push(chunk))
  const chunk = Buffer.from(text)
  stream.emit('data', chunk)
  expect(got).toEqual([chunk])
  expect(got[0]).toBe(chunk)
  expect(stream.isPaused()).toBe(false)
})

test('many that flood share one turn, and each comes to its end', async () => {
  const turns: number[] = [0]
  const count = (): void => {
    turns.push(0)
    next = setImmediate(count)
  }
  let next = setImmediate(count)
  onTestFinished(() => clearImmediate(next))
  // Each has 20 reads for whoever lets it, of half a millisecond.
  const left = Array.from({ length: 25 }, () => 20)
  for (const index of left.keys()) {
    let paused = false
    const send = (): void => {
      while (!paused && (left[index] ?? 0) > 0) {
        left[index] = (left[index] ?? 0) - 1
        flood.push(Buffer.from('x\n'))
      }
    }
    const pause = (): void => void (paused = true)
    const resume = (): void => {
      paused = false
      send()
    }
    const flood = new Turns({ pause, resume }, () => {
      turns[turns.length - 1] = (turns.at(-1) ?? 0) + 1
      busy(0.5)
    })
    setImmediate(send)
  }
  const all = 25 * 20
  const done = (): number => turns.reduce((sum, reads) => sum + reads, 0)
  await vi.waitFor(() => expect(done()).toBe(all), { timeout: 10_000 })
  // The first reads of each are free, and all come at once here; then two milliseconds are four reads, or five.
  expect(turns.filter((reads) => reads > 10).length).toBeLessThanOrEqual(2)
  expect(turns.filter((reads) => reads > 0).length).toBeGreaterThan(40)
})

/** As undici reads: all that has come is copied, handed on until it is paused, and the rest is put back. */
class CopyingSource {
  readonly turns: Turns
  copied = 0
  heldMax = 0
  #held = 0
  #toCome: number
  #paused = false

  constructor(events: number, onChunk: () => void) {
    this.#toCome = events
    this.turns = new Turns(this, onChunk)
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#read()
  }

  /** The socket reads on while there is room, paused or not. */
  readonly arrive = (): void => {
    const read = this.#held < 100 ? Math.min(100, this.#toCome) : 0
    this.#toCome -= read
    this.#held += read
    this.heldMax = Math.max(this.heldMax, this.#held)
    if (!this.#paused) this.#read()
    if (this.#toCome > 0) setImmediate(this.arrive)
  }

  #read(): void {
    this.copied += this.#held
    while (this.#held > 0) {
      this.#held -= 1
      this.turns.push(Buffer.from('data: x\n'))
      if (this.#paused) return
    }
  }
}

test('what was read of a flood is not read again for each of its turns', async () => {
  let got = 0
  const source = new CopyingSource(2_000, () => {
    got += 1
    busy(0.2)
  })
  source.arrive()
  await vi.waitFor(() => expect(got).toBe(2_000), { timeout: 10_000 })
  expect(source.copied).toBeLessThan(2 * 2_000)
})

test('after a full read a flood has to wait, a trickle does not', async () => {
  const stream = new PassThrough()
  let got = 0
  readSlowly(stream, 20, (chunk) => (got += chunk.length))
  stream.emit('data', Buffer.alloc(65_535))
  expect(stream.isPaused()).toBe(false)
  stream.emit('data', Buffer.alloc(65_536))
  expect(stream.isPaused()).toBe(true)
  await vi.waitFor(() => expect(stream.isPaused()).toBe(false))
  expect(got).toBe(131_071)
})
