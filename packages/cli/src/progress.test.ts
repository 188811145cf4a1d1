import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { withProgress } from './progress.ts'
import { FakeTerminal } from './terminal.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function open(quiet = false, detail?: () => Promise<string>) {
  const terminal = new FakeTerminal()
  const work = Promise.withResolvers<string>()
  const progress = { doing: 'stopping files', quiet, ...(detail && { detail }) }
  const waiting = withProgress(terminal, progress, work.promise)
  return { terminal, work, waiting }
}

test('says nothing of work that takes less than a second', async () => {
  const { terminal, work, waiting } = open()
  await vi.advanceTimersByTimeAsync(999)
  work.resolve('done')
  await expect(waiting).resolves.toBe('done')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(terminal.noted).toEqual([])
})

test('says after a second and every five what it waits for, until it is over', async () => {
  let calls = 3
  const { terminal, work, waiting } = open(false, async () => `${calls--} calls in flight`)
  await vi.advanceTimersByTimeAsync(6_000)
  expect(terminal.noted).toEqual([
    'stopping files ... (1.0 s, 3 calls in flight)',
    'stopping files ... (6.0 s, 2 calls in flight)',
  ])
  work.reject(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(terminal.noted).toHaveLength(2)
})

test('a detail that cannot be had is left out', async () => {
  const { terminal, work, waiting } = open(false, () => Promise.reject(new Error('not now')))
  await vi.advanceTimersByTimeAsync(1_000)
  expect(terminal.noted).toEqual(['stopping files ... (1.0 s)'])
  work.resolve('done')
  await waiting
})

test('says nothing where a program reads stderr', async () => {
  const { terminal, work, waiting } = open(true)
  await vi.advanceTimersByTimeAsync(60_000)
  work.resolve('done')
  await waiting
  expect(terminal.noted).toEqual([])
})
