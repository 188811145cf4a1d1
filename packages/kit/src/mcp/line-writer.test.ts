import { Writable } from 'node:stream'
import { expect, test, vi } from 'vitest'
import { ManualClock } from '../clock.ts'
import { Deadlines } from '../limits/index.ts'
import { LineWriter } from './line-writer.ts'

const STALL_MS = 1_000
const UNREAD_MAX = 1_000

/** A reader that takes one write at a time, when it is told to. */
class Reader extends Writable {
  readonly taken: Buffer[] = []
  #taking: (() => void) | undefined

  get text(): string {
    return Buffer.concat(this.taken).toString()
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.taken.push(chunk)
    this.#taking = done
  }

  /** Takes what it was given; false when there is nothing. */
  take(): boolean {
    const done = this.#taking
    this.#taking = undefined
    done?.()
    return done !== undefined
  }
}

function open() {
  const clock = new ManualClock()
  const deadlines = new Deadlines(clock)
  const reader = new Reader({ highWaterMark: 64 })
  const limits = { stallMs: STALL_MS, unreadBytesMax: UNREAD_MAX }
  const writer = new LineWriter(reader, limits, deadlines)
  const pass = (ms: number): void => {
    clock.advance(ms)
    deadlines.expireDue()
  }
  const hold = () => ({ grow: () => true, release: vi.fn() })
  return { reader, writer, pass, hold, deadlines }
}

const takeAll = async (reader: Reader): Promise<void> => {
  do await new Promise(setImmediate)
  while (reader.take())
}

test('writes each message on a line of its own, whatever line breaks it holds', async () => {
  const { reader, writer, hold } = open()
  writer.send(Buffer.from('{"a":\n1}'))
  writer.answer(
    { bytes: Buffer.from('{"b":'), more: [Buffer.from('\r\n2'), Buffer.from('}')] },
    hold(),
  )
  await takeAll(reader)
  expect(reader.text).toBe('{"a": 1}\n{"b":  2}\n')
})

test('cuts off a reader that takes nothing, not before the time, and gives the bytes back', async () => {
  const { reader, writer, pass, hold } = open()
  const first = hold()
  const second = hold()
  writer.answer({ bytes: Buffer.alloc(100) }, first)
  writer.answer({ bytes: Buffer.alloc(200_000) }, second)
  pass(STALL_MS - 50)
  expect([writer.open, second.release.mock.calls.length]).toEqual([true, 0])
  pass(100)
  await writer.closed
  expect([writer.open, reader.destroyed]).toEqual([false, true])
  expect([first.release, second.release].map(({ mock }) => mock.calls.length)).toEqual([1, 1])
  const late = hold()
  writer.answer({ bytes: Buffer.from('late') }, late)
  expect([late.release.mock.calls.length, writer.send(Buffer.from('late'))]).toEqual([1, false])
})

test('keeps a slow reader for as long as it takes something', async () => {
  const { reader, writer, pass, hold } = open()
  const held = hold()
  writer.answer({ bytes: Buffer.alloc(65_536 * 5) }, held)
  for (let piece = 0; piece < 5; piece += 1) {
    pass(STALL_MS - 100)
    expect(reader.take()).toBe(true)
    await new Promise(setImmediate)
  }
  await takeAll(reader)
  expect([writer.open, held.release.mock.calls.length]).toEqual([true, 1])
  expect(Buffer.concat(reader.taken)).toHaveLength(65_536 * 5 + 1)
})

test('cuts off a reader that leaves too much unread that nobody asked for; answers wait instead', async () => {
  const { reader, writer, hold } = open()
  writer.answer({ bytes: Buffer.alloc(UNREAD_MAX * 100) }, hold())
  const room = writer.room()
  expect(room).toBeInstanceOf(Promise)
  expect(writer.send(Buffer.alloc(UNREAD_MAX))).toBe(true)
  expect(writer.send(Buffer.alloc(1))).toBe(false)
  await room
  expect([writer.open, reader.destroyed, writer.room()]).toEqual([false, true, undefined])
})

test('there is room again once enough was read', async () => {
  const { reader, writer, hold } = open()
  writer.answer({ bytes: Buffer.alloc(UNREAD_MAX * 100) }, hold())
  const room = writer.room()
  await takeAll(reader)
  await room
  expect(writer.room()).toBeUndefined()
})

test('ends after what was sent, and at once when that is not taken', async () => {
  const patient = open()
  patient.writer.send(Buffer.from('last'))
  patient.writer.end()
  expect(patient.writer.send(Buffer.from('later'))).toBe(false)
  await takeAll(patient.reader)
  await patient.writer.closed
  expect([patient.reader.text, patient.deadlines.size]).toEqual(['last\n', 0])
  const cut = open()
  cut.writer.answer({ bytes: Buffer.alloc(65_536 * 2) }, cut.hold())
  cut.writer.end()
  cut.pass(STALL_MS - 50)
  cut.reader.take()
  await new Promise(setImmediate)
  cut.reader.take()
  await new Promise(setImmediate)
  expect(cut.writer.open || cut.reader.destroyed).toBe(false)
  cut.pass(STALL_MS + 50)
  await cut.writer.closed
  expect(cut.reader.destroyed).toBe(true)
})
