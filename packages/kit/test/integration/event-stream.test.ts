import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { EventStream } from '../../src/mcp/event-stream.ts'

const STALL_MS = 300
const MESSAGE = Buffer.from(`"${'x'.repeat(8 * 1024 * 1024)}"`)

/** A stream over a real connection whose reader takes nothing until it is told to. */
async function openStream() {
  const server = createServer()
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const reader = connect((server.address() as AddressInfo).port, '127.0.0.1') // listening on TCP
  reader.pause()
  reader.on('error', () => undefined)
  const requested = once(server, 'request')
  reader.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  const response = (await requested)[1] as ServerResponse // as the event is documented
  const limits = { stallMs: STALL_MS, unreadBytesMax: MESSAGE.length * 2 }
  const stream = new EventStream(response, {}, limits)
  const closed = vi.fn()
  stream.onClose = closed
  return { reader, response, stream, closed }
}

/** Takes a piece at a time, so that everything lasts several times the limit. */
async function readSlowly(reader: Socket): Promise<number> {
  let bytes = 0
  reader.on('data', (chunk) => {
    bytes += chunk.length
    reader.pause()
    setTimeout(() => reader.resume(), 12)
  })
  reader.resume()
  await once(reader, 'close')
  return bytes
}

test('a reader that takes nothing is cut off [wire/stream/stalled]', async () => {
  const { stream, closed } = await openStream()
  stream.send(MESSAGE)
  await vi.waitFor(() => expect(closed).toHaveBeenCalledOnce(), 5_000)
})

test('a reader that never takes the end is cut off', async () => {
  const { stream, closed } = await openStream()
  stream.send(MESSAGE)
  stream.end()
  expect(stream.send(MESSAGE)).toBe(false)
  await vi.waitFor(() => expect(closed).toHaveBeenCalledOnce(), 5_000)
})

test('a reader that is slow, but takes a little all the time, gets everything', async () => {
  const { reader, stream } = await openStream()
  const startedMs = performance.now()
  stream.send(MESSAGE)
  stream.end()
  expect(await readSlowly(reader)).toBeGreaterThan(MESSAGE.length)
  expect(performance.now() - startedMs).toBeGreaterThan(STALL_MS * 2)
})

test('a quiet stream is not cut off [wire/stream/stalled]', async () => {
  const { reader, response, stream } = await openStream()
  reader.resume()
  const asked = once(response, 'timeout')
  stream.send(Buffer.from('{}'))
  await asked
  expect([stream.open, response.destroyed]).toEqual([true, false])
})
