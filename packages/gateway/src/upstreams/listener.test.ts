import type { ListenFilter } from '@sallyport/kit/mcp'
import { afterEach, expect, test, vi } from 'vitest'
import { type ListenEvents, Listener } from './listener.ts'

interface Opened extends ListenEvents {
  readonly filter: ListenFilter
  ended: boolean
}

function listener(): { readonly listener: Listener; readonly opened: Opened[] } {
  const opened: Opened[] = []
  const create = new Listener((filter, events) => {
    const one: Opened = { ...events, filter, ended: false }
    opened.push(one)
    return () => {
      one.ended = true
    }
  })
  return { listener: create, opened }
}

function filter(...uris: string[]): ListenFilter {
  return { tools: true, prompts: false, resources: false, uris }
}

afterEach(() => {
  vi.useRealTimers()
})

test('the one before ends only when the next is acknowledged', async () => {
  const { listener: one, opened } = listener()
  const first = one.want(filter())
  opened[0]?.onAcknowledged([])
  await first
  const second = one.want(filter('a'))
  expect(opened.map(({ ended }) => ended)).toEqual([false, false])
  opened[1]?.onAcknowledged(['a'])
  expect(await second).toEqual(['a'])
  expect(opened.map(({ ended }) => ended)).toEqual([true, false])
})

test('the same wish again opens nothing, also while the first is being opened', async () => {
  const { listener: one, opened } = listener()
  const wishes = [one.want(filter('a')), one.want(filter('a'))]
  opened[0]?.onAcknowledged(['a'])
  wishes.push(one.want(filter('a')))
  expect(await Promise.all(wishes)).toEqual([['a'], ['a'], ['a']])
  expect(opened).toHaveLength(1)
})

test('a hundred wishes while one is being opened are one more, for the last of them', async () => {
  const { listener: one, opened } = listener()
  const first = one.want(filter())
  const uris: string[] = []
  const wishes = Array.from({ length: 100 }, (_, n) => {
    uris.push(`u${n}`)
    return one.want(filter(...uris))
  })
  opened[0]?.onAcknowledged([])
  await first
  expect(opened).toHaveLength(2)
  opened[1]?.onAcknowledged(uris)
  expect((await Promise.all(wishes)).every((granted) => granted === uris)).toBe(true)
})

test('a refused one leaves the one before as it is', async () => {
  const { listener: one, opened } = listener()
  const first = one.want(filter())
  opened[0]?.onAcknowledged([])
  await first
  const refused = one.want(filter('a'))
  opened[1]?.onOver('too many')
  await expect(refused).rejects.toMatchObject({ code: 'server_protocol', message: 'too many' })
  expect(opened[0]?.ended).toBe(false)
  expect(await one.want(filter())).toEqual([])
  expect(opened).toHaveLength(2)
})

test('one that the server ends is opened again by the next wish', async () => {
  const { listener: one, opened } = listener()
  const first = one.want(filter())
  opened[0]?.onAcknowledged([])
  await first
  opened[0]?.onOver('goodbye')
  void one.want(filter())
  expect(opened).toHaveLength(2)
  one.close()
})

test('one that is never acknowledged is given up', async () => {
  vi.useFakeTimers()
  const { listener: one, opened } = listener()
  const wish = expect(one.want(filter())).rejects.toMatchObject({ code: 'deadline_exceeded' })
  await vi.advanceTimersByTimeAsync(10_000)
  await wish
  expect(opened[0]?.ended).toBe(true)
  opened[0]?.onAcknowledged([])
  void one.want(filter('a'))
  expect(opened[1]?.ended).toBe(false)
  one.close()
})

test('nothing wanted ends the subscription and opens none', async () => {
  const { listener: one, opened } = listener()
  const first = one.want(filter())
  opened[0]?.onAcknowledged([])
  await first
  expect(await one.want({ ...filter(), tools: false })).toEqual([])
  expect([opened.length, opened[0]?.ended]).toEqual([1, true])
})

test('closing ends all of it and leaves nobody waiting', async () => {
  const { listener: one, opened } = listener()
  const first = one.want(filter())
  opened[0]?.onAcknowledged([])
  await first
  const wishes = [one.want(filter('a')), one.want(filter('b'))]
  one.close()
  expect(await Promise.all(wishes)).toEqual([[], []])
  expect(opened.map(({ ended }) => ended)).toEqual([true, true])
  expect(await one.want(filter('c'))).toEqual([])
})
