import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { OwnPosts } from './own-posts.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('a message that is never taken ends by itself, and the next one leaves', async () => {
  const posts = new OwnPosts()
  let dropped = 0
  const sent: number[] = []
  const silent = (): (() => void) => () => void (dropped += 1)
  const ends = Array.from({ length: 6 }, () => posts.add(silent))
  const last = posts.add((over) => {
    sent.push(7)
    over()
    return () => undefined
  })
  expect(sent).toEqual([])
  await vi.advanceTimersByTimeAsync(5_000)
  await Promise.all([...ends, last])
  expect([dropped, sent]).toEqual([6, [7]])
  expect(vi.getTimerCount()).toBe(0)
})

test('beyond sixty-four nothing is kept, and half of the places are no room for refusals', async () => {
  const posts = new OwnPosts()
  let sent = 0
  const add = (): Promise<void> =>
    posts.add(() => {
      sent += 1
      return () => undefined
    })
  for (let n = 0; n < 31; n += 1) void add()
  expect(posts.hasRoom).toBe(true)
  for (let n = 0; n < 33; n += 1) void add()
  expect(posts.hasRoom).toBe(false)
  await add()
  expect(sent).toBe(6)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(sent).toBe(64)
})

test('closing drops what is on its way, sends nothing that waits, and leaves no timer', async () => {
  const posts = new OwnPosts()
  let [sent, dropped] = [0, 0]
  const send = (): (() => void) => {
    sent += 1
    return () => void (dropped += 1)
  }
  const ends = Array.from({ length: 20 }, () => posts.add(send))
  posts.close()
  await Promise.all([...ends, posts.add(send)])
  expect([sent, dropped, vi.getTimerCount()]).toEqual([6, 6, 0])
})
