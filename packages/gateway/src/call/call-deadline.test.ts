import { ManualClock } from '@sallyport/kit/clock'
import { Deadlines } from '@sallyport/kit/limits'
import { expect, onTestFinished, test } from 'vitest'
import { CallDeadline } from './call-deadline.ts'

function open(afterMs: number) {
  const clock = new ManualClock()
  const deadlines = new Deadlines(clock)
  onTestFinished(() => deadlines[Symbol.dispose]())
  let expired = 0
  const limits = { holdMs: 2_000 }
  const deadline = new CallDeadline({ deadlines, clock, limits }, afterMs, () => (expired += 1))
  const pass = (byMs: number): number => {
    clock.advance(byMs)
    deadlines.expireDue()
    return expired
  }
  return { deadline, deadlines, pass }
}

test('a pause takes nothing of the time, and what was used before it counts [questions/deadline]', () => {
  const { deadline, deadlines, pass } = open(1_000)
  expect(pass(600)).toBe(0)
  deadline.pause()
  expect(deadlines.size).toBe(0)
  expect(pass(60_000)).toBe(0)
  deadline.resume()
  expect(pass(399)).toBe(0)
  expect(pass(51)).toBe(1)
})

test('several questions at once pause it until the last is answered [questions/deadline]', () => {
  const { deadline, pass } = open(1_000)
  deadline.pause()
  expect(pass(900)).toBe(0)
  deadline.pause()
  deadline.resume()
  expect(pass(5_000)).toBe(0)
  deadline.resume()
  expect(pass(999)).toBe(0)
  expect(pass(51)).toBe(1)
})

test('it is over when the call is, paused or not', () => {
  const { deadline, deadlines, pass } = open(1_000)
  deadline.pause()
  deadline.cancel()
  deadline.resume()
  expect([pass(5_000), deadlines.size]).toEqual([0, 0])
  const running = open(1_000)
  running.deadline.cancel()
  expect([running.pass(5_000), running.deadlines.size]).toEqual([0, 0])
})

test('a call that used its time up before the pause ends right after it', () => {
  const { deadline, pass } = open(10)
  deadline.pause()
  deadline.resume()
  deadline.pause()
  deadline.resume()
  expect(pass(60)).toBe(1)
})

test('a call that others may be asked for is held, but not for ever, however often [questions/held]', () => {
  const { deadline, deadlines, pass } = open(1_000)
  const first = deadline.hold()
  expect(pass(1_500)).toBe(0)
  first()
  first()
  // 500 ms of holding are left, then its own second runs.
  deadline.hold()
  expect(pass(550)).toBe(0)
  expect(deadline.hold()()).toBeUndefined()
  expect(pass(900)).toBe(0)
  expect(pass(151)).toBe(1)
  expect(deadlines.size).toBe(0)
})
