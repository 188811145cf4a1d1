import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { EventStream, type StreamLimits } from './event-stream.ts'
import { FakeResponse } from './testing-message.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const STALL_MS = 30_000
const KEEP_ALIVE_MS = 15_000

function openStream(limits: Partial<StreamLimits> = {}) {
  const fake = new FakeResponse()
  const stream = new EventStream(
    fake.response,
    { 'x-request-id': 'r-1' },
    { stallMs: STALL_MS, unreadBytesMax: 1_000, ...limits },
  )
  const closed = vi.fn()
  stream.onClose = closed
  return { fake, stream, closed }
}

test('a reader that takes nothing of what waits for it is cut off [wire/stream/stalled]', () => {
  const { fake, stream, closed } = openStream()
  fake.reading = false
  stream.send(Buffer.from('{}'))
  fake.emit('timeout')
  expect([fake.timeoutMs, fake.destroyed, stream.open, closed.mock.calls.length]).toEqual([
    STALL_MS,
    true,
    false,
    1,
  ])
})

test('a reader for whom nothing waits is kept, however quiet the stream [wire/stream/stalled]', () => {
  const { fake, stream } = openStream()
  stream.send(Buffer.from('{}'))
  fake.emit('timeout')
  expect([fake.destroyed, stream.open]).toEqual([false, true])
})

test('more than may wait for a reader cuts it off, and the message is not sent', () => {
  const { fake, stream } = openStream({ unreadBytesMax: 100 })
  fake.reading = false
  expect(stream.send(Buffer.from(`"${'x'.repeat(58)}"`))).toBe(true)
  expect(stream.send(Buffer.from(`"${'y'.repeat(58)}"`))).toBe(false)
  expect([fake.destroyed, fake.sent.includes('y')]).toEqual([true, false])
})

test('a quiet stream is kept alive by comments, which end with it [wire/stream/unbuffered]', () => {
  const { fake, stream } = openStream()
  vi.advanceTimersByTime(KEEP_ALIVE_MS * 2)
  expect(fake.sent).toBe(': keep-alive\n\n: keep-alive\n\n')
  stream.end()
  vi.advanceTimersByTime(KEEP_ALIVE_MS * 2)
  expect([fake.sent.length, vi.getTimerCount()]).toEqual([28, 0])
})

test('a message is one event of one line, whatever white space it holds', () => {
  const { fake, stream } = openStream()
  stream.send(Buffer.from('{\r\n "a":\n1}'))
  expect(fake.sent).toBe('event: message\ndata: {   "a": 1}\n\n')
})

test('nothing is written once a stream was ended, even while its reader lags', () => {
  const { fake, stream } = openStream()
  fake.reading = false
  stream.send(Buffer.from('{"last":1}'))
  stream.end()
  expect(stream.send(Buffer.from('{"late":1}'))).toBe(false)
  vi.advanceTimersByTime(KEEP_ALIVE_MS)
  expect(fake.sent).toBe('event: message\ndata: {"last":1}\n\n')
})

test('a reader that never takes the end is cut off as well', () => {
  const { fake, stream, closed } = openStream()
  fake.reading = false
  stream.end()
  stream.end()
  expect([stream.open, fake.destroyed, closed.mock.calls.length]).toEqual([false, false, 0])
  fake.emit('timeout')
  expect([fake.destroyed, closed.mock.calls.length]).toEqual([true, 1])
})

test('a client that leaves ends the stream once, with all its timers', () => {
  const { fake, stream, closed } = openStream()
  fake.reading = false
  stream.send(Buffer.from('{}'))
  fake.emit('close')
  expect([stream.open, stream.send(Buffer.from('{}')), closed.mock.calls.length]).toEqual([
    false,
    false,
    1,
  ])
  expect(vi.getTimerCount()).toBe(0)
})

test('proxies on the way are told not to hold events back [wire/stream/unbuffered]', () => {
  const { fake } = openStream()
  expect([fake.status, fake.headers]).toEqual([
    200,
    {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'x-request-id': 'r-1',
    },
  ])
})
