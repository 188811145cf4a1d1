import { createSecretKey } from 'node:crypto'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { testEntry } from '../../test/fixtures/stores.ts'
import { CallController } from '../call-signal.ts'
import { ManualClock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { silentLog } from '../log/log.ts'
import { AuditAppender, type AuditSink, type SealedBatch } from './audit-appender.ts'
import { CHAIN_START } from './audit-row.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A store whose writes end when a test says so. */
class HeldSink implements AuditSink {
  readonly written: string[][] = []
  readonly waiting: PromiseWithResolvers<void>[] = []
  recovers = 0

  write({ rows }: SealedBatch): Promise<void> {
    const held = Promise.withResolvers<void>()
    this.waiting.push(held)
    return held.promise.then(() => {
      this.written.push(rows.map((row) => String(row[4])))
    })
  }

  async recover(): Promise<undefined> {
    this.recovers += 1
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }
}

function held() {
  const sink = new HeldSink()
  const clock = new ManualClock()
  const appender = new AuditAppender({
    sink,
    start: { writer: 'w', seq: 0, hash: CHAIN_START },
    key: createSecretKey(Buffer.alloc(32)),
    clock,
    log: silentLog,
  })
  const append = (id: string, signal?: CallController) =>
    appender.append(testEntry(id), signal).then(
      () => 'kept',
      (error: unknown) => AppError.from(error).code,
    )
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms)
    await vi.advanceTimersByTimeAsync(ms)
  }
  return { sink, appender, append, pass }
}

test('a call waits for a store that hangs no longer than it lives, and its row is written all the same [store/hang]', async () => {
  const { sink, append, pass } = held()
  const call = new CallController()
  const [ended, waiting] = [append('ended', call), append('waiting', new CallController())]
  await pass(1)
  call.abort(new AppError('deadline_exceeded', 'late'))
  expect(await ended).toBe('store_unwritable')
  sink.waiting[0]?.resolve()
  expect(await waiting).toBe('kept')
  expect(sink.written).toEqual([['ended', 'waiting']])
})

test('a store that hangs counts as not writable after five seconds: who waits is refused, who comes is refused at once [store/hang]', async () => {
  const { appender, append, pass } = held()
  const waiting = [append('one', new CallController()), append('two')]
  await pass(1)
  waiting.push(append('behind', new CallController()))
  await pass(4_900)
  expect(appender.writable).toBe(true)
  await pass(200)
  expect(appender.writable).toBe(false)
  expect(await Promise.all(waiting)).toEqual(Array(3).fill('store_unwritable'))
  await pass(60_000)
  expect(await append('later', new CallController())).toBe('store_unwritable')
})

test('once the store answers again it is writable, and the rows that waited are written [store/hang]', async () => {
  const { sink, appender, append, pass } = held()
  void append('one')
  await pass(1)
  void append('behind')
  await pass(5_100)
  sink.waiting[0]?.resolve()
  await pass(1)
  expect(appender.writable).toBe(true)
  sink.waiting[1]?.resolve()
  const after = append('after')
  await pass(1)
  sink.waiting[2]?.resolve()
  expect(await after).toBe('kept')
  expect(sink.written).toEqual([['one'], ['behind'], ['after']])
})

test('a write that hung and failed is followed by a recovery with the rows that waited [store/hang]', async () => {
  const { sink, appender, append, pass } = held()
  void append('one')
  await pass(1)
  void append('behind')
  await pass(5_100)
  sink.waiting[0]?.reject(new Error('the connection was lost'))
  await pass(1)
  sink.waiting[1]?.resolve()
  await pass(1)
  expect([appender.writable, sink.recovers, sink.written]).toEqual([true, 1, [['behind']]])
})

test('a look at a store that hangs ends when it counts as not writable', async () => {
  const { appender, pass } = held()
  const looking = appender.probe()
  await pass(5_100)
  expect(await looking).toBe(false)
})
