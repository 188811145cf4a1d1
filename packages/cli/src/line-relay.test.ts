import { duplexPair, PassThrough, Writable } from 'node:stream'
import { expect, test, vi } from 'vitest'
import { LineRelay } from './line-relay.ts'

const LINE_MAX = 1_000

/** A relay between fake standard streams; `gateway()` gives both ends of a connection. */
function open() {
  const input = new PassThrough()
  const output = new PassThrough()
  let text = ''
  output.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const relay = new LineRelay(input, output, LINE_MAX)
  return { input, output, relay, printed: () => text.split('\n').slice(0, -1) }
}

function gateway() {
  const [ours, theirs] = duplexPair()
  let text = ''
  theirs.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return { ours, theirs, heard: () => text }
}

const list = (id: number): string => `{"jsonrpc":"2.0","id":${id},"method":"tools/list"}`
const call = (id: number): string => `{"jsonrpc":"2.0","id":${id},"method":"tools/call"}`
const answer = (id: number): string => `{"jsonrpc":"2.0","id":${id},"result":{}}`

test('passes both ways, whole lines only towards the client', async () => {
  const { input, relay, printed } = open()
  const { ours, theirs, heard } = gateway()
  const over = relay.over(ours)
  input.write(`${list(1)}\n${list(2).slice(0, 5)}`)
  await vi.waitFor(() => expect(heard()).toBe(`${list(1)}\n${list(2).slice(0, 5)}`))
  theirs.write(`${answer(1)}\n${answer(2).slice(0, 5)}`)
  await vi.waitFor(() => expect(printed()).toEqual([answer(1)]))
  input.end(`${list(2).slice(5)}\n`)
  theirs.write(`${answer(2).slice(5)}\n`)
  theirs.end()
  expect([await over, printed()]).toEqual(['ended', [answer(1), answer(2)]])
})

test('goes on with the next gateway, also in the middle of a line, and leaves half an answer out', async () => {
  const { input, relay, printed } = open()
  const first = gateway()
  const over = relay.over(first.ours)
  input.write(`${list(1)}\n${call(2)}\n${list(3).slice(0, 9)}`)
  await vi.waitFor(() => expect(first.heard()).toContain(list(3).slice(0, 9)))
  first.theirs.write(answer(1).slice(0, 20))
  first.theirs.destroy()
  expect(await over).toBe('lost')
  input.write(list(3).slice(9))
  const second = gateway()
  const again = relay.over(second.ours)
  await vi.waitFor(() => expect(second.heard()).toBe(`${list(1)}\n${list(3)}`))
  await vi.waitFor(() => expect(printed()).toMatchObject([expect.stringContaining('"id":2')]))
  input.end('\n')
  second.theirs.end(`${answer(1)}\n${answer(3)}\n`)
  expect([await again, printed().slice(1)]).toEqual(['ended', [answer(1), answer(3)]])
})

test('a client that ended gets an answer to all it asked, also when the gateway is lost then', async () => {
  const { input, relay, printed } = open()
  const { ours, theirs } = gateway()
  const over = relay.over(ours)
  input.end(`${list(1)}\n${call(2)}`)
  await vi.waitFor(() => expect(theirs.readableEnded).toBe(true))
  theirs.destroy()
  expect(await over).toBe('ended')
  expect(printed().map((line) => JSON.parse(line))).toMatchObject([
    { id: 1, error: { data: { code: 'server_lost' } } },
    { id: 2, error: { data: { code: 'server_lost' } } },
  ])
})

test('takes nothing more from the client once it is told to end, and passes on what is still coming', async () => {
  const { input, relay, printed } = open()
  const { ours, theirs, heard } = gateway()
  const over = relay.over(ours)
  input.write(`${call(1)}\n`)
  await vi.waitFor(() => expect(heard()).toBe(`${call(1)}\n`))
  relay.end()
  await vi.waitFor(() => expect(theirs.readableEnded).toBe(true))
  theirs.end(`${answer(1)}\n`)
  expect([await over, printed()]).toEqual(['ended', [answer(1)]])
})

test('a client that cannot be written to has ended', async () => {
  const input = new PassThrough()
  const output = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) })
  const relay = new LineRelay(input, output, LINE_MAX)
  const { ours, theirs } = gateway()
  const over = relay.over(ours)
  theirs.write(`${answer(1)}\n`)
  await vi.waitFor(() => expect(theirs.readableEnded).toBe(true))
  theirs.end()
  expect([await over, input.destroyed]).toEqual(['ended', true])
})

test('takes no more from a gateway than the client reads', async () => {
  const input = new PassThrough()
  const output = new PassThrough()
  const relay = new LineRelay(input, output, LINE_MAX)
  const { ours, theirs } = gateway()
  void relay.over(ours)
  const line = Buffer.from(`"${'x'.repeat(100_000)}"\n`)
  let written = 0
  while (theirs.write(line) && written < 100) written += 1
  await new Promise(setImmediate)
  for (; written < 100 && theirs.writableLength < 1_000_000; written += 1) theirs.write(line)
  await new Promise(setImmediate)
  expect(output.readableLength).toBeLessThan(300_000)
  expect(theirs.writableNeedDrain).toBe(true)
  output.resume()
  await vi.waitFor(() => expect(theirs.writableLength).toBe(0))
})
