import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { FailureTurns } from './failure-turns.ts'

test('calls that fail in the same instant leave turns of the event loop to others, and keep their order', async () => {
  const turns = new FailureTurns()
  const ended: number[] = []
  for (let n = 0; n < 100; n += 1) turns.run(() => void ended.push(n))
  const counts = [ended.length]
  while (ended.length < 100) {
    await turn()
    counts.push(ended.length)
  }
  expect(counts.every((count, at) => count - (counts[at - 1] ?? 0) <= 16)).toBe(true)
  expect(ended).toEqual(Array.from({ length: 100 }, (_, n) => n))
})

test('a call that fails alone fails at once', async () => {
  const turns = new FailureTurns()
  for (let n = 0; n < 40; n += 1) {
    let ended = false
    turns.run(() => {
      ended = true
    })
    expect(ended).toBe(true)
    await turn()
  }
})

test('one that fails while others wait comes after them', async () => {
  const turns = new FailureTurns()
  const ended: string[] = []
  for (let n = 0; n < 17; n += 1) turns.run(() => void ended.push('first'))
  turns.run(() => void ended.push('second'))
  await turn()
  await turn()
  expect(ended.slice(-2)).toEqual(['first', 'second'])
})
