import { expect, test } from 'vitest'
import { ManualClock } from '../clock.ts'
import { type DelaySource, LoopWatch } from './loop-watch.ts'

function source(delays: number[]): DelaySource & { disposed: boolean } {
  return {
    disposed: false,
    read: () => delays.shift() ?? 0,
    [Symbol.dispose]() {
      this.disposed = true
    },
  }
}

test.each([
  ['four slow seconds', [300, 300, 300, 300], false],
  ['five slow seconds', [300, 300, 300, 300, 300], true],
  ['five seconds at the border', [250, 250, 250, 250, 250], false],
  ['a good second between', [300, 300, 300, 10, 300, 300], false],
  ['a good second after', [300, 300, 300, 300, 300, 10], false],
] as const)('%s: overloaded is %s [limits/shed]', (_case, delays, overloaded) => {
  const clock = new ManualClock()
  using watch = LoopWatch.start(clock, source([...delays]))
  for (const _delay of delays) {
    clock.advance(1_000)
    watch.sample()
  }
  expect(watch.overloaded).toBe(overloaded)
})

test('disposal ends the watch and its source', () => {
  const delays = source([])
  LoopWatch.start(new ManualClock(), delays)[Symbol.dispose]()
  expect(delays.disposed).toBe(true)
})

test('the real source reports milliseconds, near zero for an idle loop', () => {
  using watch = LoopWatch.start(new ManualClock())
  watch.sample()
  expect(watch.delayMs).toSatisfy((ms: number) => ms >= 0 && ms < 250)
})
