import { EventEmitter } from 'node:events'
import { expect, test, vi } from 'vitest'
import { ManualClock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { runUntilSignal } from './run-until-signal.ts'
import { StopSignals } from './signals.ts'

function open() {
  const clock = new ManualClock()
  const source = new EventEmitter()
  const forced: number[] = []
  const options = { clock, source, force: (code: number) => void forced.push(code) }
  return { clock, source, forced, options }
}

test('takes the first signal as the wish to stop', () => {
  const { source, forced, options } = open()
  using signals = StopSignals.listen(options)
  expect(signals.signal.aborted).toBe(false)
  source.emit('SIGTERM')
  expect(signals.signal.aborted).toBe(true)
  expect(signals.received).toBe('SIGTERM')
  expect(forced).toEqual([])
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)(
  'forces with %s, code %i, only when it comes more than a second later [command/signal/forces]',
  (name, code) => {
    const { clock, source, forced, options } = open()
    using signals = StopSignals.listen(options)
    source.emit('SIGINT')
    clock.advance(1_000)
    source.emit(name)
    expect({ forced, received: signals.received }).toEqual({ forced: [], received: 'SIGINT' })
    clock.advance(1)
    source.emit(name)
    expect(forced).toEqual([code])
  },
)

test('leaves no listener behind', async () => {
  const { source, options } = open()
  await runUntilSignal(
    async () => undefined,
    () => undefined,
    options,
  )
  expect(source.eventNames()).toEqual([])
})

test('ends with 0 after a drained stop', async () => {
  const { source, options } = open()
  const ended = runUntilSignal(
    async (signal) => {
      source.emit('SIGINT')
      expect(signal.aborted).toBe(true)
    },
    () => undefined,
    options,
  )
  await expect(ended).resolves.toBe(0)
})

test('ends with 0 when the signal interrupts the start', async () => {
  const { source, options } = open()
  const ended = runUntilSignal(
    async (signal) => {
      source.emit('SIGTERM')
      signal.throwIfAborted()
    },
    () => expect.unreachable(),
    options,
  )
  await expect(ended).resolves.toBe(0)
})

test('forces the end when a start does not heed the signal, with its code [command/signal/start]', async () => {
  const { source, forced, options } = open()
  const never = Promise.withResolvers<void>()
  void runUntilSignal(
    () => never.promise,
    () => undefined,
    { ...options, startStopMs: 20 },
  )
  expect(forced).toEqual([])
  source.emit('SIGTERM')
  expect(forced).toEqual([])
  await vi.waitFor(() => expect(forced).toEqual([143]))
  never.resolve()
})

test('leaves a stop its time once the start is over, also when the signal came before', async () => {
  for (const early of [true, false]) {
    const { source, forced, options } = open()
    const ended = runUntilSignal(
      async (_signal, started) => {
        if (early) source.emit('SIGINT')
        started()
        if (!early) source.emit('SIGINT')
        await new Promise((resolve) => setTimeout(resolve, 30))
      },
      () => undefined,
      { ...options, startStopMs: 1 },
    )
    await expect(ended).resolves.toBe(0)
    expect(forced).toEqual([])
  }
})

test.each([
  [new AppError('config_invalid', 'unknown key'), 2],
  [new AppError('usage', 'unknown flag'), 2],
  [new AppError('port_taken', 'in use'), 1],
  [new TypeError('bug'), 1],
])('reports %s and ends with %i', async (thrown, code) => {
  const reported: AppError[] = []
  const run = () => Promise.reject(thrown)
  const ended = runUntilSignal(run, (error) => void reported.push(error), open().options)
  await expect(ended).resolves.toBe(code)
  expect(reported[0]?.cause ?? reported[0]).toBe(thrown)
})
